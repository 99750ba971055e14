"""Arrays of any kind: NumPy, torch (imported only where it is needed) and lazy stacks."""

import sys

import numpy as np
from scipy import sparse


def is_torch(X):
    """Tell whether ``X`` is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(X, torch.Tensor)


def is_torch_module(x):
    """Tell whether ``x`` is a torch module, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.nn.Module)


def is_lazy(X):
    """Tell whether ``X`` is a stack that must not be loaded whole."""
    if isinstance(X, (np.ndarray, list, tuple)) or is_torch(X) or sparse.issparse(X):
        return False
    if hasattr(X, "iloc") or hasattr(X, "__dataframe__"):
        return False
    return all(hasattr(X, name) for name in ("shape", "dtype", "__len__", "__getitem__"))


def as_array(X):
    """Return tensors and lazy stacks as they are, anything else as an ndarray."""
    return X if is_torch(X) or is_lazy(X) else np.asarray(X)


def numpy_dtype(X):
    """Return the dtype of an array or tensor as NumPy's."""
    return np.dtype(str(X.dtype).removeprefix("torch."))


def n_channels(image_shape):
    """Return the channels of images of shape ``(H, W)`` or ``(C, H, W)``."""
    return image_shape[0] if len(image_shape) == 3 else 1


def shape_of(X):
    """Return the shape of whatever holds images, without loading or copying it."""
    return tuple(X.shape) if hasattr(X, "shape") else np.asarray(X).shape


def to_numpy(array):
    """Return ``array`` as an ndarray; a tensor is taken off its graph and device."""
    return array.detach().cpu().numpy() if is_torch(array) else np.asarray(array)


def to_torch(array):
    """Return ``array`` as a tensor, sharing memory where that can be."""
    import torch

    if is_torch(array):
        return array
    array = np.ascontiguousarray(array)
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def like(array, model):
    """Return ``array`` in the kind, dtype and device of ``model``."""
    if is_torch(model):
        return to_torch(array).to(device=model.device, dtype=model.dtype)
    return to_numpy(array).astype(model.dtype, copy=False)
