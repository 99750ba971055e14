"""The checks, by name: each is a function of a denoiser and, optionally, images."""

import pickle
import random

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate

from gahb_sk.denoisers import as_denoiser
from gahb_sk.metrics import psnr
from gahb_sk.noise import DEFAULT_SIGMA, SCORE_NOISE_SEED, add_gaussian_noise
from gahb_sk.testing._case import Case

_SIGMAS = (0.02, 0.05, 0.1, 0.2, 0.4)
_TOLERANCE = {"float32": 2e-4, "float64": 1e-6}
CHECKS: dict = {}


def _check(function):
    """Turn a function of a case into a check of a denoiser and its images."""

    def check(denoiser, X=None):
        function(Case(function.__name__, denoiser, X))

    check.__name__, check.__doc__ = function.__name__, function.__doc__
    CHECKS[function.__name__] = check
    return check


@_check
def check_attributes(case):
    """Say what the denoiser is, by public attributes."""
    denoiser = as_denoiser(case.denoiser)
    kinds = ("learned", "classical", "optimal")
    case.require(denoiser.kind in kinds, f"has kind={denoiser.kind!r}", f"Choose one of {kinds}.")
    for name in ("blind", "learns", "needs_clean"):
        value = getattr(denoiser, name, None)
        case.require(isinstance(value, bool), f"has {name}={value!r}", "Set it to True or False.")


@_check
def check_parameters(case):
    """``__init__`` stores its parameters and does nothing else."""
    copy = clone(case.denoiser)
    kept = copy.get_params().keys() == case.denoiser.get_params().keys()
    repair = "Store every argument of __init__ under its own name, and take image_shape=None."
    case.require(kept, "loses parameters when cloned", repair)
    case.require("image_shape" in copy.get_params(), "has no parameter image_shape", repair)
    learned = [key for key in vars(copy) if key.endswith("_")]
    repair = "Only fit may set attributes that end in _."
    case.require(not learned, f"has {learned} before fit", repair)


@_check
def check_input_is_untouched(case):
    """Neither fit nor transform writes into its input."""
    for dtype in (np.float64, np.float32):
        clean, noisy = case.clean.astype(dtype), case.noisy.astype(dtype)
        before = clean.copy(), noisy.copy()
        denoiser = clone(case.denoiser).fit(clean)
        denoiser.denoise(noisy, 0.1, clean=clean)
        denoiser.score(noisy, clean, sigma=0.1)
        for now, then in zip((clean, noisy), before, strict=True):
            case.require(
                np.array_equal(now, then), "writes into its input", "Copy it: noisy = noisy.copy()."
            )


@_check
def check_fit_requirement(case):
    """What learns nothing transforms without fit; what learns refuses to."""
    unfitted, fitted = clone(case.denoiser), case.fitted()
    if unfitted.learns:
        try:
            case.denoise(unfitted)
        except NotFittedError:
            return
        case.require(False, "transforms before fit though it learns", "Set learns = False.")
    expected = case.denoise(fitted)
    found = case.denoise(unfitted)
    case.equal(found, expected, "gives another result without fit", "Set learns = True.")
    other = clone(case.denoiser).fit(case.clean[:, ::-1] ** 2)
    found = case.denoise(other)
    case.equal(found, expected, "learns from the images it is fitted on", "Set learns = True.")


@_check
def check_fit_twice(case):
    """Fitting again forgets the first time; the same images give the same result."""
    once, twice = case.fitted(), clone(case.denoiser).fit(case.clean[:3]).fit(case.clean)
    repair = "Reset in _fit what it learns, and draw random numbers from random_state alone."
    found, expected = case.denoise(twice), case.denoise(once)
    case.equal(found, expected, "depends on an earlier fit, or on chance", repair)


@_check
def check_shape_dtype_and_kind(case):
    """Results have the shape, dtype and kind of the input: NumPy or torch."""
    import torch

    repair = "Return from _denoise an array (m, C, H, W) of the shape and dtype of noisy."
    for dtype in (np.float32, np.float64):
        clean, noisy = case.clean.astype(dtype), case.noisy.astype(dtype)
        denoiser = clone(case.denoiser).fit(clean)
        out = denoiser.denoise(noisy, 0.1, clean=clean)
        case.require(isinstance(out, np.ndarray), f"turns an ndarray into a {type(out)}", repair)
        case.require(out.shape == noisy.shape, f"turns {noisy.shape} into {out.shape}", repair)
        case.require(out.dtype == dtype, f"turns {noisy.dtype} into {out.dtype}", repair)
        case.require(np.isfinite(out).all(), "returns NaN or infinity", "Mend _denoise.")
        tensor = denoiser.denoise(torch.from_numpy(noisy), 0.1, clean=torch.from_numpy(clean))
        case.require(isinstance(tensor, torch.Tensor), "turns a tensor into an array", repair)
        case.equal(
            tensor.numpy(), out, "treats tensors in another way", repair,
            _TOLERANCE[np.dtype(dtype).name],
        )  # fmt: skip


@_check
def check_batch(case):
    """The result of a batch is that of its images, each at its own noise level."""
    denoiser, sigma = case.fitted(), np.resize(_SIGMAS, len(case.clean))
    for level, repair in (
        (np.full(len(sigma), 0.1), "Take no mean, maximum or count over the images of a batch."),
        (sigma, "Use sigma, of shape (m,), as sigma.reshape(-1, 1, 1, 1)."),
    ):
        together = case.denoise(denoiser, level)
        alone = [
            denoiser.denoise(case.noisy[k : k + 1], level[k], clean=case.clean[k : k + 1])
            for k in range(len(level))
        ]
        broken = "depends on the batch" if np.ptp(level) == 0 else "mixes up sigma of each image"
        case.equal(together, np.concatenate(alone), broken, repair)


@_check
def check_sigma(case):
    """A blind denoiser ignores sigma; others use it, given by argument, constructor or estimate."""
    denoiser = case.fitted()
    low, high = (case.denoise(denoiser, s) for s in (0.02, 0.4))
    guess = case.denoise(denoiser, None)
    case.require(np.isfinite(guess).all(), "fails without sigma", "Estimate it, or set blind.")
    if denoiser.blind:
        case.equal(low, high, "is blind but uses sigma", "Set blind = False.", 0)
    else:
        differ = float(np.abs(low - high).max())
        case.require(differ > 0, "ignores sigma", "Set blind = True, or use sigma in _denoise.")
    if "sigma" in denoiser.get_params():
        built = case.denoise(case.fitted(sigma=0.4), None)
        case.equal(built, high, "ignores the sigma of its constructor", "Store it as self.sigma.")
        given = case.denoise(case.fitted(sigma=0.4), 0.02)
        case.equal(given, low, "prefers the constructor's sigma", "Use the argument of _denoise.")


@_check
def check_flat_rows(case):
    """With image_shape, flat rows are denoised as the images they hold."""
    rows, clean = (X.reshape(len(X), -1) for X in (case.noisy, case.clean))
    flat = clone(case.denoiser).set_params(image_shape=case.clean.shape[1:]).fit(clean)
    expected = case.denoise(case.fitted())
    found = flat.denoise(rows, 0.1, clean=clean)
    repair = "Leave shapes to BaseDenoiser: _denoise always sees (m, C, H, W)."
    case.equal(found, expected.reshape(rows.shape), "treats flat rows in another way", repair)


@_check
def check_copies(case):
    """A pickled denoiser gives the same result; a clone is not fitted."""
    denoiser = case.fitted()
    copy = pickle.loads(pickle.dumps(denoiser))
    found, expected = (case.denoise(one) for one in (copy, denoiser))
    case.equal(found, expected, "changes when pickled", "Keep what is learned in attributes.", 0)
    fitted = hasattr(clone(denoiser), "image_shape_")
    case.require(not fitted, "is fitted after clone", "Set learned attributes in _fit alone.")


@_check
def check_global_seeds(case):
    """The global random states of Python, NumPy and torch are left as they were."""
    import torch

    python, numpy, torchs = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    random.random(), np.random.rand(), torch.rand(1)  # noqa: NPY002  (not a state just seeded)

    def states():
        now = np.random.get_state()[1:3]  # noqa: NPY002
        return random.getstate(), now[0].tolist(), now[1], torch.get_rng_state().tolist()

    try:
        before, denoiser = states(), case.fitted()
        case.denoise(denoiser)
        denoiser.score(case.clean)
        repair = "Draw from numpy.random.RandomState(self.random_state) or a torch.Generator."
        case.require(states() == before, "touches a global random state", repair)
    finally:
        random.setstate(python), np.random.set_state(numpy), torch.set_rng_state(torchs)  # noqa: NPY002


@_check
def check_score(case):
    """The score is the mean PSNR, on the same noise for everyone; searches and folds work."""
    denoiser, n = case.fitted(), len(case.clean)
    noisy = add_gaussian_noise(case.clean, 0.2, SCORE_NOISE_SEED)
    expected = psnr(case.clean, denoiser.denoise(noisy, 0.2, clean=case.clean))
    repair = "Leave score and score_images to BaseDenoiser."
    weights = np.arange(1.0, n + 1)
    case.equal(denoiser.score_images(case.clean, sigma=0.2), expected, "scores wrongly", repair)
    case.equal(denoiser.score(noisy, case.clean, 0.2), expected.mean(), "scores wrongly", repair)
    weighted = denoiser.score(case.clean, sigma=0.2, sample_weight=weights)
    case.equal(weighted, np.average(expected, weights=weights), "ignores sample_weight", repair)
    pairs = clone(case.denoiser).fit(case.noisy, case.clean)
    found, same = (case.denoise(d) for d in (pairs, denoiser))
    case.equal(found, same, "fits on noisy images", "Leave fit to BaseDenoiser, write _fit.")
    scores = cross_validate(case.denoiser, case.clean, cv=2, error_score="raise")["test_score"]
    pairs = cross_val_score(case.denoiser, case.noisy, case.clean, cv=2, error_score="raise")
    case.require(np.isfinite([*scores, *pairs]).all(), "fails in cross-validation", repair)
    grid = {"image_shape": [None]}
    best = GridSearchCV(case.denoiser, grid, cv=2, error_score="raise").fit(case.clean)
    case.require(best.best_estimator_.image_shape_ == case.clean.shape[1:], "is lost", repair)


BAD_CALLS = {
    "one 2-D image": lambda X: (X[0, ..., 0, :] if X.ndim == 4 else X[0], 0.1),
    "integers of 8 bits": lambda X: ((255 * X).astype(np.uint8), 0.1),
    "NaN": lambda X: (np.where(X == X.max(), np.nan, X), 0.1),
    "no images": lambda X: (X[:0], 0.1),
    "a negative sigma": lambda X: (X, -0.1),
    "two values of sigma for more images": lambda X: (X, [0.1, 0.2]),
    "sigma as text": lambda X: (X, "0.1"),
}


@_check
def check_bad_input(case):
    """What breaks the contract is refused with a ValueError or TypeError."""
    denoiser = case.fitted()
    for what, make in BAD_CALLS.items():
        X, sigma = make(case.clean)
        try:
            denoiser.denoise(X, sigma, clean=X)
        except (ValueError, TypeError):
            continue
        case.require(False, f"accepts {what}", "Leave transform to BaseDenoiser; write _denoise.")


@_check
def check_linearize(case):
    """The Jacobian is linear, and its products with vectors on both sides agree."""
    denoiser, image = case.fitted(), case.noisy[0]
    operator = denoiser.linearize(image, DEFAULT_SIGMA, clean=case.clean[0])
    d = image.size
    repair = "Return from _jacobian an operator (d, d) with its adjoint, or None."
    case.require(operator.shape == (d, d), f"has a Jacobian of shape {operator.shape}", repair)
    if operator.step is not None:
        return  # central differences across jumps are not linear in the direction
    U, V = np.random.RandomState(0).randn(2, d, 2)
    left, right = np.sum(U * operator.matmat(V)), np.sum(operator.rmatmat(U) * V)
    scale = 1e-4 * (1 + abs(left))
    case.equal(left, right, "has a Jacobian whose adjoint is not its transpose", repair, scale)
    if getattr(operator, "sampled", False):
        return  # differences show the noise of Monte Carlo
    move = 1e-4 * V[:, 0].reshape(image.shape)
    far, near = (
        denoiser.denoise(image[None] + s * move, DEFAULT_SIGMA, clean=case.clean[:1])
        for s in (1, -1)
    )
    differs = np.linalg.norm((far - near).ravel() / 2e-4 - operator.matvec(V[:, 0]))
    near_enough = differs < 0.5 * np.linalg.norm(V[:, 0])
    case.require(near_enough, "has a Jacobian that is not its derivative", repair)
