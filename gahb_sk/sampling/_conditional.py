r"""The posterior mean under noise and a linear measurement together.

For ``y = x + s z`` and measurements ``m = M^T x + n`` of noise level :math:`\sigma_m`, the law of
x given y is taken as normal with the denoiser's output as its mean and, by Tweedie's second
formula, :math:`s^2 J` as its covariance. Then

.. math::
    \mathrm{E}[x | y, m] \approx f(y) + s^2 J M \,
        (\sigma_m^2 + M^T s^2 J M)^{-1} (m - M^T f(y)) ,

with equality for Gaussian images. The system is solved by conjugate gradients, each of whose steps
is a product with the Jacobian.

References
----------
F. Rozet, G. Andry, F. Lanusse and G. Louppe, "Learning diffusion priors from observations by
expectation maximization", NeurIPS 2024, arXiv:2405.13712, section 4.
"""

import numpy as np

from gahb_sk.jacobians import linearize_stack

_TOLERANCE, _ITERATIONS = 1e-4, 40  # of conjugate gradients
# Measurements without noise are given this part of the level of y, which keeps the system regular.
_LEAST_NOISE = 0.01


class Conditional:
    """A :class:`Prior` that knows a measurement; called with the numbers of the samples, too."""

    def __init__(self, prior, operator, known, sigma):
        self.prior, self.operator, self.known, self.sigma = prior, operator, known, sigma

    def __call__(self, noisy, sigma, which):
        """Return E[x | y, m], ``(m, *shape)``, at levels ``(m,)``."""
        denoised = self.prior(noisy, sigma).astype(np.float64)
        if not np.isfinite(denoised).all():
            return denoised
        covariance = self._covariance(noisy, sigma)
        noise = np.maximum(self.sigma, _LEAST_NOISE * sigma)[:, None] ** 2

        def product(u):
            return noise * u + self.operator.measure(covariance(self.operator.adjoint(u)))

        missing = self.known[which] - self.operator.measure(denoised)
        return denoised + covariance(self.operator.adjoint(_solve(product, missing)))

    def _covariance(self, noisy, sigma):
        rows = noisy.reshape(len(noisy), -1)
        images = rows if self.prior.flat else noisy
        jacobians = linearize_stack(self.prior.denoiser, images, sigma)

        def covariance(images):
            vectors = np.asarray(images, np.float64).reshape(*rows.shape, 1)
            return (sigma[:, None, None] ** 2 * jacobians.matmat(vectors)).reshape(noisy.shape)

        return covariance


def _solve(product, right):
    """Solve symmetric positive systems, one per row, by conjugate gradients.

    A row stops when its residual is small, or where the matrix is not positive, as the Jacobian of
    a network need not be.
    """
    x, rest, direction = np.zeros_like(right), right, right
    size = np.vecdot(rest, rest)
    going, goal = size > 0, _TOLERANCE**2 * size
    for _ in range(_ITERATIONS):
        turned = product(direction)
        bend = np.vecdot(direction, turned)
        going = going & (bend > 0) & (size > goal)
        if not going.any():
            break
        step = np.where(going, size / np.where(going, bend, 1), 0)[:, None]
        x, rest = x + step * direction, rest - step * turned
        new = np.vecdot(rest, rest)
        direction = rest + np.where(going, new / np.where(going, size, 1), 0)[:, None] * direction
        size = np.where(going, new, size)
    return x
