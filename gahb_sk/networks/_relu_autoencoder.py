r"""A denoising autoencoder of one hidden layer, of which optimal weights are known in closed form.

.. math:: f(y) = W_2 \operatorname{relu}(W_1^T y) .

Where the hidden units that are active at the noisy images of a group k are active at no others,
f is linear on it, :math:`f(y) = A_k y`, and the least squared error at noise level sigma has

.. math:: A_k = S_k (S_k + \sigma^2 I)^{-1}, \qquad S_k = \text{mean of } x x^T \text{ in group } k,

or its best approximation of lower rank if there are fewer units. A group of one training image is
memorised: :math:`A_k = x x^T / (|x|^2 + \sigma^2)`, the columns of both matrices are multiples of
x, and few units are active at it. In a large group the columns span the leading eigenvectors of
:math:`S_k`, and the activity is balanced.
"""

import torch
from torch import nn


class ReLUAutoencoder(nn.Module):
    """A torch module of two weight matrices and no biases [1]_, for images of one size.

    Train it by ``NetworkDenoiser(ReLUAutoencoder(...), predicts="clean")``.

    Parameters
    ----------
    image_shape : tuple of int
        ``(H, W)`` or ``(C, H, W)``.
    n_hidden : int
        Hidden units.
    scale : float, default=0.1
        Standard deviation of the initial weights' effect: they are normal with variance
        ``scale**2 / d``. The smaller, the more training itself chooses the columns' directions.
    random_state : int, default=0
        Seed of the initial weights.

    Attributes
    ----------
    encoder, decoder : torch.nn.Parameter of shape (d, n_hidden)
        :math:`W_1` and :math:`W_2`.

    References
    ----------
    .. [1] Z. Zhang et al., "Generalization of diffusion models arises with a balanced
       representation space", ICLR 2026. arXiv:2512.20963

    Examples
    --------
    >>> import torch
    >>> from gahb_sk.networks import ReLUAutoencoder
    >>> module = ReLUAutoencoder((8, 8), 20)
    >>> module(torch.ones(3, 1, 8, 8)).shape, module.encode(torch.ones(3, 1, 8, 8)).shape
    (torch.Size([3, 1, 8, 8]), torch.Size([3, 20]))
    """

    def __init__(
        self, image_shape: tuple, n_hidden: int, *, scale: float = 0.1, random_state: int = 0
    ):
        super().__init__()
        d = torch.Size(image_shape).numel()
        generator = torch.Generator().manual_seed(random_state)

        def weights():
            return nn.Parameter(torch.randn(d, n_hidden, generator=generator) * scale / d**0.5)

        self.encoder, self.decoder = weights(), weights()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Denoise images (n, C, H, W)."""
        return (self.encode(images) @ self.decoder.T).reshape(images.shape)

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """Return the activity of the hidden units, (n, n_hidden)."""
        return (images.flatten(1) @ self.encoder).relu()
