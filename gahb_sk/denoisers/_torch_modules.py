"""Denoisers as torch modules ``forward(y, sigma=None)``, for other packages."""

import torch
from torch import nn

from gahb_sk._arrays import n_channels
from gahb_sk.networks._inference import denoise


class NetworkModule(nn.Module):
    """A network of the library, which returns the noise, as a denoiser.

    Parameters
    ----------
    network : torch.nn.Module
        With attributes ``blind`` and ``multiple``.
    """

    def __init__(self, network):
        super().__init__()
        self.network = network
        self.multiple = network.multiple
        self.blind = network.blind

    def forward(self, y: torch.Tensor, sigma: float | torch.Tensor | None = None) -> torch.Tensor:
        """Denoise images ``(n, C, H, W)``."""
        return denoise(self.network, y, None if self.blind else levels(sigma, y))


class ConvertedModule(nn.Module):
    """A module of another convention, converted, as a denoiser.

    Parameters
    ----------
    module : torch.nn.Module
        Called with images ``(n, C, H, W)`` and levels ``(n,)``, or None if it is blind.
    blind : bool
    multiple : int
        Of what number the sides of images must be multiples to be exported.
    """

    def __init__(self, module, blind, multiple):
        super().__init__()
        self.module = module
        self.blind = blind
        self.multiple = multiple

    def forward(self, y: torch.Tensor, sigma: float | torch.Tensor | None = None) -> torch.Tensor:
        """Denoise images ``(n, C, H, W)``."""
        return self.module(y, None if self.blind else levels(sigma, y))


class CalledDenoiser(nn.Module):
    """Any denoiser, differentiated by its Jacobian.

    Parameters
    ----------
    denoiser : denoiser
        Fitted, if it learns.
    """

    def __init__(self, denoiser):
        super().__init__()
        self.denoiser = denoiser

    def forward(self, y: torch.Tensor, sigma: float | torch.Tensor | None = None) -> torch.Tensor:
        """Denoise images ``(n, C, H, W)``."""
        level = None if sigma is None else levels(sigma, y)
        return _Denoise.apply(y, level, self.denoiser)


class _Denoise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, y, sigma, denoiser):
        ctx.save_for_backward(y)
        ctx.sigma, ctx.denoiser = sigma, denoiser
        return denoiser.denoise(_rows(y, denoiser), sigma).view_as(y)

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        stack = ctx.denoiser.linearize_stack(_rows(y, ctx.denoiser), ctx.sigma)
        vectors = grad.detach().cpu().double().flatten(1)[..., None].numpy()
        product = torch.from_numpy(stack.rmatmat(vectors)).to(grad)
        return product.view_as(grad), None, None


def _rows(y, denoiser):
    """Images, or flat rows for a denoiser that takes those."""
    return y.detach() if denoiser.image_shape is None else y.detach().flatten(1)


def levels(sigma, y):
    """Return a number, or one or n of them in a tensor of any shape, as levels ``(n,)``."""
    if sigma is None:
        raise ValueError("sigma: expected the noise level, which this network needs; got None.")
    return torch.as_tensor(sigma, dtype=y.dtype, device=y.device).reshape(-1).expand(y.shape[0])


def export_module(denoiser):
    """Export a network by :func:`torch.export.export`, for images of any number and size.

    Parameters
    ----------
    denoiser : NetworkDenoiser, PretrainedDenoiser or ModuleDenoiser
        Fitted.

    Returns
    -------
    program : torch.export.ExportedProgram
        ``program.module()(y, sigma)`` denoises tensors ``(n, C, H, W)``, with ``sigma`` of shape
        ``(n,)``, and of blind networks ``program.module()(y)``. Sides are multiples of the number
        that the network needs. The channels are those of the training images.

    Raises
    ------
    TypeError
        For a denoiser that is no network.
    ValueError
        If the channels of the images are unknown, as of a module that was not fitted.
    """
    module = denoiser.as_module()
    if not hasattr(module, "multiple"):
        raise TypeError(f"denoiser: expected a network, got {type(denoiser).__name__}.")
    shape = getattr(denoiser, "image_shape_", getattr(denoiser, "training_shape_", None))
    if shape is None:
        raise ValueError(
            f"denoiser: the channels of its images are unknown. Call {type(denoiser).__name__}"
            ".fit on images first."
        )
    example = torch.rand(2, n_channels(shape), 4 * module.multiple, 6 * module.multiple)
    example = example.to(next(module.parameters(), example))
    n, rows, columns = map(torch.export.Dim, ("n", "rows", "columns"))
    if module.multiple > 1:
        rows, columns = module.multiple * rows, module.multiple * columns
    given = () if module.blind else (example.new_full((2,), 0.1),)
    shapes = ({0: n, 2: rows, 3: columns}, *({0: n} for _ in given))
    with torch.no_grad():
        return torch.export.export(module, (example, *given), dynamic_shapes=shapes)
