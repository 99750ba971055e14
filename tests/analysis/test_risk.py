"""Effective dimension and Stein's estimate."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from gahb_sk import MSEScorer, SUREScorer, add_gaussian_noise
from gahb_sk.analysis import effective_dimension, predicted_mse, sure
from gahb_sk.datasets import make_disk_images
from gahb_sk.denoisers import (
    DiskPosteriorMean,
    EmpiricalBayesDenoiser,
    ModuleDenoiser,
    OracleShrinkage,
    WaveletShrinkage,
    WienerDenoiser,
    all_denoisers,
)
from gahb_sk.jacobians import hutchpp, jacobian, linearize
from gahb_sk.metrics import mse
from gahb_sk.noise import SCORE_NOISE_SEED
from tests.instances import make_denoiser, smooth_images

SIGMA = 0.15
# They choose among bases or patches, and so jump from one choice to the next. Monte Carlo error
# of the sampled optimum changes with every pixel; its SURE is tested with converged runs.
JUMPS = ("BandletShrinkage", "BM3DDenoiser", "CAlphaPosteriorMean")
SMOOTH = [name for name in all_denoisers() if name not in JUMPS]


@pytest.mark.filterwarnings("ignore:RayPosteriorMean|SinePosteriorMean|DiskPosteriorMean")
@pytest.mark.parametrize("name", SMOOTH)
def test_sure_is_unbiased(name, rng):
    clean = make_disk_images(4, 12, random_state=5)
    denoiser = make_denoiser(name).fit(clean)
    many = np.repeat(clean, 25, axis=0)
    noisy = add_gaussian_noise(many, SIGMA, random_state=rng)
    found = sure(
        denoiser, noisy, SIGMA, clean=many, method="hutchinson", n_products=2, random_state=rng
    )
    partner = {"clean": many} if denoiser.needs_clean else {}
    difference = found.mse - mse(many, denoiser.transform(noisy, SIGMA, **partner))
    assert abs(difference.mean()) < 5 * difference.std() / np.sqrt(len(many)) + 1e-9


JUMPING = {
    "hard": {"rule": "hard", "threshold": 2.0},
    "chosen": {"rule": "garrote", "threshold": "sure"},
}


@pytest.mark.parametrize("name", JUMPING)
def test_sure_sees_jumps(name, rng):
    """With the trace of the Jacobian alone the estimate is far too low."""
    clean = np.repeat(smooth_images(2, (32, 32)), 40, axis=0)
    noisy = add_gaussian_noise(clean, SIGMA, random_state=rng)
    denoiser = WaveletShrinkage(**JUMPING[name])
    error = mse(clean, denoiser.transform(noisy, SIGMA))
    found = sure(denoiser, noisy, SIGMA, n_products=4, random_state=rng)
    difference = found.mse - error
    bound = 5 * difference.std() / np.sqrt(len(clean))
    assert abs(difference.mean()) < bound < 0.3 * error.mean()
    dimensions = effective_dimension(denoiser, noisy, SIGMA)
    blind = predicted_mse(denoiser, noisy, SIGMA, dimensions=dimensions).mse
    residual = np.square(noisy - denoiser.transform(noisy, SIGMA)).mean(axis=(1, 2))
    assert (residual - SIGMA**2 + 2 * blind - error).mean() < -bound


def test_a_scorer_sees_jumps(rng):
    clean = np.repeat(smooth_images(1, (32, 32)), 40, axis=0)
    noisy = add_gaussian_noise(clean, SIGMA, random_state=rng)
    hard = WaveletShrinkage(rule="hard", threshold=2.0)
    error = mse(clean, hard.transform(noisy, SIGMA)).mean()
    score = SUREScorer(sigma=SIGMA, n_probes=4, random_state=0)(hard, noisy)
    assert abs(-score / error - 1) < 0.3


def test_the_optimum_predicts_its_own_error(rng):
    clean = make_disk_images(16, 12, random_state=rng.randint(99))
    noisy = add_gaussian_noise(clean, SIGMA, random_state=rng)
    best = DiskPosteriorMean().fit(clean)
    difference = predicted_mse(best, noisy, SIGMA).mse - mse(clean, best.transform(noisy, SIGMA))
    assert abs(difference.mean()) < 5 * difference.std() / np.sqrt(len(clean))


def test_traces_agree(rng):
    clean = smooth_images(3, (16, 16))
    noisy = add_gaussian_noise(clean, SIGMA, random_state=rng)
    for denoiser in (
        WaveletShrinkage(threshold=1.0),
        WaveletShrinkage(),
        make_denoiser("NetworkDenoiser"),
    ):
        denoiser.fit(clean)
        exact = effective_dimension(denoiser, noisy, SIGMA, method="exact")
        whole = [np.trace(linearize(denoiser, y, SIGMA) @ np.eye(256)) for y in noisy]
        assert_allclose([t.value for t in exact], whole, rtol=1e-5)
        for method in ("hutchpp", "hutchinson"):
            found = effective_dimension(
                denoiser, noisy, SIGMA, method=method, n_products=90, random_state=rng
            )
            for estimate, truth in zip(found, whole, strict=True):
                assert 0 < estimate.standard_error < 0.1 * truth
                assert abs(estimate.value - truth) < 5 * estimate.standard_error


def test_a_trace_may_be_known_at_one_image_and_not_at_the_next():
    X = smooth_images(40, (4, 4))
    bayes = EmpiricalBayesDenoiser().fit(X)
    noisy = np.stack([X[0], X.mean(axis=0)])
    sigma = np.array([0.01, 3.0])  # one training image explains the first, all the second
    pairs = list(zip(noisy, sigma, strict=True))
    assert [linearize(bayes, *pair).spectrum is not None for pair in pairs] == [True, False]
    expected = [np.trace(jacobian(bayes, *pair)) for pair in pairs]
    for order in ([0, 1], [1, 0]):
        found = effective_dimension(bayes, noisy[order], sigma[order], method="exact")
        assert_allclose([t.value for t in found], np.take(expected, order), atol=1e-9)


def test_standard_errors_are_those_of_the_trace(rng):
    noisy = add_gaussian_noise(smooth_images(30, (16, 16)), SIGMA, random_state=rng)
    soft = WaveletShrinkage(threshold=1.0, n_shifts=4).fit(noisy)
    level = np.linspace(0.1, 0.2, 30)
    dimensions = effective_dimension(soft, noisy, level, method="hutchinson", n_products=20)
    error = np.array([t.standard_error for t in dimensions])
    for function, factor in ((sure, 2), (predicted_mse, 1)):
        found = function(soft, noisy, level, dimensions=dimensions)
        assert_allclose(found.standard_error, factor * level**2 * error / 256)
        exact = function(soft, noisy, level)
        assert np.all(exact.standard_error == 0)
        pulls = (found.mse - exact.mse) / found.standard_error
        assert 0.5 < np.sqrt(np.square(pulls).mean()) < 1.8
        with pytest.raises(ValueError, match="dimensions: expected one per image, 30, got 2"):
            function(soft, noisy, level, dimensions=dimensions[:2])


def test_every_image_has_probes_of_its_own():
    same = np.repeat(add_gaussian_noise(smooth_images(1, (16, 16)), SIGMA, 0), 2, axis=0)
    soft = WaveletShrinkage(threshold=1.0).fit(same)
    for method in ("hutchpp", "hutchinson"):
        first, second = effective_dimension(soft, same, SIGMA, method=method, n_products=12)
        assert first.value != second.value


class Root(torch.nn.Module):
    def forward(self, x):
        return torch.sqrt(torch.abs(x))  # of infinite slope at 0


def test_a_derivative_that_is_not_finite():
    X = np.zeros((1, 8, 8))
    for method in ("exact", "hutchpp", "hutchinson"):
        with pytest.raises(ValueError, match="its Jacobian has NaN or infinity"):
            effective_dimension(ModuleDenoiser(Root()).fit(X), X, method=method)


def test_hutchpp_errors_are_as_stated(rng):
    values = np.exp(-np.arange(300) / 8)
    basis = np.linalg.qr(rng.randn(300, 300))[0]
    A = (basis * values) @ basis.T
    found = [hutchpp(lambda V: A @ V, 300, 60, random_state=rng) for _ in range(200)]
    pulls = np.array([(e.value - values.sum()) / e.standard_error for e in found])
    assert abs(pulls.mean()) < 0.35 and 0.85 < pulls.std() < 1.25
    plain = 2.0 * rng.randint(0, 2, (300, 60)) - 1
    spread = np.vecdot(plain, A @ plain, axis=0).std() / np.sqrt(60)
    assert np.median([e.standard_error for e in found]) < spread / 2


def test_hutchpp_stops_at_the_tolerance(rng):
    basis = np.linalg.qr(rng.randn(500, 500))[0]
    A = (basis * np.exp(-np.arange(500) / 50)) @ basis.T
    loose, tight = (hutchpp(lambda V: A @ V, 500, 400, tolerance=t) for t in (0.05, 0.004))
    assert loose.n_products < 60 < tight.n_products <= 400
    assert tight.standard_error <= 0.004 * tight.value
    assert loose.standard_error <= 0.05 * loose.value
    whole = hutchpp(lambda V: A @ V, 500, 500)
    assert whole.value == pytest.approx(np.trace(A))
    assert whole.standard_error == 0 and whole.n_products == 500
    for n_products in (2, 60.5, "many"):
        with pytest.raises(ValueError, match="n_products"):
            hutchpp(lambda V: A @ V, 500, n_products)
    with pytest.raises(ValueError, match="tolerance"):
        hutchpp(lambda V: A @ V, 500, 60, tolerance=0)


def test_an_oracle_knows_its_dimension():
    clean = smooth_images(3, (40, 40))
    oracle = OracleShrinkage().fit(clean)
    found = effective_dimension(oracle, clean, SIGMA, clean=clean)
    assert_allclose([t.value for t in found], oracle.effective_dimension(clean, SIGMA))
    assert all(t.standard_error == 0 for t in found)


# The scorer ------------------------------------------------------------------------------------


def test_scorer_ranks_as_the_true_error_does(rng):
    clean = smooth_images(24, (32, 32), seed=int(rng.randint(999)))
    noisy = add_gaussian_noise(clean, SIGMA, random_state=rng)
    grid = {"threshold": [0.01, 0.5, 1.5, 6.0]}
    blind = GridSearchCV(
        WaveletShrinkage(), grid, scoring=SUREScorer(sigma=SIGMA), cv=2, refit=False
    ).fit(noisy)
    errors = [
        mse(clean, WaveletShrinkage(threshold=t).fit(clean).transform(noisy, SIGMA)).mean()
        for t in grid["threshold"]
    ]
    assert_allclose(-blind.cv_results_["mean_test_score"], errors, atol=6e-4)
    assert blind.best_index_ == int(np.argmin(errors))


def test_scorer_needs_no_clean_images_and_repeats(rng):
    noisy = add_gaussian_noise(smooth_images(6), SIGMA, random_state=rng)
    denoiser = WaveletShrinkage().fit(noisy)
    scorer = SUREScorer(SIGMA)
    assert scorer(denoiser, noisy) == scorer.score(denoiser, noisy, y=np.zeros_like(noisy))
    assert scorer(denoiser, noisy, sigma=2 * SIGMA) != scorer(denoiser, noisy)
    assert np.isfinite(SUREScorer()(denoiser, noisy))  # the level is estimated


def test_the_scorer_tells_the_noise_level(rng):
    noisy = add_gaussian_noise(smooth_images(6), SIGMA, random_state=rng)
    denoiser = WaveletShrinkage(threshold=1.5).fit(noisy)  # it would estimate the level else
    expected = sure(
        denoiser, noisy, SIGMA, method="hutchinson", n_products=5, random_state=SCORE_NOISE_SEED
    )
    assert_allclose(-SUREScorer(SIGMA, n_probes=5)(denoiser, noisy), expected.mse.mean())


def twice(X):
    return 2 * X


def half(X):
    return X / 2


def test_scorer_differentiates_pipelines(rng):
    noisy = add_gaussian_noise(smooth_images(6), SIGMA, random_state=rng)
    plain = WienerDenoiser(sigma=SIGMA).fit(noisy)  # linear: no kinks within a step
    inner = WienerDenoiser(sigma=2 * SIGMA)
    pipeline = make_pipeline(FunctionTransformer(twice), inner, FunctionTransformer(half)).fit(
        noisy
    )
    scorer = SUREScorer(SIGMA)
    assert_allclose(scorer(pipeline, noisy), scorer(plain, noisy), rtol=1e-6)


def test_scorer_takes_flat_rows(rng):
    noisy = add_gaussian_noise(smooth_images(6), SIGMA, random_state=rng)
    flat = WaveletShrinkage(image_shape=(16, 16)).fit(noisy.reshape(6, -1))
    stack = WaveletShrinkage().fit(noisy)
    scorer = SUREScorer(SIGMA)
    assert_allclose(scorer(flat, noisy.reshape(6, -1)), scorer(stack, noisy))
    with pytest.raises(ValueError, match="sigma: expected the noise level"):
        SUREScorer()(flat, noisy.reshape(6, -1))


def test_bad_input():
    X = smooth_images()
    with pytest.raises(ValueError, match="sigma: expected the true noise level"):
        sure(WaveletShrinkage().fit(X), X, None)
    with pytest.raises(ValueError, match="needs the clean images"):
        SUREScorer(0.1)(OracleShrinkage().fit(X), X)
    with pytest.raises(ValueError, match="Unknown method 'hutch'"):
        effective_dimension(WaveletShrinkage().fit(X), X, 0.1, method="hutch")
    with pytest.raises(ValueError, match="n_probes"):
        SUREScorer(0.1, n_probes=0)(WaveletShrinkage().fit(X), X)
    assert np.isfinite(MSEScorer()(WaveletShrinkage().fit(X), X))
