"""Langevin steps with a Metropolis test: a density is sampled as it is."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone

from gahb_sk import WaveletShrinkage
from gahb_sk.image_classes import GaussianImages
from gahb_sk.sampling import MetropolisSampler

_i = np.arange(4)
_SMOOTH = np.exp(-np.abs(_i[:, None] - _i) / 2.0)
LAW = GaussianImages(np.full((4, 4), 0.5), 0.05 * np.kron(_SMOOTH, _SMOOTH))


def test_a_normal_law_is_sampled_as_it_is(global_random_seed):
    sampler = MetropolisSampler(LAW.posterior_mean(), random_state=global_random_seed)
    n = 600
    images = sampler.sample(n, LAW.image_shape).images.reshape(n, -1).astype(np.float64)
    coefficients = (images - 0.5) @ LAW.vectors
    shrunk = LAW.variances**2 / (LAW.variances + sampler.sigma_end**2)  # by the last denoising
    assert (np.abs(coefficients.mean(0)) < 5 * np.sqrt(shrunk / n)).all()
    ratios = np.square(coefficients).mean(0) / shrunk
    assert (np.abs(ratios - 1) < 5 * np.sqrt(2 / n) + 0.05).all()
    assert abs(ratios.mean() - 1) < 5 * np.sqrt(2 / n / 16) + 0.03
    assert abs(sampler.acceptance_[20:].mean() - sampler.acceptance) < 0.15


def test_a_sample_depends_on_its_number_alone():
    sampler = MetropolisSampler(LAW.posterior_mean(), n_levels=8, random_state=3)
    together = sampler.sample(4, (4, 4))
    assert_allclose(sampler.sample(1, (4, 4), first=2).images[0], together.images[2], atol=1e-6)
    assert_allclose(clone(sampler).sample(4, (4, 4)).images, together.images)
    assert together.converged.all() and (together.n_steps == 80).all()


def test_a_denoiser_without_a_density_is_refused():
    with pytest.raises(TypeError, match=r"expected one with a density .* got WaveletShrinkage"):
        MetropolisSampler(WaveletShrinkage()).sample(1, (8, 8))
