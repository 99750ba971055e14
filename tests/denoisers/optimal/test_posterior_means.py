"""Posterior means of known classes: Bayes' rule by other means, and what follows from it."""

import pickle
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from gahb_sk import add_gaussian_noise
from gahb_sk.datasets import make_disk_images
from gahb_sk.denoisers import (
    BandletShrinkage,
    BM3DDenoiser,
    DiskPosteriorMean,
    EmpiricalBayesDenoiser,
    GaussianPosteriorMean,
    LocalEmpiricalBayesDenoiser,
    NetworkDenoiser,
    NonLocalMeansDenoiser,
    SinePosteriorMean,
    TangentProjection,
    TotalVariationDenoiser,
    WaveletShrinkage,
    WienerDenoiser,
)
from gahb_sk.image_classes import (
    CAlphaImages,
    DiskImages,
    GaussianImages,
    PolygonImages,
    RayImages,
    ShuffledImages,
    SineImages,
    disk_coverage,
)
from gahb_sk.networks import UNet
from gahb_sk.testing import CHECKS

SIZE = 24
JOINT = ("ray", "shuffled ray", "Gaussian")
CLASSES = {
    "ray": RayImages(SIZE),
    "sine": SineImages(SIZE),
    "continuous": DiskImages(SIZE),
    "torus": DiskImages(SIZE, wrap=True),
    "integer": DiskImages(SIZE, lattice="integer"),
    "hard": DiskImages(SIZE, lattice="integer", antialias="none"),
    "ranges": DiskImages(SIZE, radius_range=(4.3, 6.2), intensity_range=(0.2, 0.9)),
    "Gaussian": GaussianImages.from_images(
        CAlphaImages(SIZE).sample(2 * SIZE**2, 0, dtype=np.float64)
    ),
    "shuffled ray": ShuffledImages(RayImages(SIZE), permutation_seed=1),
    "shuffled disks": ShuffledImages(DiskImages(SIZE, lattice="integer")),
}


def make_class(name, n, seed):
    """Return clean images and the fitted posterior mean of their class."""
    X = CLASSES[name].sample(n, seed, dtype=np.float64)
    return X, CLASSES[name].posterior_mean().fit(X)


def errors(denoised, clean):
    return np.square(denoised - clean).reshape(len(clean), -1).sum(1)


def z_value(values):
    return values.mean() / (values.std(ddof=1) / np.sqrt(len(values)))


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("sigma", [1.0, 0.15, 0.02])
@pytest.mark.parametrize("n", [30, pytest.param(200, marks=pytest.mark.slow)])
def test_error_is_the_trace_of_the_covariance(name, sigma, n, global_random_seed):
    # E|x - f(y)|^2 = E tr Cov[x|y] = sigma^2 E tr J: true of the posterior mean only.
    if name == "torus":  # the most disks
        n //= 3
    X, denoiser = make_class(name, n, global_random_seed)
    Y = add_gaussian_noise(X, sigma, global_random_seed + 1)
    variance = denoiser.posterior_variance(Y, sigma)
    difference = errors(denoiser.transform(Y, sigma), X) - variance
    assert abs(z_value(difference)) < 5


@pytest.mark.parametrize("name", ["continuous", "torus", "integer", "ray", "sine"])
def test_importance_sampling_agrees(name, global_random_seed):
    sigma, n_compared = 2.0, 0
    X, denoiser = make_class(name, 5, global_random_seed)
    Y = add_gaussian_noise(X, sigma, global_random_seed + 1)
    draws = CLASSES[name].sample(20000, global_random_seed + 2, dtype=np.float64)
    flat = draws.reshape(len(draws), -1)
    for noisy, estimate in zip(Y, denoiser.transform(Y, sigma), strict=True):
        log_weight = (flat @ noisy.ravel() - 0.5 * np.square(flat).sum(1)) / sigma**2
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        if np.square(weight).sum() > 1 / 300:  # of large contrast: too few draws matter
            continue
        mean = weight @ flat
        variance = np.square(weight) @ np.square(flat - mean)  # of the sampled mean
        away = np.square(mean - estimate.ravel()).sum()
        assert away < 25 * variance.sum() + 1e-12  # five deviations of a ray, which has but one
        n_compared += 1
    assert n_compared


@pytest.mark.parametrize("name", ["continuous", "sine", "ray", "shuffled ray"])
def test_small_noise_is_the_tangent_projection(name, global_random_seed):
    sigma = 1e-3
    X, denoiser = make_class(name, 40, global_random_seed)
    dimension = CLASSES[name].dimension
    Y = add_gaussian_noise(X, sigma, global_random_seed + 1)
    oracle = TangentProjection(CLASSES[name]).fit(X).transform(Y, sigma, clean=X)
    assert_allclose(errors(oracle, X).mean() / sigma**2, dimension, rtol=5 / np.sqrt(40))
    apart = errors(denoiser.transform(Y, sigma), oracle)
    assert np.median(apart) < 0.1 * dimension * sigma**2
    values, vectors = denoiser.posterior_covariance(Y[:4], sigma, dimension + 1)
    assert_allclose(np.median(values[:, :dimension] / sigma**2), 1, atol=0.05)
    assert np.median(values[:, dimension]) < 0.05 * sigma**2
    flat = vectors.reshape(4, dimension + 1, -1)
    assert_allclose(
        flat @ flat.transpose(0, 2, 1), np.eye(dimension + 1)[None].repeat(4, 0), atol=1e-6
    )


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("sigma", [0.5, 0.05])
def test_jacobian_is_a_covariance_and_the_derivative(name, sigma, global_random_seed):
    X, denoiser = make_class(name, 1, global_random_seed)
    Y = add_gaussian_noise(X, sigma, global_random_seed + 1)
    operator = denoiser.linearize(Y[0], sigma)
    rng = np.random.RandomState(global_random_seed)
    # Grids of many disks are met in a subspace here, and whole in the slow test below.
    vague = sigma == 0.5 and name in ("continuous", "torus", "ranges")
    probes = np.linalg.qr(rng.randn(SIZE**2, 32 if vague else SIZE**2))[0]
    J = probes.T @ operator.matmat(probes)
    assert_allclose(J, J.T, atol=1e-8)
    assert np.linalg.eigvalsh(J)[0] > -1e-8
    if not vague:
        trace = denoiser.posterior_variance(Y, sigma)[0] / sigma**2
        assert_allclose(np.trace(J), trace, rtol=1e-5)
    v = rng.randn(SIZE, SIZE)
    step = 1e-3 * sigma
    rise = denoiser.transform(Y + step * v, sigma) - denoiser.transform(Y - step * v, sigma)
    slope, expected = rise.ravel() / (2 * step), operator.matvec(v.ravel())
    assert np.linalg.norm(slope - expected) < 0.03 * np.linalg.norm(expected) + 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("name", ["continuous", "torus", "ranges"])
def test_trace_on_a_grid(name, global_random_seed):
    X, denoiser = make_class(name, 1, global_random_seed)
    Y = add_gaussian_noise(X, 0.5, global_random_seed + 1)
    J = denoiser.linearize(Y[0], 0.5).matmat(np.eye(SIZE**2))
    assert_allclose(J, J.T, atol=1e-8)
    assert np.linalg.eigvalsh(J)[0] > -1e-8
    assert_allclose(np.trace(J), denoiser.posterior_variance(Y, 0.5)[0] / 0.25, rtol=1e-5)


@pytest.mark.parametrize("name", CLASSES)
def test_variances_of_channels_add_up(name, global_random_seed):
    X, denoiser = make_class(name, 4, global_random_seed)
    sigma = np.array([0.3, 0.02])
    Y = add_gaussian_noise(X.reshape(2, 2, SIZE, SIZE), sigma, global_random_seed)
    if name in JOINT:  # one law for all channels: another class than two of one channel
        Y = Y[:, :1]
    together = denoiser.fit(Y).posterior_variance(Y, sigma)
    flat, levels = Y.reshape(-1, SIZE, SIZE), np.repeat(sigma, Y.shape[1])
    alone = denoiser.fit(flat).posterior_variance(flat, levels)
    assert_allclose(together, alone.reshape(2, -1).sum(1))


RIVALS = {
    "wavelets": WaveletShrinkage(),
    "spun wavelets": WaveletShrinkage(rule="hard", threshold=3.0, n_shifts=16),
    "bandlets": BandletShrinkage(n_shifts=4),
    "linear": WienerDenoiser(),
    "total variation": TotalVariationDenoiser(),
    "non-local means": NonLocalMeansDenoiser(),
    "BM3D": BM3DDenoiser(exact=False),
    "memory": EmpiricalBayesDenoiser(),
    "memory of patches": LocalEmpiricalBayesDenoiser(patch_size=9),
    "network": NetworkDenoiser(
        UNet(channels=8, n_blocks=1), max_epochs=6, recipe={"batch_size": 8}, random_state=0
    ),
}
NEEDS = {"BM3D": "bm3d", "total variation": "skimage", "non-local means": "skimage"}


@cache
def optimum_of(name, seed):
    """Return training images, and (sigma, clean, noisy, errors of the optimum) at two levels."""
    X, denoiser = make_class(name, 112, seed)
    test, levels = X[80:], []
    for sigma in (0.4, 0.05):
        noisy = add_gaussian_noise(test, sigma, seed + 1)
        levels.append((sigma, test, noisy, errors(denoiser.transform(noisy, sigma), test)))
    return X[:80], levels


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("name", ["continuous", "sine", "ray"])
def test_no_denoiser_beats_the_posterior_mean(name, rival, global_random_seed):
    if rival in NEEDS:
        pytest.importorskip(NEEDS[rival])
    train, levels = optimum_of(name, global_random_seed)
    fitted = clone(RIVALS[rival]).fit(train)
    for sigma, clean, noisy, best in levels:
        assert z_value(errors(fitted.transform(noisy, sigma), clean) - best) > -3


def test_low_contrast_stays_uncertain(global_random_seed):
    # Contrast far below small noise: all disks matter, and random ones give the same mean. Both
    # intensities are far from the ends of their range, so that they are normal given the disk.
    sigma = 0.02
    X = make_disk_images(
        3, SIZE, intensity_range=(0.5, 0.5005), dtype=np.float64, random_state=global_random_seed
    )
    Y = add_gaussian_noise(X, sigma, global_random_seed)
    _, params = make_disk_images(8000, SIZE, return_params=True, random_state=1)
    m = disk_coverage(params[:, :3], (SIZE, SIZE)).reshape(len(params), -1)
    n, A = m.sum(1), np.square(m).sum(1)
    gram = np.stack([A, n - A, n - A, SIZE**2 - 2 * n + A], 1).reshape(-1, 2, 2)
    for noisy, estimate in zip(Y, DiskPosteriorMean().fit(X).transform(Y, sigma), strict=True):
        inside = m @ noisy.ravel()
        products = np.stack([inside, noisy.sum() - inside], 1)
        intensities = np.linalg.solve(gram, products[..., None])[..., 0]
        log_weight = (products * intensities).sum(1) / (2 * sigma**2)
        log_weight -= np.linalg.slogdet(gram)[1] / 2
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        assert weight.max() < 0.05
        values = intensities[:, :1] * m + intensities[:, 1:] * (1 - m)
        mean = weight @ values
        variance = np.square(weight) @ np.square(values - mean).sum(1)
        assert np.square(mean - estimate.ravel()).sum() < 9 * variance


def test_unexplained_image_is_finite_and_named(global_random_seed):
    X, denoiser = make_class("continuous", 4, global_random_seed)
    Y = add_gaussian_noise(X, 0.05, global_random_seed)
    Y[2] = 30 * np.random.RandomState(global_random_seed).randn(SIZE, SIZE)
    with pytest.warns(UserWarning, match="no image of the class explains image 2 "):
        denoised = denoiser.transform(Y, 0.05)
    assert np.isfinite(denoised).all()
    assert denoised.min() >= -1e-9 and denoised.max() <= 1 + 1e-9
    assert_allclose(denoised[:2], denoiser.transform(Y[:2], 0.05), atol=1e-9)


def test_threads_change_nothing(global_random_seed):
    X, denoiser = make_class("continuous", 6, global_random_seed)
    Y = add_gaussian_noise(X, 0.1, global_random_seed)
    threaded = DiskPosteriorMean(n_jobs=2).fit(X).transform(Y, 0.1)
    assert_allclose(threaded, denoiser.transform(Y, 0.1), atol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"antialias": "none"}, "antialias='area' with lattice='continuous'"),
        ({"intensity_range": (0.5, 0.5)}, "low < high in intensity_range"),
    ],
)
def test_classes_without_a_density(parameters, name):
    with pytest.raises(ValueError, match=name):
        DiskPosteriorMean(DiskImages(SIZE, **parameters)).fit(np.zeros((1, SIZE, SIZE)))


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_of_another_size_is_refused(name):
    X = np.zeros((1, SIZE + 1, SIZE))
    with pytest.raises(ValueError, match=f"image_class: expected a class of {SIZE + 1}x{SIZE} "):
        CLASSES[name].posterior_mean().fit(X)
    if CLASSES[name].dimension:
        with pytest.raises(ValueError, match="image_class: expected a class of"):
            TangentProjection(CLASSES[name]).fit(X)


def test_a_class_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="image_class"):
        SinePosteriorMean(DiskImages(SIZE)).fit(np.zeros((1, SIZE, SIZE)))
    shuffled = ShuffledImages(DiskImages(SIZE))
    with pytest.raises(ValueError, match=r"Use DiskImages\(...\).posterior_mean"):
        SinePosteriorMean(shuffled).fit(np.zeros((1, SIZE, SIZE)))


@pytest.mark.parametrize("name", ["disks", "Gaussian"])
def test_shuffling_twice_is_undone_twice(name, global_random_seed):
    law = DiskImages(12, lattice="integer") if name == "disks" else _small_gaussian()
    twice = ShuffledImages(ShuffledImages(law, permutation_seed=3), permutation_seed=4)
    X = law.sample(3, global_random_seed, dtype=np.float64)
    Y = add_gaussian_noise(X, 0.1, global_random_seed)
    order = np.arange(144).reshape(1, 12, 12)
    order = ShuffledImages(law, permutation_seed=3).shuffle(order)
    order = ShuffledImages(law, permutation_seed=4).shuffle(order).ravel()
    mixed = Y.reshape(3, -1)[:, order].reshape(Y.shape)
    expected = law.posterior_mean().transform(Y, 0.1).reshape(3, -1)[:, order]
    assert_allclose(twice.posterior_mean().transform(mixed, 0.1).reshape(3, -1), expected)


def _small_gaussian():
    return GaussianImages.from_images(CAlphaImages(12).sample(300, 0, dtype=np.float64))


def test_the_gaussian_optimum_of_a_sample_is_the_wiener_filter(global_random_seed):
    X = CAlphaImages(12).sample(400, global_random_seed, dtype=np.float64)
    Y = add_gaussian_noise(X[:5], 0.2, global_random_seed)
    wiener = WienerDenoiser().fit(X)
    optimum = GaussianPosteriorMean().fit(X)
    assert_allclose(optimum.transform(Y, 0.2), wiener.transform(Y, 0.2), atol=1e-9)
    same = optimum.image_class_.posterior_mean()
    assert_allclose(same.transform(Y, 0.2), optimum.transform(Y, 0.2), atol=1e-12)
    assert not same.learns and GaussianPosteriorMean().learns


def test_no_posterior_mean_is_said_so():
    with pytest.raises(NotImplementedError, match="PolygonImages"):
        PolygonImages(SIZE).posterior_mean()


def test_image_classes_are_parameters_like_any_other(global_random_seed):
    laws = [DiskImages(12, lattice="integer", intensity_range=r) for r in ((0.0, 0.1), (0.0, 1.0))]
    X = laws[1].sample(12, global_random_seed)
    search = GridSearchCV(DiskPosteriorMean(sigma=0.1), {"image_class": laws}, cv=2).fit(X)
    assert search.best_params_ == {"image_class": laws[1]}
    denoiser = laws[1].posterior_mean(n_jobs=2)
    assert denoiser.get_params() == {
        "image_class": laws[1], "n_jobs": 2, "sigma": None, "image_shape": None,
    }  # fmt: skip
    assert clone(denoiser).image_class == laws[1]
    assert "DiskImages(12, lattice='integer')" in repr(denoiser)
    assert pickle.loads(pickle.dumps(denoiser.fit(X))).image_class_ == laws[1]


def test_tangent_projection_takes_a_function(global_random_seed):
    X = make_disk_images(3, SIZE, dtype=np.float64, random_state=global_random_seed)
    Y = add_gaussian_noise(X, 0.1, global_random_seed)
    oracle = TangentProjection(lambda clean: np.ones_like(clean)[:, None]).fit(X)
    expected = X + (Y - X).mean((1, 2), keepdims=True)
    assert_allclose(oracle.transform(Y, 0.1, clean=X), expected, atol=1e-12)
    J = oracle.linearize(Y[0], 0.1, clean=X[0]).matmat(np.eye(SIZE**2))
    assert_allclose(J @ J, J, atol=1e-12)


@pytest.mark.parametrize("cls", [DiskPosteriorMean, TangentProjection])
@pytest.mark.parametrize("check", ["check_batch", "check_copies", "check_global_seeds"])
@pytest.mark.filterwarnings("ignore:.*(explain|disk of the class):UserWarning")
def test_the_default_disks_keep_the_contract(cls, check):
    CHECKS[check](cls())
