"""Loss in parts: distillation of the optimum, the optimum itself, and excess."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk.denoisers import EmpiricalBayesDenoiser, FunctionDenoiser, OracleShrinkage
from gahb_sk.experiments import loss_parts
from gahb_sk.image_classes import GaussianImages
from gahb_sk.metrics import mse

SIGMAS = [0.1, 0.5]


@pytest.fixture(scope="module")
def law():
    places = np.indices((4, 4)).reshape(2, -1).T
    away = np.linalg.norm(places[:, None] - places[None], axis=-1)
    return GaussianImages(np.full((4, 4), 0.5), 0.1 * np.exp(-away / 2))


@pytest.fixture
def X(law, global_random_seed):
    return law.sample(400, global_random_seed, dtype=np.float64)


@pytest.fixture
def optimum(law, X):
    return law.posterior_mean().fit(X)


def test_the_parts_add_up_to_the_loss(X, optimum):
    memoriser = EmpiricalBayesDenoiser().fit(X[:5])
    parts = loss_parts({"a": memoriser, "b": optimum}, optimum, X[:20], SIGMAS)
    assert parts.loss.shape == parts.distillation.shape == parts.excess.shape == (2, 2, 20)
    assert parts.optimum.shape == (2, 20)
    assert_allclose(parts.loss, parts.distillation + parts.optimum + parts.excess)
    rows = [*parts.table.rows()]
    assert [(row["denoiser"], row["sigma"]) for row in rows] == [
        (name, sigma) for name in "ab" for sigma in SIGMAS
    ]
    for row, losses in zip(rows, parts.loss.reshape(4, 20), strict=True):
        assert_allclose(row["loss"], row["distillation"] + row["optimum"] + row["excess"])
        assert_allclose(row["loss_se"], losses.std(ddof=1) / np.sqrt(20))
        assert row["n_images"] == 20


def test_the_optimum_has_no_distance_and_no_excess(X, optimum):
    parts = loss_parts({"best": optimum}, optimum, X, SIGMAS)
    assert_allclose(parts.loss[0], parts.optimum)
    assert_allclose(parts.distillation, 0, atol=1e-12)
    assert_allclose(parts.excess, 0, atol=1e-12)


def test_losses_are_those_of_the_same_noisy_images(X, optimum):
    seen = []

    def keep(image):
        seen.append(image)
        return 0.5 * image

    half = FunctionDenoiser(keep).fit(X)
    parts = loss_parts({"half": half}, optimum, X[:6], 0.3, random_state=4)
    noisy = np.stack(seen)
    assert_allclose(parts.loss[0, 0], mse(X[:6], 0.5 * noisy))
    assert_allclose(parts.optimum[0], mse(X[:6], optimum.denoise(noisy, 0.3)))
    assert_allclose(parts.distillation[0, 0], mse(optimum.denoise(noisy, 0.3), 0.5 * noisy))


def test_excess_is_zero_on_unseen_images_alone(X, optimum):
    """The optimum's errors are orthogonal to whatever depends on the noisy image alone."""
    memoriser, own = EmpiricalBayesDenoiser().fit(X[:5]), np.resize(X[:5], (200, 4, 4))
    seen, unseen = (
        loss_parts({"": memoriser}, optimum, images, SIGMAS).table for images in (own, X[5:])
    )
    assert (seen["excess"] < -seen["optimum"]).all()
    assert (np.abs(unseen["excess"]) < 5 * unseen["excess_se"]).all()
    assert (seen["loss"] < seen["optimum"]).all() and (unseen["loss"] > unseen["optimum"]).all()


def test_what_has_no_loss_is_refused(X, optimum):
    with pytest.raises(TypeError, match="needs the clean image"):
        loss_parts({"oracle": OracleShrinkage().fit(X)}, optimum, X)
    with pytest.raises(TypeError, match="needs the clean image"):
        loss_parts({"best": optimum}, OracleShrinkage().fit(X), X)
    with pytest.raises(ValueError, match="positive finite noise levels"):
        loss_parts({"best": optimum}, optimum, X, 0.0)
    with pytest.raises(ValueError, match="at least one"):
        loss_parts({}, optimum, X)
