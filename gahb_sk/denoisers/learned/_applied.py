"""Use of a trained network: chunks of bounded memory, devices, exact Jacobians."""

import copy

import numpy as np
import torch
from sklearn.utils import gen_batches
from sklearn.utils.metaestimators import available_if

from gahb_sk._arrays import n_channels
from gahb_sk.denoisers._torch_modules import NetworkModule
from gahb_sk.denoisers.learned._density import energies
from gahb_sk.jacobians._network import network_products
from gahb_sk.networks._build import OwnNetwork
from gahb_sk.networks._devices import on_device, resolve_device
from gahb_sk.networks._energy import EnergyModule
from gahb_sk.networks._inference import denoise
from gahb_sk.networks._reach import bytes_per_pixel, reach
from gahb_sk.training._machine import resolve_machine


def _is_density(denoiser):
    if isinstance(denoiser.network_, EnergyModule):
        return True
    raise AttributeError(
        f"{type(denoiser).__name__} has a density of its own only if its network is an energy, "
        'such as NetworkDenoiser("energy"). gahb_sk.sampling.score_samples takes any denoiser.'
    )


class AppliedNetwork:
    """Hooks of denoisers with a trained ``network_`` and a parameter ``machine``."""

    kind = "learned"
    _backend = "torch"
    _fixed = "channels"

    def _is_gradient(self):
        return isinstance(self.network_, EnergyModule)

    @available_if(_is_density)
    def score_samples(self, X, sigma=None):
        """Log density of each noisy image at its noise level, in nats.

        Only networks that are gradients of energies have it. The normalising constants are
        estimated in ``fit``, from clean training images; see ``normalization_`` for their errors.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack
            Noisy images, of the shape of those seen in the training.
        sigma : float or array-like of shape (n,), default=None
            Noise level. None: estimated for each image.

        Returns
        -------
        log_density : ndarray of shape (n,)

        Raises
        ------
        ValueError
            If the images have another shape, or a level is outside of the training's noise range.
        """
        images = self._check_images(X)
        constants = self._constants(images.image_shape)
        level = self._check_level(sigma, len(images))
        if level is None:
            level = np.concatenate([self._estimate_sigma(part) for _, part in images.chunks(64)])
        log_z = constants.log_z(level)
        device = resolve_device(self._machine().device)
        network, out = on_device(self.network_, device), np.empty(len(images))
        for index in gen_batches(len(images), self._chunk_length(images.shape)):
            noisy = images.tensor(index).to(device, torch.float32)
            at = torch.from_numpy(level[index]).to(noisy)
            out[index] = -energies(network, noisy, at).numpy() / level[index] ** 2 - log_z[index]
        return out

    def _constants(self, image_shape):
        constants, trained = getattr(self, "normalization_", None), self._shape_of_training()
        if constants is None:
            raise ValueError(
                "normalization_: expected constants estimated from clean images, got None. Train "
                "with the recipe's objective='supervised'."
            )
        if tuple(image_shape) != tuple(trained):
            raise ValueError(
                f"X: expected images of the shape of the training, {tuple(trained)}, for which the "
                f"density is normalised, got {tuple(image_shape)}."
            )
        return constants

    def _shape_of_training(self):
        return self.image_shape_

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

    def _as_module(self):
        return NetworkModule(copy.deepcopy(self.network_))

    def _jacobian_products(self, images, sigma):
        device = resolve_device(self._machine().device)
        return lambda dtype: network_products(
            self.network_, denoise, images, sigma=sigma, dtype=dtype, device=device
        )
