"""A trained torch module, as a denoiser with the whole contract."""

import copy

import torch

from gahb_sk._validation import StrOptions
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.jacobians._network import network_products


class ModuleDenoiser(BaseDenoiser):
    """Denoise with a torch module that is trained already.

    Parameters
    ----------
    module : torch.nn.Module
        Called with noisy images ``(m, C, H, W)`` on its own device and in its own precision, and,
        unless ``blind``, the noise levels ``(m,)``. Returns a tensor of the images' shape; anything
        else, NaN or infinity raises an error.
    predicts : {"clean", "noise"}, default="clean"
        What the module returns: the denoised images, or the noise, which is then subtracted.
    blind : bool, default=True
        Whether the module does without the noise levels.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Attributes
    ----------
    module_ : torch.nn.Module
        The copy that denoises, in evaluation mode.

    Notes
    -----
    ``fit`` does not train: it copies the module, which other threads may train on. Without
    ``fit``, each ``transform`` takes a copy. ``clone``, and so cross-validation, copies the module
    with its weights. The Jacobian is exact if the module treats the images of a batch separately.
    It is computed in the precision asked for, or in the module's own if it runs in no other.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from gahb_sk.denoisers import ModuleDenoiser
    >>> blur = torch.nn.AvgPool2d(3, stride=1, padding=1)
    >>> denoiser = ModuleDenoiser(blur).fit(np.zeros((1, 8, 8)))
    >>> denoiser.transform(np.ones((2, 8, 8))).shape
    (2, 8, 8)
    """

    kind = "learned"
    _backend = "torch"

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "module": [torch.nn.Module],
        "predicts": [StrOptions({"clean", "noise"})],
        "blind": ["boolean"],
    }

    def __init__(self, module, *, predicts="clean", blind=True, sigma=None, image_shape=None):
        self.module = module
        self.predicts = predicts
        self.blind = blind
        self.sigma = sigma
        self.image_shape = image_shape

    def _fit(self, images):
        self.module_ = copy.deepcopy(self.module).eval().requires_grad_(False)

    @torch.no_grad()
    def _denoise(self, noisy, sigma, clean=None):
        return self._apply(*self._on_its_side(noisy, sigma))

    def _on_its_side(self, *tensors):
        """Bring tensors to the module's device and precision; leave out those that are None."""
        own = [*self.module_.parameters(), *self.module_.buffers(), tensors[0]]
        device, dtype = own[0].device, next(t.dtype for t in own if t.is_floating_point())
        return [t.to(device, dtype) for t in tensors if t is not None]

    def _apply(self, images, *levels):
        result = self.module_(images.clone(), *levels)  # a module may write into its input
        name = type(self.module_).__name__
        if not isinstance(result, torch.Tensor):
            raise TypeError(
                f"module: {name} must return a tensor of shape {tuple(images.shape)}, got "
                f"{type(result).__name__}."
            )
        if result.shape != images.shape:
            raise ValueError(
                f"module: {name} must return images of the shape it was given, "
                f"{tuple(images.shape)}, got {tuple(result.shape)}."
            )
        if not result.isfinite().all():
            raise ValueError(f"module: {name} returned NaN or infinity for finite images.")
        return images - result if self.predicts == "noise" else result

    def _jacobian_products(self, images, sigma):
        def denoise(module, noisy, levels):
            result = module(noisy.clone(), *([] if self.blind else [levels]))
            return noisy - result if self.predicts == "noise" else result

        device = next(self.module_.parameters(), torch.empty(0)).device
        return lambda dtype: network_products(
            self.module_, denoise, images, sigma=sigma, dtype=dtype, device=device
        )
