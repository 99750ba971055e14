"""Nothing changes its device in silence: on a pretended GPU, and on a real one if there is."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from gahb_sk import NetworkDenoiser, load_pretrained
from gahb_sk.analysis import eigenbasis
from gahb_sk.denoisers import ModuleDenoiser
from gahb_sk.networks import BiasFreeCNN, ResidualUNet, UNet
from gahb_sk.sampling import ScoreSampler
from tests.device_mode import DeviceError, pretended_gpu
from tests.instances import make_denoiser, smooth_images

gpu = pytest.mark.gpu
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def on_gpu():
    return load_pretrained("c-alpha-2").set_params(machine={"device": "cuda"})


def test_the_mode_sees_what_a_gpu_would_refuse():
    with pretended_gpu() as mode:
        there = torch.ones(3).to("cuda")
        assert (2 * there).device.type == "cuda" and mode.copies_back == 0
        with pytest.raises(DeviceError, match="meet others"):
            there + torch.ones(3)
        with pytest.raises(DeviceError, match="cpu()"):
            there.numpy()
        assert there.cpu().device.type == "cpu" and mode.copies_back == 1
        with pytest.raises(DeviceError, match="before it is there"):
            there.to("cpu", non_blocking=True)
        torch.ones(3).to("cuda", non_blocking=True)
        assert mode.waits == 1
        torch.ones(3).pin_memory().to("cuda", non_blocking=True)
        assert mode.waits == 1


def test_the_mode_sees_kernels_of_backward_passes():
    class Careless(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, grad):
            return grad * torch.full((3,), 2.0)

    with pretended_gpu():
        there = torch.ones(3).to("cuda").requires_grad_()
        right = (there * there).sum()
        right.backward()
        assert there.grad.device.type == "cuda"
        with pytest.raises(DeviceError, match="aten.mul"):
            Careless.apply(there).sum().backward()


def test_a_hook_that_makes_a_tensor_on_the_cpu_is_caught():
    class Careless(torch.nn.Module):
        def forward(self, x):
            return x * torch.ones(x.shape[-1])

    network = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1), Careless())
    with pretended_gpu():
        there = network.to("cuda")
        with pytest.raises(DeviceError, match="meet others"):
            ModuleDenoiser(there).transform(smooth_images(1))


def test_denoising_stays_on_its_device():
    X = smooth_images(3)
    expected = load_pretrained("c-alpha-2").fit(X).transform(X)
    with pretended_gpu() as mode:
        found = on_gpu().fit(X).transform(X)
        assert mode.copies_back <= 2  # once per chunk, not per layer
    assert_allclose(found, expected, atol=1e-5)


def test_jacobians_stay_on_their_device():
    image = smooth_images(1)[0]
    expected = eigenbasis(load_pretrained("c-alpha-2").fit(image[None]), image, 3, method="lanczos")
    with pretended_gpu():
        found = eigenbasis(on_gpu().fit(image[None]), image, 3, method="lanczos")
    assert_allclose(found.values, expected.values, rtol=1e-4)


def test_sampling_stays_on_its_device():
    with pretended_gpu():
        sampler = ScoreSampler(on_gpu().fit(smooth_images(1)), random_state=0)
        assert np.isfinite(sampler.sample(2).images).all()


@pytest.mark.parametrize("precision", ["32", "bf16-mixed", "16-mixed"])
def test_training_stays_on_its_device_and_waits_for_no_copy(precision):
    X = smooth_images(8)
    machine = {"precision": precision}
    expected = make_denoiser("NetworkDenoiser").set_params(machine=machine).fit(X).transform(X)
    with pretended_gpu() as mode:
        machine["device"] = "cuda"
        trained = make_denoiser("NetworkDenoiser").set_params(machine=machine).fit(X)
        found = trained.transform(X)
    assert mode.waits == 0  # batches come from pinned memory
    assert isinstance(trained, NetworkDenoiser)
    assert_allclose(found, expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:aten..var")
@pytest.mark.parametrize(
    "architecture",
    [
        ResidualUNet(channels=(4, 4), n_units=(1, 1)),
        UNet(channels=4, n_blocks=1),
        BiasFreeCNN(4, 3),
    ],
    ids=["ResidualUNet", "UNet", "BiasFreeCNN"],
)
def test_compiled_networks_make_no_tensor_elsewhere(architecture):
    """On the meta device tensors have no values: there torch traces, and code is not generated."""
    network = architecture.build(1).to("meta").train()
    compiled = torch.compile(network, backend="aot_eager", fullgraph=True)
    compiled(torch.empty(2, 1, 16, 16, device="meta")).square().mean().backward()
    assert {parameter.grad.device.type for parameter in network.parameters()} == {"meta"}


@gpu
@needs_gpu
@pytest.mark.parametrize("precision", ["32", "bf16-mixed", "16-mixed"])
def test_a_real_gpu_trains_as_the_cpu_does(precision):
    X = smooth_images(16)
    there = make_denoiser("NetworkDenoiser")
    there.set_params(machine={"device": "cuda", "precision": precision}).fit(X)
    here = make_denoiser("NetworkDenoiser").set_params(machine={"device": "cpu"}).fit(X)
    assert there.score(X) > here.score(X) - 1


@gpu
@needs_gpu
def test_a_real_gpu_denoises_as_the_cpu_does():
    X = smooth_images(4)
    here = load_pretrained("c-alpha-2").set_params(machine={"device": "cpu"}).fit(X)
    assert_allclose(on_gpu().fit(X).transform(X), here.transform(X), atol=1e-3)
    J, K = (denoiser.linearize(X[0]) for denoiser in (on_gpu().fit(X), here))
    probe = np.random.RandomState(0).randn(X[0].size)
    assert_allclose(J @ probe, K @ probe, atol=1e-6)
    assert_allclose(J.T @ probe, K.T @ probe, atol=1e-6)
