"""WaveletShrinkage beyond the contract."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import GridSearchCV

from gahb_sk import add_gaussian_noise, psnr
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.denoisers import WaveletShrinkage
from gahb_sk.transforms import RULES, THRESHOLDS
from tests.instances import smooth_images

CHOICES = [(rule, 2.5) for rule in RULES] + [
    (rule, threshold)
    for rule in RULES
    for threshold in THRESHOLDS
    if (rule, threshold) != ("hard", "sure")
]
every_choice = pytest.mark.parametrize("rule, threshold", CHOICES)


def disk(size=48):
    rows, columns = np.mgrid[:size, :size] / size
    return 0.2 + 0.6 * ((rows - 0.45) ** 2 + (columns - 0.55) ** 2 < 0.1)[None]


@every_choice
@pytest.mark.parametrize("shape", [(1, 1), (1, 12), (13, 17), (40, 24)])
@pytest.mark.parametrize("n_shifts", [1, 4])
def test_no_noise_is_the_identity(rule, threshold, shape, n_shifts, rng):
    images = rng.randn(2, *shape)
    denoiser = WaveletShrinkage(rule=rule, threshold=threshold, n_shifts=n_shifts).fit(images)
    assert_allclose(denoiser.transform(images, sigma=0.0), images, atol=1e-10)


@pytest.mark.parametrize("rule", RULES)
def test_threshold_zero_in_the_limit_is_the_identity(rule, rng):
    images = rng.randn(2, 24, 20)
    denoiser = WaveletShrinkage(rule=rule, threshold=1e-12, n_shifts=4).fit(images)
    assert_allclose(denoiser.transform(images, sigma=0.5), images, atol=1e-10)


@every_choice
def test_shrinkage_is_homogeneous_and_equivariant_to_constants(rule, threshold, rng):
    images = rng.randn(2, 3, 24, 20)
    denoiser = WaveletShrinkage(rule=rule, threshold=threshold, n_shifts=2).fit(images)
    once = denoiser.transform(images, sigma=0.8)
    assert_allclose(denoiser.transform(5 * images, sigma=4.0), 5 * once, atol=1e-9)
    assert_allclose(denoiser.transform(images + 3, sigma=0.8), once + 3, atol=1e-9)


@every_choice
def test_noise_is_removed(rule, threshold, rng):
    clean = disk()
    noisy = add_gaussian_noise(clean, 0.1, random_state=rng)
    denoiser = WaveletShrinkage(rule=rule, threshold=threshold).fit(clean)
    assert denoiser.score(noisy, clean, sigma=0.1) > 21.0  # the input has 20 dB


@pytest.mark.parametrize("rule, threshold", [("hard", 3.0), ("soft", "bayes")])
def test_spinning_helps(rule, threshold):
    clean = disk()
    plain, spun = (
        WaveletShrinkage(rule=rule, threshold=threshold, n_shifts=n).fit(clean).score(clean)
        for n in (1, 16)
    )
    assert spun > plain + 0.3


def test_two_channels_are_images(rng):
    """Three are colours, which are transformed together."""
    images = rng.randn(2, 2, 20, 16)
    denoiser = WaveletShrinkage().fit(images)
    sigma = np.array([0.5, 1.0])
    together = denoiser.transform(images, sigma=sigma)
    for k in range(2):
        alone = denoiser.fit(images[:, k]).transform(images[:, k], sigma=sigma)
        assert_allclose(together[:, k], alone, atol=1e-12)


@pytest.mark.parametrize("n_shifts", [1, 3])
@pytest.mark.parametrize("threshold", [1.5, "universal"])
@pytest.mark.parametrize("rule", RULES)
def test_jacobian_is_exact(rule, threshold, n_shifts, rng):
    image = add_gaussian_noise(disk(18)[:, :, :17], 0.2, random_state=rng)[0]
    denoiser = WaveletShrinkage(
        rule=rule, threshold=threshold, wavelet="db2", n_shifts=n_shifts
    ).fit(image[None])
    operator = denoiser.linearize(image, sigma=0.2)
    assert operator.step is None
    d, step = image.size, 1e-7
    jacobian = operator.matmat(np.eye(d))
    assert_allclose(operator.rmatmat(np.eye(d)), jacobian.T, atol=1e-12)
    direction = rng.randn(*image.shape)
    moved = denoiser.transform(
        np.stack([image + step * direction, image - step * direction]), sigma=0.2
    )
    change = (moved[0] - moved[1]) / (2 * step)
    assert_allclose(jacobian @ direction.ravel(), change.ravel(), atol=1e-5)
    if n_shifts == 1:
        assert_allclose(jacobian, jacobian.T, atol=1e-12)


@pytest.mark.parametrize("rule", ["soft", "garrote"])
@pytest.mark.parametrize("n_shifts", [1, 3])
@pytest.mark.parametrize("threshold", ["bayes", "sure"])
def test_jacobian_follows_thresholds_that_see_the_image(threshold, n_shifts, rule, rng):
    image = add_gaussian_noise(disk(18)[:, :, :17], 0.1, random_state=rng)[0]
    denoiser = WaveletShrinkage(threshold=threshold, rule=rule, n_shifts=n_shifts).fit(image[None])
    operator = denoiser.linearize(image, sigma=0.1)
    assert operator.step is None
    jacobian = operator.matmat(np.eye(image.size))
    assert_allclose(operator.rmatmat(np.eye(image.size)), jacobian.T, atol=1e-12)
    step, direction = 1e-7, rng.randn(*image.shape)
    pair = np.stack([image + step * direction, image - step * direction])
    high, low = denoiser.transform(pair, sigma=0.1)
    assert_allclose(jacobian @ direction.ravel(), (high - low).ravel() / (2 * step), atol=1e-5)


@pytest.mark.parametrize("shape", [(16, 16), (2, 13, 16)])
def test_spectrum_of_moving_thresholds_is_that_of_the_symmetric_part(shape, rng):
    image = rng.randn(*shape) + np.linspace(0, 8, shape[-1])
    operator = WaveletShrinkage().fit(image[None]).linearize(image, sigma=1.0)
    jacobian = operator.matmat(np.eye(image.size))
    symmetric = (jacobian + jacobian.T) / 2
    spectrum = operator.spectrum
    assert not operator.symmetric
    assert_allclose(np.sort(spectrum.values), np.linalg.eigvalsh(symmetric), atol=1e-9)
    indices = rng.permutation(image.size)[:50]
    vectors = spectrum.vectors(indices)
    assert_allclose(vectors.T @ vectors, np.eye(50), atol=1e-9)
    assert_allclose(symmetric @ vectors, vectors * spectrum.values[indices], atol=1e-9)


def test_sure_needs_no_clean_images_to_be_near_the_best():
    clean = smooth_images(6, (64, 64), seed=3)
    scores = [WaveletShrinkage(threshold=k).fit(clean).score(clean) for k in (0.5, 1, 1.5, 2, 3)]
    assert WaveletShrinkage(threshold="sure").fit(clean).score(clean) > max(scores) - 0.2


def test_grid_search_over_wavelets_and_thresholds():
    grid = {"threshold": [0.5, 3.0], "wavelet": ["haar", "sym4"], "rule": ["hard"]}
    search = GridSearchCV(WaveletShrinkage(), grid, cv=2).fit(np.repeat(disk(32), 4, axis=0))
    assert search.best_params_["threshold"] == 3.0


BAD_PARAMETERS = {
    "wavelet": ("db77", "Unknown wavelet 'db77'.*Did you mean 'db7'"),
    "n_scales": (-1, "n_scales"),
    "rule": ("harder", "Unknown rule 'harder'.*Did you mean 'hard'"),
    "threshold": (0.0, "threshold"),
    "n_shifts": (0, "n_shifts"),
    "sigma": (-1.0, "sigma"),
}


@pytest.mark.parametrize("name", BAD_PARAMETERS)
def test_bad_parameters(name):
    value, message = BAD_PARAMETERS[name]
    with pytest.raises(ValueError, match=message):
        WaveletShrinkage(**{name: value}).fit(disk())


def test_more_bad_parameters():
    with pytest.raises(ValueError, match="Unknown threshold 'bays'.*Did you mean 'bayes'"):
        WaveletShrinkage(threshold="bays").fit(disk())
    with pytest.raises(ValueError, match="threshold='sure' needs a rule without a jump"):
        WaveletShrinkage(rule="hard", threshold="sure").fit(disk())
    with pytest.raises(ValueError, match="threshold"):
        WaveletShrinkage(threshold=-0.5).fit(disk())
    with pytest.raises(ValueError, match="n_scales must be between 0 and 5.*got 9"):
        WaveletShrinkage(n_scales=9).fit(disk())
    with pytest.raises(ValueError, match="must be orthogonal, got 'bior2.2'"):
        WaveletShrinkage(wavelet="bior2.2").fit(disk())


def test_single_precision_agrees_with_double(rng):
    images = add_gaussian_noise(disk(), 0.1, random_state=rng)
    denoiser = WaveletShrinkage(n_shifts=4).fit(images)
    single = denoiser.transform(images.astype(np.float32), sigma=0.1)
    assert single.dtype == np.float32
    assert_allclose(single, denoiser.transform(images, sigma=0.1), atol=1e-4)


def test_quality_is_at_least_that_of_scikit_image(global_random_seed):
    restoration = pytest.importorskip("skimage.restoration")
    clean = make_c_alpha_images(40, image_size=80, random_state=global_random_seed)
    noisy = add_gaussian_noise(clean, 0.1, random_state=global_random_seed)
    ours = WaveletShrinkage().fit(clean).transform(noisy, sigma=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = np.array([restoration.denoise_wavelet(image, sigma=0.1) for image in noisy])
    assert psnr(clean, ours).mean() >= psnr(clean, theirs).mean()
