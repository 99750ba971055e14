"""BandletShrinkage beyond the contract."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk import BandletShrinkage, WaveletShrinkage, add_gaussian_noise, estimate_sigma
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.metrics import psnr
from gahb_sk.transforms import best_bandlets, dictionary_size
from tests.exhaustive_bandlets import exhaustive_minimum, total_cost

FLOORS = [{}, {"wavelet": "haar", "shared": True}, {"wavelet": "db2", "order": 2}]
every_floor = pytest.mark.parametrize("floor", FLOORS)
every_stage = pytest.mark.parametrize("stages", [1, 2])


@pytest.fixture
def images(global_random_seed):
    return make_c_alpha_images(
        4, image_size=32, alpha=3, dtype=np.float64, random_state=global_random_seed
    )


@pytest.fixture
def noisy(images, global_random_seed):
    return add_gaussian_noise(images, 0.1, global_random_seed)


def test_above_spun_wavelets(images):
    bandlets = BandletShrinkage().fit(images).score(images, sigma=0.1)
    wavelets = WaveletShrinkage(wavelet="haar", rule="hard", threshold=3.0, n_shifts=16)
    assert bandlets > wavelets.fit(images).score(images, sigma=0.1)


@every_stage
@every_floor
def test_no_noise_changes_nothing(images, stages, floor):
    denoiser = BandletShrinkage(stages=stages, n_shifts=2, **floor).fit(images)
    for sigma in (0.0, 1e-9):
        assert_allclose(denoiser.transform(images, sigma=sigma), images, atol=1e-6)


@every_floor
def test_threshold_zero_in_the_limit_is_the_identity(noisy, floor):
    denoiser = BandletShrinkage(threshold=1e-12, stages=1, n_shifts=3, **floor).fit(noisy)
    assert_allclose(denoiser.transform(noisy, sigma=0.1), noisy, atol=1e-10)


@every_stage
@every_floor
def test_scales_with_the_image(noisy, stages, floor):
    noisy = np.concatenate([noisy, 0.2 * (noisy > 0.5) + np.tril(np.ones((32, 32)))])
    denoiser = BandletShrinkage(stages=stages, n_shifts=2, **floor).fit(noisy)
    once = denoiser.transform(noisy, sigma=0.1)
    # By a number that rounds: ties between bases must not be decided by rounding.
    assert_allclose(denoiser.transform(3.7 * noisy, sigma=0.37), 3.7 * once, atol=1e-8)


@every_stage
def test_each_image_has_its_own_level(noisy, stages):
    sigma = np.array([0.01, 0.1, 0.2, 0.5])
    denoiser = BandletShrinkage(stages=stages, n_shifts=2).fit(noisy)
    together = denoiser.transform(noisy, sigma=sigma)
    for k, level in enumerate(sigma):
        assert_allclose(together[k], denoiser.transform(noisy[k : k + 1], sigma=level)[0])


def test_unknown_level_is_estimated(noisy):
    denoiser = BandletShrinkage(n_shifts=1).fit(noisy)
    known = denoiser.transform(noisy, sigma=estimate_sigma(noisy))
    assert_allclose(denoiser.transform(noisy), known)


@every_stage
def test_spinning_is_the_mean_over_windows(noisy, stages):
    spun, plain = (BandletShrinkage(n_shifts=n, stages=stages).fit(noisy) for n in (5, 1))
    windows = spun._windows(noisy.shape)
    sigma = np.full(4, 0.1)
    mean = windows.average(lambda cut: plain._threshold(cut, sigma), noisy)
    if stages == 2:
        mean = windows.average(lambda *cuts: plain._wiener(*cuts, sigma), noisy, mean)
    assert_allclose(spun.transform(noisy, sigma=0.1), mean)


def test_spinning_and_the_second_stage_help_on_average(global_random_seed):
    clean = make_c_alpha_images(24, image_size=32, alpha=2, random_state=global_random_seed)
    noisy = add_gaussian_noise(clean, 0.1, global_random_seed)

    def gain(better, worse):
        """Mean gain in dB, in standard errors over the images."""
        values = [
            psnr(clean, BandletShrinkage(**choice).fit(clean).transform(noisy, sigma=0.1))
            for choice in (better, worse)
        ]
        difference = values[0] - values[1]
        return difference.mean() / (difference.std(ddof=1) / np.sqrt(len(difference)))

    assert gain({"n_shifts": 8}, {"n_shifts": 1}) > 3
    assert gain({"n_shifts": 8}, {"n_shifts": 8, "stages": 1}) > 3


@pytest.mark.parametrize("geometry_cost", [0.0, 1.0])
def test_basis_of_a_noisy_image_is_the_cheapest_of_all(geometry_cost, rng):
    noisy = np.tril(np.ones((8, 8))) + 0.2 * rng.randn(8, 8)
    denoiser = BandletShrinkage(
        stages=1, n_shifts=1, threshold=3.0, geometry_cost=geometry_cost
    ).fit(noisy[None])
    basis = denoiser.find_bandlets(noisy[None], sigma=0.2)[0]
    least = exhaustive_minimum(noisy, 0.6, "threshold", geometry_cost)
    assert_allclose(total_cost(basis, noisy, 0.6, "threshold", geometry_cost), least)


def test_last_stage_takes_the_basis_of_its_pilot(noisy):
    first = BandletShrinkage(stages=1).fit(noisy).transform(noisy, sigma=0.1)
    found = BandletShrinkage().fit(noisy).find_bandlets(noisy, sigma=0.1)
    expected = best_bandlets(first, 0.1, cost="risk", wavelet=None, largest=16)
    for k in range(len(noisy)):
        assert found[k].squares() == expected[k].squares()


def test_directions_that_cost_too_much_are_not_taken(rng):
    noisy = add_gaussian_noise(np.tril(np.ones((1, 32, 32))), 0.1, random_state=rng)
    for cost, some in ((0.0, True), (1e6, False)):
        denoiser = BandletShrinkage(stages=1, geometry_cost=cost).fit(noisy)
        squares = denoiser.find_bandlets(noisy, sigma=0.1)[0].squares()
        assert any(square.angle is not None for square in squares) == some


def test_universal_threshold_counts_the_dictionary(noisy):
    size = dictionary_size((32, 32), wavelet=None, largest=16)
    number = BandletShrinkage(threshold=np.sqrt(2 * np.log(size)), n_shifts=1, stages=1)
    named = BandletShrinkage(threshold="universal", n_shifts=1, stages=1)
    results = [d.fit(noisy).transform(noisy, sigma=0.1) for d in (number, named)]
    assert_allclose(*results)


def test_found_basis_is_orthonormal(images):
    basis = BandletShrinkage().fit(images).find_bandlets(images, sigma=0.1)
    assert_allclose(basis.inverse(basis.forward(images)), images, atol=1e-10)


@every_stage
@every_floor
def test_jacobian_is_exact(stages, floor, rng):
    image = add_gaussian_noise(np.tril(np.ones((1, 16, 16))), 0.2, random_state=rng)[0]
    denoiser = BandletShrinkage(stages=stages, n_shifts=2, **floor).fit(image[None])
    operator = denoiser.linearize(image, sigma=0.2)
    assert operator.step is None
    J, step = operator.matmat(np.eye(256)), 1e-7
    assert_allclose(operator.rmatmat(np.eye(256)), J.T, atol=1e-12)
    direction = rng.randn(16, 16)
    moved = denoiser.transform(np.stack([image + s * direction for s in (step, -step)]), sigma=0.2)
    assert_allclose(J @ direction.ravel(), (moved[0] - moved[1]).ravel() / (2 * step), atol=1e-5)


def test_channels_are_images(noisy):
    denoiser = BandletShrinkage(n_shifts=2).fit(noisy)
    colours = denoiser.transform(noisy.reshape(2, 2, 32, 32), sigma=np.array([0.1, 0.2]))
    grey = denoiser.transform(noisy, sigma=np.array([0.1, 0.1, 0.2, 0.2]))
    assert_allclose(colours.reshape(4, 32, 32), grey)


@pytest.mark.parametrize(
    "parameters",
    [
        {"threshold": 0.0},
        {"threshold": -1.0},
        {"threshold": "bayes"},
        {"wavelet": "bior2.2"},
        {"wavelet": "db2", "n_scales": 9},
        {"n_shifts": 0},
        {"stages": 3},
        {"smallest": 6},
        {"largest": 2},
        {"order": 7},
        {"geometry_cost": -1.0},
    ],
)
def test_bad_parameters(images, parameters):
    with pytest.raises(ValueError, match=next(reversed(parameters))):
        BandletShrinkage(**parameters).fit(images)
