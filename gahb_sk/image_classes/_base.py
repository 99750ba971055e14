"""The contract of an image class: a law of random images, as a plain immutable value.

A class maps the random numbers of image k to latents, and latents to an image. A new one is a
frozen dataclass (``eq=False, repr=False``) with the hooks ``_latents`` and ``_render`` and the
number of its draws, ``_n_draws``.
"""

import dataclasses
import importlib

import numpy as np

from gahb_sk._image_checks import check_magnitude
from gahb_sk._random import seed_sequence
from gahb_sk._validation import at_least, validate_parameters, validate_params
from gahb_sk.image_classes._sampling import (
    SMALLEST,
    check_dtype,
    check_image_size,
    image_draws,
    make_in_chunks,
)
from gahb_sk.images import ImageBatch, as_images


class ImageClass:
    """Base class of image classes: frozen dataclasses that hold every parameter of a law.

    They are compared by value, hashed and pickled. A copy is the object itself, so scikit-learn's
    ``clone`` and ``GridSearchCV`` take them as any other parameter.

    Attributes
    ----------
    image_size : tuple (height, width)
        Sides in pixels.
    dimension : int or None
        Dimension of the manifold that the images form; None if they form none.
    """

    dimension: int | None = None
    # The estimator of gahb_sk.denoisers that is this class's posterior mean, and the record that
    # holds latents which are not one array (n, dimension).
    _estimator: str | None = None
    _record: type | None = None
    _parameter_constraints: dict = {}
    _smallest = SMALLEST

    def __post_init__(self):
        """Validate the parameters and bring them to their plain form."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        validate_parameters(self._parameter_constraints, values, type(self).__name__)
        may_be_missing = getattr(type(self), "image_size", None) is None
        if "image_size" in values and not (may_be_missing and self.image_size is None):
            self._set(image_size=check_image_size(self.image_size, self._smallest))

    def _set(self, **values):
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def image_shape(self):
        """Shape of one image, ``(H, W)`` or ``(C, H, W)``."""
        return self.image_size

    @validate_params(
        {
            "n_samples": [at_least(0)],
            "return_latents": ["boolean"],
            "first_image": [at_least(0)],
        }
    )
    def sample(
        self,
        n_samples=100,
        random_state=None,
        *,
        return_latents=False,
        first_image=0,
        dtype=np.float32,
        n_jobs=None,
    ):
        """Draw images.

        Parameters
        ----------
        n_samples : int, default=100
            Number of images.
        random_state : int, RandomState or None, default=None
            Seed. Image k depends on the seed, k and the parameters of the class only.
        return_latents : bool, default=False
            Return ``(images, latents)``.
        first_image : int, default=0
            Number of the first image: ``sample(1, 0, first_image=k)`` makes image k alone.
        dtype : {numpy.float32, numpy.float64}, default=numpy.float32
            Precision of the images. The random draws are the same in both.
        n_jobs : int, default=None
            Threads; None is 1, -1 all processors. The images don't depend on it.

        Returns
        -------
        images : ndarray of shape ``(n_samples, *image_shape)``
        latents : ndarray of shape (n_samples, dimension) or a record of arrays
            Only if ``return_latents``; see the class.
        """
        dtype, root = check_dtype(dtype), seed_sequence(random_state)

        def make_chunk(indices):
            latents = self._latents(self._draw(root, indices), dtype)
            chunk = {"images": self._render(latents, dtype)}
            if return_latents:
                chunk |= vars(latents) if self._record else {"latents": latents}
            return chunk

        made = make_in_chunks(make_chunk, n_samples, first_image, self._working_values, n_jobs)
        images = made.pop("images")
        if not return_latents:
            return images
        return images, self._record(**made) if self._record else made["latents"]

    def render(self, latents, dtype=np.float64):
        """Draw the images of given latents, an ndarray of shape ``(n, *image_shape)``."""
        return self._render(latents, check_dtype(dtype))

    def tangents(self, latents, dtype=np.float64, n_jobs=None):
        """Return the exact derivatives of the images by their latents.

        Parameters
        ----------
        latents : array-like of shape (n, dimension)
            As ``sample`` returns them.
        dtype, n_jobs
            See :meth:`sample`.

        Returns
        -------
        tangents : ndarray of shape ``(n, dimension, *image_shape)``

        Raises
        ------
        ValueError
            If the class has no exact tangents.
        """
        self._check_tangents()
        dtype, latents = check_dtype(dtype), np.asarray(latents, np.float64)

        def make_chunk(indices):
            part = latents[indices.start : indices.stop]
            return {"tangents": self._tangents(part, dtype)}

        values = 6 * self._working_values
        return make_in_chunks(make_chunk, len(latents), 0, values, n_jobs)["tangents"]

    def posterior_mean(self, **params):
        """Return the optimal denoiser of this class, unfitted.

        Parameters
        ----------
        **params
            The estimator's other parameters, such as ``n_jobs``.

        Returns
        -------
        denoiser : BaseDenoiser

        Raises
        ------
        NotImplementedError
            If no posterior mean of this class is known.
        """
        # The only place where a class knows of its estimator. Denoisers come after image classes
        # in the order of imports, so the estimator is looked up by name when it is asked for.
        if self._estimator is None:
            name = type(self).__name__
            raise NotImplementedError(
                f"{name}: no posterior mean of this class is implemented; CAlphaImages, "
                "DiskImages, RayImages, SineImages and GaussianImages have one."
            )
        denoisers = importlib.import_module("gahb_sk.denoisers")
        return getattr(denoisers, self._estimator)(image_class=self, **params)

    # What a class gives -------------------------------------------------------------------------

    _n_draws: int | None = None

    @property
    def _working_values(self):
        """About how many doubles one image needs while it is made."""
        return 4 * int(np.prod(self.image_shape))

    def _draw(self, root, indices):
        """Draw the random numbers of images, one row each: uniform in [0, 1) unless overridden."""
        return image_draws(root, indices, self._n_draws)

    def _latents(self, draws, dtype):
        """Map rows of random numbers to latents."""
        raise NotImplementedError

    def _render(self, latents, dtype):
        """Map latents to images."""
        raise NotImplementedError

    def _tangents(self, latents, dtype):
        raise NotImplementedError

    def _check_tangents(self):
        """Raise if the class has no exact tangents."""
        if type(self)._tangents is ImageClass._tangents:
            raise ValueError(f"{type(self).__name__}: images of this class have no exact tangents.")

    # A value ------------------------------------------------------------------------------------

    def _key(self):
        values = (getattr(self, field.name) for field in dataclasses.fields(self))
        return tuple((v.shape, v.tobytes()) if isinstance(v, np.ndarray) else v for v in values)

    def __eq__(self, other):
        """Compare by value."""
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self):
        """Hash by value."""
        return hash((type(self), self._key()))

    def __deepcopy__(self, memo):
        """Return the object itself: it cannot change."""
        return self

    def __getstate__(self):
        """Pickle the parameters, without what was computed from them."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def __setstate__(self, state):
        """Restore the parameters; arrays lose their write protection when they are pickled."""
        self._set(**{k: frozen(v) if isinstance(v, np.ndarray) else v for k, v in state.items()})

    def __repr__(self):
        """Show the parameters that are not the default."""
        shown = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name == "image_size":
                shown.append(str(value[0] if value[0] == value[1] else value))
            elif isinstance(value, np.ndarray):
                shown.append(f"{field.name}=<array {value.shape}>")
            elif value != field.default:
                shown.append(f"{field.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


def as_batch(X):
    """Return checked images; those of an estimator are checked already."""
    return X if isinstance(X, ImageBatch) else as_images(X)


def frozen(array):
    """Return a float64 copy that cannot be written to."""
    array = np.array(array, np.float64)
    array.setflags(write=False)
    return array


def finite_image(image, name):
    """Return one finite image ``(H, W)`` or ``(C, H, W)``, write-protected, or raise ValueError."""
    try:
        image = frozen(image)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: expected one image of numbers, got {image!r}.") from error
    if image.ndim not in (2, 3) or not image.size or not np.isfinite(image).all():
        raise ValueError(
            f"{name}: expected one finite image (H, W) or (C, H, W), got shape "
            f"{image.shape}" + ("." if image.ndim not in (2, 3) else " with NaN or infinity.")
        )
    return check_magnitude(image, name)
