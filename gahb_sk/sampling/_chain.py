"""What the samplers share: the denoiser on a stack, noise of one's own for each sample, failure."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gahb_sk._random import child, image_generator

# Child streams of a sampler's seed.
_SAMPLES = 0
_GROWTH = 10.0  # a sample whose noise has grown this much has diverged


class DivergenceError(ValueError):
    """Some samples did not come to an end.

    Attributes
    ----------
    failed : ndarray of int
        Numbers of the samples that failed.
    """

    def __init__(self, message, failed):
        super().__init__(message)
        self.failed = failed


class Prior:
    """A fitted denoiser as a function of a stack ``(m, *shape)``.

    Parameters
    ----------
    denoiser : denoiser
        Fitted; no oracle.
    image_shape : tuple of int or None
        Of the images to make; None is the denoiser's own ``image_shape_``.

    Raises
    ------
    TypeError, ValueError
        For an oracle, or a shape that is none.
    """

    def __init__(self, denoiser, image_shape=None):
        if not hasattr(denoiser, "transform"):
            raise TypeError(f"denoiser: expected a fitted denoiser, got {type(denoiser).__name__}.")
        if getattr(denoiser, "needs_clean", False):
            raise TypeError(
                f"denoiser: {type(denoiser).__name__} must be told the clean image, which a sample "
                "does not have; take a denoiser that is no oracle."
            )
        check_is_fitted(denoiser)
        shape = denoiser.image_shape_ if image_shape is None else image_shape
        self.shape = tuple(int(side) for side in np.atleast_1d(shape))
        if len(self.shape) not in (2, 3) or min(self.shape) < 1:
            raise ValueError(f"image_shape: expected (H, W) or (C, H, W), got {image_shape!r}.")
        self.denoiser = denoiser
        self.flat = getattr(denoiser, "image_shape", None) is not None
        self.blind = getattr(denoiser, "blind", False)

    def __call__(self, noisy, sigma):
        """Denoise ``(m, *shape)`` at levels ``(m,)``; blind denoisers do not look at these."""
        rows = noisy.reshape(len(noisy), -1) if self.flat else noisy
        out = self.denoiser.transform(rows, sigma=None if self.blind else sigma)
        return np.asarray(out).reshape(noisy.shape)


class Streams:
    """Standard normal images, a stream of one's own for each sample.

    What sample k gets at its t-th draw depends on the seed, k and t alone.
    """

    def __init__(self, root, numbers, shape):
        self.generators = [image_generator(child(root, _SAMPLES), k) for k in numbers]
        self.shape = shape

    def draw(self, which, dtype):
        """Return the next image of each of the samples at ``which``, ``(m, *shape)``."""
        noise = np.empty((len(which), *self.shape), dtype)
        for row, k in zip(noise, which, strict=True):
            row[...] = self.generators[k].standard_normal(self.shape)
        return noise


def norms(stack):
    """Root mean square of each image of a stack, ``(m,)`` in double precision."""
    flat = stack.reshape(len(stack), -1)
    # Overflow here is divergence, which is looked for and reported.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt(np.vecdot(flat, flat).astype(np.float64) / flat.shape[1])


def has_diverged(levels, start):
    """Tell which samples are not finite or have grown far beyond the level they started from."""
    with np.errstate(invalid="ignore"):
        return ~(levels <= _GROWTH * np.maximum(start, 1e-12))


def column(values, stack):
    """Return values ``(m,)`` shaped to multiply a stack ``(m, ...)``, in its precision."""
    return values.astype(stack.dtype).reshape(-1, *[1] * (stack.ndim - 1))


def finish(samples, converged, numbers, reason, on_divergence):
    """Return the samples, or raise if some have failed; a failed one is never returned as good.

    Parameters
    ----------
    samples : ndarray of shape (n, ...)
    converged : ndarray of shape (n,), bool
    numbers : sequence of int
        Numbers of the samples in their seed.
    reason : ndarray of shape (n,), str
        Of each failure.
    on_divergence : {"raise", "nan"}
    """
    bad = np.flatnonzero(~converged)
    if len(bad) and on_divergence == "raise":
        failed = np.asarray(numbers)[bad]
        shown = ", ".join(map(str, failed[:5])) + (", ..." if len(failed) > 5 else "")
        raise DivergenceError(
            f"{len(bad)} of {len(samples)} samples did not come to an end (number {shown}): "
            f"{reason[bad[0]]}. Take a smaller h0, a larger max_steps or sigma_end, or a "
            "sigma_start in the denoiser's noise range; on_divergence='nan' returns the others.",
            failed,
        )
    samples[bad] = np.nan
    return samples


def check_count(n):
    """Return a number of samples, at least 1."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ValueError(f"n_samples: expected an int >= 1, got {n!r}.")
    return int(n)


def check_levels(sigma_start, sigma_end):
    """Raise unless the level falls."""
    if sigma_end >= sigma_start:
        raise ValueError(
            f"sigma_end: expected less than sigma_start, {sigma_start}, got {sigma_end}."
        )


def check_mean(mean, shape):
    """Return the mean of the starting noise, a number or an image, in double precision."""
    mean = np.asarray(mean, np.float64)
    if mean.ndim and mean.shape != shape:
        raise ValueError(
            f"mean: expected a number or an image of shape {shape}, got shape {mean.shape}."
        )
    return mean


def look(prior, y, told, active, constraint):
    """Denoise the active samples.

    Returns
    -------
    denoised, direction : ndarray of shape (m, ...)
    level : ndarray of shape (m,)
        Noise level: that which the direction shows, or which the denoiser was told.
    shown : ndarray of shape (m,)
        That which the direction shows.
    """
    noisy = y[active]
    denoised = prior(noisy, told[active])
    direction = denoised - noisy
    shown = norms(direction)
    if constraint is not None:
        at = shown if prior.blind else told[active]
        direction = constraint.direct(direction, noisy, active, at)
        if not constraint.sigma:
            shown = norms(direction)
    # What a denoiser removes when it is told a level says less about it than the rule does, and
    # errors would add up from step to step.
    return denoised, direction, shown if prior.blind else told[active], shown
