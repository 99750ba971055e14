"""The contract, held by EVERY denoiser of the library, found by introspection."""

import contextlib

import numpy as np
import pytest
import sklearn
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from gahb_sk import PSNRScorer, add_gaussian_noise
from gahb_sk.denoisers import all_denoisers
from gahb_sk.image_classes import DiskImages, SineImages
from gahb_sk.testing import CHECKS
from tests import instances
from tests.instances import smooth_images

NAMES = list(all_denoisers())
ORACLES = [name for name, cls in all_denoisers().items() if cls.needs_clean]
RIVALS = [name for name in NAMES if name not in ORACLES]

# Quick classes of the size of `smooth_images`; the default class, whose posterior is refined image
# by image, keeps the contract in denoisers/optimal/test_posterior_means.py.
CLASSES = {
    "DiskPosteriorMean": {"image_class": DiskImages(16, lattice="integer")},
    "TangentProjection": {"image_class": SineImages(16)},
}

# A posterior mean says so when an image is not of its class; these tests give it such images.
pytestmark = pytest.mark.filterwarnings("ignore:.*(prior|explain|class).*:UserWarning")

every_denoiser = pytest.mark.parametrize("name", NAMES)
every_rival = pytest.mark.parametrize("name", RIVALS)


def make_denoiser(name, **parameters):
    return instances.make_denoiser(name, **CLASSES.get(name, {}), **parameters)


@pytest.fixture
def clean():
    return smooth_images()


@pytest.fixture
def noisy(clean):
    return add_gaussian_noise(clean, 0.1, random_state=1)


def apply(denoiser, noisy, clean, **arguments):
    """transform, giving an oracle the clean images."""
    if denoiser.needs_clean:
        arguments["clean"] = clean
    return denoiser.transform(noisy, **arguments)


def tolerance(array):
    return 2e-4 if np.dtype(str(array.dtype).removeprefix("torch.")) == np.float32 else 1e-6


@every_denoiser
@pytest.mark.parametrize("check", CHECKS)
def test_contract(name, check):
    CHECKS[check](make_denoiser(name))


@every_denoiser
def test_denoise_is_transform_with_one_signature_for_all(name, clean, noisy):
    denoiser = make_denoiser(name).fit(clean)
    expected = apply(denoiser, noisy, clean, sigma=0.1)
    assert_array_equal(denoiser.denoise(noisy, 0.1, clean=clean), expected)
    if denoiser.needs_clean:
        with pytest.raises(TypeError, match="oracle"):
            denoiser.denoise(noisy, 0.1)
    else:
        assert_array_equal(denoiser.denoise(noisy, 0.1), expected)


@every_denoiser
def test_tensors_can_be_fitted(name, clean, noisy):
    array = make_denoiser(name).fit(clean)
    tensor = make_denoiser(name).fit(torch.from_numpy(clean))
    assert_allclose(
        apply(tensor, noisy, clean, sigma=0.1), apply(array, noisy, clean, sigma=0.1), atol=1e-6
    )


@every_denoiser
def test_flat_rows_are_images(name, clean, noisy):
    stack = apply(make_denoiser(name).fit(clean), noisy, clean, sigma=0.1)
    flat_clean, flat_noisy = clean.reshape(len(clean), -1), noisy.reshape(len(noisy), -1)
    flat = make_denoiser(name, image_shape=clean.shape[1:]).fit(flat_clean)
    assert flat.n_features_in_ == flat_clean.shape[1]
    out = apply(flat, flat_noisy, flat_clean, sigma=0.1)
    assert_allclose(out, stack.reshape(len(stack), -1), atol=1e-6)
    tensor = apply(flat, torch.from_numpy(flat_noisy), torch.from_numpy(flat_clean), sigma=0.1)
    assert_allclose(tensor.numpy(), out, atol=1e-6)


@every_denoiser
def test_chunks_change_nothing(name, clean, noisy, monkeypatch):
    denoiser = make_denoiser(name).fit(clean)
    sigma = np.array([0.02, 0.05, 0.1, 0.2, 0.4])
    together = apply(denoiser, noisy, clean, sigma=sigma)
    scores = denoiser.score(clean), denoiser.score(clean, sigma=sigma)
    monkeypatch.setattr(type(denoiser), "_chunk_length", lambda self, shape: 2)
    assert_allclose(apply(denoiser, noisy, clean, sigma=sigma), together, atol=1e-6)
    assert_allclose((denoiser.score(clean), denoiser.score(clean, sigma=sigma)), scores, atol=1e-6)


needs_sigma = pytest.mark.parametrize(
    "name", [name for name in NAMES if all_denoisers()[name].blind is False]
)


@needs_sigma
def test_sigma_is_estimated_for_each_image(name, clean):
    noisy = add_gaussian_noise(clean, [0.02, 0.05, 0.1, 0.2, 0.4], random_state=0)
    denoiser = make_denoiser(name).fit(clean)
    alone = [apply(denoiser, noisy[k : k + 1], clean[k : k + 1]) for k in range(len(noisy))]
    assert_allclose(apply(denoiser, noisy, clean), np.concatenate(alone), atol=1e-6)


@needs_sigma
def test_a_score_without_sigma_does_not_tell_it(name, clean):
    denoiser = make_denoiser(name).fit(clean)
    noisy = add_gaussian_noise(clean, 0.1, random_state=0)
    out = apply(denoiser, noisy, clean)
    with np.errstate(divide="ignore"):  # a memoriser is exact on the images it was fitted on
        expected = -10 * np.log10(np.mean((out - clean) ** 2, axis=(1, 2)))
    assert_allclose(denoiser.score(clean), expected.mean(), atol=1e-6)


@every_denoiser
def test_cross_validation_and_grid_search(name, clean, noisy):
    denoiser = make_denoiser(name)
    scores = cross_validate(denoiser, clean, cv=2)["test_score"]
    assert np.isfinite(scores).all()
    assert np.isfinite(cross_val_score(denoiser, noisy, clean, cv=2)).all()
    assert np.isfinite(cross_val_score(denoiser, clean, cv=2, scoring=PSNRScorer((0.1, 0.2)))).all()
    grid = {key: [1] for key in ("sigma", "random_state") if key in denoiser.get_params()}
    search = GridSearchCV(denoiser, grid or {"image_shape": [None]}, cv=2).fit(clean)
    assert search.best_estimator_.image_shape_ == clean.shape[1:]


@every_rival
def test_pipeline(name, clean, noisy):
    alone = make_denoiser(name).fit(clean)
    pipeline = make_pipeline(FunctionTransformer(), make_denoiser(name)).fit(clean)
    assert_allclose(pipeline.transform(noisy), alone.transform(noisy), atol=1e-6)
    assert_allclose(pipeline.score(clean), alone.score(clean), atol=1e-6)


@every_rival
def test_metadata_routing_of_sigma(name, clean):
    sigma = np.linspace(0.05, 0.3, len(clean))
    noisy = add_gaussian_noise(clean, sigma, random_state=0)
    alone = make_denoiser(name).fit(clean)
    with sklearn.config_context(enable_metadata_routing=True):
        denoiser = make_denoiser(name).set_transform_request(sigma=True)
        denoiser.set_score_request(sigma=True)
        pipeline = make_pipeline(FunctionTransformer(), denoiser).fit(clean)
        assert_allclose(
            pipeline.transform(noisy, sigma=sigma), alone.transform(noisy, sigma=sigma), atol=1e-6
        )
        scores = cross_validate(denoiser, clean, cv=2, params={"sigma": sigma})["test_score"]
    assert np.isfinite(scores).all()


@every_denoiser
def test_lazy_stacks_are_read_piece_by_piece(name, clean, noisy, monkeypatch):
    class Stack:
        """A stack that refuses to be loaded whole."""

        def __init__(self, images):
            self.images, self.shape, self.dtype = images, images.shape, images.dtype
            self.longest = 0

        def __len__(self):
            return len(self.images)

        def __getitem__(self, index):
            rows = self.images[index]
            self.longest = max(self.longest, len(rows))
            return rows

        def __array__(self, *args, **kwargs):
            raise AssertionError("loaded whole")

    denoiser = make_denoiser(name)
    denoiser.fit(Stack(clean))
    monkeypatch.setattr(type(denoiser), "_chunk_length", lambda self, shape: 2)
    stack = Stack(noisy)
    out = apply(denoiser, stack, Stack(clean), sigma=0.1)
    assert stack.longest == 2
    expected = apply(make_denoiser(name).fit(clean), noisy, clean, sigma=0.1)
    assert_allclose(out, expected, atol=1e-6)


BAD_IMAGES = {
    "2-D": (lambda X: X[0], ValueError, r"X\[None\].*image_shape="),
    "5-D": (lambda X: X[None, None], ValueError, r"\(n, C, H, W\)"),
    "uint8": (lambda X: (255 * X).astype(np.uint8), TypeError, r"astype\(numpy.float32\) / 255"),
    "bool": (lambda X: X > 0.5, TypeError, "float32 or float64"),
    "half": (lambda X: X.astype(np.float16), TypeError, "float32 or float64"),
    "NaN": (lambda X: np.where(X == X.max(), np.nan, X), ValueError, "NaN|infinity"),
    "infinity": (lambda X: np.where(X == X.max(), np.inf, X), ValueError, "infinity"),
    "both infinities": (lambda X: np.copysign(np.inf, X - 0.5), ValueError, "infinity"),
    "empty": (lambda X: X[:0], ValueError, "at least one image"),
    "no pixels": (lambda X: X[:, :0], ValueError, "at least one pixel"),
    "strings": (lambda X: X.astype(str).astype(object) + "a", ValueError, "convert|numeric"),
    "complex": (lambda X: X + 1j, ValueError, "[Cc]omplex"),
}


@every_denoiser
@pytest.mark.parametrize("case", BAD_IMAGES)
def test_bad_images(name, clean, case):
    spoil, error, message = BAD_IMAGES[case]
    with pytest.raises(error, match=message):
        make_denoiser(name).fit(spoil(clean))
    denoiser = make_denoiser(name).fit(clean)
    with pytest.raises(error, match=message):
        apply(denoiser, spoil(clean), spoil(clean), sigma=0.1)


@every_denoiser
@pytest.mark.parametrize("sigma", [-0.1, np.nan, np.inf, [0.1, 0.2], "loud", "0.1", True])
def test_bad_sigma(name, clean, sigma):
    denoiser = make_denoiser(name).fit(clean)
    with pytest.raises((ValueError, TypeError), match="sigma"):
        apply(denoiser, clean, clean, sigma=sigma)


@every_denoiser
def test_bad_image_shape(name, clean):
    flat = clean.reshape(len(clean), -1)
    for image_shape in [(3, 5), (0, 256), (16,), (-1, -1), ("a", 2)]:
        with pytest.raises((ValueError, TypeError), match="image_shape"):
            make_denoiser(name, image_shape=image_shape).fit(flat)
    with pytest.raises(ValueError, match="flat rows|dim"):
        make_denoiser(name, image_shape=(16, 16)).fit(clean)


@every_denoiser
def test_linearize_wants_one_image(name, clean):
    denoiser = make_denoiser(name).fit(clean)
    oracle = {"clean": clean} if denoiser.needs_clean else {}
    with pytest.raises(ValueError, match="one image"):
        denoiser.linearize(clean, sigma=0.1, **oracle)


SCORE_WANTS_IMAGES = {
    check: "score(X, y) takes clean images as y, not one label a sample"
    for check in ("check_fit_score_takes_y", "check_pipeline_consistency")
}


def expected_failures(estimator):
    more = {
        "ModuleDenoiser": {
            "check_estimators_overwrite_params": "a torch module has another hash when copied"
        },
        "PretrainedDenoiser": {
            "check_methods_subset_invariance": "networks compute in single precision"
        },
    }
    return {**SCORE_WANTS_IMAGES, **more.get(type(estimator).__name__, {})}


@pytest.mark.filterwarnings("ignore::gahb_sk.denoisers.UntestedSizeWarning")
@parametrize_with_checks([instances.make_denoiser(name, image_shape=(1, -1)) for name in RIVALS])
def test_sklearn_checks(estimator, check):
    reason = expected_failures(estimator).get(check.func.__name__)
    # Not by `expected_failed_checks`: pytest then spends half a second on each traceback.
    with contextlib.suppress(Exception if reason else ()):
        return check(estimator)
    pytest.xfail(reason)


# Names of columns --------------------------------------------------------------------------


def test_flat_rows_keep_their_names_and_stacks_have_none():
    pandas = pytest.importorskip("pandas")
    rows = np.random.default_rng(0).random((3, 64))
    frame = pandas.DataFrame(rows, index=[5, 6, 7]).add_prefix("pixel")
    denoiser = instances.make_denoiser("WaveletShrinkage", image_shape=(8, 8))
    found = denoiser.set_output(transform="pandas").fit(frame).transform(frame)
    assert list(found.columns) == list(frame.columns) and list(found.index) == [5, 6, 7]
    assert list(denoiser.fit(rows).get_feature_names_out()[:2]) == ["x0", "x1"]
    with sklearn.config_context(transform_output="pandas"):
        stack = instances.make_denoiser("WaveletShrinkage")
        assert stack.fit_transform(rows.reshape(3, 8, 8), sigma=0.1).shape == (3, 8, 8)
    assert not hasattr(stack, "get_feature_names_out")
