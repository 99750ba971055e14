r"""The contract of a linear measurement :math:`m = M^T x` with orthonormal columns of M."""

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from gahb_sk._validation import sides

_PROBES = 3
_TOLERANCE = 1e-5


class LinearMeasurement(ABC):
    """Measurements of images along orthonormal vectors.

    A subclass sets ``image_shape`` (``(H, W)`` or ``(C, H, W)``) and ``n_measurements``, and gives
    ``measure`` and ``adjoint``, both for stacks.
    """

    image_shape: tuple
    n_measurements: int

    @abstractmethod
    def measure(self, images: np.ndarray) -> np.ndarray:
        """Return the measurements ``(n, n_measurements)`` of images ``(n, *image_shape)``."""

    @abstractmethod
    def adjoint(self, measurements: np.ndarray) -> np.ndarray:
        """Return the images ``(n, *image_shape)`` that are these combinations of the vectors."""

    def project(self, images: np.ndarray) -> np.ndarray:
        """Return the part of the images ``(n, *image_shape)`` that is measured."""
        return self.adjoint(self.measure(images))


def check_operator(operator: LinearMeasurement) -> None:
    """Raise unless an operator's vectors are orthonormal and its two directions are adjoint.

    Parameters
    ----------
    operator : LinearMeasurement
        Or anything with its methods. It is probed with a few random vectors.

    Raises
    ------
    TypeError, ValueError
        If a method is missing, or the probe fails.
    """
    for name in ("measure", "adjoint", "image_shape", "n_measurements"):
        if not hasattr(operator, name):
            raise TypeError(
                f"operator: expected a LinearMeasurement, got {type(operator).__name__}, which has "
                f"no {name!r}."
            )
    rng = np.random.default_rng(0)
    images = rng.standard_normal((_PROBES, *operator.image_shape))
    values = rng.standard_normal((_PROBES, operator.n_measurements))
    measured, spread = np.asarray(operator.measure(images)), np.asarray(operator.adjoint(values))
    if measured.shape != values.shape or spread.shape != images.shape:
        raise ValueError(
            f"operator: expected measurements {values.shape} and images {images.shape}, got "
            f"{measured.shape} and {spread.shape}."
        )
    left = np.vecdot(measured, values)
    right = np.vecdot(images.reshape(_PROBES, -1), spread.reshape(_PROBES, -1))
    scale = np.linalg.norm(measured, axis=1) * np.linalg.norm(values, axis=1)
    if not (np.abs(left - right) <= _TOLERANCE * np.maximum(scale, 1)).all():
        raise ValueError(
            "operator: adjoint is not the adjoint of measure: <M^T x, v> and <x, M v> differ by "
            f"{np.abs(left - right).max():.2g} for random x and v."
        )
    away = np.linalg.norm(np.asarray(operator.measure(spread)) - values, axis=1)
    if not (away <= _TOLERANCE * np.linalg.norm(values, axis=1)).all():
        raise ValueError(
            "operator: its measurement vectors are not orthonormal: M^T M v differs from v by "
            f"{away.max():.2g} for a random v. Orthonormalise them, e.g. by numpy.linalg.qr."
        )


def check_measurement(measurement: npt.ArrayLike, operator: LinearMeasurement) -> np.ndarray:
    """Return measurements as ``(n, n_measurements)`` in double precision.

    Raises
    ------
    ValueError
        If their number is not the operator's, or they are not finite.
    """
    values = np.asarray(measurement, np.float64)
    if values.ndim not in (1, 2) or values.shape[-1] != operator.n_measurements or not values.size:
        raise ValueError(
            f"measurement: expected {operator.n_measurements} values, or a stack (n, "
            f"{operator.n_measurements}), as operator.measure gives them, got shape {values.shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError("measurement: expected finite values, got NaN or infinity.")
    return np.atleast_2d(values)


def check_image_shape(image_shape):
    """Return ``(H, W)`` or ``(C, H, W)`` as ints."""
    legal = sides(2, 3)
    if not legal.is_satisfied_by(image_shape):
        raise ValueError(f"image_shape: expected {legal}, got {image_shape!r}.")
    return tuple(int(side) for side in image_shape)


def check_stack(images, shape, name="images"):
    """Return a stack ``(n, *shape)``, in its own precision."""
    images = np.asarray(images)
    if images.shape[1:] != tuple(shape):
        expected = ", ".join(map(str, shape))
        raise ValueError(f"{name}: expected shape (n, {expected}), got {images.shape}.")
    return images
