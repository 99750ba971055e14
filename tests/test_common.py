"""The contract, held by EVERY denoiser of the library, found by introspection."""

import pickle

import numpy as np
import pytest
import sklearn
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from gahb_sk import PSNRScorer, add_gaussian_noise
from gahb_sk.denoisers import all_denoisers
from tests.instances import make_denoiser, smooth_images

NAMES = list(all_denoisers())
ORACLES = [name for name, cls in all_denoisers().items() if cls.needs_clean]
RIVALS = [name for name in NAMES if name not in ORACLES]

# A posterior mean says so when an image is not of its class; these tests give it such images.
pytestmark = pytest.mark.filterwarnings("ignore:.*(prior|explain|class).*:UserWarning")

every_denoiser = pytest.mark.parametrize("name", NAMES)
every_rival = pytest.mark.parametrize("name", RIVALS)


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
def test_parameters_are_plain_and_kept(name):
    denoiser = make_denoiser(name)
    assert clone(denoiser).get_params().keys() == denoiser.get_params().keys()
    other = make_denoiser(name, image_shape=(2, 2))
    assert denoiser.set_params(image_shape=(2, 2)).image_shape == other.image_shape
    assert not [key for key in vars(denoiser) if key.endswith("_")]
    assert denoiser.kind in ("learned", "classical", "optimal")


@every_denoiser
def test_only_what_learns_must_be_fitted(name, clean, noisy):
    denoiser = make_denoiser(name)
    if not denoiser.learns:
        fitted = make_denoiser(name).fit(clean)
        assert_array_equal(
            apply(denoiser, noisy, clean, sigma=0.1), apply(fitted, noisy, clean, sigma=0.1)
        )
        assert denoiser.score(clean) == fitted.score(clean)
        assert not [key for key in vars(denoiser) if key.endswith("_")]
        return
    with pytest.raises(NotFittedError):
        apply(denoiser, noisy, clean, sigma=0.1)


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
def test_fit_twice_is_fit_once(name, clean, noisy):
    once = make_denoiser(name).fit(clean)
    twice = make_denoiser(name).fit(clean[:3]).fit(clean)
    assert_allclose(
        apply(once, noisy, clean, sigma=0.1), apply(twice, noisy, clean, sigma=0.1), atol=1e-6
    )


@every_denoiser
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_dtype_and_kind_are_kept(name, clean, noisy, dtype):
    clean, noisy = clean.astype(dtype), noisy.astype(dtype)
    denoiser = make_denoiser(name).fit(clean)
    before = noisy.copy()
    out = apply(denoiser, noisy, clean, sigma=0.1)
    assert isinstance(out, np.ndarray)
    assert out.shape == noisy.shape and out.dtype == dtype
    assert np.isfinite(out).all()
    assert_array_equal(noisy, before)
    tensor = apply(denoiser, torch.from_numpy(noisy), torch.from_numpy(clean), sigma=0.1)
    assert isinstance(tensor, torch.Tensor)
    assert tensor.shape == noisy.shape and tensor.numpy().dtype == dtype
    assert not tensor.requires_grad
    assert_allclose(tensor.numpy(), out, atol=tolerance(out))
    assert_array_equal(noisy, before)


@every_denoiser
def test_fit_does_not_modify_input(name, clean):
    before = clean.copy()
    clean.setflags(write=False)
    make_denoiser(name).fit(clean)
    assert_array_equal(clean, before)


@every_denoiser
def test_tensors_can_be_fitted(name, clean, noisy):
    array = make_denoiser(name).fit(clean)
    tensor = make_denoiser(name).fit(torch.from_numpy(clean))
    assert_allclose(
        apply(tensor, noisy, clean, sigma=0.1), apply(array, noisy, clean, sigma=0.1), atol=1e-6
    )


@every_denoiser
def test_a_batch_is_its_images(name, clean, noisy):
    denoiser = make_denoiser(name).fit(clean)
    together = apply(denoiser, noisy, clean, sigma=0.1)
    alone = [
        apply(denoiser, noisy[k : k + 1], clean[k : k + 1], sigma=0.1) for k in range(len(noisy))
    ]
    assert_allclose(np.concatenate(alone), together, atol=1e-6)


@every_denoiser
def test_sigma_of_each_image(name, clean):
    sigma = np.array([0.02, 0.05, 0.1, 0.2, 0.4])
    noisy = add_gaussian_noise(clean, sigma, random_state=0)
    denoiser = make_denoiser(name).fit(clean)
    together = apply(denoiser, noisy, clean, sigma=sigma)
    alone = [
        apply(denoiser, noisy[k : k + 1], clean[k : k + 1], sigma=sigma[k])
        for k in range(len(noisy))
    ]
    assert_allclose(np.concatenate(alone), together, atol=1e-6)


@every_denoiser
def test_sigma_of_the_constructor(name, clean, noisy):
    if "sigma" not in make_denoiser(name).get_params():
        pytest.skip("a blind denoiser has no sigma")
    built = make_denoiser(name, sigma=0.1).fit(clean)
    told = make_denoiser(name).fit(clean)
    assert_allclose(apply(built, noisy, clean), apply(told, noisy, clean, sigma=0.1), atol=1e-12)


@every_denoiser
def test_sigma_may_be_left_out(name, clean, noisy):
    out = apply(make_denoiser(name).fit(clean), noisy, clean)
    assert out.shape == noisy.shape and np.isfinite(out).all()


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
def test_pickle_and_clone(name, clean, noisy):
    denoiser = make_denoiser(name).fit(clean)
    copy = pickle.loads(pickle.dumps(denoiser))
    assert_array_equal(
        apply(copy, noisy, clean, sigma=0.1), apply(denoiser, noisy, clean, sigma=0.1)
    )
    assert not hasattr(clone(denoiser), "image_shape_")


@every_denoiser
def test_global_random_states_are_left_alone(name, clean, noisy):
    denoiser = make_denoiser(name)
    numpy_before, torch_before = np.random.get_state()[1].copy(), torch.get_rng_state()
    apply(denoiser.fit(clean), noisy, clean, sigma=0.1)
    denoiser.score(clean)
    assert_array_equal(np.random.get_state()[1], numpy_before)
    assert torch.equal(torch.get_rng_state(), torch_before)


@every_denoiser
def test_score_is_mean_psnr_and_repeatable(name, clean):
    denoiser = make_denoiser(name).fit(clean)
    score = denoiser.score(clean, sigma=0.2)
    assert score == denoiser.score(clean, sigma=0.2)
    noisy = add_gaussian_noise(clean, 0.2, random_state=0)
    out = apply(denoiser, noisy, clean, sigma=0.2)
    expected = -10 * np.log10(np.mean((out - clean) ** 2, axis=(1, 2)))
    assert_allclose(score, expected.mean(), atol=1e-6)
    assert_allclose(denoiser.score(noisy, clean, sigma=0.2), score, atol=1e-6)
    weights = np.array([1.0, 0, 0, 0, 2.0])
    weighted = denoiser.score(clean, sigma=0.2, sample_weight=weights)
    assert_allclose(weighted, np.average(expected, weights=weights), atol=1e-6)


@every_denoiser
def test_fit_on_pairs_learns_from_the_clean_ones(name, clean, noisy):
    pairs = make_denoiser(name).fit(noisy, clean)
    alone = make_denoiser(name).fit(clean)
    assert_allclose(
        apply(pairs, noisy, clean, sigma=0.1), apply(alone, noisy, clean, sigma=0.1), atol=1e-6
    )


@every_denoiser
def test_chunks_change_nothing(name, clean, noisy, monkeypatch):
    denoiser = make_denoiser(name).fit(clean)
    sigma = np.array([0.02, 0.05, 0.1, 0.2, 0.4])
    together = apply(denoiser, noisy, clean, sigma=sigma)
    scores = denoiser.score(clean), denoiser.score(clean, sigma=sigma)
    monkeypatch.setattr(type(denoiser), "_chunk_length", lambda self, shape: 2)
    assert_allclose(apply(denoiser, noisy, clean, sigma=sigma), together, atol=1e-6)
    assert_allclose((denoiser.score(clean), denoiser.score(clean, sigma=sigma)), scores, atol=1e-6)


@every_denoiser
def test_score_of_levels_is_the_mean_of_single_images(name, clean):
    denoiser = make_denoiser(name).fit(clean)
    sigma = np.array([0.02, 0.05, 0.1, 0.2, 0.4])
    noisy = add_gaussian_noise(clean, sigma, random_state=0)
    alone = [
        denoiser.score(noisy[k : k + 1], clean[k : k + 1], sigma=sigma[k : k + 1])
        for k in range(len(clean))
    ]
    assert_allclose(denoiser.score(clean, sigma=sigma), np.mean(alone), atol=1e-6)


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
def test_the_argument_sigma_goes_before_that_of_the_constructor(name, clean, noisy):
    if "sigma" not in make_denoiser(name).get_params():
        pytest.skip("no sigma in the constructor")
    built = make_denoiser(name, sigma=0.01).fit(clean)
    told = make_denoiser(name).fit(clean)
    assert_allclose(
        apply(built, noisy, clean, sigma=0.2), apply(told, noisy, clean, sigma=0.2), atol=1e-9
    )


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


@every_denoiser
def test_linearize_is_the_derivative(name, clean):
    image = add_gaussian_noise(clean[:1, :6, :6], 0.05, random_state=3)
    denoiser = make_denoiser(name).fit(clean[:, :6, :6])
    oracle = {"clean": clean[0, :6, :6]} if denoiser.needs_clean else {}
    operator = denoiser.linearize(image[0], sigma=0.05, **oracle)
    d = image[0].size
    assert operator.shape == (d, d)
    U, V = np.random.RandomState(0).randn(2, d, 3)
    JTU = operator.rmatmat(U)
    # Differences across the jumps of a denoiser are not linear in the direction; their matrix is.
    JV = operator.matmat(V) if operator.step is None else operator.matmat(np.eye(d)) @ V
    assert_allclose(np.sum(U * JV), np.sum(JTU * V), rtol=1e-4, atol=1e-4)
    assert_allclose(operator.matvec(V[:, 0]), operator.matmat(V)[:, 0], atol=1e-5)
    assert_allclose(operator.rmatvec(U[:, 0]), JTU[:, 0], atol=1e-5)


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
    if type(estimator).__name__ != "ModuleDenoiser":
        return SCORE_WANTS_IMAGES
    why = "the hash of a torch module changes when it is copied"
    return {**SCORE_WANTS_IMAGES, "check_estimators_overwrite_params": why}


@parametrize_with_checks(
    [make_denoiser(name, image_shape=(1, -1)) for name in RIVALS],
    expected_failed_checks=expected_failures,
)
def test_sklearn_checks(estimator, check):
    check(estimator)
