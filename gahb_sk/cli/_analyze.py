"""Look inside a denoiser at one image: adaptive basis, shrinkage, dimension, risk, alignment.

MODEL is a saved network (a folder, or a name of gahb-sk info), or a denoiser such as
'WaveletShrinkage(n_shifts=16)'. IMAGE is a clean image, a file or a class such as
'c-alpha(alpha=3)', to which noise is added; with --noisy it is noisy already. Writes index.html
(self-contained), tables and pictures.
"""

import sys
from pathlib import Path

import numpy as np

from gahb_sk.analysis import eigenbasis, harmonicity
from gahb_sk.cli._analysis_page import Findings, write_analysis
from gahb_sk.cli._arguments import add_subject, noise_level, positive_int, redo
from gahb_sk.cli._denoisers import describe, is_saved_network
from gahb_sk.cli._page import check_output
from gahb_sk.cli._subjects import read_model, read_subject
from gahb_sk.experiments import Table, basis_alignment, risk_estimates
from gahb_sk.jacobians import linearize
from gahb_sk.noise import add_gaussian_noise

EXAMPLE = "gahb-sk analyze my-unet 'c-alpha(alpha=2)' --sigma 0.1 --output inside"
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the noise level, in the curves of dimension and risk
KS = (2, 5, 10, 20, 50, 100, 200)


def add_arguments(parser):
    """Add the arguments of ``gahb-sk analyze``."""
    add = parser.add_argument
    add_subject(add)
    add(
        "--sigma",
        type=noise_level,
        required=True,
        metavar="S",
        help="noise level, for images in [0, 1]",
    )
    add("--noisy", action="store_true", help="the image is noisy already: nothing is added, and "
        "what needs the clean one is left out")  # fmt: skip
    add("--n-components", type=positive_int, default=100, metavar="K",
        help="eigenvectors to find (default 100, or as many as there are)")  # fmt: skip
    add(
        "--tolerance",
        type=float,
        default=1e-3,
        metavar="T",
        help="largest residual (default 0.001)",
    )
    add("--precision", choices=["float32", "float64"], default="float32",
        help="in which networks compute (default float32)")  # fmt: skip
    add("--seed", type=int, default=0, help="seed of image, noise and probes (default 0)")
    add("--output", required=True, metavar="DIR", help="folder of the report")


def run(args):
    """Analyse, write the report, and say where it is."""
    if not 0 < args.sigma < float("inf"):
        raise ValueError(f"--sigma: expected a positive number, got {args.sigma}.")
    if not args.tolerance > 0:
        raise ValueError(f"--tolerance: expected a positive number, got {args.tolerance}.")
    folder = check_output(args.output)
    subject = read_subject(args.image, image_size=args.image_size, color=args.color, seed=args.seed)
    denoiser = read_model(args.model, subject)
    if args.noisy and denoiser.needs_clean:
        raise ValueError(
            f"--noisy: {type(denoiser).__name__} is an oracle and needs the clean image. Leave "
            "--noisy out."
        )
    page = write_analysis(folder, examine(args, subject, denoiser), redo(args, "model", "image"))
    print(f"The report is written to {page}")
    return 0


def examine(args, subject, denoiser):
    """Return the findings on a fitted denoiser at an image."""
    clean, noisy = _images(args, subject)
    numerical = _forewarn(denoiser, noisy, args.sigma, clean)
    basis = eigenbasis(
        denoiser, noisy, min(args.n_components, noisy.size), sigma=args.sigma, clean=clean,
        tolerance=args.tolerance, dtype=args.precision, random_state=args.seed,
    )  # fmt: skip
    partner = None if clean is None else clean[None]
    denoised = denoiser.denoise(noisy[None], args.sigma, clean=partner)[0]
    images = {} if clean is None else {"clean": clean}
    images |= {"noisy": noisy, "denoised": denoised}
    name = Path(args.model).name if is_saved_network(args.model) else type(denoiser).__name__
    settings = {"model": args.model, "denoiser": describe(denoiser), "image": subject.title}
    return Findings(
        title=f"{args.model} at {subject.title}, noise level {args.sigma:g}",
        name=name,
        images=images,
        sigma=args.sigma,
        basis=basis,
        spectrum=_spectrum(basis, clean),
        risk=None if clean is None else _risk(args, name, denoiser, clean, numerical),
        alignment=None if clean is None else _alignment(args, name, denoiser, clean),
        settings={**settings, "seed": args.seed},
    )


def _images(args, subject):
    """The clean image, None where it is not known, and the noisy one."""
    image = subject.image.astype(np.float64)
    if args.noisy:
        return None, image
    return image, add_gaussian_noise(image[None], args.sigma, args.seed)[0]


def _forewarn(denoiser, noisy, sigma, clean):
    """Warn of the cost of central differences; return whether they are needed."""
    if linearize(denoiser, noisy, sigma, clean=clean).step is None:
        return False
    print(
        f"{type(denoiser).__name__} has no exact Jacobian: about {4 * noisy.size} images are "
        "denoised for central differences. A small --image-size helps.",
        file=sys.stderr,
    )
    return True


def _spectrum(basis, clean):
    k = np.arange(1, basis.n_components + 1)
    columns = {"k": k, "factor": basis.values, "residual": basis.residuals}
    if clean is not None:
        columns["coefficient"] = basis.coefficients
        if min(clean.shape[-2:]) > 1:
            columns["harmonicity"] = harmonicity(basis.vectors, clean).total
    return Table(columns)


def _risk(args, name, denoiser, clean, numerical):
    method = "hutchinson" if numerical else "auto"
    return risk_estimates(
        {name: denoiser}, clean[None], args.sigma * np.array(FACTORS), method=method,
        dtype=args.precision, random_state=args.seed, verbose=True,
    )  # fmt: skip


def _alignment(args, name, denoiser, clean):
    ks = [k for k in KS if k <= min(args.n_components, clean.size)] or [1]
    table = basis_alignment(
        {name: denoiser}, clean[None], [args.sigma], ks, dtype=args.precision,
        random_state=args.seed, verbose=True,
    )  # fmt: skip
    return table if table.n_rows else None  # at a black image the oracles have no vectors
