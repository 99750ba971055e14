"""How the contract is kept: images and noise levels are checked, and read in chunks.

Chunks bound the memory; a hook receives NumPy arrays or torch tensors as it wants them, and its
result goes back to the shape, dtype and kind that came in.
"""

import copy

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from gahb_sk._arrays import like, n_channels, shape_of, to_numpy, to_torch
from gahb_sk._documentation import Documented
from gahb_sk._image_checks import is_finite
from gahb_sk._units import warn_of_bytes
from gahb_sk.images import as_images
from gahb_sk.noise import check_sigma, estimate_sigma


class DenoiserTemplate(TransformerMixin, Documented, BaseEstimator):
    """What :class:`BaseDenoiser` does with images before and after the hooks.

    ``_backend`` ("numpy" or "torch") says which arrays the hooks want, ``_fixed`` ("nothing",
    "channels" or "size") what must be as in ``fit``.
    """

    def _prepared(self, X):
        """Return self, or a copy fitted on X if nothing is learned and ``fit`` was not called."""
        if self.learns or hasattr(self, "image_shape_"):
            return self
        return copy.copy(self).fit(X)

    def _check_clean(self, clean):
        if self.needs_clean and clean is None:
            raise TypeError(
                f"clean: {type(self).__name__} is an oracle and needs the clean images, of the "
                "shape of X; pass clean=."
            )

    def _check_training_images(self, X, y=None):
        if y is not None and len(shape_of(X)) > 1 and shape_of(y) == shape_of(X):
            X = y
        return as_images(X, image_shape=self.image_shape, estimator=self, reset=True)

    def _check_images(self, X, name="X"):
        check_is_fitted(self)
        images = as_images(X, image_shape=self.image_shape, name=name, estimator=self, reset=False)
        came, fitted = images.image_shape, tuple(getattr(self, "image_shape_", images.image_shape))
        same = {
            "nothing": True,
            "channels": n_channels(came) == n_channels(fitted),
            "size": came == fitted,
        }[self._fixed]
        if not same:
            channels = f"{n_channels(fitted)} channel(s) as seen in fit"
            what = channels if self._fixed == "channels" else f"the shape seen in fit, {fitted}"
            raise ValueError(
                f"{name}: expected images of {what}, got images of shape {came}. Fit "
                f"{type(self).__name__} on such images."
            )
        return images

    def _check_level(self, sigma, n):
        """Noise levels ``(n,)`` given by the caller or the constructor, else None."""
        if sigma is None:
            sigma = getattr(self, "sigma", None)
        return None if sigma is None else check_sigma(sigma, n)

    def _chunks(self, images):
        for index in gen_batches(len(images), self._chunk_length(images.shape)):
            yield index, self._read(images, index)

    def _read(self, images, index):
        return images.tensor(index) if images.kind == "torch" else images.numpy(index)

    def _denoise_chunk(self, noisy, sigma, clean=None):
        """Call the hook on its own kind of array; hand the result back in the kind of noisy."""
        if sigma is None and not self.blind:
            sigma = self._estimate_sigma(to_numpy(noisy))
        elif not self.blind:
            warn_of_bytes(sigma, noisy, noisy=True)
        convert = to_numpy if self._backend == "numpy" else to_torch
        arguments = [convert(noisy)]
        arguments.append(None if self.blind else like(sigma, arguments[0]))
        if self.needs_clean:
            arguments.append(like(convert(clean), arguments[0]))
        denoised = like(self._denoise(*arguments), noisy)
        if denoised.shape != noisy.shape:
            raise ValueError(
                f"{type(self).__name__}: _denoise must return images of the shape it was given, "
                f"{tuple(noisy.shape)}, got {tuple(denoised.shape)}."
            )
        if not is_finite(denoised):
            raise FloatingPointError(
                f"{type(self).__name__} returned NaN or infinity for images with values up to "
                f"{float(abs(noisy).max()):.3g} in magnitude. Rescale the images (and sigma), or "
                "train or load other weights."
            )
        return denoised

    def _check_partner(self, X, images, name):
        partner = self._check_images(X, name)
        if partner.shape != images.shape:
            raise ValueError(
                f"{name}: expected images of the shape of X, {images.shape}, got {partner.shape}."
            )
        return partner

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = self.learns
        tags.input_tags.two_d_array = self.image_shape is not None
        tags.input_tags.three_d_array = self.image_shape is None
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    # Stacks have no columns to name. With this method, scikit-learn offers set_output.
    @available_if(lambda self: self.image_shape is not None)
    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns of flat rows, which are those of the input.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input's columns; None is those seen in ``fit``, or x0, x1, ...

        Returns
        -------
        names : ndarray of str
        """
        return OneToOneFeatureMixin.get_feature_names_out(self, input_features)

    # Hooks of the library's own denoisers, with a default

    _reach_hint = ""  # a sentence: with which parameters it has a reach

    def _jacobian_products(self, images, sigma):
        """Of networks: a function from a dtype to the products at all images together."""
        return None

    def _is_gradient(self):
        """Tell whether the denoiser is the gradient of a function: its Jacobian is symmetric."""
        return False

    def _jumps(self):
        """Tell whether the output jumps where the image moves a little, as with hard thresholds.

        The Jacobian then leaves out what the jumps do.
        """
        return False

    def _estimate_sigma(self, noisy):
        return estimate_sigma(noisy)

    def _reach(self):
        """Return ``(pixels, multiple)`` for tiles, or None if the whole image may matter.

        The output on a block that begins and ends at multiples of ``multiple`` depends on the
        input up to ``pixels`` around it, and on nothing else.
        """
        return None

    def _bytes_per_pixel(self, channels):
        """Return what a pixel of an image needs at most while it is denoised, for tiles."""
        return 512 * channels

    def _chunk_length(self, shape):
        return max(1, self._chunk_pixels // int(np.prod(shape[1:])))
