"""Use of a trained network: chunks of bounded memory, devices, exact Jacobians."""

import torch

from gahb_sk._arrays import n_channels
from gahb_sk.jacobians._network import network_products
from gahb_sk.networks._build import OwnNetwork
from gahb_sk.networks._devices import on_device, resolve_device
from gahb_sk.networks._energy import EnergyModule
from gahb_sk.networks._inference import denoise
from gahb_sk.networks._reach import bytes_per_pixel, reach
from gahb_sk.training._machine import resolve_machine


class AppliedNetwork:
    """Hooks of denoisers with a trained ``network_`` and a parameter ``machine``."""

    kind = "learned"
    _backend = "torch"
    _fixed = "channels"

    def _is_gradient(self):
        return isinstance(self.network_, EnergyModule)

    def _machine(self):
        return resolve_machine(self.machine)

    def _chunk_length(self, shape):
        return max(1, self._machine().pixels_at_once // (shape[2] * shape[3]))

    def _denoise(self, noisy, sigma, clean=None):
        device = resolve_device(self._machine().device)
        network = on_device(self.network_, device)
        images = noisy.to(device, torch.float32)
        if noisy.dtype == torch.float64 and not images.isfinite().all():
            raise ValueError(
                "X: expected values that single precision can hold, up to 3e38 in magnitude, got "
                f"{float(noisy.abs().max()):.3g}."
            )
        with torch.no_grad():
            level = None if sigma is None else sigma.to(device, torch.float32)
            return denoise(network, images, level)

    def _reach(self):
        if isinstance(self.network_, OwnNetwork):  # it may look anywhere
            return None
        return reach(self.network_, n_channels(self.image_shape_)), self.network_.multiple

    def _bytes_per_pixel(self, channels):
        return bytes_per_pixel(self.network_, channels)

    def _jacobian_products(self, images, sigma):
        device = resolve_device(self._machine().device)
        return lambda dtype: network_products(
            self.network_, denoise, images, sigma=sigma, dtype=dtype, device=device
        )
