"""Arrays between NumPy and torch, which is imported only where it is needed."""

import numpy as np

from gahb_sk.images import is_torch


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
