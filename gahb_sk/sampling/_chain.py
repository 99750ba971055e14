"""What the samplers compute with: the denoiser on a stack, a stream of noise for each sample."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gahb_sk._random import child, image_generator
from gahb_sk.denoisers import as_denoiser
from gahb_sk.sampling._samples import Samples, Trajectory
from gahb_sk.sampling.operators._base import check_image_shape

# Child streams of a sampler's seed.
_SAMPLES = 0
_GROWTH = 10.0  # a sample whose noise has grown this much has diverged


def image_shape_of(denoiser):
    """Shape of the images that a denoiser was fitted on or, before that, trained on, or None."""
    return getattr(denoiser, "image_shape_", getattr(denoiser, "training_shape_", None))


class Prior:
    """A fitted denoiser, no oracle, as a function of a stack ``(m, *shape)``.

    Without ``image_shape`` it makes images of the shape that :func:`image_shape_of` tells.
    """

    def __init__(self, denoiser, image_shape=None):
        denoiser = as_denoiser(denoiser, oracles=False)
        check_is_fitted(denoiser)
        shape = image_shape_of(denoiser) if image_shape is None else image_shape
        if shape is None:
            raise ValueError(
                f"image_shape: expected the shape of the images to make, since "
                f"{type(denoiser).__name__} was not fitted on images; got None."
            )
        self.shape = check_image_shape(shape)
        self.denoiser = denoiser
        self.flat = denoiser.image_shape is not None
        self.blind = denoiser.blind

    def __call__(self, noisy, sigma):
        """Denoise ``(m, *shape)`` at levels ``(m,)``, which blind denoisers ignore."""
        rows = noisy.reshape(len(noisy), -1) if self.flat else noisy
        return np.asarray(self.denoiser.denoise(rows, sigma)).reshape(noisy.shape)


class Streams:
    """Standard normal images: the t-th draw of sample k depends on the seed, k and t alone."""

    def __init__(self, root, numbers, shape):
        self.generators = [image_generator(child(root, _SAMPLES), k) for k in numbers]
        self.shape = shape

    def draw(self, which, dtype):
        """Return the next image of each of the samples at ``which``, ``(m, *shape)``."""
        noise = np.empty((len(which), *self.shape), dtype)
        for row, k in zip(noise, which, strict=True):
            row[...] = self.generators[k].standard_normal(self.shape)
        return noise

    def uniform(self, which):
        """Return a number in [0, 1) for each of the samples at ``which``, ``(m,)``."""
        return np.array([self.generators[k].random() for k in which])


def norms(stack):
    """Root mean square of each image of a stack, ``(m,)`` in double precision."""
    flat = stack.reshape(len(stack), -1)
    # Overflow here is divergence, which is looked for and reported.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt(np.vecdot(flat, flat).astype(np.float64) / flat.shape[1])


def has_diverged(levels, start):
    """Return which samples are not finite or have grown far beyond the level they started from."""
    with np.errstate(invalid="ignore"):
        return ~(levels <= _GROWTH * np.maximum(start, 1e-12))


def column(values, stack):
    """Return values ``(m,)`` shaped to multiply a stack ``(m, ...)``, in its precision."""
    return values.astype(stack.dtype).reshape(-1, *[1] * (stack.ndim - 1))


def look(prior, y, given, active, constraint):
    """Denoise the m active samples; return denoised, direction, level ``(m,)``, shown ``(m,)``.

    ``shown`` is the noise level that the direction shows, ``level`` that or the one given.
    """
    noisy, given = y[active], given[active]
    denoised = prior(noisy, given)
    direction = denoised - noisy
    shown = norms(direction)
    if constraint is not None:
        direction = constraint.direct(direction, noisy, active, shown if prior.blind else given)
        if not constraint.sigma:
            shown = norms(direction)
    # What a denoiser removes when it is given a level says less about that level than the rule
    # does, and errors would add up from step to step.
    return denoised, direction, shown if prior.blind else given, shown


class Record:
    """How far each chain has come; written to while the chains run."""

    def __init__(self, n, sigma_start, reason, keep_trajectory):
        self.n_steps = np.zeros(n, int)
        self.sigma = np.full(n, float(sigma_start))
        self.converged = np.zeros(n, bool)
        self.reason = np.full(n, reason, object)
        self._steps = [([], []) for _ in range(n)] if keep_trajectory else None

    def see(self, active, y, level):
        """Note the level of the active samples, and the images if trajectories are kept."""
        self.sigma[active] = level
        if self._steps is not None:
            for k, sigma in zip(active, level, strict=True):
                images, sigmas = self._steps[k]
                images.append(y[k].copy())
                sigmas.append(float(sigma))

    def samples(self, images):
        """Return the result with the final images."""
        trajectories = self._steps and [Trajectory(*map(np.array, one)) for one in self._steps]
        return Samples(images, self.converged, self.n_steps, self.sigma, trajectories=trajectories)
