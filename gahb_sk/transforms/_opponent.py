"""Orthonormal opponent colours: luminance, red against blue, green against magenta.

White noise stays white, of the same level, and most of an image gathers in the luminance: its
colours vary slowly and cost a denoiser little.
"""

import numpy as np

__all__ = ["MATRIX", "from_opponent", "to_opponent"]

MATRIX = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])


def to_opponent(images):
    """Return opponent colours ``(..., 3, H, W)`` of red, green and blue."""
    return _mix(MATRIX, images)


def from_opponent(images):
    """Return red, green and blue ``(..., 3, H, W)`` of opponent colours."""
    return _mix(MATRIX.T, images)


def _mix(matrix, images):
    planes = images.reshape(*images.shape[:-2], -1)
    return (matrix.astype(images.dtype) @ planes).reshape(images.shape)
