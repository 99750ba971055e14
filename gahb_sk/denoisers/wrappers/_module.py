"""A trained torch module, as a denoiser with the whole contract."""

import copy

import torch

from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers._torch_modules import ConvertedModule
from gahb_sk.jacobians._network import network_products
from gahb_sk.networks.conventions._convention import Convention, convert
from gahb_sk.networks.conventions._recognise import recognise, with_sizes


class ModuleDenoiser(BaseDenoiser):
    """Denoise with a torch module that is trained already, of whatever convention.

    Parameters
    ----------
    module : torch.nn.Module
        Called with images ``(m, C, H, W)`` on its own device and in its own precision. Returns a
        tensor of the images' shape, or an object that holds it as ``sample`` or ``mean``. Anything
        else, NaN or infinity raises an error.
    convention : Convention or dict, default=None
        What the module takes and returns, see :class:`gahb_sk.networks.Convention`; a dict changes
        single values, such as ``{"predicts": "noise"}``. None: recognised. A module called with
        images alone is blind, one with an argument ``sigma`` is given it, and both return the clean
        image, on [0, 1], or on [-1, 1] if the module has EDM's attribute ``sigma_data``. Denoisers
        of azula are recognised, too.
    sigma, image_shape
        See :class:`~gahb_sk.denoisers.BaseDenoiser`.

    Attributes
    ----------
    module_ : torch.nn.Module
        The copy that denoises, in evaluation mode: from noisy images on [0, 1] and their levels
        ``(m,)`` to denoised images.

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
    >>> ModuleDenoiser(blur, convention={"predicts": "noise"}).blind
    True
    """

    kind = "learned"
    _backend = "torch"

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "module": [torch.nn.Module],
        "convention": [Convention, dict, None],
    }

    def __init__(self, module, *, convention=None, sigma=None, image_shape=None):
        self.module = module
        self.convention = convention
        self.sigma = sigma
        self.image_shape = image_shape

    @property
    def blind(self):
        """Whether the module does without the noise levels."""
        return self._recognised()[1].blind

    def _recognised(self):
        """The module or an adapter of it, and its convention."""
        module, convention = self.module, self.convention
        if convention is None:
            module, convention = recognise(module)
        elif isinstance(convention, dict):
            convention = Convention(**convention)
        return module, with_sizes(module, convention)

    def _fit(self, images):
        module, convention = self._recognised()
        converted = convert(copy.deepcopy(module), convention)
        self.module_ = converted.eval().requires_grad_(False)

    @torch.no_grad()
    def _denoise(self, noisy, sigma, clean=None):
        noisy, sigma = self._on_its_side(noisy, sigma)
        result = self.module_(noisy, sigma)
        if not result.isfinite().all():
            name = type(self.module).__name__
            raise ValueError(f"module: {name} returned NaN or infinity for finite images.")
        return result

    def _on_its_side(self, noisy, sigma):
        """Bring tensors to the module's device and precision."""
        own = [*self.module_.parameters(), *self.module_.buffers(), noisy]
        device, dtype = own[0].device, next(t.dtype for t in own if t.is_floating_point())
        return [None if t is None else t.to(device, dtype) for t in (noisy, sigma)]

    def _as_module(self):
        module, convention = self._recognised()
        converted = convert(copy.deepcopy(module), convention)
        return ConvertedModule(converted, convention.blind, convention.multiple)

    def _jacobian_products(self, images, sigma):
        def denoise(module, noisy, levels):
            return module(noisy, None if sigma is None else levels)

        device = next(self.module_.parameters(), torch.empty(0)).device
        return lambda dtype: network_products(
            self.module_, denoise, images, sigma=sigma, dtype=dtype, device=device
        )
