"""Restore an image from a few linear measurements, with a denoiser's implicit prior.

MODEL is a saved network (a folder, or a name of gahb-sk info), or a denoiser such as
DiskPosteriorMean. IMAGE is a file, or a class such as 'c-alpha(alpha=3)'. The task says what is
measured of it; masked pixels are ignored. Writes restored.npy, restored.png and results.json.
"""

import numpy as np

from gahb_sk import metrics, noise
from gahb_sk._files import write_json
from gahb_sk._random import child, seed_sequence
from gahb_sk.cli._arguments import add_settings, add_subject, noise_level, positive_int, redo
from gahb_sk.cli._denoisers import describe
from gahb_sk.cli._page import check_output, to_png, versions, write_pictures
from gahb_sk.cli._sampling import sampler_of, write_array
from gahb_sk.cli._subjects import read_model, read_subject
from gahb_sk.plots import ImageGridDisplay
from gahb_sk.plots._style import canvas
from gahb_sk.sampling import (
    BlockAverage,
    Inpainting,
    RandomPixels,
    RandomProjection,
    SpectralLowPass,
)

EXAMPLE = "gahb-sk restore my-unet photo.png --task super-resolution --factor 4 --output restored"
_NOISE = 1  # stream of the measurement noise


def _inpaint(args, shape):
    if args.mask is not None:
        mask = read_subject(args.mask).image > 0.5
        if mask.shape[-2:] != shape[-2:]:
            raise ValueError(
                f"--mask: expected {shape[-2]}x{shape[-1]} pixels as the image has, got "
                f"{mask.shape[-2]}x{mask.shape[-1]}."
            )
        return Inpainting(np.broadcast_to(mask, shape))
    height, width = shape[-2:]
    hole = min(height, width) // 3 if args.hole is None else args.hole
    if hole >= min(height, width):
        raise ValueError(f"--hole: expected less than {min(height, width)}, got {hole}.")
    mask = np.ones(shape, bool)
    top, left = (height - hole) // 2, (width - hole) // 2
    mask[..., top : top + hole, left : left + hole] = False
    return Inpainting(mask)


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
    add("--task", choices=TASKS, required=True, help="what is measured: pixels outside a hole or a "
        "mask, random pixels, block averages, low frequencies, random products")  # fmt: skip
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


def run(args):
    """Measure, restore, write, and say what came out."""
    if not 0 <= args.measurement_sigma < float("inf"):
        raise ValueError(
            f"--measurement-sigma: expected a number >= 0, got {args.measurement_sigma}."
        )
    folder = check_output(args.output)
    subject = read_subject(args.image, image_size=args.image_size, color=args.color, seed=args.seed)
    denoiser = read_model(args.model, subject)
    clean = subject.image.astype(np.float64)
    operator = TASKS[args.task](args, clean.shape)
    sampler = sampler_of("score", denoiser, args.set, args.seed)
    measured = operator.measure(clean[None])
    if args.measurement_sigma:
        stream = child(seed_sequence(args.seed), _NOISE)
        measured = noise.add_gaussian_noise(measured, args.measurement_sigma, stream)
    restored = sampler.inverse(
        measured, operator, n_samples=args.n, measurement_sigma=args.measurement_sigma
    )
    images = restored.images
    mean = images.mean(axis=0, dtype=np.float64)
    shown = {"image": clean, "measured": operator.adjoint(measured)[0], "mean": mean}
    shown |= {f"sample {k}": one for k, one in enumerate(images)}
    psnrs = {
        name: float(metrics.psnr(clean[None], image[None])[0])
        for name, image in shown.items()
        if name != "image"
    }
    write_array(folder / "restored.npy", images)
    _write_picture(folder / "restored.png", shown, psnrs)
    _write_results(folder / "results.json", args, denoiser, operator, psnrs, restored.residual)
    print(
        f"{folder / 'restored.npy'}: {len(images)} restored images, PSNR of their mean "
        f"{psnrs['mean']:.2f} dB, of the first {psnrs['sample 0']:.2f} dB"
    )
    return 0


def _write_picture(path, shown, psnrs, n_columns=8):
    shown = dict(list(shown.items())[:n_columns])
    captions = {name: [f"{psnrs[name]:.1f} dB"] for name in shown if name in psnrs}
    columns = {name: np.asarray(image)[None] for name, image in shown.items()}
    display = ImageGridDisplay(columns, captions=captions).plot(canvas(1.5 * len(shown), 2.0))
    write_pictures(path.parent, {path.name: to_png(display.figure_)})


def _write_results(path, args, denoiser, operator, psnrs, residual):
    results = {
        "command": redo(args, "model", "image"),
        "denoiser": describe(denoiser),
        "n_measurements": operator.n_measurements,
        "n_values": int(np.prod(operator.image_shape)),
        "psnr": psnrs,
        "constraint_residual": residual.tolist(),
        "versions": versions(),
    }
    write_json(path, results)
