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
    def psnr(self, network):
        """Return the mean PSNR (data range 1) at each noise level, in decibels."""
        device = next(network.parameters()).device
        was_training = network.training
        network.eval()
        values = []
        for sigma in self.sigmas:
            errors = []
            for start in range(0, len(self.images), _CHUNK):
                clean = self.images[start : start + _CHUNK].to(device)
                noise = torch.from_numpy(self.noise[start : start + _CHUNK]).to(device)
                error = denoise(network, clean + sigma * noise) - clean
                errors.append(error.double().square().mean(dim=(1, 2, 3)).cpu())
            values.append(float(-10 * torch.cat(errors).clamp(min=1e-20).log10().mean()))
        network.train(was_training)
        return values
