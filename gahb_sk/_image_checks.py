"""What cannot be images, and what the error says of it."""

import numpy as np
from scipy import sparse

from gahb_sk._arrays import is_lazy, is_torch

LARGEST = 1e150  # magnitude of values, and the inverse of the least
FLOATS = ("float32", "float64")
_NUMBERS = "fiO"  # kinds of dtype; objects may be numbers, which the conversion tells


def check_kind(X, name="X"):
    """Refuse arrays whose elements are no intensities, or that hold more than their elements.

    Raises
    ------
    TypeError
        For sparse matrices, masked arrays, encoded images (unsigned integers), bool, half
        precision, text, dates and records.
    ValueError
        For complex numbers, as in scikit-learn.
    """
    if sparse.issparse(X):
        raise TypeError(
            f"{name}: expected a dense array of images, got a sparse matrix. Convert it with "
            f"{name}.toarray()."
        )
    if isinstance(X, np.ma.MaskedArray):
        raise TypeError(
            f"{name}: expected an array, got a masked array, whose mask would be lost. Give the "
            f"masked pixels a value, as {name}.filled(0.5) does."
        )
    dtype = getattr(X, "dtype", None)
    if dtype is not None:
        _check_dtype(X, dtype, name)


def _check_dtype(X, dtype, name):
    text = str(dtype).removeprefix("torch.")
    if text.startswith("uint"):
        top = 2 ** int(text[4:] or 8) - 1
        raise TypeError(
            f"{name}: expected float32 or float64, got {text}. Images are never rescaled for "
            f"you: convert with {name}.astype(numpy.float32) / {top} (and give sigma in the same "
            "units)."
        )
    if text in ("bool", "float16", "bfloat16", "float128", "longdouble"):
        raise TypeError(
            f"{name}: expected float32 or float64, got {text}. Convert it first, e.g. with "
            f"{name}.astype(numpy.float32)."
        )
    if text.startswith("complex"):
        raise ValueError(
            f"{name}: expected float32 or float64, got {text}. Complex data not supported: take "
            "the real part, or the real and imaginary parts as two channels."
        )
    single_kind = is_torch(X) or is_lazy(X)
    if (single_kind and text not in FLOATS) or getattr(dtype, "kind", "f") not in _NUMBERS:
        raise TypeError(f"{name}: expected float32 or float64, got {text}.")


def check_dimensions(X, name="X"):
    """Refuse what is no stack ``(n, H, W)`` or ``(n, C, H, W)``, and stacks of nothing."""
    shape = tuple(X.shape)
    if len(shape) == 2:
        raise ValueError(
            f"{name}: expected a stack of images (n, H, W) or (n, C, H, W), got a 2-D array of "
            f"shape {shape}. For one image pass {name}[None]; for flat rows (n, n_features) "
            "build the estimator with image_shape=(H, W), or reshape them."
        )
    if len(shape) not in (3, 4):
        raise ValueError(
            f"{name}: expected a stack of images (n, H, W) or (n, C, H, W), got shape {shape}."
        )
    check_not_empty(X, name)
    _check_channels_first(X, name)


def check_not_empty(X, name="X"):
    """Refuse a set without images, or of images without pixels."""
    if 0 in X.shape:
        raise ValueError(
            f"{name}: expected at least one image of at least one pixel, got an empty stack of "
            f"shape {tuple(X.shape)}."
        )


def _check_channels_first(X, name):
    """Refuse colour images ``(n, H, W, C)`` and one colour image ``(H, W, C)``."""
    shape, permute = tuple(X.shape), "permute" if is_torch(X) else "transpose"
    if shape[-1] not in (3, 4) or min(shape[-3:-1]) <= (4 if len(shape) == 4 else 16):
        return
    if len(shape) == 4:
        raise ValueError(
            f"{name}: expected channels before height and width, (n, C, H, W), got shape {shape}. "
            f"Transpose: {name}.{permute}(0, 3, 1, 2)."
        )
    raise ValueError(
        f"{name}: expected a stack (n, H, W) or (n, C, H, W), got what looks like one colour image "
        f"(H, W, C) of shape {shape}. Transpose: {name}.{permute}(2, 0, 1)[None]; or, if these are "
        f"grey images of {shape[1]} x {shape[2]} pixels, pass {name}[:, None]."
    )


def check_finite(X, name="X"):
    """Return X; refuse NaN, infinity, and magnitudes that cannot be squared.

    Lazy stacks are checked when their images are read.
    """
    if is_lazy(X):
        return X
    if is_finite(X):
        return check_magnitude(X, name)
    finite = X.isfinite().cpu().numpy() if is_torch(X) else np.isfinite(X)
    finite = np.atleast_1d(finite)
    bad = int(np.argmin(finite.reshape(len(finite), -1).all(1)))
    raise ValueError(
        f"{name}: expected finite values, got NaN or infinity in image {bad}. Remove or "
        "repair that image."
    )


def check_magnitude(X, name="X"):
    """Return X; refuse values whose squares, which are taken everywhere, leave double precision."""
    if str(X.dtype).endswith("float64") and 0 not in X.shape:
        values = X.detach() if is_torch(X) else X
        largest = max(float(values.max()), -float(values.min()))
        if largest > LARGEST or 0 < largest < 1 / LARGEST:
            raise ValueError(
                f"{name}: expected values that double precision can square, up to {LARGEST:.0e} "
                f"and not all below {1 / LARGEST:.0e} in magnitude, got {largest:.3g}. Rescale the "
                "images, and sigma with them."
            )
    return X


def is_finite(X):
    """Tell whether an array or tensor of floats holds neither NaN nor infinity."""
    if is_torch(X):
        return bool(X.isfinite().all())
    # The sum is quick; that of finite values may overflow, too, and then all are looked at.
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(X.sum()) or np.isfinite(X).all())
