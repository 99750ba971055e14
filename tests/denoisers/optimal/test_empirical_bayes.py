"""The optimum of a finite training set, whole and in patches."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk import add_gaussian_noise
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.denoisers import EmpiricalBayesDenoiser, LocalEmpiricalBayesDenoiser

VARIANTS = [
    {"equivariant": e, "average_overlaps": a, "boundary": b}
    for e in (False, True)
    for a in (False, True)
    for b in ("inside", "wrap")
]


@pytest.fixture
def training(global_random_seed):
    return make_c_alpha_images(60, 12, dtype=np.float64, random_state=global_random_seed)


@pytest.fixture
def clean(global_random_seed):
    return make_c_alpha_images(4, 12, dtype=np.float64, random_state=global_random_seed + 1)


def softmax_loop(noisy, training, sigma):
    """The definition, one image at a time."""
    means = []
    for image in noisy:
        log_weight = -np.square(training - image).sum((1, 2)) / (2 * sigma**2)
        weight = np.exp(log_weight - log_weight.max())
        means.append(np.tensordot(weight / weight.sum(), training, 1))
    return np.stack(means)


@pytest.mark.parametrize("sigma", [0.03, 0.3, 3.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_is_its_definition(training, clean, sigma, dtype, monkeypatch):
    monkeypatch.setattr(EmpiricalBayesDenoiser, "_block_values", 2000)
    noisy = add_gaussian_noise(clean, sigma, 0)
    out = EmpiricalBayesDenoiser().fit(training).transform(noisy.astype(dtype), sigma)
    atol = 1e-3 if dtype == np.float32 else 1e-9
    assert_allclose(out, softmax_loop(noisy, training, sigma), atol=atol)


def test_limits(training, clean):
    denoiser = EmpiricalBayesDenoiser().fit(training)
    nearest = np.square(training - clean[:, None]).sum((2, 3)).argmin(1)
    for sigma in (0, 1e-9, 1e-3):
        assert_allclose(denoiser.transform(clean, sigma), training[nearest], atol=1e-6)
    far = denoiser.transform(clean, 1e5)
    assert_allclose(far, np.broadcast_to(training.mean(0), far.shape), atol=1e-6)


def test_neighbors_are_sorted_and_weighted(training, clean):
    sigma = 0.5
    denoiser = EmpiricalBayesDenoiser().fit(training)
    found = denoiser.neighbors(clean, sigma, n_neighbors=len(training))
    assert_allclose(found.weights.sum(1), 1)
    assert (np.diff(found.distances, axis=1) >= 0).all()
    mean = np.einsum("nk,nkij->nij", found.weights, training[found.indices])
    assert_allclose(mean, denoiser.transform(clean, sigma), atol=1e-9)
    few = denoiser.neighbors(clean, sigma, n_neighbors=3)
    assert_allclose(few.weights, found.weights[:, :3])
    with pytest.raises(ValueError, match="n_neighbors"):
        denoiser.neighbors(clean, sigma, n_neighbors=0)


def test_jacobian(training, clean, rng):
    sigma = 0.6
    denoiser = EmpiricalBayesDenoiser().fit(training)
    J = denoiser.linearize(clean[0], sigma).matmat(np.eye(144))
    assert_allclose(J, J.T, atol=1e-12)
    assert np.linalg.eigvalsh(J)[0] > -1e-12
    v = 1e-5 * rng.randn(12, 12)
    rise = denoiser.transform(clean[:1] + v, sigma) - denoiser.transform(clean[:1] - v, sigma)
    assert_allclose(rise.ravel() / 2, J @ v.ravel(), atol=1e-9)


def test_memory_is_bounded_and_lazy(training, clean, monkeypatch):
    class Stack:
        dtype, shape, longest = training.dtype, training.shape, 0

        def __len__(self):
            return len(training)

        def __getitem__(self, index):
            Stack.longest = max(Stack.longest, len(training[index]))
            return training[index]

    monkeypatch.setattr(EmpiricalBayesDenoiser, "_block_values", 5 * 144)
    lazy = EmpiricalBayesDenoiser().fit(Stack()).transform(clean, 0.3)
    assert Stack.longest <= 5
    assert_allclose(lazy, softmax_loop(clean, training, 0.3), atol=1e-9)


@pytest.mark.parametrize("variant", VARIANTS)
def test_window_as_large_as_the_image(training, clean, variant):
    if variant["equivariant"] and variant["boundary"] == "wrap":
        # All cyclic shifts of the training images are training images then.
        shifts = [np.roll(training, (i, j), (1, 2)) for i in range(12) for j in range(12)]
        training_set = np.concatenate(shifts)
    else:
        training_set = training
    out = LocalEmpiricalBayesDenoiser(patch_size=99, **variant).fit(training)
    expected = softmax_loop(clean, training_set, 0.3)
    assert_allclose(out.transform(clean, 0.3), expected, atol=1e-8)


@pytest.mark.parametrize("overlaps", [False, True])
def test_local_is_its_definition(training, clean, overlaps):
    p, sigma, n = 5, 0.2, 12
    denoiser = LocalEmpiricalBayesDenoiser(patch_size=p, average_overlaps=overlaps).fit(training)
    sums, counts = np.zeros_like(clean), np.zeros((n, n))
    means = {}
    for i in range(n - p + 1):
        for j in range(n - p + 1):
            cut = (slice(None), slice(i, i + p), slice(j, j + p))
            means[i, j] = softmax_loop(clean[cut], training[cut], sigma)
            sums[cut] += means[i, j]
            counts[cut[1:]] += 1
    if not overlaps:
        sums = np.empty_like(clean)
        counts = np.ones((n, n))
        for r in range(n):
            for c in range(n):
                i, j = (int(np.clip(x - p // 2, 0, n - p)) for x in (r, c))
                sums[:, r, c] = means[i, j][:, r - i, c - j]
    assert_allclose(denoiser.transform(clean, sigma), sums / counts, atol=1e-9)


@pytest.mark.parametrize("overlaps", [False, True])
def test_equivariant_under_cyclic_shifts(training, clean, overlaps):
    denoiser = LocalEmpiricalBayesDenoiser(
        patch_size=3, equivariant=True, average_overlaps=overlaps, boundary="wrap"
    ).fit(training[:10])
    moved = denoiser.transform(np.roll(clean, (3, 5), (1, 2)), 0.1)
    assert_allclose(moved, np.roll(denoiser.transform(clean, 0.1), (3, 5), (1, 2)), atol=1e-9)


def test_equivariant_takes_other_sizes(training, global_random_seed):
    denoiser = LocalEmpiricalBayesDenoiser(patch_size=3, equivariant=True).fit(training[:10])
    other = make_c_alpha_images(2, (9, 14), dtype=np.float64, random_state=global_random_seed)
    assert denoiser.transform(other, 0.1).shape == (2, 9, 14)


def test_patch_size_by_level(training, clean):
    by_level = LocalEmpiricalBayesDenoiser(patch_size={0.05: 3, 0.5: 9}).fit(training)
    sigma = np.array([0.01, 0.1, 0.2, 2.0])
    for k, size in enumerate([3, 3, 9, 9]):
        one = LocalEmpiricalBayesDenoiser(patch_size=size).fit(training)
        expected = one.transform(clean[k : k + 1], sigma[k])[0]
        assert_allclose(by_level.transform(clean, sigma)[k], expected, atol=1e-9)
    with pytest.raises(ValueError, match="patch_size"):
        LocalEmpiricalBayesDenoiser(patch_size={0.1: 0}).fit(training)


def test_calibration_picks_the_best_size_held_out(training):
    denoiser = LocalEmpiricalBayesDenoiser(
        patch_size="calibrate", calibration_sigma=(0.1, 1.0)
    ).fit(training)
    best = denoiser.calibration_sizes_[denoiser.calibration_mse_.argmin(1)]
    assert list(denoiser.patch_sizes_.values()) == best.tolist()
    assert best[0] <= best[1]
    with pytest.raises(ValueError, match="at least 2"):
        LocalEmpiricalBayesDenoiser(patch_size="calibrate").fit(training[:1])
