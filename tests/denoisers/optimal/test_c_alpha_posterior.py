"""The sampled posterior mean of C^alpha images: against brute force, identities and ranks."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import simpson
from scipy.stats import chisquare

from gahb_sk import add_gaussian_noise
from gahb_sk.analysis import sure
from gahb_sk.denoisers import CAlphaPosteriorMean, GaussianPosteriorMean, UncertifiedWarning
from gahb_sk.denoisers.optimal._c_alpha_class._innovations import highest_normal_wave
from gahb_sk.image_classes import CAlphaImages, GaussianImages
from gahb_sk.image_classes._c_alpha_map import (
    CAlphaLaw,
    bright_and_dark,
    drawn_latents,
    pull_back,
    render,
)
from gahb_sk.metrics import mse

QUICK = {"n_particles": 12, "n_moves": 1, "n_final": 12, "tolerance": 10.0}
LAWS = {
    "regular": CAlphaImages((12, 16), alpha=2.0, antialias="area"),
    "rough background": CAlphaImages(12, alpha=2.0, background_alpha=1.0, antialias="area"),
    "constant": CAlphaImages(8, alpha=1.5, constant_background=True, antialias="area"),
    "contrast": CAlphaImages(12, alpha=3.0, min_contrast=0.3, antialias="area"),
    "rough": CAlphaImages(12, alpha=1.0, antialias="area"),
}
SIGMAS = {name: 0.3 if name == "rough" else 0.1 for name in LAWS}


@pytest.mark.parametrize("name", LAWS)
def test_map_draws_the_images_of_the_class(name, global_random_seed):
    law = LAWS[name]
    z, dark = drawn_latents(law, 6, global_random_seed)
    drawn = render(CAlphaLaw.of(law, dtype=torch.float64), z, dark).image.numpy()
    expected = law.sample(6, global_random_seed, dtype=np.float64)
    assert_allclose(drawn, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("normal_waves", [None, 2])
@pytest.mark.parametrize("name", LAWS)
def test_pull_back_is_the_gradient(name, normal_waves, global_random_seed):
    law = CAlphaLaw.of(LAWS[name], normal_waves=normal_waves, dtype=torch.float64)
    z, dark = drawn_latents(LAWS[name], 4, global_random_seed)
    generator = torch.Generator().manual_seed(global_random_seed)
    residual = torch.randn(4, *law.size, generator=generator, dtype=torch.float64)
    direction = torch.randn(z.shape, generator=generator, dtype=torch.float64)
    step = 1e-6
    ahead, behind = (render(law, z + s * direction, dark).image for s in (step, -step))
    slope = ((ahead - behind) * residual).sum((1, 2)) / (2 * step)
    gradient = pull_back(law, z, dark, render(law, z, dark), residual)
    assert_allclose((gradient * direction).sum(1), slope, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_normal_waves_leave_the_range_of_backgrounds(alpha, global_random_seed):
    # all innovations normal would stretch it by 17 % at alpha 1
    image_class = CAlphaImages(16, alpha=alpha, antialias="area")
    z, dark = drawn_latents(image_class, 500, global_random_seed)
    laws = (
        CAlphaLaw.of(image_class, normal_waves=waves, dtype=torch.float64)
        for waves in (None, highest_normal_wave((16, 16)))
    )
    exact, partly = (render(law, z, dark).scale.log().mean() for law in laws)
    assert abs(exact - partly) < 0.04


def brute_force(law, noisy, sigma, n, seed):
    """Posterior mean, its squared error and the log evidence, by importance sampling."""
    draws = law.sample(n, seed).reshape(n, -1)
    log_weight = -0.5 * np.square(draws - noisy.ravel()).sum(1, dtype=np.float64) / sigma**2
    top = log_weight.max()
    weight = np.exp(log_weight - top)
    constant = 0.5 * noisy.size * np.log(2 * np.pi * sigma**2)
    log_evidence = top + np.log(weight.mean()) - constant
    evidence_error = weight.std() / weight.mean() / np.sqrt(n)
    weight /= weight.sum()
    mean = weight @ draws
    variance = weight @ np.square(draws - mean)
    error = np.square(weight) @ np.square(draws - mean)
    size = 1 / np.square(weight).sum()
    return (
        mean.reshape(noisy.shape),
        variance.sum(),
        error.sum(),
        log_evidence,
        evidence_error,
        size,
    )


@pytest.mark.parametrize(
    "law, sigma, n",
    [
        (LAWS["constant"], 0.6, 50_000),
        (CAlphaImages(8, alpha=2.0, antialias="area"), 1.0, 50_000),
        pytest.param(
            CAlphaImages(8, alpha=1.0, antialias="area"), 0.3, 2_000_000, marks=pytest.mark.slow
        ),
        pytest.param(LAWS["constant"], 0.15, 2_000_000, marks=pytest.mark.slow),
        pytest.param(
            CAlphaImages(12, constant_background=True, min_contrast=0.2, antialias="area"),
            0.2,
            2_000_000,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_brute_force_agrees(law, sigma, n, global_random_seed):
    clean = law.sample(2 if n < 10**6 else 8, global_random_seed)
    noisy = add_gaussian_noise(clean, sigma, global_random_seed + 1)
    denoiser = law.posterior_mean(n_particles=24, n_final=32, tolerance=10.0)
    compared = 0
    for image, found in zip(noisy, denoiser.sample_posterior(noisy, sigma), strict=True):
        mean, variance, error, log_evidence, evidence_error, size = brute_force(
            law, image, sigma, n, global_random_seed + 2
        )
        if size < 300:
            continue
        compared += 1
        apart = np.square(found.mean - mean).sum()
        assert apart < 6 * (error + found.error_variance) + 0.01 * variance
        assert_allclose(found.variance, variance, rtol=0.2)
        assert abs(found.log_density - log_evidence) < 5 * np.hypot(evidence_error, 0.2)
    assert compared, "no image has enough draws near it"


def test_large_noise_is_the_linear_optimum(global_random_seed):
    law, sigma = CAlphaImages(8, alpha=2.0, antialias="area"), 3.0
    clean = law.sample(1, global_random_seed)
    noisy = add_gaussian_noise(clean, sigma, global_random_seed + 1)
    prior = GaussianImages.from_images(law.sample(20_000, global_random_seed + 2))
    linear = GaussianPosteriorMean(prior).fit(clean).transform(noisy, sigma)
    posteriors = law.posterior_mean(n_particles=64, n_final=48).sample_posterior(noisy, sigma)
    mean = prior.mean.reshape(clean[0].shape)
    for estimate, found in zip(linear, posteriors, strict=True):
        assert np.square(found.mean - estimate).sum() < 0.1 * found.variance
        moved = estimate - mean  # how far the data move it
        assert 0.5 < ((found.mean - mean) * moved).sum() / np.square(moved).sum() < 1.5


@pytest.mark.slow
def test_tweedie(global_random_seed):
    # f(y) = y + sigma^2 grad log p(y): along a direction, from two evidences.
    law, sigma, step = LAWS["constant"], 0.3, 0.4
    clean = law.sample(1, global_random_seed)
    noisy = add_gaussian_noise(clean, sigma, global_random_seed + 1)
    direction = np.ones_like(clean) / np.sqrt(clean[0].size)
    denoiser = law.posterior_mean(n_particles=96, n_moves=3, n_final=32)
    ahead, behind, middle = (
        denoiser.sample_posterior(noisy + s * direction, sigma)[0] for s in (step, -step, 0)
    )
    slope = (ahead.log_density - behind.log_density) / (2 * step)
    means = [
        ((p.mean - y) * direction[0]).sum() / sigma**2
        for p, y in (
            (ahead, noisy[0] + step * direction[0]),
            (middle, noisy[0]),
            (behind, noisy[0] - step * direction[0]),
        )
    ]
    mean = (means[0] + 4 * means[1] + means[2]) / 6  # Simpson's rule
    tolerance = 4 * np.hypot(ahead.log_evidence_error, behind.log_evidence_error) + 0.4
    assert abs(slope - mean) * 2 * step < tolerance


@pytest.mark.slow
def test_log_density_is_the_integral_over_noise_levels(global_random_seed):
    # d log p / d log sigma = tr J - d + |f - y|^2 / sigma^2, with tr J = tr Cov / sigma^2
    law, sigmas = LAWS["constant"], np.geomspace(0.2, 0.4, 5)
    noisy = add_gaussian_noise(law.sample(1, global_random_seed), 0.3, global_random_seed + 1)
    denoiser = law.posterior_mean(n_particles=64, n_moves=3, n_final=32)
    found = [denoiser.sample_posterior(noisy, sigma)[0] for sigma in sigmas]
    slopes = [
        (p.variance + np.square(p.mean - noisy[0]).sum()) / sigma**2 - noisy.size
        for p, sigma in zip(found, sigmas, strict=True)
    ]
    risen = simpson(slopes, x=np.log(sigmas))
    error = np.hypot(found[0].log_evidence_error, found[-1].log_evidence_error)
    assert abs(found[-1].log_density - found[0].log_density - risen) < 4 * error + 0.4


@pytest.mark.slow
@pytest.mark.parametrize("n", [120])
@pytest.mark.parametrize("name", LAWS)
def test_error_is_the_predicted_variance(name, n, global_random_seed):
    law, sigma = LAWS[name], SIGMAS[name]
    clean = law.sample(n, global_random_seed)
    noisy = add_gaussian_noise(clean, sigma, global_random_seed + 1)
    found = law.posterior_mean(n_particles=12, n_final=16).sample_posterior(noisy, sigma)
    errors = np.array([np.square(p.mean - x).sum() for p, x in zip(found, clean, strict=True)])
    predicted = np.array([p.variance + p.error_variance for p in found])
    # a draw is as far from the mean as the truth is: E|draw - x|^2 = 2 E|mean - x|^2
    apart = [
        p.draw_weights @ np.square(p.draws - x).sum((1, 2))
        for p, x in zip(found, clean, strict=True)
    ]
    for difference in (errors - predicted, np.array(apart) - 2 * errors):
        assert abs(difference.mean()) < 5 * difference.std(ddof=1) / np.sqrt(n)


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_truth_ranks_uniformly_among_draws(name, global_random_seed):
    # simulation-based calibration: of the latents, and of functionals of the image
    law, sigma, n = LAWS[name], SIGMAS[name], 150
    clean, latents = law.sample(n, global_random_seed, return_latents=True)
    noisy = add_gaussian_noise(clean, sigma, global_random_seed + 1)
    found = law.posterior_mean(n_particles=12, n_final=24).sample_posterior(noisy, sigma)
    z, _ = drawn_latents(law, n, global_random_seed)
    u = bright_and_dark(CAlphaLaw.of(law), z[:, :2]).numpy()
    half, middle = clean.shape[1] // 2, clean.shape[2] // 2
    cases = {
        "u1": (lambda p: p.draw_ranges[:, 0], u[:, 0]),
        "u2": (lambda p: p.draw_ranges[:, 1], u[:, 1]),
        "contour": (lambda p: p.draw_contours[:, 0], latents.contour[:, 0]),
        "contour, middle": (lambda p: p.draw_contours[:, middle], latents.contour[:, middle]),
        "upper half": (lambda p: p.draws[:, :half].mean((1, 2)), clean[:, :half].mean((1, 2))),
        "corner": (lambda p: p.draws[:, 0, 0], clean[:, 0, 0]),
        "centre": (lambda p: p.draws[:, half, half], clean[:, half, half]),
    }
    for what, (draws, truth) in cases.items():
        ranks = [p.draw_weights @ (draws(p) < x) for p, x in zip(found, truth, strict=True)]
        counts = np.histogram(ranks, bins=5, range=(0, 1))[0]
        assert chisquare(counts).pvalue > 1e-4, what


@pytest.mark.slow
def test_exact_and_normal_innovations_agree(global_random_seed):
    from gahb_sk.denoisers.optimal._c_alpha_class._posterior import sample_posterior
    from gahb_sk.denoisers.optimal._c_alpha_class._tempering import Effort

    image_class, sigma = CAlphaImages(16, alpha=2.0, antialias="area"), 0.2
    clean = image_class.sample(1, global_random_seed)
    noisy = torch.as_tensor(add_gaussian_noise(clean, sigma, global_random_seed + 1)[0])
    generator = torch.Generator().manual_seed(global_random_seed)
    one, other = (
        sample_posterior(
            CAlphaLaw.of(image_class), noisy, sigma, Effort(n_final=48), generator, exact=exact
        )
        for exact in (True, False)
    )
    assert one.exact and not other.exact
    apart = np.square(one.mean - other.mean).sum()
    assert apart < 8 * (one.error_variance + other.error_variance) + 0.01 * one.variance
    assert abs(one.log_density - other.log_density) < 5


@pytest.mark.parametrize(
    "name, n", [("constant", 2), pytest.param("regular", 8, marks=pytest.mark.slow)]
)
def test_runs_from_the_truth_agree(name, n, global_random_seed):
    law, sigma = LAWS[name], 0.1
    noisy = add_gaussian_noise(
        law.sample(n, global_random_seed, first_image=3), sigma, global_random_seed + 1
    )
    denoiser = law.posterior_mean(n_particles=16, n_final=16)
    cold = denoiser.sample_posterior(noisy, sigma)
    warm = denoiser.sample_from_truth(noisy, sigma, global_random_seed, first_image=3)
    apart = [np.square(a.mean - b.mean).sum() / a.variance for a, b in zip(cold, warm, strict=True)]
    assert np.median(apart) < 0.15


def test_results_depend_on_the_image_alone(global_random_seed):
    law = LAWS["regular"]
    noisy = add_gaussian_noise(law.sample(2, global_random_seed), 0.2, 0)
    effort = {**QUICK, "n_particles": 4, "n_final": 4, "tolerance": np.inf}
    denoiser = law.posterior_mean(**effort, random_state=global_random_seed).fit(noisy)
    whole = denoiser.transform(noisy, 0.2)
    assert_array_equal(whole[1:2], denoiser.transform(noisy[1:2], 0.2))
    assert_array_equal(whole, denoiser.set_params(n_jobs=2).transform(noisy, 0.2))


def test_uncertified_images_are_named(global_random_seed):
    law = LAWS["regular"]
    noisy = add_gaussian_noise(law.sample(1, global_random_seed), 0.1, 0)
    denoiser = law.posterior_mean(**{**QUICK, "tolerance": 1e-6})
    with pytest.warns(UncertifiedWarning, match="n_final"):
        denoiser.transform(noisy, 0.1)


def test_what_is_not_certified_is_sampled_again(global_random_seed):
    law = LAWS["constant"]
    noisy = add_gaussian_noise(law.sample(1, global_random_seed), 0.1, 0)
    once = law.posterior_mean(**QUICK | {"tolerance": np.inf})
    (first,) = once.sample_posterior(noisy, 0.1)
    (same,) = once.set_params(tolerance=1e-6).sample_posterior(noisy, 0.1)
    assert_array_equal(first.mean, same.mean)
    (again,) = once.set_params(n_doublings=1).sample_posterior(noisy, 0.1)
    assert len(again.draws) == 4 * len(first.draws)
    (enough,) = once.set_params(tolerance=np.inf).sample_posterior(noisy, 0.1)
    assert_array_equal(first.mean, enough.mean)


@pytest.mark.slow
def test_sure_is_unbiased(global_random_seed):
    law, sigma, n = LAWS["constant"], 0.15, 60
    clean = law.sample(n, global_random_seed)
    noisy = add_gaussian_noise(clean, sigma, global_random_seed + 1)
    denoiser = law.posterior_mean(n_particles=12, n_final=16, tolerance=np.inf).fit(clean)
    found = sure(denoiser, noisy, sigma, method="exact")
    difference = found.mse - mse(clean, denoiser.transform(noisy, sigma))
    assert abs(difference.mean()) < 5 * difference.std(ddof=1) / np.sqrt(n)


def test_covariance_is_that_of_the_draws(global_random_seed):
    law = LAWS["constant"]
    noisy = add_gaussian_noise(law.sample(1, global_random_seed), 0.1, 0)
    denoiser = law.posterior_mean(**QUICK).fit(noisy)
    posterior = denoiser.sample_posterior(noisy, 0.1)[0]
    values, vectors = denoiser.posterior_covariance(noisy, 0.1, 3)
    along = (posterior.draws - posterior.mean)[:, None] * vectors[0]
    spread = posterior.draw_weights @ np.square(along.sum((2, 3)))
    assert_allclose(spread, values[0], rtol=0.3)
    assert_allclose(
        posterior.covariance_along(vectors[0]), np.diag(values[0]), atol=0.3 * values[0, 0]
    )
    trace = np.trace(denoiser.linearize(noisy[0], 0.1).matmat(np.eye(64)))
    assert_allclose(trace * 0.1**2, posterior.variance, rtol=0.3)


def test_masks_that_are_not_differentiable_are_refused():
    with pytest.raises(ValueError, match='antialias="area"'):
        CAlphaPosteriorMean(CAlphaImages(8)).fit(np.zeros((1, 8, 8)))
