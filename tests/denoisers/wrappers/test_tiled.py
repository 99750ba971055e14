"""Tiled: tiles give what the whole image gives."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from gahb_sk.denoisers import (
    BaseDenoiser,
    BM3DDenoiser,
    NonLocalMeansDenoiser,
    OracleShrinkage,
    Tiled,
    TotalVariationDenoiser,
    WaveletShrinkage,
)
from gahb_sk.networks import (
    BiasFreeCNN,
    ResidualUNet,
    UNet,
    bytes_per_pixel,
    denoise,
    reach,
)


def noisy_image(shape, seed=0):
    rng = np.random.default_rng(seed)
    clean = np.cumsum(np.cumsum(rng.standard_normal(shape), -1), -2)
    return clean / np.abs(clean).max() + 0.1 * rng.standard_normal(shape)


def replicate(network):
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d) and module.padding != (0, 0):
            module.padding_mode = "replicate"
    return network


def network(cls, seed=0, **parameters):
    """Random weights, and norms that are not 1."""
    generator = torch.Generator().manual_seed(seed)
    built = cls(**parameters).build(generator=generator)
    for name, buffer in built.named_buffers():
        if name.endswith("running_sd"):
            buffer.uniform_(0.2, 0.4, generator=generator)
    return built.eval()


ARCHITECTURES = {
    "cnn": lambda: network(BiasFreeCNN, channels=4, depth=6),
    "unet 1": lambda: network(UNet, channels=4, n_blocks=1),
    "unet 3": lambda: network(UNet, channels=2, n_blocks=3),
    "residual 2": lambda: network(ResidualUNet, channels=4, n_blocks=2),
    "smooth": lambda: network(ResidualUNet, channels=4, n_blocks=1, activation="smooth"),
}
every_network = pytest.mark.parametrize("name", ARCHITECTURES)
every_padding = pytest.mark.parametrize("pad", [lambda n: n, replicate], ids=["zeros", "replicate"])


def test_the_reach_of_a_chain_of_convolutions_is_its_depth():
    assert reach(network(BiasFreeCNN, channels=3, depth=7), 1) == 7
    assert reach(network(BiasFreeCNN, channels=3, depth=40), 1) == 40


@every_network
@every_padding
def test_nothing_beyond_the_reach_matters_and_something_at_its_end_does(name, pad):
    net = pad(ARCHITECTURES[name]())
    multiple, pixels = net.multiple, reach(net, 1)
    n = -(-2 * (pixels + 4) // multiple) * multiple + multiple
    start = n // 2 // multiple * multiple
    image = torch.rand(1, 1, 16, n, dtype=torch.float64, requires_grad=True)
    net.double()(image)[..., start : start + multiple].square().sum().backward()
    seen = torch.nonzero(image.grad.abs().sum(dim=(0, 1, 2))).flatten()
    assert int(seen[0]) >= start - pixels and int(seen[-1]) < start + multiple + pixels
    assert pixels == max(start - int(seen[0]), int(seen[-1]) - start - multiple + 1)


def denoiser_of(net):
    """A denoiser that runs a network of the library as estimators of it do."""

    class Fixed(BaseDenoiser):
        kind, blind, _backend, image_shape = "learned", True, "torch", None

        def _denoise(self, noisy, sigma, clean=None):
            with torch.no_grad():
                return denoise(net.to(noisy.dtype), noisy)

        def _reach(self):
            return reach(net, 1), net.multiple

        def _bytes_per_pixel(self, channels):
            return bytes_per_pixel(net, channels)

    return Fixed()


@every_network
@every_padding
@pytest.mark.parametrize("shape", [(97, 131), (160, 8), (1, 200), (128, 128)])
def test_tiles_of_a_network_are_the_whole_image(name, pad, shape):
    denoiser = denoiser_of(pad(ARCHITECTURES[name]()))
    noisy = noisy_image((2, *shape)).astype(np.float32)
    whole = denoiser.denoise(noisy)
    for tile in (1, 40):
        if tile == 40 or min(shape) == 1:
            assert_allclose(Tiled(denoiser, tile=tile).denoise(noisy), whole, atol=1e-5)


@pytest.mark.parametrize("shape", [(97, 131), (160, 8)])
def test_tiles_of_the_shape_for_photographs_are_the_whole_image(shape):
    net = network(ResidualUNet, channels=(6, 8), n_units=(2, 1), unshuffle=2)
    denoiser = denoiser_of(net)
    noisy = noisy_image((2, *shape)).astype(np.float32)
    assert_allclose(Tiled(denoiser, tile=24).denoise(noisy), denoiser.denoise(noisy), atol=1e-5)


@pytest.mark.parametrize("n_scales", [1, 3])
@pytest.mark.parametrize("wavelet", ["haar", "sym4"])
@pytest.mark.parametrize("n_shifts", [1, 4])
def test_tiles_of_wavelets_with_a_fixed_threshold_are_the_whole_image(n_scales, wavelet, n_shifts):
    denoiser = WaveletShrinkage(
        wavelet=wavelet, n_scales=n_scales, threshold=2.0, n_shifts=n_shifts, sigma=0.1
    )
    noisy = noisy_image((1, 201, 330))
    tiled = Tiled(denoiser, tile=48).denoise(noisy)
    assert_allclose(tiled, denoiser.denoise(noisy), atol=1e-8)


def test_tiles_of_non_local_means_are_the_whole_image():
    noisy = noisy_image((1, 61, 50))
    denoiser = NonLocalMeansDenoiser()
    tiled = Tiled(denoiser, tile=20).denoise(noisy, sigma=0.1)
    assert_allclose(tiled, denoiser.denoise(noisy, sigma=0.1), atol=1e-5)


@pytest.mark.parametrize(
    "denoiser",
    [
        WaveletShrinkage(),
        WaveletShrinkage(n_scales=2),
        WaveletShrinkage(threshold=3.0),
        WaveletShrinkage(threshold=3.0, n_scales=2, wavelet="db6"),
        BM3DDenoiser(),
        TotalVariationDenoiser(),
    ],
)
def test_a_denoiser_that_sees_the_whole_image_is_refused(denoiser):
    noisy = noisy_image((1, 32, 32))
    with pytest.raises(ValueError, match="has no reach.*margin=64") as error:
        Tiled(denoiser).fit(noisy)
    assert ("n_scales, a number as" in str(error.value)) == isinstance(denoiser, WaveletShrinkage)
    assert Tiled(denoiser, margin=8, tile=16).fit(noisy).margin_ == 8


def test_an_oracle_is_refused():
    with pytest.raises(TypeError, match="oracle"):
        Tiled(OracleShrinkage()).fit(noisy_image((1, 16, 16)))


def test_the_level_is_estimated_from_the_whole_image():
    noisy = noisy_image((1, 96, 96))
    noisy[:, :, :48] *= 0.1
    denoiser = WaveletShrinkage(n_scales=1, threshold=2.0)
    assert_allclose(Tiled(denoiser, tile=24).denoise(noisy), denoiser.denoise(noisy), atol=1e-8)


def test_memory_decides_the_size_of_tiles():
    noisy = noisy_image((1, 96, 96))
    seen = []

    class Spy(WaveletShrinkage):
        def _denoise(self, noisy, sigma, clean=None):
            seen.append(noisy.shape[-2:])
            return super()._denoise(noisy, sigma)

        def _bytes_per_pixel(self, channels):
            return 100

    spy = Spy(n_scales=1, threshold=2.0, wavelet="haar")
    for memory in (10**6, 2 * 10**5, 10**5):
        seen.clear()
        Tiled(spy, max_memory=memory).denoise(noisy, sigma=0.1)
        assert max(h * w for h, w in seen) * 100 <= memory
    least = Tiled(spy).least_memory(noisy)
    assert least < Tiled(spy).least_memory(noisy, 10) < Tiled(spy).least_memory(noisy, 10**4)
    Tiled(spy, max_memory=least).denoise(noisy[..., :48, :48], sigma=0.1)
    with pytest.raises(ValueError, match=f"max_memory: expected at least {least}.*{least - 1}"):
        Tiled(spy, max_memory=least - 1).denoise(noisy, sigma=0.1)


def test_the_jacobian_is_that_of_the_whole_image():
    denoiser = WaveletShrinkage(n_scales=1, threshold=2.0, wavelet="haar", sigma=0.1)
    noisy = noisy_image((12, 12))
    V = np.random.default_rng(0).standard_normal((144, 3))
    tiled = Tiled(denoiser, tile=4).linearize(noisy)
    assert_allclose(tiled.matmat(V), denoiser.linearize(noisy).matmat(V))


@pytest.mark.slow
def test_large_images_take_bounded_memory():
    """Beyond the images themselves, a tile's budget: 6 times the pixels, the same memory."""
    import tracemalloc

    denoiser = Tiled(WaveletShrinkage(n_scales=2, threshold=3.0, sigma=0.1), max_memory=2**25)
    peaks = []
    for side in (512, 1254):
        noisy = noisy_image((1, side, side)).astype(np.float32)
        tracemalloc.start()
        denoiser.denoise(noisy)
        peaks.append(tracemalloc.get_traced_memory()[1] - noisy.nbytes)
        tracemalloc.stop()
    assert max(peaks) < 2**25 + 2**24
