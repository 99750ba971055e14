"""How the contract suite builds each denoiser: small and quick, everything else by default."""

import contextlib

import numpy as np
import pytest

from gahb_sk.denoisers import OracleShrinkage, WaveletShrinkage, all_denoisers
from gahb_sk.networks import UNet
from gahb_sk.testing import random_fields as smooth_images

__all__ = ["few_rivals", "halve_noise", "make_denoiser", "make_module", "smooth_images"]


class _HalveNoise:
    """A function denoiser for tests: a three-point mean along rows, blended by the noise level.

    An object and not a function, since its text names the tests and must not hold an address.
    """

    def __call__(self, image, sigma):
        mean = (np.roll(image, 1, -1) + image + np.roll(image, -1, -1)) / 3
        weight = sigma / (1 + sigma)
        return (1 - weight) * image + weight * mean

    def __repr__(self):
        return "halve_noise"


halve_noise = _HalveNoise()


def make_module():
    """A small bias-free torch module."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return torch.nn.Conv2d(1, 1, 3, padding=1, bias=False)


SETTINGS = {
    "CAlphaPosteriorMean": lambda: {
        "n_particles": 2,
        "n_moves": 1,
        "n_final": 1,
        "tolerance": np.inf,
    },
    "BM3DDenoiser": lambda: {"exact": False},
    "BandletShrinkage": lambda: {"n_shifts": 2, "largest": 8},
    "VarianceStabilized": lambda: {"denoiser": all_denoisers()["WaveletShrinkage"]()},
    "OpponentColors": lambda: {"denoiser": all_denoisers()["WaveletShrinkage"]()},
    "SelfEnsemble": lambda: {"denoiser": all_denoisers()["WaveletShrinkage"]()},
    "SureAverage": lambda: {
        "denoiser": all_denoisers()["WaveletShrinkage"](),
        "other": all_denoisers()["WienerDenoiser"](),
    },
    "Tiled": lambda: {"denoiser": all_denoisers()["WaveletShrinkage"](), "margin": 8},
    "NetworkDenoiser": lambda: {
        "network": UNet(channels=4, n_blocks=1),
        "max_epochs": 1,
        "recipe": {"batch_size": 4},
        "random_state": 0,
    },
    "PretrainedDenoiser": lambda: {"weights": "disks"},
    "FunctionDenoiser": lambda: {"func": halve_noise},
    "ModuleDenoiser": lambda: {"module": make_module()},
}


def make_denoiser(name, **parameters):
    """Return an unfitted instance of the denoiser of that name, in small."""
    cls = all_denoisers()[name]
    settings = SETTINGS.get(name, dict)()
    return cls(**{**settings, **parameters})


@contextlib.contextmanager
def few_rivals():
    """Let cards of trained networks be compared with wavelets alone: others take seconds."""
    from gahb_sk.reproduce import _rivals

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_rivals, "rivals", lambda exact=False: {"wavelets": WaveletShrinkage()})
        patch.setattr(_rivals, "oracles", lambda: {"oracle wavelets": OracleShrinkage()})
        yield
