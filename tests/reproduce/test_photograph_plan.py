"""The networks for photographs: their images, their plan, and what ships."""

import io
import json
import struct
import zlib

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from gahb_sk import NetworkDenoiser, add_gaussian_noise, load_pretrained, psnr
from gahb_sk.denoisers import FunctionDenoiser, OpponentColors
from gahb_sk.denoisers.learned._shipped import shipped_folder
from gahb_sk.networks import ResidualUNet
from gahb_sk.reproduce import _photograph_plan as plan
from gahb_sk.reproduce._photograph_card import measure_whole, table
from gahb_sk.reproduce._photograph_files import (
    PARTS,
    name_of,
    photograph_files,
    photograph_list,
)
from gahb_sk.reproduce._qt_resources import read_resources
from gahb_sk.transforms import to_opponent
from gahb_sk.zoo import read_card

SHIPPED = [name for name in plan.PHOTOGRAPH_PLANS if shipped_folder(name) is not None]


def bundle(files):
    """A Qt resource bundle with one folder, written as the format says."""
    names, contents, nodes = b"", b"", []
    name_offsets = []
    for name in ["folder", *files]:
        name_offsets.append(len(names))
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
    nodes.append(struct.pack(">IHII", 0, 2, 1, 1))
    nodes.append(struct.pack(">IHII", name_offsets[0], 2, len(files), 2))
    for (content, compressed), offset in zip(files.values(), name_offsets[1:], strict=True):
        stored = struct.pack(">I", len(content)) + zlib.compress(content) if compressed else content
        nodes.append(struct.pack(">IHHHI", offset, int(compressed), 0, 0, len(contents)))
        contents += struct.pack(">I", len(stored)) + stored
    tree = b"".join(nodes)
    start = 20
    header = struct.pack(
        ">4s4I", b"qres", 1, start, start + len(tree), start + len(tree) + len(contents)
    )
    return header + tree + contents + names


def test_files_of_a_resource_bundle():
    files = {"a.webp": (b"plain", False), "b.txt": (b"packed" * 9, True)}
    found = dict(read_resources(bundle(files)))
    assert found == {f"folder/{name}": content for name, (content, _) in files.items()}
    with pytest.raises(ValueError, match="expected a Qt resource bundle"):
        next(read_resources(b"PK"))


def test_every_photograph_is_named_once_with_a_free_licence():
    rows = [row for part in PARTS for row in photograph_list(part)]
    assert len({name_of(row) for row in rows}) == len(rows) == 176
    assert len(photograph_list("test")) >= 6
    for row in rows:
        assert row["author"]
        assert row["licence"].startswith(("CC-BY", "CC0", "GPL", "LGPL", "GFDL", "public-domain"))
        assert "NC" not in row["licence"] and "ND" not in row["licence"]


def test_a_missing_package_is_named(tmp_path):
    with pytest.raises(ValueError, match="apt-get download lomiri-wallpapers-16.04"):
        photograph_files(tmp_path)


SMALL = {"channels": (4, 6), "n_units": 1, "unshuffle": 2, "padding": "replicate"}


@pytest.fixture
def two_photographs(tmp_path, monkeypatch, rng):
    files = {}
    for name in ("one", "two"):
        path = tmp_path / f"{name}.png"
        Image.fromarray(rng.randint(0, 256, (80, 96, 3)).astype(np.uint8)).save(path)
        files[name] = path
    monkeypatch.setattr(plan, "photograph_files", lambda folder: files)
    monkeypatch.setattr(plan, "CROPS", {"shorter_sides": (64,), "random_state": 0})
    return files


@pytest.mark.parametrize("channels", [1, 3])
def test_more_units_begin_as_the_identity(channels):
    few = ResidualUNet((4, 6, 8), n_units=(2, 1, 1), unshuffle=2)
    many = ResidualUNet((4, 6, 8), n_units=(3, 2, 2), unshuffle=2)
    small = few.build(channels, generator=torch.Generator().manual_seed(1))
    large = plan.grown(small, many)
    fewer = plan.grown(small, ResidualUNet((4, 6, 7), n_units=(3, 2, 2), unshuffle=2))
    kept = small.middle.branch[0].weight.detach()[:7, :7]
    assert_array_equal(fewer.middle[0].branch[0].weight.detach(), kept)
    assert sum(p.numel() for p in large.parameters()) > sum(p.numel() for p in small.parameters())
    y = torch.randn(2, channels, 16, 24, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        assert_allclose(large(y), small(y), atol=1e-6)


def test_color_starts_from_grey(two_photographs, tmp_path):
    """On grey images, without the random part, the colour network begins as the grey one."""
    changes = {"sizes": SMALL, "max_images": 16}
    grey = plan.train_photographs("photographs", tmp_path, tmp_path, **changes)
    network = plan.colored(grey.network_, ResidualUNet(**SMALL))
    random_part = ResidualUNet(**SMALL).build(3, generator=torch.Generator().manual_seed(0))
    y = torch.randn(2, 1, 16, 24, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        network.first.weight -= random_part.first.weight / 2
        expected = grey.network_(y).expand(-1, 3, -1, -1)
        assert_allclose(network(y.expand(-1, 3, -1, -1)), expected, atol=1e-5)
    color = plan.train_photographs("photographs-white", tmp_path, tmp_path, start=grey, **changes)
    assert color.image_shape_ == (3, 48, 48) and color.n_images_seen_ == 16
    assert NetworkDenoiser.load(tmp_path / "photographs-white").network_.multiple == 4


def test_card_of_a_network(two_photographs, tmp_path, monkeypatch, rng):
    images = {"a": rng.random_sample((40, 56)).astype("float32")} | {
        "b": rng.random_sample((48, 33)).astype("float32")
    }
    monkeypatch.setattr(plan, "whole_photographs", lambda folder, color: images)
    plan.train_photographs("photographs", tmp_path, tmp_path, sizes=SMALL, max_images=16)
    rivals = {"nothing": FunctionDenoiser(unchanged).fit(images["a"][None])}
    measured = measure_whole(rivals, images)
    card = plan.write_photograph_card(
        "photographs", tmp_path, tmp_path, measured=measured, minutes=7.0
    )
    assert read_card(tmp_path / "photographs") == json.loads(json.dumps(card))
    assert set(card["psnr"]) == {"network", plan.EIGHT_VIEWS, "nothing", "noisy"}
    assert card["minutes"] == 7.0
    assert card["photographs"][0].startswith("lomiri-wallpapers-16.04/")


def unchanged(image):
    return image


def test_table_of_a_denoiser_that_changes_nothing(rng):
    photographs = {"a": rng.random_sample((64, 64)), "b": rng.random_sample((64, 48))}
    nothing = FunctionDenoiser(unchanged).fit(photographs["a"][None])
    entries = table(measure_whole({"network": nothing}, photographs), photographs)
    assert_allclose(entries["psnr"]["network"], entries["psnr"]["noisy"], atol=0.2)
    assert entries["n_test_images"] == 2 and entries["test_photographs"] == ["a", "b"]


def test_crops_of_the_plan_fit_into_the_smallest_scale():
    assert plan.PHOTOGRAPH_PLANS["photographs"].image_size <= min(plan.CROPS["shorter_sides"])


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_network_is_small_and_as_its_plan_says(name):
    assert (shipped_folder(name) / "model.safetensors").stat().st_size < 4e6
    card = read_card(name)
    sizes = json.loads(json.dumps(plan.PHOTOGRAPH_PLANS[name].sizes))
    assert card["plan"]["sizes"] == sizes
    assert len(card["photographs"]) == len(photograph_list("train"))


def test_the_grey_network_is_better_than_bm3d():
    """Above it on the median photograph that it has not seen, with eight views on the mean."""
    values = read_card("photographs")["psnr_by_photograph"]
    gain, of_views = (
        np.subtract(values[label], values["BM3D"]) for label in ("network", plan.EIGHT_VIEWS)
    )
    assert (np.median(gain, axis=1) > 0).all() and (of_views.mean(axis=1) > 0).all()


def test_the_network_for_colors_pays():
    """Beside the grey network on opponent colours; on the median above colour BM3D."""
    values = read_card("photographs-chroma")["psnr_by_photograph"]
    own, bm3d = np.array(values["network"]), np.array(values["BM3D"])
    gain = np.subtract(own, values["grey network, opponent colours"]).mean(axis=1)
    assert (gain > 0.15).all() and (np.median(own - bm3d, axis=1) > 0).all()


def test_noise_of_jpeg_files_is_removed():
    """Colours are stored at half resolution there; without the fellow they keep blotches."""
    pixels = pytest.importorskip("skimage.data").coffee()[:160, :240]
    noise = 25 * np.random.default_rng(0).standard_normal(pixels.shape)
    stored = io.BytesIO()
    noisy = np.clip(pixels + noise, 0, 255).round().astype(np.uint8)
    Image.fromarray(noisy).save(stored, "jpeg", quality=92)
    clean, seen = (
        np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 255
        for image in (pixels, Image.open(stored))
    )
    grey = OpponentColors(load_pretrained("photographs"))
    pair, alone = load_pretrained("photographs-color"), grey
    psnrs = [psnr(clean, denoiser.denoise(seen))[0] for denoiser in (pair, alone)]
    assert psnrs[0] > psnrs[1] + 0.3 > psnr(clean, seen)[0] + 2


def natural_image(size, channels):
    """Pink noise between 0 and 1: a power spectrum like that of photographs, from no photograph."""
    generator = np.random.default_rng(0)
    frequency = np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(size)]))
    frequency[0, 0] = 1 / size
    white = np.fft.fft2(generator.standard_normal((channels, size, size)))
    image = np.fft.ifft2(white / frequency).real
    image = (image - image.min()) / np.ptp(image)
    return image[None].astype(np.float32) if channels > 1 else image.astype(np.float32)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("size", [64, 128, 256])
def test_whole_images_are_denoised_as_well_as_tiles(name, size):
    """By at most 0.1 dB worse than overlapping tiles: no border was learned as a position."""
    denoiser = load_pretrained(name)
    clean = natural_image(size, 3 if name in plan.IN_COLOR else 1)
    for sigma in (15 / 255, 50 / 255):
        noisy = add_gaussian_noise(clean, sigma, random_state=0)
        found = [clean, denoiser.transform(noisy), tiles(denoiser, noisy)]
        if name == plan.CHROMA:  # leaves the luminance to another network
            found = [to_opponent(one)[:, 1:] for one in found]
        assert float((psnr(*found[:2]) - psnr(found[0], found[2]))[0]) > -0.1


def tiles(denoiser, noisy, side=48, step=16):
    total, count = np.zeros_like(noisy), np.zeros_like(noisy)
    lefts = range(0, noisy.shape[-1] - side + 1, step)
    for top in range(0, noisy.shape[-2] - side + 1, step):
        places = [(..., slice(top, top + side), slice(left, left + side)) for left in lefts]
        parts = denoiser.transform(np.concatenate([noisy[at] for at in places]))
        for at, part in zip(places, parts, strict=True):
            total[at] += part
            count[at] += 1
    return total / count


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_network_is_homogeneous(name, rng):
    shape = (1, 3, 33, 50) if name in plan.IN_COLOR else (1, 33, 50)
    noisy = rng.random_sample(shape).astype(np.float32)
    denoiser = load_pretrained(name)
    assert_allclose(denoiser.transform(4 * noisy), 4 * denoiser.transform(noisy), rtol=1e-4,
                    atol=1e-4)  # fmt: skip
    assert_array_equal(denoiser.transform(0 * noisy), 0)
