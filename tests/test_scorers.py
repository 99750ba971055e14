"""Scorers in searches, pipelines, with flat rows and lazy stacks."""

import pytest
import sklearn
from numpy.testing import assert_allclose
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import gahb_sk.scorers as scorers
from gahb_sk import (
    MSEScorer,
    OracleShrinkage,
    PSNRScorer,
    SSIMScorer,
    WaveletShrinkage,
    add_gaussian_noise,
    psnr,
)
from tests.instances import smooth_images

SCORERS = [PSNRScorer, SSIMScorer, MSEScorer]
every_scorer = pytest.mark.parametrize("scorer", SCORERS)


class Stack:
    """A stack that refuses to be loaded whole."""

    def __init__(self, images):
        self.images, self.shape, self.dtype = images, images.shape, images.dtype

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        assert len(range(*index.indices(len(self)))) <= 2, "loaded whole"
        return self.images[index]

    def __array__(self, *args, **kwargs):
        raise AssertionError("loaded whole")


@pytest.fixture
def clean():
    return smooth_images()


@every_scorer
def test_lazy_stacks_are_read_in_pieces(scorer, clean, monkeypatch):
    monkeypatch.setattr(scorers, "_VALUES_AT_ONCE", 2 * clean[0].size)
    denoiser = WaveletShrinkage().fit(clean)
    denoiser._chunk_pixels = 2 * clean[0].size
    sigmas = (0.05, 0.2)
    expected = scorer(sigmas)(denoiser, clean)
    assert_allclose(scorer(sigmas)(denoiser, Stack(clean)), expected, atol=1e-9)
    noisy = add_gaussian_noise(clean, 0.1, 3)
    assert_allclose(
        scorer()(denoiser, Stack(noisy), Stack(clean)), scorer()(denoiser, noisy, clean), atol=1e-9
    )


@every_scorer
def test_flat_rows_score_as_images_do(scorer, clean):
    flat = clean.reshape(len(clean), -1)
    rows = cross_val_score(
        WaveletShrinkage(image_shape=clean.shape[1:]), flat, cv=2, scoring=scorer(),
        error_score="raise",
    )  # fmt: skip
    images = cross_val_score(WaveletShrinkage(), clean, cv=2, scoring=scorer())
    assert_allclose(rows, images, atol=1e-6)


def test_ssim_of_rows_without_a_shape(clean):
    with pytest.raises(ValueError, match="a denoiser with image_shape="):
        SSIMScorer()(FunctionTransformer().fit(clean.reshape(5, -1)), clean.reshape(5, -1))


@every_scorer
def test_a_search_is_scored_as_its_best_denoiser(scorer, clean):
    grid = {"threshold": [2.0, 3.0]}
    search = GridSearchCV(WaveletShrinkage(rule="hard"), grid, cv=2).fit(clean)
    assert scorer((0.1, 0.3))(search, clean) == scorer((0.1, 0.3))(search.best_estimator_, clean)


@every_scorer
def test_a_pipeline_that_requests_the_level_is_told(scorer, clean):
    alone = scorer((0.1, 0.3))(WaveletShrinkage().fit(clean), clean)
    untold = make_pipeline(FunctionTransformer(), WaveletShrinkage()).fit(clean)
    assert scorer((0.1, 0.3))(untold, clean) != alone
    with sklearn.config_context(enable_metadata_routing=True):
        last = WaveletShrinkage().set_transform_request(sigma=True)
        told = make_pipeline(FunctionTransformer(), last).fit(clean)
        assert_allclose(scorer((0.1, 0.3))(told, clean), alone)


def test_an_oracle_in_a_pipeline(clean):
    alone = PSNRScorer()(OracleShrinkage().fit(clean), clean)
    with sklearn.config_context(enable_metadata_routing=True):
        last = OracleShrinkage().set_transform_request(sigma=True, clean=True)
        pipeline = make_pipeline(FunctionTransformer(), last).fit(clean)
        assert_allclose(PSNRScorer()(pipeline, clean), alone)


def test_seed_and_range_are_used(clean):
    denoiser = WaveletShrinkage().fit(clean)
    noisy = add_gaussian_noise(clean, 0.2, random_state=5)
    expected = psnr(clean, denoiser.transform(noisy, sigma=0.2), data_range=2.0).mean()
    scorer = PSNRScorer((0.2,), data_range=2.0, random_state=5)
    assert_allclose(scorer(denoiser, clean), expected)
    assert scorer(denoiser, clean) != PSNRScorer((0.2,), data_range=2.0)(denoiser, clean)
    half, whole = SSIMScorer(data_range=0.5), SSIMScorer(data_range=1.0)
    assert half(denoiser, clean) != whole(denoiser, clean)


@pytest.mark.parametrize(
    ("name", "scorer"),
    [("psnr", PSNRScorer), ("ssim", SSIMScorer), ("neg_mean_squared_error", MSEScorer)],
)
def test_a_scorer_by_its_name(name, scorer, clean):
    found = cross_val_score(WaveletShrinkage(), clean, scoring=scorers.get_scorer(name), cv=2)
    assert_allclose(found, cross_val_score(WaveletShrinkage(), clean, scoring=scorer(), cv=2))


def test_a_scorer_of_no_name():
    scorers.get_scorer("psnr").set_params(sigma=0.5)
    assert scorers.get_scorer("psnr").sigma == PSNRScorer().sigma
    with pytest.raises(ValueError, match="Did you mean 'psnr'.*'neg_mean_squared_error'"):
        scorers.get_scorer("PSNR")
