r"""What a network predicts, turned into the clean image.

A network F sees :math:`x = c_{in}(s)\, z` for a noisy image z of level s, and

.. math:: D(z, s) = c_{skip}(s)\, z + c_{out}(s)\, F(c_{in}(s)\, z)

is the denoised image. With :math:`c_{in} = 1` the noise is added to images as they are (variance
exploding). With :math:`c_{in} = (s^2 + \sigma_d^2)^{-1/2}` images of deviation
:math:`\sigma_d` come with variance 1 at every level. At :math:`\sigma_d = 1` these are the images
:math:`x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon` of a
variance-preserving diffusion, since :math:`s^2 = (1 - \bar\alpha_t) / \bar\alpha_t`.

References
----------
T. Karras, M. Aittala, T. Aila and S. Laine, "Elucidating the design space of diffusion-based
generative models", NeurIPS 2022, arXiv:2206.00364, table 1. J. Ho, A. Jain and P. Abbeel,
"Denoising diffusion probabilistic models", NeurIPS 2020, arXiv:2006.11239 (epsilon). Y. Song et
al., "Score-based generative modeling through stochastic differential equations", ICLR 2021,
arXiv:2011.13456 (score). T. Salimans and J. Ho, "Progressive distillation for fast sampling of
diffusion models", ICLR 2022, arXiv:2202.00512 (v).
"""

import torch
from torch import nn

# What F predicts -> (c_skip, c_out) from s, c_in and sigma_data.
PREDICTIONS = {
    # The clean image itself.
    "clean": lambda s, c_in, sigma_data: (0.0, 1.0),
    # The noise z - D, in the units of z.
    "noise": lambda s, c_in, sigma_data: (1.0, -1.0),
    # The noise of variance 1: z - D = s epsilon.
    "epsilon": lambda s, c_in, sigma_data: (1.0, -s),
    # The gradient of log p at x: D = z + s^2 grad_z log p (Tweedie), and grad_z = c_in grad_x.
    "score": lambda s, c_in, sigma_data: (1.0, s**2 * c_in),
    # v = alpha epsilon - sigma x_0 of x = alpha x_0 + sigma epsilon, so x_0 = alpha x - sigma v.
    "v": lambda s, c_in, sigma_data: ((sigma_data * c_in) ** 2, -s * sigma_data * c_in),
    # The raw network of EDM, which has the opposite sign.
    "edm": lambda s, c_in, sigma_data: ((sigma_data * c_in) ** 2, s * sigma_data * c_in),
}
# Those that need no noise level, and those that are defined for scaled images alone.
WITHOUT_LEVEL, SCALED_ONLY = ("clean", "noise"), ("v", "edm")


class Residual(nn.Module):
    """``D(z, s) = z - F(z, s)`` of a module F that predicts the noise in its input.

    Parameters
    ----------
    module : torch.nn.Module
        Called with images ``(n, C, H, W)`` and levels ``(n,)`` or None.
    """

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, images: torch.Tensor, sigma: torch.Tensor | None = None) -> torch.Tensor:
        """Denoise."""
        return images - self.module(images, sigma)


class Preconditioned(nn.Module):
    """``D(z, s) = c_skip z + c_out F(c_in z, s)``; see the top of the file.

    Parameters
    ----------
    module : torch.nn.Module
        Called with images ``(n, C, H, W)`` and levels ``(n,)``.
    predicts : {"clean", "noise", "epsilon", "score", "v", "edm"}
        What F predicts.
    scaled : bool
        Whether ``c_in = 1 / sqrt(s^2 + sigma_data^2)``; else it is 1.
    sigma_data : float, default=1.0
        Deviation of clean images about 0.
    """

    def __init__(self, module, predicts, scaled, sigma_data=1.0):
        super().__init__()
        self.module = module
        self.predicts = predicts
        self.scaled = scaled
        self.sigma_data = sigma_data

    def forward(self, images: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """Denoise."""
        s = sigma.view(-1, 1, 1, 1)
        c_in = (s**2 + self.sigma_data**2).rsqrt() if self.scaled else torch.ones_like(s)
        c_skip, c_out = PREDICTIONS[self.predicts](s, c_in, self.sigma_data)
        return c_skip * images + c_out * self.module(c_in * images, sigma)
