import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import WaveletShrinkage, add_gaussian_noise, estimate_sigma
from gahb_sk.datasets import make_c_alpha_images, make_disk_images


@pytest.mark.parametrize("shape", [(4, 6, 5), (4, 3, 6, 5), (4, 30)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kinds_and_shapes(shape, dtype, global_random_seed):
    X = np.zeros(shape, dtype)
    noisy = add_gaussian_noise(X, 0.5, global_random_seed)
    assert noisy.shape == shape and noisy.dtype == dtype and not X.any()
    tensor = add_gaussian_noise(torch.from_numpy(X), 0.5, global_random_seed)
    assert_array_equal(tensor.numpy(), noisy)


def test_flat_rows_and_images_get_the_same_noise(global_random_seed):
    images = add_gaussian_noise(np.zeros((3, 4, 5)), 1.0, global_random_seed)
    flat = add_gaussian_noise(np.zeros((3, 20)), 1.0, global_random_seed)
    assert_array_equal(images.reshape(3, 20), flat)


def test_noise_of_an_image_does_not_depend_on_the_batch(global_random_seed):
    X = np.zeros((6, 4, 4))
    whole = add_gaussian_noise(X, 1.0, global_random_seed)
    piece = add_gaussian_noise(X[2:4], 1.0, global_random_seed, indices=range(2, 4))
    assert_array_equal(piece, whole[2:4])


def test_level_of_each_image(global_random_seed):
    sigma = np.array([0.0, 0.1, 1.0])
    noisy = add_gaussian_noise(np.zeros((3, 100, 100)), sigma, global_random_seed)
    assert_allclose(noisy.std(axis=(1, 2)), sigma, rtol=0.05)


def test_estimate_on_pure_noise(global_random_seed):
    sigma = np.array([0.05, 0.2, 0.7])
    noisy = add_gaussian_noise(np.full((3, 64, 64), 0.5), sigma, global_random_seed)
    # 1,024 diagonal details: the median absolute deviation has a standard error of about 4 %.
    assert_allclose(estimate_sigma(noisy), sigma, rtol=0.2)
    assert_allclose(estimate_sigma(torch.from_numpy(noisy)), estimate_sigma(noisy))


def test_estimate_is_unbiased_on_pure_noise(global_random_seed):
    """Choosing the smooth part does not choose small details."""
    noisy = add_gaussian_noise(np.zeros((100, 64, 64)), 0.1, global_random_seed)
    found = estimate_sigma(noisy)
    assert abs(found.mean() / 0.1 - 1) < 0.015  # of an image 3.5 %, of 100 images 0.35 %


def test_estimate_scales_with_the_images(global_random_seed):
    noisy = add_gaussian_noise(np.zeros((1, 32, 32)), 0.3, global_random_seed)
    assert_allclose(estimate_sigma(3 * noisy), 3 * estimate_sigma(noisy))
    assert_allclose(estimate_sigma(noisy + 7), estimate_sigma(noisy))


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.3])
def test_estimate_on_images_with_contours(sigma, global_random_seed):
    """The details of all of an image give 6 % too much at 0.02."""
    X = make_c_alpha_images(64, 64, alpha=2, random_state=global_random_seed)
    found = estimate_sigma(add_gaussian_noise(X, sigma, global_random_seed))
    assert abs(found.mean() / sigma - 1) < 0.035


def test_clipped_and_clean_images(global_random_seed):
    noisy = add_gaussian_noise(np.zeros((1, 64, 64)), 0.1, global_random_seed)
    noisy[:, :24] = 1.0
    assert_allclose(estimate_sigma(noisy), 0.1, rtol=0.2)
    assert_array_equal(estimate_sigma(make_disk_images(2, 64, random_state=0)), 0)
    assert_array_equal(estimate_sigma(np.ones((1, 64, 64))), 0)


@pytest.mark.parametrize("shape", [(2, 1, 1), (2, 1, 7), (2, 5, 1), (2, 3, 3, 3)])
def test_estimate_on_tiny_images(shape, rng):
    sigma = estimate_sigma(rng.rand(*shape))
    assert sigma.shape == (2,) and np.isfinite(sigma).all()


def test_bad_input():
    with pytest.raises(TypeError, match="uint8"):
        add_gaussian_noise(np.zeros((1, 2, 2), np.uint8), 0.1)
    with pytest.raises(ValueError, match="sigma"):
        add_gaussian_noise(np.zeros((1, 2, 2)), -0.1)
    with pytest.raises(ValueError, match="flat rows"):
        add_gaussian_noise(np.zeros(4), 0.1)
    with pytest.raises(ValueError, match="one index per image"):
        add_gaussian_noise(np.zeros((2, 2, 2)), 0.1, indices=[1])
    with pytest.raises(ValueError, match=r"\(n, H, W\)"):
        estimate_sigma(np.zeros((4, 4)))


@pytest.mark.parametrize(
    ("call", "sigma"), [("add", 25.0), ("score", 25.0), ("denoise", 25.0), ("denoise", 12.75)]
)
def test_bytes_are_asked_about(call, sigma, rng):
    """A noise level of 25 is typed for 25/255; in other units, and for real noise, it is right."""
    clean, denoiser = rng.random_sample((2, 16, 16)), WaveletShrinkage()
    noisy = {scale: scale * (clean + 0.1 * rng.standard_normal(clean.shape)) for scale in (1, 255)}
    ask = {
        "add": lambda scale: add_gaussian_noise(scale * clean, sigma, random_state=rng),
        "score": lambda scale: denoiser.score(scale * clean, sigma=sigma),
        "denoise": lambda scale: denoiser.transform(noisy[scale], sigma=sigma),
    }[call]
    with pytest.warns(UserWarning, match=f"did you mean {sigma:g}/255?") as caught:
        ask(1)
    assert caught[0].filename == __file__
    ask(255)  # a warning would be an error
    denoiser.transform(clean + sigma * rng.standard_normal(clean.shape), sigma=sigma)
