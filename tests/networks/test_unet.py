import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from gahb_sk.networks import BiasFreeNorm, UNet


def generator(seed):
    return torch.Generator().manual_seed(seed)


def test_parameter_count_of_the_paper():
    """Paper.md, section 4: 7,659,264 parameters with 64 channels and 3 blocks."""
    assert sum(p.numel() for p in UNet(64, 3).build().parameters()) == 7_659_264


def test_names_of_the_published_checkpoints():
    state = UNet(64, 3).build().state_dict()
    assert state["encoder.0.0.weight"].shape == (64, 1, 3, 3)
    assert state["encoder.0.3.running_sd"].shape == (1, 64, 1, 1)
    assert state["encoder.2.4.gammas"].shape == (1, 256, 1, 1)
    assert state["mid_block.3.weight"].shape == (512, 512, 3, 3)
    assert state["upsample.2.weight"].shape == (512, 256, 2, 2)
    assert state["decoder.2.0.weight"].shape == (256, 512, 3, 3)
    assert state["decoder.0.3.weight"].shape == (1, 64, 3, 3)
    assert not [name for name in state if "bias" in name]


@pytest.mark.parametrize("n_blocks", [1, 2, 3, 4])
@pytest.mark.parametrize("image_channels", [1, 3])
def test_shapes_and_homogeneity(n_blocks, image_channels, global_random_seed):
    network = (
        UNet(4, n_blocks).build(image_channels, generator=generator(global_random_seed)).eval()
    )
    x = torch.randn(2, image_channels, 32, 16, generator=generator(0))
    with torch.no_grad():
        out = network(x)
        assert out.shape == x.shape
        assert_allclose(network(3.5 * x), 3.5 * out, rtol=1e-4, atol=1e-5)
        assert not network(torch.zeros_like(x)).any()


def test_same_generator_same_weights(global_random_seed):
    before = torch.get_rng_state()
    first, second = (UNet(4, 1).build(generator=generator(global_random_seed)) for _ in range(2))
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(torch.get_rng_state(), before)


def test_norm_divides_by_the_standard_deviation(global_random_seed):
    norm = BiasFreeNorm(3)
    x = 2.5 * torch.randn(50, 3, 9, 9, generator=generator(global_random_seed)) + 1
    out = norm(x)
    assert_allclose(out.detach().std(dim=(0, 2, 3)), np.ones(3), atol=1e-3)
    # The mean is kept: the layer has no bias.
    assert_allclose(
        out.detach().mean(dim=(0, 2, 3)), x.mean((0, 2, 3)) / x.std((0, 2, 3)), rtol=1e-3
    )
    expected = 0.9 + 0.1 * x.var(dim=(0, 2, 3), unbiased=False).sqrt()
    assert_allclose(norm.running_sd.flatten(), expected, rtol=1e-4)
    norm.eval()
    assert_allclose(norm(x).detach(), x / norm.running_sd, rtol=1e-5)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_norm_and_its_gradient_are_those_of_the_definition(layout, global_random_seed):
    x = 2 * torch.randn(4, 5, 6, 7, generator=generator(global_random_seed)) + 0.7
    weights = torch.randn(x.shape, generator=generator(global_random_seed + 1))
    norm = BiasFreeNorm(5)
    with torch.no_grad():
        norm.gammas.copy_(torch.linspace(0.5, 2, 5).view(1, 5, 1, 1))

    def defined(images):
        variance = images.var(dim=(0, 2, 3), unbiased=False, keepdim=True)
        return images / (variance + 1e-5).sqrt() * norm.gammas

    found = []
    for function in (defined, norm):
        images = x.clone(memory_format=layout).requires_grad_()
        norm.zero_grad()
        out = function(images)
        (out.square() * weights).mean().backward()
        found.append([t.detach().clone() for t in (out, images.grad, norm.gammas.grad)])
    for plain, fused in zip(*found, strict=True):
        assert_allclose(fused, plain, rtol=1e-3, atol=1e-5)
