"""The image contract in one place: what an estimator accepts, and how it hands it back.

Images are float stacks ``(n, H, W)`` or ``(n, C, H, W)``, or, when an estimator was built with
``image_shape=``, flat rows ``(n, H * W)``. They may be a NumPy array, a torch tensor, or a lazy
stack (anything with ``shape``, ``dtype``, ``__len__`` and ``__getitem__`` of slices and index
arrays). An :class:`ImageBatch` shows all of them as ``(n, C, H, W)`` and restores results to the
shape, dtype and kind that came in. Nothing is ever rescaled, clipped or modified.
"""

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_array, validate_data

from gahb_sk._arrays import is_lazy, is_torch, numpy_dtype
from gahb_sk._image_checks import check_dimensions, check_finite, check_kind, check_magnitude
from gahb_sk._validation import check_flat_features


class ImageBatch:
    """Images seen as ``(n, C, H, W)``, whatever they were given as.

    Made by :func:`as_images`. The hook ``_fit`` of a denoiser receives one.

    Parameters
    ----------
    X : ndarray, torch.Tensor or lazy stack
        The images, already checked.
    layout : {"flat", "grey", "channels"}
        ``(n, H * W)`` or ``(n, C * H * W)``; ``(n, H, W)``; ``(n, C, H, W)``.
    image_shape : tuple of int
        ``(C, H, W)`` of one image.
    name : str
        The argument's name, for messages.

    Attributes
    ----------
    shape : tuple of int
        ``(n, C, H, W)``.
    dtype : numpy.dtype
        float32 or float64.
    kind : {"numpy", "torch", "lazy"}
    device : torch.device or None
    """

    def __init__(self, X, layout, image_shape, name="X"):
        self._X = X
        self._layout = layout
        self._name = name
        self.shape = (len(X), *image_shape)
        self.dtype = numpy_dtype(X)
        self.kind = "torch" if is_torch(X) else "lazy" if is_lazy(X) else "numpy"
        self.device = X.device if self.kind == "torch" else None

    def __len__(self):
        return self.shape[0]

    @property
    def image_shape(self):
        """Shape of one image as the user sees it: ``(H, W)`` or ``(C, H, W)``."""
        grey = self._layout == "grey" or (self._layout == "flat" and self.shape[1] == 1)
        return self.shape[2:] if grey else self.shape[1:]

    def __getitem__(self, index):
        """Return images as an ndarray ``(m, C, H, W)``; ``index`` is a slice or index array."""
        return self.numpy(index)

    def numpy(self, index=slice(None)):
        """Return images as an ndarray of shape ``(m, C, H, W)``."""
        rows = self._X[index]
        if self.kind == "torch":
            rows = rows.detach().cpu().numpy()
        elif self.kind == "lazy":
            rows = check_finite(np.asarray(rows, dtype=self.dtype), self._name)
        return rows.reshape(-1, *self.shape[1:])

    def tensor(self, index=slice(None)):
        """Return images as a tensor ``(m, C, H, W)``, on their own device, without a copy."""
        import torch

        if self.kind == "torch":
            return self._X[index].detach().reshape(-1, *self.shape[1:])
        rows = np.ascontiguousarray(self.numpy(index))
        return torch.from_numpy(rows if rows.flags.writeable else rows.copy())

    def chunks(self, length):
        """Yield ``(slice, images)`` for successive runs of at most ``length`` images."""
        for index in gen_batches(len(self), length):
            yield index, self[index]

    def empty_like(self):
        """Return an uninitialised output of shape ``(n, C, H, W)``, of the input's kind."""
        if self.kind == "torch":
            import torch

            return torch.empty(self.shape, dtype=self._X.dtype, device=self.device)
        return np.empty(self.shape, self.dtype)

    def restore(self, images):
        """Bring ``(n, C, H, W)`` images back to the layout that was given."""
        if self._layout == "flat":
            return images.reshape(len(images), -1)
        if self._layout == "grey":
            return images.reshape(len(images), *self.shape[2:])
        return images


def as_images(X, *, image_shape=None, name="X", estimator=None, reset=True):
    """Take images that keep the contract; refuse all others.

    Parameters
    ----------
    X : array-like, torch.Tensor or lazy stack
        ``(n, H, W)`` or ``(n, C, H, W)``; with ``image_shape``, ``(n, n_features)``.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` of one flat row; one entry may be -1.
    name : str, default="X"
        The argument's name, for messages.
    estimator : estimator, default=None
        Its ``n_features_in_`` is set (``reset=True``) or compared, for flat rows.
    reset : bool, default=True
        Whether to set or to compare it.

    Returns
    -------
    batch : ImageBatch

    Raises
    ------
    ValueError
        For the wrong number of dimensions, channels that come last, no images, NaN or infinity,
        complex numbers.
    TypeError
        For integers that stand for an encoded image (uint8 and other unsigned integers), bool,
        half precision, text, dates, records, masked arrays or sparse matrices.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.images import as_images
    >>> as_images(np.zeros((5, 3, 32, 32))).shape
    (5, 3, 32, 32)
    """
    check_kind(X, name)
    if image_shape is not None:
        return _check_flat(X, image_shape, name, estimator, reset)
    if not is_torch(X) and not is_lazy(X):
        X = _as_floats(X, name)
    check_dimensions(X, name)
    X = check_finite(X, name)
    grey = len(X.shape) == 3
    layout = "grey" if grey else "channels"
    shape = (1, *X.shape[1:]) if grey else tuple(X.shape[1:])
    return ImageBatch(X, layout, tuple(int(s) for s in shape), name)


def _as_floats(X, name):
    try:
        return check_array(
            X,
            dtype=[np.float64, np.float32],
            ensure_2d=False,
            allow_nd=True,
            ensure_all_finite=False,  # checked by the caller, naming the image
            input_name=name,
            ensure_min_samples=0,
        )
    except (TypeError, ValueError) as error:
        kind = type(error)
        raise kind(
            f"{name}: expected an array of numbers, got {type(X).__name__} ({error})."
        ) from error


def _check_flat(X, image_shape, name, estimator, reset):
    if getattr(X, "ndim", 2) > 2 or (is_lazy(X) and len(X.shape) != 2):
        raise ValueError(
            f"{name}: expected flat rows (n, n_features) since image_shape={image_shape!r} was "
            f"set, got shape {tuple(X.shape)}. Leave image_shape out to pass stacks of images, "
            f"or pass {name}.reshape(len({name}), -1)."
        )
    if is_torch(X) or is_lazy(X):
        if len(X.shape) != 2 or 0 in X.shape:
            raise ValueError(
                f"{name}: expected flat rows (n, n_features), n >= 1, got shape {tuple(X.shape)}."
            )
        if estimator is not None:
            check_flat_features(estimator, X, reset)
        X = check_finite(X, name)
    elif estimator is None:
        X = check_array(X, dtype=[np.float64, np.float32], input_name=name)
    else:
        X = validate_data(estimator, X, reset=reset, dtype=[np.float64, np.float32])
    X = X if is_lazy(X) else check_magnitude(X, name)
    return ImageBatch(X, "flat", flat_image_shape(image_shape, X.shape[1]), name)


def flat_image_shape(image_shape, n_features):
    """Return ``(C, H, W)`` for flat rows of ``n_features``, resolving an entry of -1."""
    shape = tuple(image_shape)
    legal = len(shape) in (2, 3) and all(
        isinstance(s, (int, np.integer)) and (s > 0 or s == -1) for s in shape
    )
    if not legal or shape.count(-1) > 1:
        raise ValueError(
            "image_shape: expected (H, W) or (C, H, W) of positive integers, of which one may be "
            f"-1, got {image_shape!r}."
        )
    if len(shape) == 3 and shape[2] in (3, 4) and min(shape[:2]) > 4:
        height, width, channels = shape
        raise ValueError(
            f"image_shape: expected (C, H, W), got channels last, {image_shape!r}. Transpose: "
            f"X.reshape(-1, {height}, {width}, {channels}).transpose(0, 3, 1, 2).reshape(len(X), "
            f"-1), with image_shape=({channels}, {height}, {width})."
        )
    known = int(np.prod([s for s in shape if s != -1]))
    if n_features % known or (-1 not in shape and n_features != known):
        raise ValueError(
            f"image_shape: {image_shape!r} holds {known} values, but X has {n_features} features "
            "(columns)."
        )
    shape = tuple(int(n_features // known if s == -1 else s) for s in shape)
    return shape if len(shape) == 3 else (1, *shape)
