"""OracleShrinkage: the risk it promises is the risk it reaches."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import cross_val_score

from gahb_sk import add_gaussian_noise
from gahb_sk.denoisers import OracleShrinkage, WaveletShrinkage
from tests.instances import smooth_images

BASES = ("wavelet", "bandlet", "cosine", "fourier", "pca")
every_basis = pytest.mark.parametrize("basis", BASES)


@every_basis
def test_expected_error_is_sigma_squared_times_the_sum_of_factors(basis, rng):
    clean = smooth_images(2, (24, 20), seed=1)
    sigma = np.array([0.05, 0.3])
    oracle = OracleShrinkage(basis=basis).fit(smooth_images(30, (24, 20), seed=5))
    repeats = 300
    stack, levels = np.repeat(clean, repeats, axis=0), np.repeat(sigma, repeats)
    noisy = add_gaussian_noise(stack, levels, random_state=rng)
    out = oracle.transform(noisy, sigma=levels, clean=stack)
    errors = ((out - stack) ** 2).sum(axis=(1, 2)).reshape(2, repeats)
    risk = oracle.risk(clean, sigma)
    standard_errors = errors.std(axis=1) / np.sqrt(repeats)
    assert np.all(np.abs(errors.mean(axis=1) - risk) < 4.5 * standard_errors)
    factors = oracle.shrinkage_factors(clean, sigma)
    assert factors.shape == clean.shape and factors.min() >= 0 and factors.max() <= 1
    assert_allclose(risk, sigma**2 * factors.sum(axis=(1, 2)))
    assert_allclose(oracle.effective_dimension(clean, sigma), factors.sum(axis=(1, 2)))
    assert_allclose(oracle.predicted_psnr(clean, sigma), -10 * np.log10(risk / 480))


@pytest.mark.parametrize("basis", ["wavelet", "cosine", "fourier"])
def test_risk_lies_between_half_and_all_of_the_kept_and_killed(basis):
    clean = smooth_images(3, (16, 16), seed=2)
    oracle = OracleShrinkage(basis=basis).fit(clean)
    factors = oracle.shrinkage_factors(clean, 0.2)
    power = 0.2**2 * factors / (1 - factors)  # of the clean coefficients
    for sigma in (0.02, 0.2, 1.0):
        kept = np.minimum(power, sigma**2).sum(axis=(1, 2))
        risk = oracle.risk(clean, sigma)
        assert np.all(risk <= kept + 1e-12) and np.all(risk >= kept / 2 - 1e-12)


@every_basis
def test_no_noise_is_the_identity(basis, rng):
    images = rng.randn(3, 9, 14)
    oracle = OracleShrinkage(basis=basis).fit(images)
    assert_allclose(oracle.transform(images, sigma=0.0, clean=images), images, atol=1e-10)
    assert_allclose(oracle.shrinkage_factors(images, 0.0), 1)
    assert np.all(np.isinf(oracle.predicted_psnr(images, 0.0)))


@every_basis
def test_jacobian_is_symmetric_with_the_factors_as_eigenvalues(basis, rng):
    clean = smooth_images(20, (10, 12), seed=4)
    oracle = OracleShrinkage(basis=basis).fit(clean)
    image = clean[0] + 0.1 * rng.randn(10, 12)
    operator = oracle.linearize(image, sigma=0.1, clean=clean[0])
    jacobian = operator.matmat(np.eye(120))
    assert operator.step is None
    assert_allclose(jacobian, jacobian.T, atol=1e-10)
    factors = oracle.shrinkage_factors(clean[:1], 0.1)
    assert_allclose(np.linalg.eigvalsh(jacobian), np.sort(factors.ravel()), atol=1e-8)
    moves = 1e-3 * rng.randn(1, 10, 12)
    base, moved = (
        oracle.transform(x, sigma=0.1, clean=clean[:1]) for x in (image[None], image + moves)
    )
    assert_allclose(jacobian @ moves.ravel(), (moved - base).ravel(), atol=1e-10)


def test_no_thresholding_in_the_same_basis_beats_it():
    clean = smooth_images(8, (32, 32), seed=6)
    oracle = OracleShrinkage(wavelet="db2", n_scales=2).fit(clean)
    for rule in ("hard", "soft"):
        for threshold in (1.0, 2.0, 3.0):
            rival = WaveletShrinkage(wavelet="db2", n_scales=2, rule=rule, threshold=threshold)
            assert oracle.score(clean) > rival.fit(clean).score(clean)


@pytest.mark.parametrize("wavelet", ["db4", None])
@pytest.mark.parametrize("order", [1, 2])
def test_bandlets_are_never_below_their_own_plain_basis(wavelet, order):
    clean = smooth_images(4, (32, 32), seed=7)
    bandlet = OracleShrinkage(basis="bandlet", wavelet=wavelet, order=order).fit(clean)
    plain = OracleShrinkage(basis="wavelet").fit(clean)
    for sigma in (0.02, 0.1, 0.5):
        risk = bandlet.risk(clean, sigma)
        if wavelet is not None:
            assert np.all(risk <= plain.risk(clean, sigma) * (1 + 1e-9))
        noisy = add_gaussian_noise(np.repeat(clean, 60, axis=0), sigma, random_state=0)
        out = bandlet.transform(noisy, sigma=sigma, clean=np.repeat(clean, 60, axis=0))
        errors = ((out - np.repeat(clean, 60, axis=0)) ** 2).sum(axis=(1, 2))
        assert_allclose(errors.reshape(4, 60).mean(axis=1), risk, rtol=0.25)


def test_channels_and_single_precision(rng):
    clean = rng.randn(2, 3, 16, 12).astype(np.float32)
    for basis in BASES:
        oracle = OracleShrinkage(basis=basis).fit(clean)
        out = oracle.transform(clean + 0.1, sigma=0.1, clean=clean)
        assert out.dtype == np.float32 and out.shape == clean.shape
        assert oracle.shrinkage_factors(clean, 0.1).shape == clean.shape


def test_components_know_the_mean_of_the_class():
    clean = np.repeat(smooth_images(1, (8, 8)), 6, axis=0)
    oracle = OracleShrinkage(basis="pca").fit(clean)
    noisy = add_gaussian_noise(clean, 0.5, random_state=0)
    assert_allclose(oracle.transform(noisy, sigma=0.5, clean=clean), clean, atol=1e-10)


def test_components_hold_for_one_size():
    oracle = OracleShrinkage(basis="pca").fit(np.zeros((2, 8, 8)))
    with pytest.raises(ValueError, match="shape seen in fit"):
        oracle.risk(np.zeros((2, 8, 9)), 0.1)


def test_cross_validation_passes_the_clean_images_by_itself():
    scores = cross_val_score(OracleShrinkage(basis="cosine"), smooth_images(6), cv=3)
    assert scores.min() > 20


def test_bad_parameters():
    clean = smooth_images()
    with pytest.raises(ValueError, match="Unknown basis 'bandlets'.*Did you mean 'bandlet'"):
        OracleShrinkage(basis="bandlets").fit(clean)
    with pytest.raises(ValueError, match="must be orthogonal"):
        OracleShrinkage(wavelet="bior1.3").fit(clean)
    with pytest.raises(TypeError, match="wavelet: expected the name of"):
        OracleShrinkage(wavelet=None).fit(clean)
    with pytest.raises(ValueError, match="n_scales must be between"):
        OracleShrinkage(n_scales=7).fit(clean)
    oracle = OracleShrinkage().fit(clean)
    with pytest.raises(ValueError, match="sigma"):
        oracle.risk(clean, -0.1)
