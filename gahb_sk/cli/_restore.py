"""Restore a damaged image with a denoiser's implicit prior.

MODEL is a saved network (a folder, or a name of gahb-sk info), or a denoiser such as
WaveletShrinkage. IMAGE is the damaged file: enlarge it (super-resolution), fill in where a mask is
dark (inpaint), or undo a known blur (deblur). Writes the mean of the restored images in the format
and under the name of IMAGE, and restored.npy, restored.png and results.json.

With --simulate, IMAGE is a clean file, or a class such as 'c-alpha(alpha=3)'. It is damaged as the
task says, restored and compared.
"""

import dataclasses
from pathlib import Path

import numpy as np

from gahb_sk import metrics, noise
from gahb_sk._files import write_json
from gahb_sk._random import child, seed_sequence
from gahb_sk.cli._arguments import add_settings, add_subject, noise_level, positive_int, redo
from gahb_sk.cli._denoisers import describe
from gahb_sk.cli._file_warnings import warnings_named
from gahb_sk.cli._page import check_output, to_png, versions, write_pictures
from gahb_sk.cli._sampling import sampler_of, write_array
from gahb_sk.cli._subjects import Subject, read_model, read_subject
from gahb_sk.datasets import DamagedFile, read_image_file
from gahb_sk.plots import ImageGridDisplay
from gahb_sk.plots._style import canvas
from gahb_sk.sampling import (
    BlockAverage,
    Inpainting,
    RandomPixels,
    RandomProjection,
    SpectralLowPass,
    blur,
    deblur,
)

EXAMPLE = "gahb-sk restore my-unet photo.png --task super-resolution --factor 2 --output restored"
_NOISE = 1  # stream of the measurement noise
_FILES = ("restored.npy", "restored.png", "results.json")
_REAL = ("deblur", "inpaint", "super-resolution")  # tasks that need no simulation


def _inpaint(args, shape):
    if args.mask is not None:
        return Inpainting(np.broadcast_to(_mask(args.mask, shape), shape))
    if not args.simulate:
        raise ValueError(
            "--mask: expected a file, bright where pixels are good. Or add --simulate."
        )
    height, width = shape[-2:]
    hole = min(height, width) // 3 if args.hole is None else args.hole
    if hole >= min(height, width):
        raise ValueError(f"--hole: expected less than {min(height, width)}, got {hole}.")
    mask = np.ones(shape, bool)
    top, left = (height - hole) // 2, (width - hole) // 2
    mask[..., top : top + hole, left : left + hole] = False
    return Inpainting(mask)


def _mask(path, shape):
    mask = _read(path, "--mask").image().mean(axis=0) > 0.5
    if mask.shape != shape[-2:]:
        raise ValueError(
            f"--mask: expected {shape[-2]}x{shape[-1]} pixels as the image has, got "
            f"{mask.shape[0]}x{mask.shape[1]}."
        )
    if mask.all():
        raise ValueError(
            f"--mask: expected dark pixels where the image is not known, got none in {path}. "
            "Transparency is not read: fill the hole with black."
        )
    return mask


def _read(path, name):
    try:
        with warnings_named(path):
            return read_image_file(path)
    except DamagedFile as error:
        raise ValueError(f"{name}: {path} {error}.") from error


def _kernel(args):
    if args.kernel is None:
        raise ValueError("--kernel: expected an image file of the blur, its middle at the origin.")
    return _read(args.kernel, "--kernel").image().mean(axis=0, dtype=np.float64)


def _compressive(args, shape):
    if not 0 < args.fraction <= 1:
        raise ValueError(f"--fraction: expected a number in (0, 1], got {args.fraction}.")
    count = max(1, round(args.fraction * int(np.prod(shape))))
    return RandomProjection(shape, count, random_state=args.seed)


# What is measured, by the name of the task; each takes the arguments and the image's shape.
TASKS = {
    "inpaint": _inpaint,
    "random-pixels": lambda args, shape: RandomPixels(shape, args.fraction, args.seed),
    "super-resolution": lambda args, shape: BlockAverage(shape, args.factor),
    "spectral": lambda args, shape: SpectralLowPass(shape, args.fraction),
    "compressive": _compressive,
}


def add_arguments(parser):
    """Add the arguments of ``gahb-sk restore``."""
    add = parser.add_argument
    add_subject(add)
    add("--task", choices=[*TASKS, "deblur"], required=True, help="what is known: pixels outside a "
        "mask or a hole, block averages, or the blurred image; with --simulate also random pixels, "
        "low frequencies, random products")  # fmt: skip
    add("--simulate", action="store_true", help="IMAGE is clean: damage it, restore, and compare")
    add("--kernel", metavar="FILE", help="deblur: image of the blur, its middle at the origin")
    add("--mask", metavar="FILE", help="inpaint: image of the same size, bright where pixels are "
        "known")  # fmt: skip
    add("--hole", type=positive_int, metavar="S", help="inpaint: side of the square in the middle "
        "that is not known (default a third of the image)")  # fmt: skip
    add("--fraction", type=float, default=0.1, metavar="F", help="random-pixels, spectral, "
        "compressive: number of measurements over that of values (default 0.1)")  # fmt: skip
    add("--factor", type=positive_int, default=4, metavar="F",
        help="super-resolution: side of a block (default 4)")  # fmt: skip
    add("--measurement-sigma", type=noise_level, default=0.0, metavar="S",
        help="white noise added to the measurements (default 0)")  # fmt: skip
    add("--n", type=positive_int, default=4, metavar="N", help="restored images (default 4)")
    add("--seed", type=int, default=0, help="seed of measurement, noise and samples (default 0)")
    add_settings(add, "beta=1 of the sampler")
    add("--output", required=True, metavar="DIR", help="folder to write to")


# Options that belong to some tasks, with their defaults.
_OPTIONS = {
    "kernel": (None, ["deblur"]),
    "mask": (None, ["inpaint"]),
    "hole": (None, ["inpaint"]),
    "fraction": (0.1, ["random-pixels", "spectral", "compressive"]),
    "factor": (4, ["super-resolution"]),
    "n": (4, list(TASKS)),
    "set": (None, list(TASKS)),
}


def _check_options(args):
    """Refuse options that the task does not have."""
    for option, (default, tasks) in _OPTIONS.items():
        if args.task not in tasks and getattr(args, option) not in (default, [], {}):
            raise ValueError(
                f"--{option}: belongs to {', '.join(tasks)}; --task {args.task} does without."
            )


def run(args):
    """Restore, write, and say what came out."""
    _check_options(args)
    folder = check_output(args.output)
    return (_simulate if args.simulate else _restore)(args, folder)


def _restore(args, folder):
    """Restore a damaged file."""
    if args.task not in _REAL:
        raise ValueError(f"--task: {args.task} is for --simulate; expected {', '.join(_REAL)}.")
    if args.image_size or args.color:
        raise ValueError(
            "--image-size, --color: expected with --simulate only; a damaged file is restored "
            "whole, in its own colours."
        )
    if not Path(args.image).is_file():
        raise FileNotFoundError(f"IMAGE: there is no file {args.image!r}. Classes need --simulate.")
    name = _destination(args.image, folder)
    file = _read(args.image, "IMAGE")
    damaged = file.image()
    denoiser = read_model(args.model, Subject(damaged, args.image))
    alone = len(damaged) == 1 or getattr(denoiser, "image_channels_", 3) == 1
    stack = damaged if alone else damaged[None]
    images, residual = _solve(args, stack, denoiser)
    # Samples of each channel, or of all together, to images (n, C, H, W).
    images = images.reshape(len(stack), -1, *images.shape[1:])
    images = images.swapaxes(0, 1) if alone else images[0]
    mean = images.mean(axis=0, dtype=np.float64)
    write_array(folder / "restored.npy", images)
    grown = mean.shape[-1] // damaged.shape[-1]
    pixels = file.pixels.repeat(grown, axis=0).repeat(grown, axis=1)
    dataclasses.replace(file, pixels=pixels).write(name, mean)
    small = damaged.repeat(grown, axis=1).repeat(grown, axis=2)
    shown = {"image": small, "mean": mean} | {f"sample {k}": x for k, x in enumerate(images)}
    _write_picture(
        folder / "restored.png", {k: x[0] if len(x) == 1 else x for k, x in shown.items()}
    )
    _write_results(folder / "results.json", args, denoiser, constraint_residual=residual.tolist())
    lossy = file.format == "JPEG" or not file.settings.get("lossless", True)
    print(
        f"{folder / 'restored.npy'}: {len(images)} restored images, which differ from what is "
        f"known by {residual.max():.1e} of it\n"
        f"{name}: their mean, {mean.shape[-2]}x{mean.shape[-1]}, {file.depth}"
        + ", compressed again, which changes all pixels"
        * lossy
    )
    return 0


def _destination(image, folder):
    """Return where the restored image goes, which replaces nothing that is needed."""
    name = folder / Path(image).name
    if name.resolve() == Path(image).resolve():
        raise ValueError(
            f"--output: {name} would replace the damaged image. Choose another folder."
        )
    if name.name in _FILES:
        raise ValueError(f"IMAGE: {name.name} is the name of a file of the results. Rename it.")
    return name


def _solve(args, stack, denoiser):
    """Return restored images, n for each of the stack, and how far each is from what is known."""
    if args.task == "deblur":
        kernel = _kernel(args)
        images = deblur(stack, kernel, denoiser, sigma=args.measurement_sigma)
        return images, _norms(blur(images, kernel) - stack) / _norms(stack)
    if args.task == "super-resolution":
        *channels, height, width = stack.shape[1:]
        operator = BlockAverage((*channels, height * args.factor, width * args.factor), args.factor)
        known = stack.reshape(len(stack), -1).astype(np.float64) * args.factor
    else:
        operator = _inpaint(args, stack.shape[1:])
        known = operator.measure(stack.astype(np.float64))
    sampler = sampler_of("score", denoiser, args.set, args.seed)
    restored = sampler.inverse(
        known, operator, n_samples=args.n, measurement_sigma=args.measurement_sigma
    )
    return restored.images, np.asarray(restored.residual)


def _norms(stack):
    return np.maximum(np.linalg.norm(stack.reshape(len(stack), -1), axis=1), 1e-12)


def _simulate(args, folder):
    """Damage a clean image, restore it, and compare."""
    subject = read_subject(args.image, image_size=args.image_size, color=args.color, seed=args.seed)
    denoiser = read_model(args.model, subject)
    clean = subject.image.astype(np.float64)
    if args.task == "deblur":
        measured = shown = _with_noise(blur(clean[None], _kernel(args)), args)
        images = deblur(measured, _kernel(args), denoiser, sigma=args.measurement_sigma)
        results = {}
    else:
        operator = TASKS[args.task](args, clean.shape)
        measured = _with_noise(operator.measure(clean[None]), args)
        sampler = sampler_of("score", denoiser, args.set, args.seed)
        restored = sampler.inverse(
            measured, operator, n_samples=args.n, measurement_sigma=args.measurement_sigma
        )
        images, shown = restored.images, operator.adjoint(measured)
        results = {
            "n_measurements": operator.n_measurements,
            "constraint_residual": restored.residual.tolist(),
        }
    mean = images.mean(axis=0, dtype=np.float64)
    shown = {"image": clean, "measured": shown[0], "mean": mean}
    shown |= {f"sample {k}": one for k, one in enumerate(images)}
    psnrs = {
        name: float(metrics.psnr(clean[None], image[None])[0])
        for name, image in shown.items()
        if name != "image"
    }
    write_array(folder / "restored.npy", images)
    _write_picture(folder / "restored.png", shown, psnrs)
    results |= {"n_values": clean.size, "psnr": psnrs}
    _write_results(folder / "results.json", args, denoiser, **results)
    print(
        f"{folder / 'restored.npy'}: {len(images)} restored images, PSNR of their mean "
        f"{psnrs['mean']:.2f} dB, of the first {psnrs['sample 0']:.2f} dB"
    )
    return 0


def _with_noise(measured, args):
    if not args.measurement_sigma:
        return measured
    stream = child(seed_sequence(args.seed), _NOISE)
    return noise.add_gaussian_noise(measured, args.measurement_sigma, stream)


def _write_picture(path, shown, psnrs=None, n_columns=8):
    shown = dict(list(shown.items())[:n_columns])
    captions = {name: [f"{psnr:.1f} dB"] for name, psnr in (psnrs or {}).items() if name in shown}
    columns = {name: np.asarray(image)[None] for name, image in shown.items()}
    display = ImageGridDisplay(columns, captions=captions).plot(canvas(1.5 * len(shown), 2.0))
    write_pictures(path.parent, {path.name: to_png(display.figure_)})


def _write_results(path, args, denoiser, **results):
    head = {"command": redo(args, "model", "image"), "denoiser": describe(denoiser)}
    write_json(path, {**head, **results, "versions": versions()})
