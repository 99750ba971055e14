"""Six denoisers of other people, from their packages or made here, through everything at once."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from gahb_sk import ScoreSampler, compare_denoisers
from gahb_sk.denoisers import as_denoiser, from_published
from gahb_sk.experiments import audit
from gahb_sk.networks import Convention
from tests.instances import smooth_images

# Packages warn of what they will change, and random weights denoise badly.
pytestmark = pytest.mark.filterwarnings("ignore")


class Raw(nn.Module):
    """A raw network of EDM: it sees scaled images and log(sigma) / 4."""

    def __init__(self):
        super().__init__()
        self.layer, self.embed = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(1, 4)
        self.last = nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, x, noise):
        return self.last(
            nn.functional.silu(self.layer(x) + self.embed(noise[:, None])[..., None, None])
        )


def deepinv_drunet(folder):
    deepinv = pytest.importorskip("deepinv")
    return deepinv.models.DRUNet(1, 1, nc=(4, 4, 8, 8), nb=1, pretrained=None)


def diffusers_unet(folder):
    diffusers = pytest.importorskip("diffusers")
    unet = diffusers.UNet2DModel(
        in_channels=1,
        out_channels=1,
        layers_per_block=1,
        block_out_channels=(8, 8),
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    )
    return diffusers.DDPMPipeline(unet=unet, scheduler=diffusers.DDPMScheduler())


def edm(folder):
    convention = Convention("edm", (-1, 1), "quarter_log_sigma", scaled=True, sigma_data=0.5)
    return as_denoiser(Raw(), convention=convention)


def kair_dncnn(folder):
    state = {}
    for number, (before, after) in {0: (1, 8), 2: (8, 8), 4: (8, 1)}.items():
        layer = nn.Conv2d(before, after, 3, padding=1)
        state.update({f"model.{number}.{name}": one for name, one in layer.state_dict().items()})
    torch.save(state, folder / "dncnn.pth")
    return from_published(folder / "dncnn.pth")


def scikit_image_function(folder):
    restoration = pytest.importorskip("skimage.restoration")
    return partial(restoration.denoise_tv_chambolle, weight=0.1)


def bare_module(folder):
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1))


MAKERS = [deepinv_drunet, diffusers_unet, edm, kair_dncnn, scikit_image_function, bare_module]


@pytest.mark.parametrize("maker", MAKERS)
def test_compared_audited_sampled_and_linearised(maker, tmp_path, rng):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.randint(2**31)))
        foreign = maker(tmp_path)
    X = smooth_images(4)
    denoiser = as_denoiser(foreign).fit(X)

    table = compare_denoisers({"foreign": foreign}, X, [0.1, 0.3], cv=2)
    assert table.n_rows == 4 and np.isfinite(table["psnr"]).all()

    found = audit(foreign, X[:2], sigma=[0.1], sections=["bayes"], quick=True)
    assert len(found.verdicts()["grade"]) > 0

    few = {"n_steps": 8, "max_steps": 12, "beta": 0.5, "sigma_end": 0.3}
    sampler = ScoreSampler(denoiser, **few, on_divergence="nan", random_state=0)
    assert sampler.sample(2).images.shape == (2, *X.shape[1:])

    J, v = denoiser.linearize(X[0], 0.1), rng.standard_normal(X[0].size)
    assert J.step is None or maker is scikit_image_function
    if J.step is None:
        moved = (X[0] + sign * 1e-3 * v.reshape(X[0].shape) for sign in (1, -1))
        high, low = (denoiser.denoise(one[None], 0.1).ravel() for one in moved)
        away = (high - low) / 2e-3 - J @ v
        assert np.linalg.norm(away) < 0.05 * np.linalg.norm(J @ v)
