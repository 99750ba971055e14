"""Damaged files: cut, flipped, emptied, replaced, and models with hostile settings.

Verdicts are those of calls. An error is clear if it names the file; a change that no reader can
see, such as another value of a pixel, is "taken".
"""

import json
import random
import shutil
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from gahb_sk import NetworkDenoiser, load_pretrained
from gahb_sk.datasets import load_image_folder, open_stack, read_image_file, save_stack
from gahb_sk.denoisers import from_published
from gahb_sk.networks import BiasFreeCNN, load_folder, save_folder
from tests.census._calls import images
from tests.census._judge import judge

HOSTILE = (None, True, -1, 0, 20_000, 10**12, 1e300, "x", "../..", [], [[]], [1, -1], {}, {"a": {}})


def damaged_files(n, seed):
    """Yield ``(reader, file, damage, verdict, message)``, ``n`` of each kind of file."""
    generator = random.Random(seed)
    for name, path, read in _good_files(Path.cwd()):
        good = path.read_bytes()
        for damage, data in _damages(good, n, generator):
            path.write_bytes(data)
            where = path.parent.name if path.parent.name == "model" else path.name
            yield name, path.name, damage, *judge(read, where)
        path.write_bytes(good)
    yield from _hostile_settings(Path.cwd() / "model")


def _good_files(folder):
    X = images(4, 16).astype(np.float32)
    network = NetworkDenoiser(BiasFreeCNN(4, 3), max_epochs=1, random_state=0).fit(X)
    network.save(folder / "model")
    network.to_published(folder / "weights.pt")
    save_stack(X, folder / "stack.npy")
    (folder / "pictures").mkdir()
    pixels = np.uint8(255 * X[0])
    for ending in ("png", "jpg", "tif"):
        Image.fromarray(pixels).save(folder / "pictures" / f"picture.{ending}")
    np.save(folder / "pictures" / "picture.npy", pixels)
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        for number in range(3):
            archive.write(folder / "pictures" / "picture.png", f"{number}.png")
    model = folder / "model"
    yield "load_pretrained", model / "model.safetensors", lambda: load_pretrained(model)
    yield "NetworkDenoiser.load", model / "config.json", lambda: NetworkDenoiser.load(model)
    for read in (NetworkDenoiser.from_published, from_published):
        yield "from_published", folder / "weights.pt", lambda read=read: read(folder / "weights.pt")
    stack = folder / "stack.npy"
    yield "open_stack", stack, lambda: open_stack(stack)[:]
    for path in sorted((folder / "pictures").iterdir()):
        yield "read_image_file", path, lambda path=path: read_image_file(path)
    archive = folder / "pictures.zip"
    yield "load_image_folder", archive, lambda: load_image_folder(archive, image_size=8)


def _damages(good, n, generator):
    yield "empty", b""
    yield "text", b"no such thing"
    yield "zeros", bytes(len(good))
    yield "nested", b"[" * 100_000
    yield "twice", good + good
    for _ in range(n // 2):
        yield "cut", good[: generator.randrange(len(good))]
    for _ in range(n // 2):
        data = bytearray(good)
        # Half of the flips hit the header, where there is more to break.
        end = len(data) if generator.random() < 0.5 else min(200, len(data))
        data[generator.randrange(end)] ^= 1 << generator.randrange(8)
        yield "flipped", bytes(data)


def _hostile_settings(folder):
    """Models whose digest is right and whose settings are not."""
    state, config = load_folder(folder)
    shutil.rmtree(folder)
    kept = {name: config[name] for name in ("estimator", "parameters", "fitted")}
    for where in _leaves(kept):
        for value in HOSTILE:
            changed = json.loads(json.dumps(kept))
            *above, last = where
            part = changed
            for key in above:
                part = part[key]
            part[last] = value
            save_folder(folder, state, changed)
            verdict = judge(lambda: NetworkDenoiser.load(folder), "model")
            yield "NetworkDenoiser.load", ".".join(map(str, where)), repr(value), *verdict


def _leaves(config, above=()):
    for key, value in config.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from _leaves(value, (*above, key))
