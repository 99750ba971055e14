"""What every image class keeps: a plain value, and images that depend on the seed and k only."""

import copy
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import datasets
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

SIZE = (10, 13)
CLASSES = {
    "c-alpha": CAlphaImages(SIZE),
    "c-alpha rotated": CAlphaImages(SIZE, orientation="random", antialias="area"),
    "c-alpha constant": CAlphaImages(SIZE, constant_background=True, min_contrast=0.2),
    "disks": DiskImages(SIZE),
    "disks wrapped": DiskImages(SIZE, wrap=True),
    "disks integer": DiskImages(SIZE, lattice="integer", antialias="none"),
    "rays": RayImages(SIZE),
    "colour rays": RayImages(image=np.linspace(0, 1, 3 * 130).reshape(3, *SIZE)),
    "sines": SineImages(SIZE),
    "polygons": PolygonImages(SIZE, n_polygons=2),
    "shuffled": ShuffledImages(SineImages(SIZE), permutation_seed=5),
    "Gaussian": GaussianImages.from_images(SineImages(SIZE).sample(50, 0)),
}
every_class = pytest.mark.parametrize("law", CLASSES.values(), ids=CLASSES)
MANIFOLDS = {name: law for name, law in CLASSES.items()
             if law.dimension and name != "disks integer"}  # fmt: skip


@every_class
def test_image_k_depends_on_seed_and_k_alone(law, global_random_seed):
    images = law.sample(9, global_random_seed)
    assert images.shape == (9, *law.image_shape) and images.dtype == np.float32
    alone = [law.sample(1, global_random_seed, first_image=k)[0] for k in range(9)]
    assert_array_equal(images, alone)


@every_class
def test_threads_change_nothing(law, global_random_seed):
    n = 40 + 2**19 // law.sample(1).size  # more than one chunk
    one = law.sample(n, global_random_seed)
    assert_array_equal(one, law.sample(n, global_random_seed, n_jobs=3))


@every_class
def test_both_precisions_see_the_same_draws(law, global_random_seed):
    single = law.sample(5, global_random_seed)
    double = law.sample(5, global_random_seed, dtype=np.float64)
    assert double.dtype == np.float64
    assert_allclose(single, double, atol=1e-5)


@every_class
def test_seeds(law):
    assert_array_equal(law.sample(2, 3), law.sample(2, 3))
    assert not np.array_equal(law.sample(2, 3), law.sample(2, 4))
    state = np.random.RandomState(0)
    assert not np.array_equal(law.sample(2, state), law.sample(2, state))
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    law.sample(2)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@every_class
def test_bad_samples_are_refused(law):
    assert law.sample(0).shape == (0, *law.image_shape)
    for options, name in (
        ({"n_samples": -1}, "n_samples"),
        ({"first_image": -1}, "first_image"),
        ({"dtype": np.uint8}, "dtype"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"random_state": np.random.default_rng(0)}, "random_state"),
    ):
        with pytest.raises(ValueError, match=name):
            law.sample(**options)


@every_class
def test_latents_draw_the_images(law, global_random_seed):
    images, latents = law.sample(6, global_random_seed, return_latents=True, dtype=np.float64)
    assert_array_equal(images, law.sample(6, global_random_seed, dtype=np.float64))
    assert_allclose(law.render(latents), images, atol=1e-12)
    if law.dimension:
        assert latents.shape == (6, law.dimension)


@every_class
def test_a_class_is_a_plain_value(law):
    same = pickle.loads(pickle.dumps(law))
    assert same == law and hash(same) == hash(law) and len({same, law}) == 1
    assert_array_equal(same.sample(2, 0), law.sample(2, 0))
    assert copy.deepcopy(law) is law
    others = [other for other in CLASSES.values() if other is not law]
    assert all(law != other for other in others)
    with pytest.raises(FrozenInstanceError):
        law.image_size = 8
    assert type(law).__name__ in repr(law) and len(repr(law)) < 120


@pytest.mark.parametrize("name", ["c-alpha", "disks", "polygons", "rays", "sines"])
def test_sizes(name):
    law = CLASSES[name]
    cls = type(law)
    assert cls(16) == cls((16, 16)) == cls([16, 16]) != cls(17)
    assert cls(16).image_size == (16, 16) and "(16" in repr(cls(16))
    for size in (0, (8, 0), 8.0, True, "8", (8, 8, 8)):
        with pytest.raises(ValueError, match="image_size"):
            cls(size)
    if name not in ("disks", "sines"):
        with pytest.raises(ValueError, match="image_size"):
            cls((8, 3))
    assert replace(DiskImages(16, wrap=True), image_size=20) == DiskImages(20, wrap=True)


@pytest.mark.parametrize("law", MANIFOLDS.values(), ids=MANIFOLDS)
def test_tangents_are_the_derivatives(law, global_random_seed):
    images, latents = law.sample(8, global_random_seed, return_latents=True, dtype=np.float64)
    tangents = law.tangents(latents)
    assert tangents.shape == (8, law.dimension, *law.image_shape)
    assert_array_equal(tangents[3:4], law.tangents(latents[3:4]))
    step = 1e-5
    for k in range(law.dimension):
        shift = step * np.eye(law.dimension)[k]
        numeric = (law.render(latents + shift) - law.render(latents - shift)) / (2 * step)
        # The derivative by a disk's centre is Hoelder 1/2 where the rim touches a pixel's edge.
        assert np.abs(numeric - tangents[:, k]).max() < 0.05
        assert np.abs(numeric - tangents[:, k]).mean() < 1e-5


@pytest.mark.parametrize("name", ["c-alpha", "polygons", "Gaussian", "disks integer"])
def test_no_tangents_are_said_so(name):
    law = CLASSES[name]
    with pytest.raises(ValueError, match="no exact tangents|no derivative"):
        law.tangents(np.zeros((2, 5)))


def test_wrappers_sample_their_class(global_random_seed):
    for make, law in (
        (datasets.make_c_alpha_images, CAlphaImages(SIZE, alpha=1.5)),
        (datasets.make_disk_images, DiskImages(SIZE, wrap=True)),
        (datasets.make_polygon_images, PolygonImages(SIZE, n_vertices=4)),
        (datasets.make_sine_images, SineImages(SIZE, frequency=(1, 2))),
    ):
        parameters = {field: getattr(law, field) for field in law.__dataclass_fields__}
        images = make(4, first_image=2, random_state=global_random_seed, **parameters)
        assert_array_equal(images, law.sample(4, global_random_seed, first_image=2))


def test_shuffled_images_are_those_of_pixel_shuffle(global_random_seed):
    plain = SineImages(SIZE).sample(3, global_random_seed)
    shuffle = datasets.PixelShuffle(random_state=5).fit(plain)
    mixed = CLASSES["shuffled"].sample(3, global_random_seed)
    assert_array_equal(mixed, shuffle.transform(plain))
    assert_array_equal(CLASSES["shuffled"].unshuffle(mixed), plain)


def test_disk_prior_is_the_law_of_the_samples(global_random_seed):
    for law in (DiskImages(SIZE), DiskImages(SIZE, wrap=True), DiskImages(24, lattice="integer")):
        _, latents = law.sample(4000, global_random_seed, return_latents=True)
        radii, cell = law.geometry.cells(1)
        rows, columns = np.indices(law.image_size).reshape(2, -1)
        boxes = np.array([(i, j, r) for r in radii for i, j in zip(rows, columns, strict=True)])
        mass = law.geometry.mass(boxes, np.broadcast_to(cell, boxes.shape))
        assert_allclose(mass.sum(), 1, atol=0.05)  # the middle of a box stands for the box
        found = np.array([((latents[:, 2] >= r - cell[2] / 2) & (latents[:, 2] < r + cell[2] / 2))
                          .mean() for r in radii])  # fmt: skip
        expected = mass.reshape(len(radii), -1).sum(1)
        assert np.abs(found - expected).max() < 0.05


def test_gaussian_images_have_their_moments(global_random_seed, rng):
    root = rng.normal(size=(12, 5))
    law = GaussianImages(rng.uniform(size=(3, 4)), root @ root.T)
    X = law.sample(20_000, global_random_seed, dtype=np.float64)
    found = GaussianImages.from_images(X)
    scale = np.sqrt(law.variances[0] / len(X))
    assert np.abs(found.mean - law.mean).max() < 6 * scale
    assert np.abs(found.covariance - law.covariance).max() < 8 * scale * np.sqrt(law.variances[0])
    assert_allclose(law.variances[5:], 0, atol=1e-9)
    for covariance, message in (
        (np.eye(5), "shape"),
        (np.triu(np.ones((12, 12))), "symmetric"),
    ):
        with pytest.raises(ValueError, match=f"covariance: .*{message}"):
            GaussianImages(law.mean, covariance)
    with pytest.raises(ValueError, match="negative eigenvalue"):
        GaussianImages(law.mean, -np.eye(12)).sample(1)


def test_coverage_of_no_disk_is_nothing():
    assert not disk_coverage([[-20.0, 0.0, 3.0]], SIZE).any()
