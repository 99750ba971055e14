"""What one check works on: a denoiser, images, and the words for what is broken."""

import numpy as np
from sklearn.base import clone

from gahb_sk.noise import add_gaussian_noise


def random_fields(n=5, shape=(16, 16), seed=0, dtype=np.float64):
    """Return n images of a shape in [0, 1] with some structure: random steps both ways."""
    images = np.random.RandomState(seed).uniform(size=(n, *shape))
    for axis in (-1, -2):
        images = np.cumsum(images - 0.5, axis=axis)
    axes = tuple(range(1, images.ndim))
    low, high = images.min(axes, keepdims=True), images.max(axes, keepdims=True)
    return ((images - low) / (high - low)).astype(dtype)


class Case:
    """A denoiser and its images, and the words for what it breaks."""

    def __init__(self, check, denoiser, X):
        self.check, self.denoiser = check, denoiser
        self.clean = random_fields() if X is None else np.array(X, np.float64)
        self.noisy = add_gaussian_noise(self.clean, 0.1, random_state=1)

    def fitted(self, **parameters):
        return clone(self.denoiser).set_params(**parameters).fit(self.clean.copy())

    def denoise(self, denoiser, sigma=0.1):
        return denoiser.denoise(self.noisy, sigma, clean=self.clean)

    def require(self, condition, broken, repair):
        name = type(self.denoiser).__name__
        assert condition, f"{self.check}: {name} {broken}. {repair}"

    def equal(self, found, expected, broken, repair, atol=1e-6):
        found, expected = np.asarray(found), np.asarray(expected)
        same = found.shape == expected.shape
        away = float(np.abs(found - expected).max()) if same else np.inf
        self.require(away <= atol, f"{broken} (difference {away:.3g})", repair)
