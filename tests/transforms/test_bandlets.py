import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk import OracleShrinkage
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.plots import GeometryDisplay
from gahb_sk.transforms import WaveletTransform, best_bandlets

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
        display.plot(display.ax_, level=9)
