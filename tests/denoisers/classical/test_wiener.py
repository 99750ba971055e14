"""WienerDenoiser: the best affine map of a Gaussian class."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk import add_gaussian_noise
from gahb_sk.denoisers import WienerDenoiser


def gaussian_images(rng, n, shape=(4, 5), rank=20):
    d = int(np.prod(shape))
    mixing = rng.randn(rank, d) / np.arange(1, rank + 1)[:, None]
    return (rng.randn(n, rank) @ mixing + rng.randn(d)).reshape(n, *shape)


def test_risk_is_reached_by_images_of_the_same_mean_and_covariance(rng):
    clean = gaussian_images(rng, 400)
    for n_components in (None, 6):
        denoiser = WienerDenoiser(n_components=n_components).fit(clean)
        for sigma in (0.1, 0.6):
            stack = np.repeat(clean, 40, axis=0)
            noisy = add_gaussian_noise(stack, sigma, random_state=rng)
            errors = ((denoiser.transform(noisy, sigma=sigma) - stack) ** 2).sum(axis=(1, 2))
            standard_error = errors.std() / np.sqrt(len(errors))
            assert abs(errors.mean() - denoiser.risk(sigma)[0]) < 4.5 * standard_error


def test_no_affine_map_is_better(rng):
    clean = gaussian_images(rng, 3000)
    noisy = clean + 0.3 * rng.randn(*clean.shape)
    out = WienerDenoiser().fit(clean).transform(noisy, sigma=0.3)
    design = np.hstack([noisy.reshape(3000, -1), np.ones((3000, 1))])
    fitted = design @ np.linalg.lstsq(design, clean.reshape(3000, -1), rcond=None)[0]
    errors = (out - clean) ** 2
    assert np.mean(errors) < 1.02 * np.mean((fitted - clean.reshape(3000, -1)) ** 2) / (
        1 - 21 / 3000
    )


@pytest.mark.parametrize("n", [8, 60])
def test_jacobian_has_the_factors_as_eigenvalues(n, rng):
    clean = gaussian_images(rng, n)
    denoiser = WienerDenoiser().fit(clean)
    operator = denoiser.linearize(clean[0], sigma=0.4)
    jacobian = operator.matmat(np.eye(20))
    expected = np.zeros(20)
    expected[: denoiser.n_components_] = denoiser.shrinkage_factors(0.4)[0]
    assert_allclose(jacobian, jacobian.T, atol=1e-12)
    assert_allclose(np.linalg.eigvalsh(jacobian)[::-1], np.sort(expected)[::-1], atol=1e-10)
    moves = rng.randn(2, 4, 5)
    out = denoiser.transform(moves, sigma=0.4).reshape(2, 20)
    assert_allclose(jacobian @ (moves[0] - moves[1]).ravel(), out[0] - out[1], atol=1e-10)
    assert operator.step is None


def test_strong_noise_leaves_the_mean_and_none_the_image(rng):
    clean = gaussian_images(rng, 50)
    denoiser = WienerDenoiser().fit(clean)
    assert_allclose(
        denoiser.transform(clean, sigma=1e6), np.broadcast_to(clean.mean(0), clean.shape), atol=1e-6
    )
    assert_allclose(denoiser.transform(clean, sigma=0.0), clean, atol=1e-8)


def test_one_image_is_remembered(rng):
    clean = rng.randn(1, 3, 4, 4)
    denoiser = WienerDenoiser().fit(clean)
    assert denoiser.n_components_ == 0
    assert_allclose(denoiser.transform(clean + 1, sigma=0.5), clean)
    assert_allclose(denoiser.risk([0.1, 2.0]), 0, atol=1e-12)


def test_risk_takes_many_levels_and_grows(rng):
    denoiser = WienerDenoiser(n_components=5).fit(gaussian_images(rng, 100))
    risks = denoiser.risk(np.linspace(0, 2, 9))
    assert risks.shape == (9,) and np.all(np.diff(risks) > 0)
    assert_allclose(risks[0], denoiser.residual_variance_)


def test_bad_input(rng):
    with pytest.raises(ValueError, match="n_components"):
        WienerDenoiser(n_components=0).fit(np.zeros((2, 4, 4)))
    denoiser = WienerDenoiser().fit(np.zeros((2, 4, 4)))
    with pytest.raises(ValueError, match="shape seen in fit"):
        denoiser.transform(np.zeros((2, 4, 5)), sigma=0.1)
    with pytest.raises(ValueError, match="sigma"):
        denoiser.risk(-1.0)
