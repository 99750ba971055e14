r"""The log density of noisy images that an energy gives, with its normalising constant.

.. math:: \log p_\sigma(y) = -U(y, \sigma) / \sigma^2 - \log Z(\sigma)

The constant makes the mean of :math:`-\log p_\sigma` over noisy images their entropy H. At the
highest level H is that of normal images with their covariance. From there it falls with
:math:`\log \sigma` at a rate of the d values of an image less

- :math:`\mathrm{E} \|f(y) - x\|^2 / \sigma^2`, thermodynamic integration of the errors of the
  denoiser f. An error above the least possible makes H too large, and the density too small.
- :math:`\mathrm{E} \langle f(y) - x, z \rangle / \sigma` for :math:`y = x + \sigma z`. This matches
  the derivative in :math:`\sigma`, as dual score matching does: the mean of
  :math:`\partial \log p_\sigma / \partial \sigma` over noisy images is then 0, as of any density.

Both are the same for the posterior mean. How much they differ tells how far f is from it.

References
----------
F. Guth, Z. Kadkhodaie and E. P. Simoncelli, "Learning normalized image densities via dual score
matching", NeurIPS 2025, arXiv:2506.05310. D. Guo, S. Shamai and S. Verdu, "Mutual information and
minimum mean-square error in Gaussian channels", 2005, DOI 10.1109/TIT.2005.844072.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import PchipInterpolator

from gahb_sk._random import child, image_normals
from gahb_sk.networks._inference import predict_noise, with_level

_LEVELS, _IMAGES, _CHUNK = 24, 256, 64


@dataclass(frozen=True)
class Normalization:
    """Logarithms of the normalising constants of an energy, by two estimates.

    Attributes
    ----------
    sigma : list of float
        Noise levels, ascending.
    by_errors, by_derivative : list of float
        log Z at each level: from the errors of the denoiser, and such that the derivative in sigma
        is matched.
    by_errors_se, by_derivative_se : list of float
        Their standard errors.
    """

    sigma: list
    by_errors: list
    by_errors_se: list
    by_derivative: list
    by_derivative_se: list

    def log_z(self, sigma):
        """Return log Z at levels ``(n,)`` within those of the estimate, by the derivative.

        Errors of the denoiser beyond the least possible add up in the other estimate, from the
        highest level down.
        """
        low, high = self.sigma[0], self.sigma[-1]
        outside = (sigma < low * (1 - 1e-6)) | (sigma > high * (1 + 1e-6))
        if outside.any():
            raise ValueError(
                f"sigma: expected levels from {low:g} to {high:g}, the noise_range of the "
                f"training, got {sigma[outside][0]:g}."
            )
        curve = PchipInterpolator(np.log(self.sigma), self.by_derivative)
        return curve(np.log(np.clip(sigma, low, high)))


def normalize(network, images, noise_range, root):
    """Estimate the normalising constants of an energy.

    Parameters
    ----------
    network : EnergyModule
    images : torch.Tensor of shape (n, C, H, W)
        Clean images, on the CPU.
    noise_range : tuple of float
        Lowest and highest noise level.
    root : numpy.random.SeedSequence
        Of the noise.

    Returns
    -------
    normalization : Normalization
    """
    levels = np.geomspace(*noise_range, _LEVELS)
    found = [_at_level(network, images, level, child(root, k)) for k, level in enumerate(levels)]
    energies, errors, slopes = np.stack(found, axis=1)  # each of shape (levels, images)
    end = _gaussian_entropy(images, levels[-1])
    columns = []
    for removed in (errors, slopes):
        log_z = end - _integral(images[0].numel() - removed, np.log(levels)) - energies
        columns += [log_z.mean(axis=1), log_z.std(axis=1) / np.sqrt(max(1, len(images) - 1))]
    return Normalization(*(column.tolist() for column in (levels, *columns)))


def _at_level(network, images, sigma, root):
    """Return U / sigma^2, |f - x|^2 / sigma^2 and <f - x, z> / sigma of each image, (3, n)."""
    rows = []
    for start in range(0, len(images), _CHUNK):
        clean = images[start : start + _CHUNK].to(torch.float32)
        numbers = range(start, start + len(clean))
        z = torch.from_numpy(image_normals(root, numbers, tuple(clean.shape[1:]), np.float32))
        noisy, level = clean + sigma * z, clean.new_full((len(clean),), sigma)
        with torch.no_grad():
            away = (sigma * z - predict_noise(network, noisy, level)).double()
        values = (away.square() / sigma**2, away * z / sigma)
        # Of mean 0: it takes out most of what the noise adds to the energy.
        excess = z.double().square().sum(dim=(1, 2, 3)) / 2 - z[0].numel() / 2
        energy = energies(network, noisy, level) / sigma**2 - excess
        rows.append(torch.stack([energy, *(value.sum(dim=(1, 2, 3)) for value in values)]))
    return torch.cat(rows, dim=1).numpy()


def energies(network, noisy, sigma):
    """Return U of each image ``(n, C, H, W)`` at levels ``(n,)``, on the CPU."""
    with torch.no_grad():
        return network.energy(with_level(network, noisy, sigma)).cpu().double()


def _integral(rates, log_levels):
    """Integrate from each level to the last one, by trapezoids."""
    pieces = (rates[1:] + rates[:-1]) / 2 * np.diff(log_levels)[:, None]
    return np.concatenate([np.cumsum(pieces[::-1], axis=0)[::-1], np.zeros_like(rates[:1])])


def _gaussian_entropy(images, sigma):
    """Entropy of normal images with the covariance of these and white noise."""
    flat = images.flatten(1).double()
    flat = flat - flat.mean(dim=0)
    few = flat if len(flat) >= flat.shape[1] else flat.T  # the same eigenvalues but zeros
    values = torch.linalg.eigvalsh(few.T @ few / max(1, len(flat) - 1)).clamp(min=0).numpy()
    d = flat.shape[1]
    logs = np.log1p(values / sigma**2).sum() + d * np.log(2 * np.pi * np.e * sigma**2)
    return logs / 2


def calibration_images(source, root):
    """Return the clean training images from which constants are estimated."""
    return source.read(np.sort(source.order(0, root)[:_IMAGES]))
