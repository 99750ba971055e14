"""Noise with colours of half the resolution: what it keeps, and what it changes."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from gahb_sk.denoisers import NetworkDenoiser
from gahb_sk.networks import UNet

N = 64


class Witness(torch.nn.Module):
    """A network that keeps what it is shown in training."""

    seen = ()

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, noisy):
        if len(noisy) == N:
            Witness.seen = noisy.detach().numpy().copy()
        return self.weight * noisy


def noise(kind, channels=3):
    """What a training adds to black images."""
    denoiser = NetworkDenoiser(
        Witness(),
        noise_range=(1.0, 1.0),
        max_images=N,
        recipe={"noise": kind, "batch_size": N, "loss_weight": "equal"},
        random_state=0,
    )
    denoiser.fit(np.zeros((N, channels, 32, 31), np.float32))
    return Witness.seen


def test_every_other_image_keeps_white_noise_and_all_keep_the_luminance():
    before, after = noise("white"), noise("subsampled_colors")
    assert before.std() == pytest.approx(1, abs=0.01)
    assert_allclose(after[1::2], before[1::2])
    assert_allclose(after.sum(axis=1), before.sum(axis=1), atol=1e-5)
    assert (np.abs(after - before)[0::2].reshape(N // 2, -1).max(axis=1) > 0.5).all()


def test_its_colors_are_of_half_the_resolution():
    """Means over squares have half the deviation, and interpolation lowers it; neighbours agree."""
    after = noise("subsampled_colors")[::2]
    color = (after[:, 0] - after[:, 2]) / np.sqrt(2)
    assert 0.3 < color.std() < 0.5
    assert np.mean(color[:, :, 1:] * color[:, :, :-1]) / color.var() > 0.5


def test_grey_images_have_no_colors():
    network = UNet(channels=4, n_blocks=1)
    denoiser = NetworkDenoiser(network, max_epochs=1, recipe={"noise": "subsampled_colors"})
    with pytest.raises(ValueError, match="three channels, got 1. Use 'white'"):
        denoiser.fit(np.zeros((4, 8, 8)))
