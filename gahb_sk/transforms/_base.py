r"""What every orthonormal transform offers.

An orthonormal basis :math:`(e_k)` of the images of one shape turns an image :math:`x` into its
coefficients :math:`c_k = \langle x, e_k \rangle` (``forward``) and back,
:math:`x = \sum_k c_k e_k` (``inverse``). Coefficients are kept in an array of the images' own
shape, so the flat index ``k`` numbers the basis vectors, and both directions take whole stacks:
every axis before the last ``len(shape)`` is a batch axis.
"""

import operator
from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Subband:
    """A block of coefficients of the same kind.

    Parameters
    ----------
    scale : int
        1 is the finest, the coarse band has the last one.
    orientation : str
        ``"coarse"``, or what varies fast in it: ``"horizontal"`` (details along the columns'
        index), ``"vertical"`` or ``"diagonal"``; ``"all"`` where there is no orientation.
    index : tuple of slice
        Where it lies in the last axes of a coefficient array: ``coefficients[..., *index]``.
    """

    scale: int
    orientation: str
    index: tuple

    def of(self, coefficients: np.ndarray) -> np.ndarray:
        """Return the view of this band in an array of coefficients ``(..., H, W)``."""
        return coefficients[(..., *self.index)]


class Transform(ABC):
    """An orthonormal basis of the images of one shape.

    Parameters
    ----------
    shape : tuple of int
        Shape of one image: ``(height, width)``, or ``(channels, height, width)`` for a basis
        that mixes channels.

    Notes
    -----
    A subclass gives :meth:`forward` and :meth:`inverse`, for arrays of shape ``(..., *shape)`` in
    float32 or float64, computed in that precision, and may narrow :meth:`subbands`.
    """

    def __init__(self, shape: tuple[int, ...]):
        try:
            self.shape = tuple(operator.index(n) for n in shape)
        except TypeError as error:
            raise TypeError(
                f"shape: expected a tuple of positive integers, got {shape!r}."
            ) from error
        if not self.shape or min(self.shape) < 1:
            raise ValueError(f"shape must hold positive sizes, got {shape!r}.")

    @abstractmethod
    def forward(self, images: npt.ArrayLike) -> np.ndarray:
        """Return the coefficients ``(..., *shape)`` of the images ``(..., *shape)``."""

    @abstractmethod
    def inverse(self, coefficients: npt.ArrayLike) -> np.ndarray:
        """Return the images ``(..., *shape)`` that have these coefficients."""

    @property
    def size(self) -> int:
        """Number of basis vectors, which is the number of pixels."""
        return prod(self.shape)

    def subbands(self) -> list[Subband]:
        """Return the list of :class:`Subband`, coarse first, that tile the coefficients."""
        return [Subband(1, "all", tuple(slice(0, n) for n in self.shape))]

    def coarse_mask(self) -> np.ndarray:
        """Return a boolean array of ``shape``: the coefficients that shrinkage leaves alone."""
        mask = np.zeros(self.shape, dtype=bool)
        for band in self.subbands():
            if band.orientation == "coarse":
                mask[band.index] = True
        return mask

    def vectors(self, indices: npt.ArrayLike | None = None) -> np.ndarray:
        """Return basis vectors as images.

        Parameters
        ----------
        indices : int array-like or None, default=None
            Flat indices of the coefficients; None means all, in order.

        Returns
        -------
        vectors : ndarray of shape ``(n_indices, *shape)``
            Row ``i`` is :math:`e_k` with ``k = indices[i]``, in float64.
        """
        indices = np.arange(self.size) if indices is None else np.atleast_1d(indices)
        diracs = np.zeros((len(indices), self.size))
        diracs[np.arange(len(indices)), indices] = 1
        return self.inverse(diracs.reshape(-1, *self.shape))

    def check(self, array: npt.ArrayLike, what: str = "images") -> np.ndarray:
        """Return ``array`` if it holds floats of shape ``(..., *shape)``; raise if not."""
        array = np.asarray(array)
        if array.shape[-len(self.shape) :] != self.shape:
            raise ValueError(
                f"{what} must have shape (..., {', '.join(map(str, self.shape))}), the shape this "
                f"{type(self).__name__} was built for, got {array.shape}. "
                "Build a transform for that size."
            )
        if array.dtype not in (np.float32, np.float64):
            raise TypeError(
                f"{what} must be float32 or float64, got {array.dtype}. "
                "Convert them with `.astype('float64')`."
            )
        return array
