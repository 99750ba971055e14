"""Denoise photographs: files, and folders of them, of any size.

Reads and writes png, jpg, tif, webp and npy. Grey, colour and alpha, 8 and 16 bits and floats,
orientation and colour profile stay as they come; the files keep their names under the output
folder. Most TIFF files with an orientation are written upright, without the tag. One bit becomes
8-bit grey, a palette RGB, a transparent colour alpha; CMYK is refused. When the command is
interrupted, the same command goes on where it stopped.
"""

import math
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.base import clone
from tqdm import tqdm

from gahb_sk._files import check_writable
from gahb_sk._units import are_unit
from gahb_sk.cli._arguments import memory, redo
from gahb_sk.cli._denoisers import parse_denoiser
from gahb_sk.cli._file_warnings import warnings_named
from gahb_sk.cli._noise_level import check_scale, check_unit, choose_sigma
from gahb_sk.cli._strips import write_strips
from gahb_sk.cli._targets import Record, earlier_results, find_targets, left_alone, state_of
from gahb_sk.datasets import DamagedFile, read_image_file
from gahb_sk.denoisers import (
    BaseDenoiser,
    OpponentColors,
    SelfEnsemble,
    Tiled,
    UntestedSizeWarning,
    as_denoiser,
)
from gahb_sk.denoisers.learned._shipped import COLOR, GREY
from gahb_sk.noise import estimate_sigma

EXAMPLE = "gahb-sk denoise photos --output denoised --sigma auto --compare before-after.html"
_MARGIN = 64  # of tiles, where no margin gives what the whole image gives
_INTEGERS = (".png", ".jpg", ".jpeg", ".webp")  # in [0, 1] for sure
# What a file can be at fault for, or too large for.
_FAULTS = (DamagedFile, ValueError, MemoryError, RuntimeError)


def add_arguments(parser):
    """Add the arguments of ``gahb-sk denoise``."""
    add = parser.add_argument
    add("paths", nargs="+", metavar="PATH", help="png, jpg, tif, webp or npy files, and folders")
    add("--output", required=True, metavar="DIR", help="folder to write to; or, for one file, one")
    add("--with", default=GREY, metavar="MODEL", help="a network of gahb-sk info, the "
        "folder of a saved one, or Name(parameter=value, ...) (default photographs); one of a "
        "single channel takes colour as luminance and two opponent colours")  # fmt: skip
    add("--sigma", metavar="S", help="noise level for images in [0, 1], such as 25/255; auto to "
        "estimate it for each file (default, unless MODEL has a sigma); or a file that shows a "
        "flat region. Blind networks do without")  # fmt: skip
    add("--ensemble", action="store_true", help="average over eight turned and mirrored images: "
        "better (0.08 dB on photographs) and eight times as slow")  # fmt: skip
    add("--max-memory", type=memory, default=memory("1G"), metavar="SIZE", help="for an image and "
        "the work on it; larger ones are denoised in tiles (default 1G)")  # fmt: skip
    add("--compare", metavar="FILE.html", help="page that shows a part of each file before and "
        "after")  # fmt: skip
    add("--overwrite", action="store_true", help="replace files that exist, the page too")


def run(args):
    """Denoise all files; report those that could not be."""
    targets = find_targets(args.paths, args.output)
    check_page(args.compare)
    model = getattr(args, "with")
    denoiser = read_denoiser(model)
    sigma = choose_sigma(args.sigma, denoiser)
    if any(target.path.suffix.lower() in _INTEGERS for target in targets):
        check_unit(sigma)
    denoisers = {1: denoiser, 3: for_colors(denoiser)}
    if denoiser.blind and sigma != "auto":
        print(f"{model} is blind: it does without a noise level.", file=sys.stderr)
    folder = targets[0].path.parent if len(targets) == 1 else Path(args.output)
    check_writable(folder, "--output")
    settings = {"with": model, "sigma": args.sigma, "ensemble": args.ensemble}
    settings["files"] = [state_of(Path(text)) for text in (model, args.sigma or "auto")]
    record = Record(folder, settings, targets, args.overwrite, args.compare)
    try:
        with warnings.catch_warnings():  # files come in any size, from one pixel on
            warnings.simplefilter("ignore", UntestedSizeWarning)
            failed = _denoise_all(targets, record, denoisers, sigma, args)
    except KeyboardInterrupt:
        print(
            f"gahb-sk denoise: interrupted after {len(record.rows)} of {len(targets)} files; the "
            "same command goes on from there.",
            file=sys.stderr,
        )
        return 1
    done = [target for target in targets if target.key in record.rows]
    if args.compare is not None and done:
        write_strips(args.compare, done, record.rows, redo(args, "paths"))
    if done:
        print(_table(done, record.rows))
    for target, reason in failed:
        print(f"{target.source}: {reason}", file=sys.stderr)
    _name_left_alone(args.paths, args.output)
    if not failed or not done:
        record.close()
    return 1 if failed else 0


def _name_left_alone(paths, output):
    for folder in (one for path in paths for one in earlier_results(path, output)):
        print(f"{folder} left alone: an earlier run wrote to it.", file=sys.stderr)
    if others := left_alone(paths):
        print(
            f"{len(others)} image(s) of other formats left alone, such as {others[0]}. Convert "
            "them to png or tif.",
            file=sys.stderr,
        )


def check_page(page):
    """Refuse a page that could not be written, before the work begins."""
    if page is None:
        return
    if Path(page).suffix.lower() not in (".html", ".htm") or Path(page).is_dir():
        raise ValueError(f"--compare: expected the name of a page in .html, got {page!r}.")
    check_writable(Path(page).parent, "--compare")


def read_denoiser(text):
    """Return a denoiser that needs no training.

    Parameters
    ----------
    text : str
        Of ``--with``.

    Returns
    -------
    denoiser : denoiser
    """
    try:
        denoiser = parse_denoiser(text)
    except ValueError as error:
        raise ValueError(str(error).replace("--denoisers:", "--with:")) from error
    if denoiser.learns or denoiser.needs_clean:
        lack = "the clean image" if denoiser.needs_clean else "training"
        raise ValueError(
            f"--with: {type(denoiser).__name__} needs {lack}. Give a network of gahb-sk info, the "
            "folder of a saved one, or a denoiser such as WaveletShrinkage."
        )
    return denoiser


def for_colors(denoiser):
    """Return what denoises colour images, as luminance and colours where the network is grey.

    Parameters
    ----------
    denoiser : denoiser
        Of :func:`read_denoiser`. Networks inside of wrappers change alike.

    Returns
    -------
    denoiser : denoiser
    """
    if isinstance(denoiser, OpponentColors):
        return denoiser
    if getattr(denoiser, "image_channels_", 3) == 1:
        two = getattr(denoiser, "weights", None) == GREY  # has a fellow for the colours
        return as_denoiser(COLOR) if two else OpponentColors(denoiser)
    parts = denoiser.get_params(deep=False).items()
    grey = {name: value for name, value in parts if isinstance(value, BaseDenoiser)}
    return clone(denoiser).set_params(**{name: for_colors(one) for name, one in grey.items()})


def _denoise_all(targets, record, denoisers, sigma, args):
    """Denoise what the record lacks; return (target, reason) of what failed."""
    todo = [target for target in targets if target.key not in record.rows]
    sizes = [os.path.getsize(one.source) if one.source.exists() else 0 for one in todo]
    failed, end = [], 0
    with tqdm(total=sum(sizes), unit="B", unit_scale=True, desc="denoise", file=sys.stderr) as bar:
        for target, size in zip(todo, sizes, strict=True):
            end += size
            try:
                record.add(target, _denoise_file(target, size, denoisers, sigma, args, bar))
            except _FAULTS as error:
                failed.append((target, " ".join(str(error).split()) or type(error).__name__))
            bar.update(end - bar.n)
    return failed


def _denoise_file(target, size, denoisers, sigma, args, bar):
    """Denoise one file by the denoiser of its number of colours; return its row of the table."""
    start = time.perf_counter()
    with warnings_named(target.source):
        file = read_image_file(target.source)
    image = file.image()
    unit = file.pixels.dtype.kind == "u" or bool(image.min() >= 0 and image.max() <= 1)
    if unit or are_unit(image, noisy=True):
        check_unit(sigma)
    denoiser = denoisers[file.n_colors]
    given = sigma != "auto" and not denoiser.blind
    if not given or not unit:
        estimate = float(estimate_sigma(image[None])[0])
        if given:
            check_scale(sigma, estimate, image.max())
        sigma = sigma if given else estimate
    whole = SelfEnsemble(denoiser) if args.ensemble else denoiser
    kept = 2 * file.pixels.nbytes + image.nbytes
    for rows, columns, tile in denoised_tiles(image, whole, sigma, args.max_memory, kept):
        file.put(tile, rows, columns)
        bar.update(min(size * tile.size / image.size, bar.total - bar.n))
    file.save(target.path)
    return {
        "size": f"{image.shape[1]}x{image.shape[2]}" + (" colour" if len(image) == 3 else ""),
        "depth": file.depth,
        "sigma": f"{255 * sigma:.1f}/255" if unit else f"{sigma:.4g}",
        "seconds": round(time.perf_counter() - start, 1),
    }


def denoised_tiles(image, denoiser, sigma, max_memory, kept):
    """Denoise one image, in tiles if it is large.

    Parameters
    ----------
    image : ndarray of shape (C, H, W)
        1 or 3 channels. A network of three channels sees a grey image as a grey colour.
    denoiser : denoiser
        Of :func:`for_colors` or, for a grey image, :func:`read_denoiser`. If it has no reach, the
        tiles of a large image have a fixed margin.
    sigma : float
        Noise level.
    max_memory : int
        Bytes of ``--max-memory``.
    kept : int
        How many of these the file and the image take.

    Yields
    ------
    rows, columns : slice
        Where the tile lies.
    tile : ndarray of shape (C, height, width)
        Denoised.
    """
    # A quarter is left to what allocators keep from tile to tile.
    tiled = Tiled(denoiser, max_memory=max(1, 3 * (max_memory - kept) // 4))
    wanted = getattr(denoiser, "image_channels_", len(image))
    stack = image[None] if wanted == len(image) else np.repeat(image[None], wanted, axis=1)
    try:
        tiled.fit(stack[..., :8, :8])
    except ValueError:
        tiled.set_params(margin=_MARGIN).fit(stack[..., :8, :8])
    _check_memory(tiled, stack, kept)
    for rows, columns, (tile,) in tiled.iter_tiles(stack, sigma):
        yield rows, columns, tile if wanted == len(image) else tile.mean(axis=0, keepdims=True)


def _check_memory(tiled, stack, kept):
    """Say how much is enough, and with how much tiles are as wide as their margins."""
    least, good = (tiled.least_memory(stack, side) for side in (1, tiled.margin_))
    if tiled.max_memory < least:
        least, good = (f"{math.ceil((kept + 4 * size / 3) / 2**20)}M" for size in (least, good))
        slow = f" ({least} is enough, but extremely slow)" if good != least else ""
        raise ValueError(f"needs --max-memory {good}{slow}.")


def _table(targets, rows):
    """Return the files with size, depth, noise level and time as lines of text."""
    head = ("file", "pixels", "depth", "sigma", "seconds")
    names = ("size", "depth", "sigma", "seconds")
    cells = [
        (str(target.path), *(str(rows[target.key][name]) for name in names)) for target in targets
    ]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, *cells)
    )
