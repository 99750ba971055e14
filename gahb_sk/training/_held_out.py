"""Held-out images: the mean PSNR at a few noise levels, with the same noise each time."""

import numpy as np
import torch

from gahb_sk._random import image_normals
from gahb_sk.networks._inference import denoise

_CHUNK = 64


class HeldOut:
    """Images kept out of the training, and the noise to measure with.

    Parameters
    ----------
    images : torch.Tensor of shape (n, C, H, W), float32
        Clean images on the CPU.
    sigmas : sequence of float
        Noise levels.
    root : numpy.random.SeedSequence
        Image k has the same noise, scaled, at each level and at each call.
    """

    def __init__(self, images, sigmas, root):
        self.images = images
        self.sigmas = [float(sigma) for sigma in sigmas]
        self.noise = image_normals(root, range(len(images)), tuple(images.shape[1:]), np.float32)

    @torch.no_grad()
    def psnr(self, network, engine):
        """Return the mean PSNR (data range 1) at each noise level, in decibels.

        Each process of the engine measures its share of the images.
        """
        was_training = network.training
        network.eval()
        share = engine.share(len(self.images))
        mine = range(share.start, share.stop, _CHUNK)
        values = []
        for sigma in self.sigmas:
            parts = [self._errors(network, sigma, k, min(k + _CHUNK, share.stop)) for k in mine]
            errors = engine.gather(torch.cat([self._none(network), *parts]), len(self.images))
            values.append(float(-10 * errors.clamp(min=1e-20).log10().mean()))
        network.train(was_training)
        return values

    def _errors(self, network, sigma, start, stop):
        device = next(network.parameters()).device
        clean = self.images[start:stop].to(device)
        noise = torch.from_numpy(self.noise[start:stop]).to(device)
        error = denoise(network, clean + sigma * noise, clean.new_full((len(clean),), sigma))
        return (error - clean).double().square().mean(dim=(1, 2, 3))

    def _none(self, network):
        device = next(network.parameters()).device
        return torch.empty(0, dtype=torch.float64, device=device)
