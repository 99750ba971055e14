import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone

from gahb_sk import (
    MSEScorer,
    PSNRScorer,
    SSIMScorer,
    WaveletShrinkage,
    add_gaussian_noise,
    estimate_sigma,
    metrics,
)
from gahb_sk.datasets import remove_near_duplicates, split_disjoint
from gahb_sk.metrics import cosine_similarity, input_psnr, mse, psnr, psnr_slope, ssim


@pytest.fixture
def pair(rng):
    clean = rng.rand(3, 24, 31)
    return clean, clean + 0.1 * rng.randn(3, 24, 31)


def test_psnr_of_white_noise_is_the_input_psnr(global_random_seed):
    clean = np.zeros((1, 500, 500))
    noisy = add_gaussian_noise(clean, 0.1, global_random_seed)
    assert_allclose(psnr(clean, noisy), input_psnr(0.1), atol=0.05)
    assert_allclose(psnr(clean, noisy, data_range=10.0), input_psnr(0.1) + 20, atol=0.05)


def test_equal_images_have_infinite_psnr(pair):
    assert np.isposinf(psnr(pair[0], pair[0])).all()


def test_torch_and_numpy_agree(pair):
    tensors = [torch.from_numpy(x) for x in pair]
    for metric in (mse, psnr, ssim, cosine_similarity):
        assert_allclose(metric(*tensors), metric(*pair))


def test_ssim_agrees_with_scikit_image(pair):
    structural_similarity = pytest.importorskip("skimage.metrics").structural_similarity
    expected = [
        structural_similarity(
            x, y, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        for x, y in zip(*pair, strict=True)
    ]
    assert_allclose(ssim(*pair), expected, rtol=1e-10)


def test_ssim_properties(pair):
    clean, noisy = pair
    assert_allclose(ssim(clean, clean), 1)
    assert_allclose(ssim(clean, noisy), ssim(noisy, clean))
    assert_allclose(ssim(255 * clean, 255 * noisy, data_range=255), ssim(clean, noisy))
    colour = np.repeat(clean[:, None], 3, axis=1), np.repeat(noisy[:, None], 3, axis=1)
    assert_allclose(ssim(*colour), ssim(clean, noisy))
    assert np.isfinite(ssim(clean[:, :1, :1], noisy[:, :1, :1])).all()


def test_slope_of_a_power_law(rng):
    sigmas = np.geomspace(0.02, 1, 7)
    for exponent in rng.uniform(0, 2, size=3):
        error = 0.1 * sigmas**exponent
        assert_allclose(psnr_slope(sigmas, -10 * np.log10(error)), exponent / 2)
    many = np.stack([input_psnr(sigmas), 0.5 * input_psnr(sigmas)])
    assert_allclose(psnr_slope(sigmas, many), [1, 0.5])


def test_cosine(rng):
    a = rng.rand(2, 3, 3)
    assert_allclose(cosine_similarity(a, -2 * a), -1)
    assert_allclose(cosine_similarity(a, a + 5, centered=True), 1)
    assert_allclose(cosine_similarity(a, np.zeros_like(a)), 0)


@pytest.mark.parametrize("data_range", [0, -1.0, np.nan, "1"])
def test_bad_data_range(pair, data_range):
    with pytest.raises(ValueError, match="data_range"):
        psnr(*pair, data_range=data_range)


def test_bad_arguments(pair):
    with pytest.raises(ValueError, match="same shape"):
        mse(pair[0], pair[1][:2])
    with pytest.raises(ValueError, match="two different"):
        psnr_slope([0.1], [30.0])
    with pytest.raises(ValueError, match="to match sigma"):
        psnr_slope([0.1, 0.2], [30.0, 20, 10])
    with pytest.raises(ValueError, match="stack of images"):
        ssim(np.zeros((2, 9)), np.zeros((2, 9)))


@pytest.mark.parametrize(
    ("scorer", "metric", "sign"),
    [(PSNRScorer, "psnr", 1), (SSIMScorer, "ssim", 1), (MSEScorer, "mse", -1)],
)
def test_scorers_are_means_over_levels(pair, scorer, metric, sign):
    clean = pair[0]
    denoiser = WaveletShrinkage().fit(clean)
    values = []
    for sigma in (0.05, 0.2):
        noisy = add_gaussian_noise(clean, sigma, 0)
        denoised = denoiser.transform(noisy, sigma=sigma)
        values.append(sign * getattr(metrics, metric)(clean, denoised).mean())
    several = clone(scorer(sigma=(0.05, 0.2)))
    assert_allclose(several(denoiser, clean), np.mean(values))
    assert_allclose(scorer()(denoiser, clean, sigma=0.2), values[1])
    assert_allclose(scorer()(denoiser, noisy, clean, sigma=0.2), values[1])


def test_scorers_want_a_level(pair):
    with pytest.raises(ValueError, match="at least one noise level"):
        PSNRScorer(sigma=())(WaveletShrinkage().fit(pair[0]), pair[0])


BAD_IMAGES = {
    "uint8": (lambda X: (255 * X).astype(np.uint8), TypeError),
    "int64": (lambda X: X.astype(int), TypeError),
    "bool": (lambda X: X > 0.5, TypeError),
    "complex": (lambda X: X + 0j, ValueError),
    "masked": (lambda X: np.ma.masked_greater(X, 0.5), TypeError),
    "records": (lambda X: np.zeros(X.shape, [("red", float), ("green", float)]), TypeError),
    "text": (lambda X: X.astype(str), TypeError),
    "datetime": (lambda X: X.astype("datetime64[s]"), TypeError),
    "half": (lambda X: X.astype(np.float16), TypeError),
    "2-D": (lambda X: X[0], ValueError),
    "NaN": (lambda X: np.where(X == X.max(), np.nan, X), ValueError),
    "channels last": (lambda X: np.stack([X] * 3, axis=-1), ValueError),
}


def transform(images):
    return WaveletShrinkage(n_shifts=1).transform(images, sigma=0.1)


@pytest.mark.parametrize("function", [transform, estimate_sigma, remove_near_duplicates])
@pytest.mark.parametrize("case", [case for case in BAD_IMAGES if case != "int64"])
def test_all_that_takes_images_refuses_the_same(function, case, pair):
    spoil, error = BAD_IMAGES[case]
    with pytest.raises(error, match="X: expected"):
        function(spoil(pair[0]))


@pytest.mark.parametrize("function", [mse, cosine_similarity])
@pytest.mark.parametrize(
    "case", [case for case in BAD_IMAGES if case not in ("2-D", "channels last")]
)
def test_sets_of_any_shape_are_finite_floats(function, case, pair):
    spoil, error = BAD_IMAGES[case]
    with pytest.raises(error, match="(clean|A): expected"):
        function(spoil(pair[0]), spoil(pair[0]))


def test_no_noise_and_no_split_hides_a_nan(pair):
    spoiled = BAD_IMAGES["NaN"][0](pair[0])
    for function in (split_disjoint, lambda X: add_gaussian_noise(X, 0.1)):
        with pytest.raises(ValueError, match="NaN or infinity in image"):
            function(spoiled)


@pytest.mark.parametrize("metric", [psnr, ssim])
@pytest.mark.parametrize("case", BAD_IMAGES)
def test_images_are_held_to_the_contract(metric, case, pair):
    spoil, error = BAD_IMAGES[case]
    with pytest.raises(error, match="clean: expected"):
        metric(spoil(pair[0]), spoil(pair[0]))
    with pytest.raises(error, match="denoised: expected" if case != "2-D" else "expected"):
        metric(pair[0], spoil(pair[0]))
