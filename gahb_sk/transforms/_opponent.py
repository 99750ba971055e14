"""Orthonormal opponent colours: luminance, red against blue, green against magenta.

White noise stays white, of the same level, and most of an image gathers in the luminance: its
colours vary slowly and cost a denoiser little.
"""

import numpy as np

_MATRIX = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])


def to_opponent(images):
    """Turn red, green and blue into opponent colours.

    Parameters
    ----------
    images : ndarray of shape (..., 3, H, W)

    Returns
    -------
    opponent : ndarray of the same shape and dtype
        Luminance first. The transform is orthonormal: white noise stays white.
    """
    return _mix(_MATRIX, images)


def from_opponent(images):
    """Undo :func:`to_opponent`."""
    return _mix(_MATRIX.T, images)


def _mix(matrix, images):
    if not isinstance(images, np.ndarray) or images.ndim < 3 or images.shape[-3] != 3:
        raise ValueError(
            "images: expected an array (..., 3, H, W), got "
            f"{getattr(images, 'shape', type(images).__name__)}."
        )
    planes = images.reshape(*images.shape[:-2], -1)
    return (matrix.astype(images.dtype) @ planes).reshape(images.shape)
