"""One function that says what a denoiser is, with how sure each answer is."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from gahb_sk._arrays import as_array, to_numpy
from gahb_sk._random import Seed, seed_sequence
from gahb_sk._validation import StrOptions, at_least, check_name, positive, validate_params
from gahb_sk.denoisers import as_denoiser, as_denoisers
from gahb_sk.experiments._audit._basis import basis
from gahb_sk.experiments._audit._bayes import bayes
from gahb_sk.experiments._audit._case import FULL, QUICK, Case
from gahb_sk.experiments._audit._cost import cost
from gahb_sk.experiments._audit._memorisation import memorisation
from gahb_sk.experiments._audit._quality import quality
from gahb_sk.experiments._audit._reach import reach
from gahb_sk.experiments._audit._result import Audit, NotApplicable, Section
from gahb_sk.experiments._audit._symmetries import symmetries
from gahb_sk.experiments._noisy_images import check_sigmas
from gahb_sk.images import as_images

# Name: title, question, and the function from a Case to a Section.
SECTIONS = {
    "quality": (
        "Quality",
        "How much closer to the clean image is the denoised one, in dB of PSNR, beside BM3D, "
        "wavelets and, where it is known, the optimum?",
        quality,
    ),
    "bayes": (
        "A denoiser in the sense of Bayes",
        "Is it the mean of the images that a noisy one may come from, for some law of images? "
        "Such a denoiser has a symmetric Jacobian J without negative eigenvalues, keeps the "
        "brightness, and knows its own error.",
        bayes,
    ),
    "basis": (
        "The basis that it adapts to the image",
        "Near a noisy image a denoiser multiplies certain patterns, the eigenvectors of J, by "
        "shrinkage factors: 1 keeps a pattern, 0 removes it. Which, and how many, does it keep?",
        basis,
    ),
    "symmetries": (
        "Symmetries",
        "Does it matter whether an image is shifted, flipped or turned before or after it is "
        "denoised?",
        symmetries,
    ),
    "reach": (
        "Reach",
        "From how large a window around a pixel does it use the noisy values? Noise outside of the "
        "window contributes less than 1 % of the response at the pixel.",
        reach,
    ),
    "memorisation": (
        "Memorisation",
        "Are the images that it draws copies of those it was trained on? Each sample's distance to "
        "the nearest training image is ranked among the distances of fresh images.",
        memorisation,
    ),
    "cost": ("Cost", "How long does it take, and how much memory, on which device?", cost),
}


@validate_params(
    {
        "noisy": ["boolean"],
        "quick": ["boolean"],
        "verbose": ["boolean"],
        "sections": [list, tuple, None],
        "name": [str, None],
        "n_components": [at_least(1), None],
        "tolerance": [positive(), None],
        "dtype": [StrOptions({"float32", "float64"})],
    }
)
def audit(
    denoiser: Any,
    images: npt.ArrayLike,
    *,
    training_images: npt.ArrayLike | None = None,
    sigma: npt.ArrayLike = (0.02, 0.05, 0.1, 0.2, 0.5),
    reference: Any = None,
    noisy: bool = False,
    quick: bool = False,
    sections: list | tuple | None = None,
    name: str | None = None,
    n_components: int | None = None,
    tolerance: float | None = None,
    dtype: str = "float32",
    random_state: Seed = 0,
    verbose: bool = False,
) -> Audit:
    """Say what a denoiser is: how good, whether a Bayes denoiser, its basis, symmetries and reach.

    Parameters
    ----------
    denoiser : denoiser
        Of any kind, or what :func:`~gahb_sk.denoisers.as_denoiser` makes one of. One that learns
        must be fitted.
    images : array-like of shape (n, H, W) or (n, C, H, W)
        Clean images that it was not trained on, with intensities about [0, 1]. The first 32 are
        used, 8 with ``quick``; intervals need at least 2.
    training_images : array-like of the same kind, default=None
        Images that it was trained on.
    sigma : float or array-like of shape (n_sigmas,), default=(0.02, 0.05, 0.1, 0.2, 0.5)
        Noise levels, positive, in the units of the images.
    reference : denoiser, or dict of str to denoiser, default=None
        The optimum of the images, where it is known: for example
        ``DiskImages(64).posterior_mean()``.
    noisy : bool, default=False
        Whether the images are noisy already, at the one level ``sigma``. What needs the clean ones
        is then left out, which the result says.
    quick : bool, default=False
        Fewer images, vectors and probes: about a sixth of the time, with wider intervals.
    sections : sequence of str, default=None
        Which to do; None does all.
    name : str, default=None
        What to call the denoiser; None takes its class.
    n_components : int, default=None
        Eigenvectors to find; None: 60, or 16 with ``quick``.
    tolerance : float, default=None
        Largest residual of the eigenvectors; None: 0.001, or 0.01 with ``quick``.
    dtype : {"float32", "float64"}, default="float32"
        Precision in which networks compute.
    random_state : int, RandomState or None, default=0
        Seed of noise, probes and samples.
    verbose : bool, default=False
        Whether to show a progress bar on stderr, which names the section.

    Returns
    -------
    audit : Audit
        ``verdicts()``, ``tables`` and, by name, ``sections``. A section that this denoiser cannot
        have is there and says why.

    Raises
    ------
    ValueError, TypeError
        For images or noise levels that break the contract, or no denoiser.

    Notes
    -----
    Intervals are Student's, of 95 %, over images. Those of several noise levels hold together, and
    a verdict says the level at which the departure is clearest. A denoiser that takes more than
    0.1 s of computing per image denoises fewer images, which the sections say. A denoiser that
    jumps (BM3D, non-local means) has no Jacobian, and one that is known by central differences
    only on small images.

    Examples
    --------
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.denoisers import WienerDenoiser
    >>> from gahb_sk.experiments import audit
    >>> X = make_disk_images(40, 16, random_state=0)
    >>> found = audit(WienerDenoiser().fit(X[4:]), X[:4], sigma=[0.1], sections=["bayes"])
    >>> print(found.verdicts()["grade"][0], found.verdicts()["topic"][0])
    yes Is it a gradient (symmetric Jacobian)?
    """
    denoiser = as_denoiser(denoiser)
    X = np.asarray(to_numpy(as_array(images)))
    as_images(X, name="images")
    sigmas = check_sigmas(sigma)
    if noisy and len(sigmas) > 1:
        raise ValueError(
            f"sigma: expected the one level of the noise in the images, got {sigmas}. Noisy images "
            "have one: sigma=0.1, say."
        )
    if not hasattr(denoiser, "image_shape_") and not denoiser.learns:
        denoiser = denoiser.fit(X)
    wanted: dict[str, Any] = {"n_components": n_components, "tolerance": tolerance}
    wanted = {key: value for key, value in wanted.items() if value is not None}
    effort = replace(QUICK if quick else FULL, **wanted)
    case = Case(
        name=type(denoiser).__name__ if name is None else name,
        denoiser=denoiser,
        X=X,
        sigmas=sigmas,
        root=seed_sequence(random_state),
        effort=effort,
        reference=_references(reference, X),
        training_images=training_images,
        dtype=dtype,
        noisy=noisy,
    ).timed()
    chosen = list(SECTIONS) if sections is None else sections
    chosen = [check_name(one, SECTIONS, "section") for one in chosen]
    found = {}
    with tqdm(chosen, desc="audit", disable=not verbose) as bar:
        for one in bar:
            bar.set_postfix_str(one)
            found[one] = _section(case, *SECTIONS[one])
    return Audit(case.name, denoiser.kind, found, _settings(case, quick))


def _references(reference, X):
    """Return the optimum as fitted denoisers by name."""
    if reference is None:
        return {}
    named = reference if isinstance(reference, dict) else {"the optimum": reference}
    return {
        name: one if hasattr(one, "image_shape_") else one.fit(X)
        for name, one in as_denoisers(named, name="reference").items()
    }


def _section(case, title, question, function):
    try:
        found = function(case)
    except NotApplicable as error:
        return Section(title, question, missing=str(error))
    return Section(
        title, question, found.verdicts, found.tables, found.arrays, found.notes, found.missing
    )


def _settings(case, quick):
    return {
        "denoiser": case.name,
        "image size": " x ".join(map(str, case.X.shape[1:])),
        "images": case.n_images,
        "images with a Jacobian": case.n_inside,
        "seconds of computing per image": round(case.seconds, 4),
        "noise levels": case.sigmas,
        "quick": quick,
        "seed": case.root.entropy,
    }
