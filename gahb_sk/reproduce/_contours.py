r"""Wiggles of a contour, and how much of them a denoiser lets through.

Where the contour h of an image :math:`x = m g_1 + (1 - m) g_2` moves by a small
:math:`\delta_j` in column j, the image moves by :math:`\delta_j D_j`, with
:math:`D = -\partial_{row} m \, (g_1 - g_2)`. A harmonic of the contour is such a movement by
:math:`c_f(j) = \sqrt{2 / W} \cos(2 \pi f j / W)` or the sine, an image :math:`\varphi_f`. Of it a
denoiser of Jacobian J lets through

.. math::
    T(f) = \frac{\varphi_f^T J \varphi_f}{\|\varphi_f\|^2}
         = \sum_k \lambda_k \frac{\langle e_k, \varphi_f \rangle^2}{\|\varphi_f\|^2} .

The contours of ``CAlphaImages`` have coefficients of variance
:math:`v_f = H^2 f^{-2 \alpha} / 3` in the :math:`c_f`. If :math:`\varphi_f` were the only
uncertainty and small, the optimum would be
:math:`T(f) = v_f \|\varphi_f\|^2 / (v_f \|\varphi_f\|^2 + \sigma^2)`: the more regular the
contours, the fewer of their harmonics are let through.
"""

import numpy as np

from gahb_sk.experiments import Table
from gahb_sk.experiments._noisy_images import noisy_images
from gahb_sk.experiments._train_and_test import with_error
from gahb_sk.jacobians import linearize

THEORY = "theory"
_NO_CONTRAST = 1e-6  # squared norm of a wiggle that cannot be seen


def contour_waves(mask, backgrounds):
    """Return the frequencies (F,) in cycles per image and the movements (n, F, 2, H, W).

    By cosine and sine, from masks (n, H, W) and backgrounds (n, 2, H, W) of ``CAlphaImages``.
    """
    mask = np.asarray(mask, np.float64)
    g = np.asarray(backgrounds, np.float64)
    edge = -np.diff(mask, axis=1, append=mask[:, -1:]) * (g[:, 0] - g[:, 1])
    width = mask.shape[2]
    frequencies = np.arange(1, (width + 1) // 2)
    u = 2 * np.pi * frequencies[:, None] * np.arange(width) / width
    harmonics = np.sqrt(2 / width) * np.stack([np.cos(u), np.sin(u)], axis=1)
    return frequencies, edge[:, None, None] * harmonics[:, :, None, :]


def let_through(denoiser, noisy, waves, sigma):
    """Return how much of the harmonics of its contour (F, 2, H, W) a denoiser lets through (F,).

    Means of cosine and sine at one noisy image; NaN where the contour cannot be seen.
    """
    columns = waves.reshape(-1, noisy.size).T
    moved = linearize(denoiser, noisy, sigma, dtype="float32").matmat(columns)
    inner = (columns * moved).sum(axis=0).reshape(waves.shape[:2]).sum(axis=1)
    return _ratio(inner, np.square(waves).sum((1, 2, 3)))


def let_through_by_the_optimum(waves, frequencies, alpha, sigma):
    """Return the same of the optimum, as if each harmonic were the only unknown, and small."""
    variance = waves.shape[-2] ** 2 * frequencies ** (-2.0 * alpha) / 3
    energy = np.square(waves).sum((1, 2, 3)) / 2  # of cosine and sine on average
    signal = variance * energy
    return np.where(energy > _NO_CONTRAST, signal / (signal + sigma**2), np.nan)


def _ratio(above, below):
    seen = below > _NO_CONTRAST
    return np.where(seen, above / np.where(seen, below, 1), np.nan)


def passed_curves(networks, X, latents, alpha, sigma, random_state):
    """Return what networks and the optimum let through, ``(n_images, F)`` by name."""
    n = len(X)
    frequencies, waves = contour_waves(latents.mask[:n], latents.backgrounds[:n])
    _, noisy = noisy_images(X, np.arange(n), sigma, random_state)
    curves = {
        name: [let_through(network, *one, sigma) for one in zip(noisy, waves, strict=True)]
        for name, network in networks.items()
    }
    curves[THEORY] = [let_through_by_the_optimum(one, frequencies, alpha, sigma) for one in waves]
    return {name: np.array(values) for name, values in curves.items()}


def seen(curves):
    """Leave out the images whose contour cannot be seen."""
    return curves[np.isfinite(curves).all(axis=1)]


def count_table(curves, sigma):
    """Tabulate how many harmonics are let through: the sums over frequencies, with k = 0."""
    return Table.from_rows(
        [_row(key, sigma, 0, seen(values).sum(axis=1)) for key, values in curves.items()]
    )


def curve_table(curves, sigma):
    """Tabulate what is let through of each harmonic, k being its number; see count_table."""
    return Table.from_rows(
        [
            _row(key, sigma, f + 1, column)
            for key, values in curves.items()
            for f, column in enumerate(seen(values).T)
        ]
    )


def _row(key, sigma, k, values):
    head = {"images": key[0], "denoiser": key[1], "sigma": sigma, "k": k}
    return head | with_error("passed", values)
