import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk import OracleShrinkage
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.plots import GeometryDisplay
from gahb_sk.transforms import WaveletTransform, best_bandlets, dictionary_size
from tests.exhaustive_bandlets import ABSENT, exhaustive_minimum, random_bandlets, total_cost

CHOICES = [
    {"wavelet": "db4"},
    {"wavelet": "haar", "shared": True},
    {"wavelet": None},
    {"wavelet": "db2", "order": 2},
]


@pytest.mark.parametrize("size", [(32, 32), (40, 24), (17, 21)])
@pytest.mark.parametrize("choice", CHOICES)
def test_orthonormal_on_any_image(size, choice, rng):
    basis = best_bandlets(rng.rand(2, *size), 0.1, **choice)
    other = rng.randn(2, *size)
    coefficients = basis.forward(other)
    assert_allclose(basis.inverse(coefficients), other, atol=1e-10)
    assert_allclose((coefficients**2).sum((1, 2)), (other**2).sum((1, 2)), rtol=1e-10)


def test_vectors_are_orthonormal_and_give_the_coefficients(rng):
    image = rng.rand(16, 16)
    basis = best_bandlets(image, 0.1, wavelet="haar")
    vectors = basis.vectors().reshape(256, 256)
    assert_allclose(vectors @ vectors.T, np.eye(256), atol=1e-10)
    assert_allclose(np.sort(vectors @ image.ravel()), np.sort(basis.forward(image).ravel()))


def test_another_size_is_refused(rng):
    basis = best_bandlets(rng.rand(16, 16), 0.1)
    with pytest.raises(ValueError, match="16"):
        basis.forward(rng.rand(24, 24))


@pytest.mark.parametrize("cost", ["risk", "threshold"])
@pytest.mark.parametrize("geometry_cost", [0.0, 1.0])
@pytest.mark.parametrize("level", [0.05, 0.5])
def test_is_the_minimum_over_all_bases(cost, geometry_cost, level, rng):
    step = (np.arange(8)[:, None] + 0.4 * np.arange(8) > 5).astype(float)
    image = step + 0.2 * rng.randn(8, 8)
    basis = best_bandlets(image, level, cost=cost, geometry_cost=geometry_cost, wavelet=None)
    found = total_cost(basis, image, level, cost, geometry_cost)
    assert_allclose(found, exhaustive_minimum(image, level, cost, geometry_cost), rtol=1e-9)


@pytest.mark.parametrize("choice", CHOICES)
def test_no_basis_of_the_dictionary_costs_less(choice, global_random_seed, rng):
    image = make_c_alpha_images(1, (32, 40), dtype=np.float64, random_state=global_random_seed)[0]
    best = best_bandlets(image, 0.1, geometry_cost=0.1, **choice)
    least = total_cost(best, image, 0.1, "risk", 0.1)
    for _ in range(50):
        other = random_bandlets(best, rng)
        assert_allclose(other.inverse(other.forward(image)), image, atol=1e-10)
        assert total_cost(other, image, 0.1, "risk", 0.1) > least


def test_orientations_may_share_a_quadtree(global_random_seed):
    image = make_c_alpha_images(1, 64, random_state=global_random_seed)[0]
    own = best_bandlets(image, 0.05, wavelet="haar").geometry
    shared = best_bandlets(image, 0.05, wavelet="haar", shared=True).geometry

    def finest(geometry):
        bands = [band for band in geometry.choices if band and band[0].shape == (8, 8)]
        assert len(bands) == 3
        return [[choice != ABSENT for choice in band] for band in bands]

    first, *others = finest(shared)
    assert all(np.array_equal(a, b) for band in others for a, b in zip(first, band, strict=True))
    first, *others = finest(own)
    assert any(
        not np.array_equal(a, b) for band in others for a, b in zip(first, band, strict=True)
    )


def test_a_stack_is_its_images_and_applies_to_others(rng):
    images, other = rng.rand(3, 24, 24), rng.randn(24, 24)
    together = best_bandlets(images, [0.1, 0.2, 0.3], wavelet="db2")
    for k, level in enumerate([0.1, 0.2, 0.3]):
        alone = best_bandlets(images[k], level, wavelet="db2")
        assert together[k].squares() == alone.squares()
        assert_allclose(together[k].forward(other), alone.forward(other))
        assert_allclose(together.forward(images)[k], alone.forward(images[k]))
    with pytest.raises(ValueError, match="one image"):
        together.squares()
    with pytest.raises(ValueError, match="stack of geometries"):
        together.forward(images[:2])


def test_size_of_the_dictionary_counts_the_vectors():
    angles = len(best_bandlets(np.zeros((4, 4)), 1.0, wavelet=None).geometry.choices)
    assert angles == 1
    haar = dictionary_size((4, 4), wavelet=None)
    # The pixels, the cosines, and one basis for each of the angles that differ: at most 16.
    assert haar % 16 == 0 and 16 * (1 + 1 + 2) < haar <= 16 * (1 + 1 + 16)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"smallest": 6}, "smallest"),
        ({"largest": 2}, "largest"),
        ({"order": 5}, "order"),
        ({"geometry_cost": -1.0}, "geometry_cost"),
        ({"cost": "risks"}, "Did you mean 'risk'"),
        ({"wavelet": "bior2.2"}, "orthogonal"),
        ({"n_scales": 9}, "n_scales"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        best_bandlets(np.zeros((16, 16)), 0.1, **parameters)


@pytest.mark.parametrize("sigma", [0.03, 0.1, 0.3])
def test_never_worse_than_its_wavelets(sigma, global_random_seed):
    """Leaving every square alone is one of the choices, so the minimum is not above it."""
    images = make_c_alpha_images(4, image_size=32, alpha=3, random_state=global_random_seed)
    images = images.astype(np.float64)

    def risk(basis):
        energy = basis.forward(images) ** 2
        return (sigma**2 * energy / (energy + sigma**2)).sum((1, 2))

    bandlets = risk(best_bandlets(images, sigma, wavelet="db4"))
    wavelets = risk(WaveletTransform((32, 32), "db4"))
    assert (bandlets <= wavelets * (1 + 1e-9)).all()
    assert bandlets.sum() < 0.99 * wavelets.sum()


def test_oracle_is_above_the_wavelet_oracle(global_random_seed):
    images = make_c_alpha_images(4, image_size=32, alpha=3, random_state=global_random_seed)
    bandlet = OracleShrinkage(basis="bandlet", wavelet="db4").fit(images).score(images, sigma=0.1)
    assert bandlet > OracleShrinkage(basis="wavelet", wavelet="db4").fit(images).score(
        images, sigma=0.1
    )


def test_squares_can_be_drawn(rng):
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib.figure import Figure

    image = np.tril(np.ones((32, 32)))
    basis = best_bandlets(image, 0.1, wavelet=None)
    squares = basis.squares()
    assert sum(square.side**2 for square in squares) == image.size
    display = GeometryDisplay(squares, image).plot(Figure().subplots())
    assert len(display.ax_.lines) >= len(squares)
    with pytest.raises(ValueError, match="expected one of"):
        display.plot(display.ax_, scale=9)
