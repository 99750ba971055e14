"""The residual network: its shapes, its borders, its Jacobian."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from gahb_sk import NetworkDenoiser
from gahb_sk.denoisers import ModuleDenoiser
from gahb_sk.networks import ResidualUNet, denoise

PADDINGS = ("zeros", "replicate", "reflect")
SMALL = {"channels": (12, 16), "n_units": (2, 1), "unshuffle": 2}


def generator(seed):
    return torch.Generator().manual_seed(seed)


def small(padding, seed=0, image_channels=1):
    return (
        ResidualUNet(padding=padding, **SMALL)
        .build(image_channels, generator=generator(seed))
        .eval()
    )


def test_weights_of_the_network_for_photographs():
    """1.07 million, and a hundred thousand multiplications per pixel of a grey image."""
    network = ResidualUNet((64, 96, 128), n_units=(2, 1, 1), unshuffle=2).build()
    assert sum(p.numel() for p in network.parameters()) == 1_073_664
    assert network.multiple == 8


def test_a_number_of_channels_means_what_it_meant():
    """Names and values of the weights, without the later parameters and with their defaults."""
    network = ResidualUNet(8, 3).build(generator=generator(0))
    spelled_out = ResidualUNet((8, 24, 48, 96), n_units=(1, 1, 1, 1), unshuffle=1)
    spelled_out = spelled_out.build(generator=generator(0))
    assert sum(p.numel() for p in network.parameters()) == 319_632
    assert "encoder.0.branch.0.weight" in network.state_dict()
    for (name, a), (other, b) in zip(
        network.state_dict().items(), spelled_out.state_dict().items(), strict=True
    ):
        assert name == other and torch.equal(a, b)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("image_channels", [1, 3])
def test_homogeneous_for_any_size(padding, image_channels, global_random_seed):
    network = small(padding, global_random_seed, image_channels)
    x = torch.randn(2, image_channels, 21, 34, generator=generator(1))
    with torch.no_grad():
        out = denoise(network, x)
        assert out.shape == x.shape
        assert_allclose(denoise(network, 3.5 * x), 3.5 * out, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("padding", PADDINGS)
def test_only_zeros_beyond_the_border_tell_a_position(padding):
    """At one scale, all cells of a constant image have the same output."""
    network = ResidualUNet((12,), n_units=2, unshuffle=2, padding=padding)
    network = network.build(generator=generator(0))
    with torch.no_grad():
        noise = network(torch.full((1, 1, 16, 16), 0.7))
    cells = torch.nn.functional.pixel_unshuffle(noise, 2)[0]
    assert bool(cells.var(dim=(1, 2)).max() < 1e-10) is (padding != "zeros")


@pytest.mark.parametrize("padding", PADDINGS)
def test_shifted_images_have_shifted_outputs_away_from_the_border(padding):
    network = small(padding).double()
    image = torch.randn(1, 1, 128, 128, generator=generator(2), dtype=torch.float64)
    with torch.no_grad():
        whole, part = denoise(network, image), denoise(network, image[..., 16:112, 16:112])
    reach = 36
    assert_allclose(
        part[..., reach:-reach, reach:-reach],
        whole[..., 16 + reach : 112 - reach, 16 + reach : 112 - reach],
        atol=1e-12,
    )


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("size", [(12, 19), (5, 6), (8, 8), (13, 6)])
def test_jacobian_is_that_of_differences(padding, size, rng, global_random_seed):
    """Exact products agree with differences, are adjoint, and give f(y) = J(y) y."""
    network = small(padding, global_random_seed)
    denoiser = NetworkDenoiser(ResidualUNet(padding=padding, **SMALL), max_images=2)
    denoiser.fit(rng.standard_normal((2, 16, 16)))
    denoiser.network_.load_state_dict(network.state_dict())
    image, vector, other = rng.standard_normal((3, *size))
    operator, v, w = denoiser.linearize(image), vector.ravel(), other.ravel()
    double = small(padding, global_random_seed).double()

    def apply(x):
        with torch.no_grad():
            return denoise(double, torch.from_numpy(x)[None, None]).numpy().ravel()

    h = 1e-7
    slope = (apply(image + h * vector) - apply(image - h * vector)) / (2 * h)
    assert_allclose(operator @ v, slope, atol=1e-5)
    assert_allclose(operator @ image.ravel(), apply(image), atol=1e-12)
    assert_allclose(w @ (operator @ v), operator.rmatvec(w) @ v)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("size", [(5, 6), (8, 8), (13, 5)])
def test_a_convolution_is_its_own_jacobian(padding, size, rng):
    """With as many channels as here, in double precision, by minimal filtering."""
    layer = torch.nn.Conv2d(12, 12, 3, padding=1, bias=False, padding_mode=padding).double()
    x, y = rng.standard_normal((2, 12, *size))
    operator = ModuleDenoiser(layer).linearize(x)
    images = torch.from_numpy(np.stack([x, y])).requires_grad_()
    out = layer(images)
    backward = torch.autograd.grad(out, images, images.detach())[0]
    for k, vector in enumerate((x, y)):
        assert_allclose(operator @ vector.ravel(), out[k].detach().ravel(), atol=1e-12)
        assert_allclose(operator.rmatvec(vector.ravel()), backward[k].ravel(), atol=1e-12)


def test_one_number_of_units_per_scale():
    one, each = (ResidualUNet(4, 2, n_units=n).build().state_dict() for n in (2, (2, 2, 2)))
    assert one.keys() == each.keys()
    with pytest.raises(ValueError, match=r"n_units: expected one number, or one per scale \(3\)"):
        ResidualUNet(4, 2, n_units=(1, 2)).build()


def test_saved_and_loaded_with_its_shape(tmp_path, rng):
    X = rng.standard_normal((4, 16, 16)).astype("float32")
    shape = ResidualUNet(padding="replicate", **SMALL)
    denoiser = NetworkDenoiser(shape, max_images=8, random_state=0).fit(X)
    denoiser.save(tmp_path)
    again = NetworkDenoiser.load(tmp_path)
    assert again.network.get_params() == shape.get_params()
    np.testing.assert_array_equal(again.transform(X), denoiser.transform(X))
