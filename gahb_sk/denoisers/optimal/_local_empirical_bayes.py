r"""The optimum of a finite training set that sees only patches: local, and equivariant.

A denoiser that estimates a pixel p from a window :math:`\Omega` around it alone, and believes that
every training image is equally likely there, averages the training images' values at p,

.. math::
    f(y)_p = \sum_i w_i x_{i, p}, \qquad
    w_i \propto \exp(-\|y_\Omega - x_{i, \Omega}\|^2 / 2 \sigma^2) .

A translation-equivariant one compares the window with all windows of all training images, or near
the border with those at the same distance to it. Instead of taking the pixel in the middle, the
posterior means of all windows may be averaged where they overlap. With a window as large as the
image all of them are the empirical Bayes denoiser.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np
import torch

from gahb_sk._validation import Integral, Interval, Real, StrOptions
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers.optimal import _window_means as window_means
from gahb_sk.denoisers.optimal._by_level import ByLevel, check_levels, nearest_levels
from gahb_sk.denoisers.optimal._held_out_sizes import held_out_errors
from gahb_sk.denoisers.optimal._softmax import inverse_variance, pick_dtype
from gahb_sk.denoisers.optimal._windows import (
    Overlaps,
    all_runs,
    cut_runs,
    moved_runs,
    on_torus,
    strips,
    windows,
    wrapped_runs,
)
from gahb_sk.jacobians._operator import JacobianOperator
from gahb_sk.networks._devices import resolve_device
from gahb_sk.noise import check_sigma

_CENTRED = {"inside": moved_runs, "wrap": wrapped_runs, "cut": cut_runs}


class LocalEmpiricalBayesDenoiser(ByLevel, BaseDenoiser):
    """Posterior mean of each patch under the empirical law of the training patches.

    Theories of what convolutional networks learn are special cases. The local score machine [1]_ is
    ``boundary="cut"``, its equivariant version adds ``equivariant=True`` (with ``boundary="wrap"``
    if it knows no border), and patch posterior composites [2]_ are ``average_overlaps=True``.

    Parameters
    ----------
    patch_size : int, tuple of int, dict of float to these, or "calibrate", default=9
        Side of the windows in pixels. A tuple is a bank of sizes whose estimates are averaged. A
        dict gives it by noise level; the nearest level (by its logarithm) is used. "calibrate"
        measures, on training images held out, which size is best at each of
        ``calibration_sigma``. Larger windows than the image are the whole image.
    equivariant : bool, default=False
        Whether a window is compared with the windows at all positions of the training images, or
        only with those at its own.
    average_overlaps : bool, default=False
        Whether to average the estimates of all windows that hold a pixel, or to take the one in
        whose middle it lies.
    boundary : {"inside", "wrap", "cut"}, default="inside"
        "inside": windows lie inside the image; near the border a pixel is not in the middle of
        its window. "wrap": images are periodic; an equivariant denoiser then commutes with all
        cyclic shifts. "cut": windows are cut at the border and compared with windows cut alike,
        so that an equivariant denoiser knows the distance to the border.
    calibration_sigma : tuple of float, default=(0.03, 0.1, 0.3, 1.0)
        Noise levels of the calibration, positive, in the units of the images.
    validation_fraction : float, default=0.1
        Share of the training images held out for the calibration, at least one and at most 16 of
        them; afterwards they are training images like the others.
    device : str, default="auto"
        Where to compute: "auto" is a GPU if there is one, else the CPU.
    random_state : int, RandomState or None, default=0
        Seed of the calibration's noise and choice of held-out images.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Attributes
    ----------
    patch_sizes_ : dict of float to int or tuple of int
        Window's side by noise level; one entry, at 1.0, if one size serves all.
    calibration_mse_ : ndarray of shape (n_sigmas, n_sizes)
        Held-out mean squared errors; only with ``patch_size="calibrate"``.
    calibration_sizes_ : ndarray of shape (n_sizes,)
        The sizes tried.
    training_images_ : ImageBatch
        The training images, not copied; a lazy stack stays lazy.
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``. ``transform`` takes that shape only, or, if
        ``equivariant`` and not "cut", any size with as many channels.

    Notes
    -----
    Exact: all windows times all training windows by matrix products, in blocks of bounded memory.
    The cost of the equivariant version grows with the square of the number of pixels.

    References
    ----------
    .. [1] M. Kamb, S. Ganguli, "An analytic theory of creativity in convolutional diffusion
       models", 2024. arXiv:2412.20292
    .. [2] M. Niedoba, B. Zwartsenberg, K. Murphy, F. Wood, "Towards a mechanistic explanation of
       diffusion model generalization", 2024. arXiv:2411.19339

    Examples
    --------
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.denoisers import LocalEmpiricalBayesDenoiser
    >>> X = make_c_alpha_images(110, 16, random_state=0)
    >>> denoiser = LocalEmpiricalBayesDenoiser(patch_size=5, equivariant=True).fit(X[:100])
    >>> bool(denoiser.score(X[100:], sigma=0.1) > 21)
    True
    """

    kind = "optimal"
    _backend = "torch"
    learns = True
    level_parameter = "patch_size"
    level_values = (1, 3, 5, 7, 9, 11, 15, 21, 31)

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "patch_size": [
            Interval(Integral, 1, None, closed="left"),
            tuple,
            Mapping,
            StrOptions({"calibrate"}),
        ],
        "equivariant": ["boolean"],
        "average_overlaps": ["boolean"],
        "boundary": [StrOptions(set(_CENTRED))],
        "calibration_sigma": ["array-like"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "device": [str],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        patch_size=9,
        equivariant=False,
        average_overlaps=False,
        boundary="inside",
        calibration_sigma=(0.03, 0.1, 0.3, 1.0),
        validation_fraction=0.1,
        device="auto",
        random_state=0,
        sigma=None,
        image_shape=None,
    ):
        self.patch_size = patch_size
        self.equivariant = equivariant
        self.average_overlaps = average_overlaps
        self.boundary = boundary
        self.calibration_sigma = calibration_sigma
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state
        self.sigma = sigma
        self.image_shape = image_shape

    @property
    def _fixed(self):
        return "channels" if self.equivariant and self.boundary != "cut" else "size"

    def _fit(self, images):
        resolve_device(self.device)
        if self.boundary == "cut" and self.average_overlaps:
            raise ValueError(
                "average_overlaps: windows that are cut at the border estimate their middle alone. "
                "Choose boundary='inside' or 'wrap', or average_overlaps=False."
            )
        total, largest = 0.0, 0.0
        length = max(1, window_means.BLOCK_VALUES // int(np.prod(images.shape[1:])))
        for _, chunk in images.chunks(length):
            total += chunk.sum(dtype=np.float64)
            largest = max(largest, float(np.abs(chunk).max()))
        self.mean_ = total / float(np.prod(images.shape))
        self._largest_value = largest + abs(self.mean_)
        self.training_images_ = images
        self._set_levels()

    def _set_levels(self):
        if isinstance(self.patch_size, str):
            self.patch_sizes_ = self._calibrate(self.training_images_)
        else:
            self.patch_sizes_ = check_levels(
                self.patch_size, "patch_size", _is_bank, "a side in pixels >= 1 or a tuple of these"
            )

    def _calibrate(self, images):
        """Return the best size at each noise level, measured on images held out."""
        if len(images) < 2:
            raise ValueError(
                "patch_size: 'calibrate' holds training images out, so it needs at least 2, got "
                f"{len(images)}. Give patch_size as a number."
            )
        sigmas = check_sigma(
            self.calibration_sigma, len(self.calibration_sigma), "calibration_sigma"
        )
        if not len(sigmas) or sigmas.min() <= 0:
            raise ValueError(
                "calibration_sigma: expected positive noise levels, got "
                f"{self.calibration_sigma!r}."
            )
        self.calibration_sizes_, self.calibration_mse_ = held_out_errors(
            self._estimate, images, sigmas, self.validation_fraction, self.random_state
        )
        best = self.calibration_sizes_[self.calibration_mse_.argmin(1)]
        return dict(zip(sigmas.tolist(), best.tolist(), strict=True))

    def _denoise(self, noisy, sigma, clean=None):
        out = torch.empty_like(noisy)
        for bank, indices in nearest_levels(self.patch_sizes_, sigma.double().cpu().numpy()):
            which = torch.from_numpy(indices).to(noisy.device)
            sizes = bank if isinstance(bank, tuple) else (bank,)
            found = sum(
                self._estimate(noisy[which], sigma[which], int(size), self.training_images_)
                for size in sizes
            )
            out[which] = (found / len(sizes)).to(out)
        return out

    def _estimate(self, noisy, sigma, size, training):
        """Denoise images at one window size."""
        lengths, model = self._lengths(noisy, size, training), noisy.to(resolve_device(self.device))
        overlaps = Overlaps(tuple(noisy.shape), lengths, model.double())
        for rows, columns, means in self._means(noisy, sigma, size, training, window_means.pixels):
            sides = rows.high - rows.low, columns.high - columns.low
            overlaps.add(means.unflatten(-1, (noisy.shape[1], *sides)), rows, columns)
        return overlaps.mean() + self.mean_

    def _lengths(self, noisy, size, training):
        lengths = tuple(min(size, side) for side in noisy.shape[2:])
        if self.equivariant:
            lengths = tuple(np.minimum(lengths, training.shape[2:]).tolist())
        return lengths

    def _means(self, noisy, sigma, size, training, function):
        """Yield runs of windows, and the posterior means of a function of each window."""
        device, lengths = resolve_device(self.device), self._lengths(noisy, size, training)
        images = noisy.to(device).double() - self.mean_
        values = np.sqrt(np.prod(lengths) * noisy.shape[1])
        dtype = pick_dtype(noisy, values * images.abs().max(), values * self._largest_value, sigma)
        images, sigma = images.to(dtype), sigma.to(device, dtype)

        def blocks(length):
            for start in range(0, len(training), length):
                block = training.tensor(slice(start, start + length)).to(images)
                yield self._padded(block - self.mean_, lengths)

        sizes = (size, size) if self.boundary == "cut" else lengths
        padded = self._padded(images, lengths)
        for run, columns in product(*map(self._runs, noisy.shape[2:], sizes)):
            whole = self._compared(training, lengths, run, columns)
            for rows in strips(run, columns, len(noisy) * noisy.shape[1]):
                given = windows(padded, rows, columns), sigma, rows, columns, blocks, function
                if self.equivariant:
                    yield rows, columns, window_means.means_everywhere(*given, whole)
                else:
                    yield rows, columns, window_means.means_in_place(*given)

    def _padded(self, images, lengths):
        return on_torus(images, lengths) if self.boundary == "wrap" else images

    def _runs(self, side, length):
        if self.average_overlaps:
            return all_runs(side, length, self.boundary == "wrap")
        return _CENTRED[self.boundary](side, length)

    def _compared(self, training, lengths, rows, columns):
        """Return runs of the training windows that an equivariant denoiser compares with."""
        if self.boundary == "cut":
            return rows, columns
        sides, wrap = training.shape[2:], self.boundary == "wrap"
        return [all_runs(*axis, wrap)[0] for axis in zip(sides, lengths, strict=True)]

    def _jacobian(self, image, sigma, clean=None):
        noisy, level = torch.from_numpy(image[None]), torch.tensor([sigma], dtype=torch.float64)
        ((bank, _),) = nearest_levels(self.patch_sizes_, np.array([sigma]))
        sizes = bank if isinstance(bank, tuple) else (bank,)
        J = sum(self._jacobian_of_size(noisy, level, int(size)) for size in sizes) / len(sizes)
        return JacobianOperator(image.size, lambda V: J @ V, lambda V: J.T @ V)

    def _jacobian_of_size(self, noisy, sigma, size):
        found = self._means(noisy, sigma, size, self.training_images_, window_means.moments)
        lengths = self._lengths(noisy, size, self.training_images_)
        number = torch.arange(noisy.numel(), dtype=torch.float64).reshape(noisy.shape)
        J = window_means.covariance_matrix(found, self._padded(number, lengths), noisy.numel())
        return J * float(inverse_variance(sigma)[0]) if sigma > 0 else 0 * J


def _is_bank(value):
    """Whether a value is a size, or a tuple of sizes."""
    sizes = value if isinstance(value, tuple) and value else (value,)
    return all(isinstance(size, Integral) and size >= 1 for size in sizes)
