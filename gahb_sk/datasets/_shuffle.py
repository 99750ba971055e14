"""One fixed random permutation of the pixels: geometry is lost, the optimum stays the same."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from gahb_sk._documentation import Documented
from gahb_sk._validation import fit_context
from gahb_sk.image_classes._shuffled import permute_pixels, pixel_permutation
from gahb_sk.images import as_images


class PixelShuffle(TransformerMixin, Documented, BaseEstimator):
    """Shuffle the pixels of all images by the same random permutation.

    :class:`~gahb_sk.image_classes.ShuffledImages` does so to a class, and says what it shows.

    Parameters
    ----------
    image_shape : tuple (H, W) or (C, H, W), default=None
        Set it to take flat rows ``(n, n_features)`` instead of stacks; one entry may be -1.
    random_state : int, RandomState or None, default=None
        Seed of the permutation.

    Attributes
    ----------
    permutation_ : ndarray of shape (H * W,), int
        Pixel p of a shuffled image (in row-major order) is pixel ``permutation_[p]`` of the image.
    inverse_permutation_ : ndarray of shape (H * W,), int
    pixel_shape_ : tuple (H, W)
        Image size seen in fit.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.datasets import PixelShuffle, make_disk_images
    >>> X = make_disk_images(5, 16, random_state=0)
    >>> shuffle = PixelShuffle(random_state=0).fit(X)
    >>> np.array_equal(shuffle.inverse_transform(shuffle.transform(X)), X)
    True
    """

    _parameter_constraints = {
        "image_shape": [tuple, list, None],
        "random_state": ["random_state"],
    }

    def __init__(self, *, image_shape=None, random_state=None):
        self.image_shape = image_shape
        self.random_state = random_state

    @fit_context()
    def fit(self, X, y=None):
        """Draw the permutation for images of X's size; their values are not used."""
        batch = as_images(X, image_shape=self.image_shape, estimator=self)
        self.pixel_shape_ = tuple(batch.shape[2:])
        self.permutation_ = pixel_permutation(self.pixel_shape_, self.random_state)
        self.inverse_permutation_ = np.argsort(self.permutation_)
        return self

    def transform(self, X):
        """Shuffle images of the size seen in fit; a lazy stack gives an ndarray."""
        check_is_fitted(self)
        return self._permute(X, self.permutation_)

    def inverse_transform(self, X):
        """Put shuffled pixels back; see :meth:`transform`."""
        check_is_fitted(self)
        return self._permute(X, self.inverse_permutation_)

    def _permute(self, X, permutation):
        batch = as_images(X, image_shape=self.image_shape, estimator=self, reset=False)
        if batch.shape[2:] != self.pixel_shape_:
            raise ValueError(
                f"X: expected images of {self.pixel_shape_} pixels, as in fit, got "
                f"{batch.shape[2:]}. Fit a PixelShuffle for each size."
            )
        out = batch.empty_like()
        read = batch.tensor if batch.kind == "torch" else batch.numpy
        step = max(1, 2**24 // int(np.prod(batch.shape[1:])))
        for start in range(0, len(batch), step):
            part = slice(start, start + step)
            out[part] = permute_pixels(read(part), permutation)
        return batch.restore(out)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = self.image_shape is not None
        tags.input_tags.three_d_array = self.image_shape is None
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.requires_fit = True
        return tags
