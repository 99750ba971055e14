r"""A denoiser that is a score by construction: the gradient of an energy.

With r a smooth network that maps images to images,

.. math:: U(y) = \tfrac{1}{2} \langle y, r(y) \rangle, \qquad f(y) = y - \nabla U(y).

The Jacobian of f, ``I`` minus the Hessian of U, is symmetric, and
:math:`-U(y, \sigma) / \sigma^2` is the log density of noisy images up to a constant of each level.
If r is homogeneous of degree 1, U is of degree 2, and so f of degree 1 again.

References
----------
T. Salimans and J. Ho, "Should EBMs model the energy or the score?", ICLR workshop 2021.
F. Guth, Z. Kadkhodaie and E. P. Simoncelli, "Learning normalized image densities via dual score
matching", NeurIPS 2025, arXiv:2506.05310.
"""

import torch
from torch import nn

from gahb_sk.networks._inference import extended


class EnergyModule(nn.Module):
    """The gradient of an energy, which is what the energy's denoiser takes for noise.

    Parameters
    ----------
    network : torch.nn.Module
        r, with continuous derivatives. Its input has the noise level as its last channel unless it
        is blind.
    """

    # U is defined on images of any size, so that its gradient is one there, too.
    any_size = True

    def __init__(self, network):
        super().__init__()
        self.network = network

    @property
    def blind(self):
        """Whether the energy does without the noise level."""
        return self.network.blind

    @property
    def multiple(self):
        """What borders of tiles are multiples of; images may have any size."""
        return self.network.multiple

    def forward(self, x):
        """Map noisy images, with the level as last channel unless blind, to their noise."""
        # The gradient is differentiated again where weights are trained or Jacobians wanted.
        create_graph = torch.is_grad_enabled()
        with torch.enable_grad():
            images, levels = self._split(x)
            if not (create_graph and images.requires_grad):
                images = images.detach().requires_grad_()
            energy = self._energy(images, levels).sum()
            return torch.autograd.grad(energy, images, create_graph=create_graph)[0]

    def energy(self, x):
        """Return U for each image, shape (n,); x as in ``forward``."""
        return self._energy(*self._split(x))

    def _split(self, x):
        end = x.shape[1] - (not self.blind)
        return x[:, :end], x[:, end:]

    def _energy(self, images, levels):
        inputs = images if self.blind else torch.cat([images, levels], dim=1)
        residual = self.network(extended(inputs, self.multiple))
        residual = residual[..., : images.shape[-2], : images.shape[-1]]
        return 0.5 * (images * residual).sum(dim=(1, 2, 3))
