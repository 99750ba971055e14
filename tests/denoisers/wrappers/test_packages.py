"""Networks of real packages, where they are installed: recognised, and right by their own word."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from gahb_sk.denoisers import PretrainedDenoiser, as_denoiser
from gahb_sk.networks import Convention

# Packages warn of what they will change.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def fixed_weights():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def small_unet(diffusers, channels=1):
    return diffusers.UNet2DModel(
        sample_size=16,
        in_channels=channels,
        out_channels=channels,
        layers_per_block=1,
        block_out_channels=(8, 16),
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    ).eval()


@pytest.mark.parametrize("name", ["DRUNet", "DnCNN"])
def test_deepinv(name, rng):
    deepinv = pytest.importorskip("deepinv")
    sizes = {"DRUNet": {"nc": (4, 4, 8, 8), "nb": 1}, "DnCNN": {"depth": 4, "nf": 8}}[name]
    model = getattr(deepinv.models, name)(1, 1, pretrained=None, **sizes).eval()
    denoiser, y = as_denoiser(model), torch.rand(2, 1, 16, 16)
    assert denoiser.blind is (name == "DnCNN")
    with torch.no_grad():
        expected = model(y, torch.tensor([0.1, 0.3]))
    assert_allclose(denoiser.denoise(y, [0.1, 0.3]), expected, atol=1e-6)
    assert denoiser.linearize(y[0, 0].numpy(), 0.1).step is None


def test_plug_and_play_of_deepinv_runs_our_network(rng):
    """It gives what the same network gives, wrapped by hand."""
    deepinv = pytest.importorskip("deepinv")
    ours = PretrainedDenoiser("disks")

    class ByHand(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = ours.network_

        def forward(self, y, sigma):
            return y - self.network(y)

    mask = (torch.rand(1, 1, 16, 16) > 0.3).float()
    physics = deepinv.physics.Inpainting((1, 16, 16), mask=mask)
    measured = physics(torch.rand(1, 1, 16, 16))

    def restored(denoiser):
        model = deepinv.optim.optim_builder(
            iteration="PGD",
            prior=deepinv.optim.PnP(denoiser=denoiser),
            data_fidelity=deepinv.optim.L2(),
            max_iter=5,
            params_algo={"stepsize": 1.0, "g_param": 0.1},
        )
        with torch.no_grad():
            return model(measured, physics)

    assert_allclose(restored(ours.as_module()), restored(ByHand()), atol=1e-6)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_diffusers(prediction, rng):
    """At the levels of the table, the clean image that the scheduler itself reads off."""
    diffusers = pytest.importorskip("diffusers")
    unet = small_unet(diffusers)
    scheduler = diffusers.DDIMScheduler(prediction_type=prediction, clip_sample=False)
    denoiser = as_denoiser(diffusers.DDPMPipeline(unet=unet, scheduler=scheduler))
    y = torch.rand(1, 1, 16, 16)
    for time in (3, 250):
        alpha_bar = scheduler.alphas_cumprod[time]
        level = ((1 - alpha_bar) / alpha_bar).sqrt()
        noisy = alpha_bar.sqrt() * (2 * y - 1)
        with torch.no_grad():
            out = unet(noisy, time).sample
        scheduler.set_timesteps(1000)
        clean = scheduler.step(out, time, noisy).pred_original_sample
        found = denoiser.denoise(y, float(level) / 2)
        assert_allclose(found, (clean + 1) / 2, rtol=1e-4, atol=1e-4)


def test_a_unet_of_diffusers_needs_its_scheduler():
    diffusers = pytest.importorskip("diffusers")
    unet = small_unet(diffusers, channels=3)
    with pytest.raises(ValueError, match="Pass convention=Convention.from_scheduler"):
        as_denoiser(unet).denoise(np.ones((1, 16, 16)), 0.1)
    convention = Convention.from_scheduler(diffusers.DDPMScheduler())
    denoiser = as_denoiser(unet, convention=convention)
    assert denoiser.denoise(np.ones((1, 9, 12)), 0.1).shape == (1, 9, 12)  # grey, odd
    assert denoiser.denoise(np.ones((1, 3, 16, 16)), 0.1).shape == (1, 3, 16, 16)


@pytest.mark.parametrize("schedule", ["VESchedule", "VPSchedule", "CosineSchedule"])
def test_azula(schedule, rng):
    """Its own Gaussian denoiser is the posterior mean, whatever its schedule."""
    denoise = pytest.importorskip("azula.denoise")
    from azula import noise
    from azula.linalg.covariance import DiagonalCovariance

    variances = rng.uniform(0.1, 2, (4, 4))
    law = torch.zeros(1, 4, 4).double(), DiagonalCovariance(torch.from_numpy(variances[None]))
    ours = as_denoiser(denoise.GaussianDenoiser(*law, getattr(noise, schedule)()))
    for sigma in (0.05, 0.1, 0.4):  # it takes one time for all images
        y = rng.randn(1, 4, 4)
        shrunk = variances / (variances + (2 * sigma) ** 2) * (2 * y - 1)
        assert_allclose(ours.denoise(y, sigma), (shrunk + 1) / 2, atol=1e-5)


def test_azula_around_a_network(rng):
    denoise = pytest.importorskip("azula.denoise")
    from azula.noise import VPSchedule

    class Backbone(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x, t):
            return torch.tanh(self.layer(x)) * t.view(-1, 1, 1, 1)

    model = denoise.KarrasDenoiser(Backbone(), VPSchedule()).eval()
    ours = as_denoiser(model)
    by_hand = as_denoiser(
        model.backbone, convention=Convention("edm", (-1, 1), "log_sigma", scaled=True)
    )
    y = rng.rand(2, 6, 6)
    assert_allclose(ours.denoise(y, [0.1, 0.7]), by_hand.denoise(y, [0.1, 0.7]), atol=1e-5)
