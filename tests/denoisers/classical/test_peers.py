"""Denoisers of other packages, through the contract."""

import builtins

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import add_gaussian_noise
from gahb_sk.denoisers import BM3DDenoiser, NonLocalMeansDenoiser, TotalVariationDenoiser

MAKERS = {
    "TotalVariationDenoiser": (TotalVariationDenoiser, "skimage"),
    "NonLocalMeansDenoiser": (NonLocalMeansDenoiser, "skimage"),
    "BM3DDenoiser": (lambda **p: BM3DDenoiser(exact=False, **p), "bm3d"),
}
every_peer = pytest.mark.parametrize("name", MAKERS)


def make(name, **parameters):
    maker, package = MAKERS[name]
    pytest.importorskip(package)
    return maker(**parameters)


def square(size=32):
    clean = np.zeros((1, size, size))
    clean[:, size // 4 : -size // 4, size // 3 :] = 0.8
    return clean


@every_peer
def test_noise_is_removed(name):
    assert make(name).fit(square()).score(square()) > 27  # the input has 20 dB


@every_peer
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 2), (17, 30)])
def test_any_size(name, shape, rng):
    images = rng.randn(2, *shape)
    denoiser = make(name).fit(images)
    out = denoiser.transform(images, sigma=0.5)
    assert out.shape == images.shape and np.isfinite(out).all()


@every_peer
def test_no_noise_is_the_identity(name, rng):
    images = rng.randn(2, 16, 16)
    assert_array_equal(make(name).fit(images).transform(images, sigma=0.0), images)


@every_peer
def test_units_do_not_matter(name):
    clean = square(20)
    noisy = add_gaussian_noise(clean, 0.1, random_state=0)
    denoiser = make(name).fit(clean)
    once = denoiser.transform(noisy, sigma=0.1)
    assert_allclose(denoiser.transform(64 * noisy, sigma=6.4) / 64, once, atol=1e-3)


@every_peer
def test_workers_give_the_same_result(name):
    noisy = add_gaussian_noise(np.repeat(square(16), 3, axis=0), 0.1, random_state=0)
    alone, two = (make(name, n_jobs=n).fit(noisy).transform(noisy, sigma=0.1) for n in (None, 2))
    assert_array_equal(alone, two)


@every_peer
def test_missing_package_says_how_to_install(name, monkeypatch):
    denoiser = make(name)
    package = MAKERS[name][1]
    original = builtins.__import__

    def refuse(module, *args, **kwargs):
        if module.split(".")[0] == package:
            raise ImportError(module)
        return original(module, *args, **kwargs)

    monkeypatch.setattr("importlib.import_module", lambda module: refuse(module))
    with pytest.raises(ImportError, match=rf'{name} needs .* pip install "gahb-sk\[peers\]"'):
        denoiser.fit(square())


def test_parameters_are_multiples_of_sigma():
    restoration = pytest.importorskip("skimage.restoration")
    noisy = add_gaussian_noise(square(), 0.1, random_state=0)
    ours = NonLocalMeansDenoiser(strength=0.6, patch_size=7, patch_distance=4).fit(noisy)
    theirs = restoration.denoise_nl_means(
        noisy[0], patch_size=7, patch_distance=4, h=0.06, sigma=0.1
    )
    assert_allclose(ours.transform(noisy, sigma=0.1)[0], theirs)


def test_total_variation_has_less_variation_and_keeps_the_mean():
    noisy = add_gaussian_noise(square(), 0.1, random_state=0)

    def variation(images):
        return sum(np.abs(np.diff(images, axis=axis)).sum() for axis in (1, 2))

    weak, strong = (
        TotalVariationDenoiser(weight=w).fit(noisy).transform(noisy, sigma=0.1) for w in (0.5, 2.0)
    )
    assert variation(strong) < variation(weak) < variation(noisy)
    assert_allclose(strong.mean(), noisy.mean(), atol=1e-3)


def test_small_images_are_reflected_at_their_end(rng):
    small = rng.rand(1, 9, 11)
    whole = np.pad(small, ((0, 0), (0, 7), (0, 5)), mode="symmetric")
    denoiser = make("BM3DDenoiser")
    denoised = denoiser.denoise(whole, 0.3)[:, :9, :11]
    assert_array_equal(denoiser.denoise(small, 0.3), denoised)


@pytest.mark.parametrize(
    "maker, parameters",
    [
        (TotalVariationDenoiser, {"weight": 0.0}),
        (NonLocalMeansDenoiser, {"strength": -1.0}),
        (NonLocalMeansDenoiser, {"patch_size": 0}),
        (NonLocalMeansDenoiser, {"patch_distance": 0}),
        (BM3DDenoiser, {"exact": "yes"}),
        (BM3DDenoiser, {"n_jobs": 1.5}),
    ],
)
def test_bad_parameters(maker, parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        maker(**parameters).fit(square())
