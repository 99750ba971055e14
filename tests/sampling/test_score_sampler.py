"""The score sampler: laws it must reproduce, seeds, ends and failures."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from benchmarks.bench_sampling import nearest_disk
from gahb_sk import FunctionDenoiser, WienerDenoiser
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.denoisers import (
    DiskPosteriorMean,
    EmpiricalBayesDenoiser,
    NetworkDenoiser,
    OracleShrinkage,
)
from gahb_sk.networks import UNet
from gahb_sk.sampling import DivergenceError, FlowSampler, Inpainting, ScoreSampler

SIDE = 6
D = SIDE * SIDE


class Gaussian:
    """A Gaussian class of 6x6 images, and its exact denoiser."""

    def __init__(self, seed, n_modes=12):
        rng = np.random.RandomState(seed)
        self.vectors = np.linalg.qr(rng.standard_normal((D, D)))[0]
        self.variances = np.zeros(D)
        self.variances[:n_modes] = np.geomspace(1.0, 0.01, n_modes)
        self.mean = rng.uniform(0.3, 0.7, D)
        # 2D + 1 points whose empirical mean and covariance are those of the class.
        shifts = self.vectors * np.sqrt(D * self.variances)
        X = np.concatenate([self.mean + shifts.T, self.mean - shifts.T])
        self.denoiser = WienerDenoiser().fit(X.reshape(-1, SIDE, SIDE))

    def modes(self, images):
        return (images.reshape(len(images), -1) - self.mean) @ self.vectors


@pytest.fixture
def gaussian(global_random_seed):
    return Gaussian(global_random_seed)


def test_the_denoiser_of_the_gaussian_class_is_exact(gaussian, rng):
    y = rng.standard_normal((3, SIDE, SIDE))
    factors = gaussian.variances / (gaussian.variances + 0.2**2)
    expected = gaussian.mean + (gaussian.modes(y) * factors) @ gaussian.vectors.T
    assert_allclose(gaussian.denoiser.transform(y, sigma=0.2).reshape(3, -1), expected, atol=1e-8)


def variances_of_the_rule(sampler, variances, last):
    """Variance of each mode after the rule: it is linear where the denoiser is."""
    v, sigma, t = np.full(len(variances), sampler.sigma_start**2), sampler.sigma_start, 1
    while sigma > sampler.sigma_end:
        h = sampler.step_size(t)
        shrink = 1 - h * sigma**2 / (variances + sigma**2)
        added = ((1 - sampler.beta * h) ** 2 - (1 - h) ** 2) * sigma**2
        v, sigma, t = shrink**2 * v + added, (1 - sampler.beta * h) * sigma, t + 1
    return v * (variances / (variances + sigma**2)) ** 2 if last else v


@pytest.mark.parametrize("growing_step", [True, False])
def test_samples_of_a_gaussian_have_its_mean_and_covariance(gaussian, growing_step):
    h0 = 0.01 if growing_step else 0.1
    sampler = ScoreSampler(
        gaussian.denoiser, h0=h0, beta=0.1, growing_step=growing_step, sigma_start=4.0,
        sigma_end=0.02, mean=0.5, max_steps=5000, random_state=0,
    )  # fmt: skip
    n = 2000
    modes = gaussian.modes(sampler.sample(n).images)
    kept = gaussian.variances > 0
    expected = variances_of_the_rule(sampler, gaussian.variances, last=True)[kept]
    # Steps of finite length miss the variances of the class: the growing ones, which come near
    # to 1, by a quarter.
    assert_allclose(expected, gaussian.variances[kept], rtol=0.35 if growing_step else 0.12)
    measured = modes[:, kept].var(axis=0, ddof=1)
    assert_allclose(measured, expected, rtol=5 * np.sqrt(2 / n))
    assert (np.abs(modes.mean(axis=0)[kept]) < 5 * np.sqrt(expected / n) + 0.02).all()
    assert np.abs(modes[:, ~kept]).max() < 1e-3
    correlations = np.corrcoef(modes[:, kept].T) - np.eye(kept.sum())
    assert np.abs(correlations).max() < 5 / np.sqrt(n)


def test_flow_carries_noise_to_the_gaussian(gaussian):
    n = 2000
    sampler = FlowSampler(gaussian.denoiser, sigma_start=20.0, n_steps=60, random_state=0)
    modes = gaussian.modes(sampler.sample(n).images)
    kept = gaussian.variances > 0
    variances = gaussian.variances[kept]
    # Along the flow a mode scales with sqrt(variance + sigma^2), then comes one denoising.
    end = variances + 0.01**2
    expected = 20.0**2 * end / (variances + 20.0**2) * (variances / end) ** 2
    assert_allclose(expected, variances, rtol=0.03)
    assert_allclose(modes[:, kept].var(axis=0, ddof=1), expected, rtol=5 * np.sqrt(2 / n) + 0.02)
    assert np.abs(modes[:, ~kept]).max() < 1e-2


def starting_noise(n_samples):
    """Where flows start: the identity leaves it as it is."""
    same = FunctionDenoiser(_identity).fit(np.zeros((1, SIDE, SIDE)))
    sampler = FlowSampler(same, sigma_start=2.0, sigma_end=0.05, n_steps=2, random_state=0)
    return (sampler.sample(n_samples).images.astype(np.float64) - 0.5) / 2.0


def test_the_flow_by_default_keeps_the_law_of_a_gaussian_within_three_percent(gaussian):
    """Of a linear denoiser the flow is linear: one sample tells the variance of each mode."""
    samples = FlowSampler(gaussian.denoiser, random_state=0).sample(4).images.astype(np.float64)
    started = gaussian.modes(0.5 + 80.0 * starting_noise(4))
    kept = gaussian.variances > 0
    variances = (80.0 * gaussian.modes(samples) / started)[:, kept] ** 2
    assert_allclose(variances, np.tile(gaussian.variances[kept], (4, 1)), rtol=0.03)


def test_flow_is_of_second_order(gaussian):
    """Against the closed form, halving the step divides the error by about four."""
    errors, start = [], 0.5 + 2.0 * starting_noise(5)
    for n_steps in (20, 40):
        sampler = FlowSampler(
            gaussian.denoiser, sigma_start=2.0, sigma_end=0.05, n_steps=n_steps, rho=1e-9 + 3,
            random_state=0,
        )  # fmt: skip
        samples = gaussian.modes(sampler.sample(5).images.astype(np.float64))
        v = gaussian.variances
        exact = gaussian.modes(start) * np.sqrt((v + 0.05**2) / (v + 4.0))
        exact *= v / (v + 0.05**2)
        errors.append(np.abs(samples - exact).max())
    assert errors[1] < errors[0] / 2.5


def _identity(image):
    return image


def test_inpainting_a_gaussian_gives_its_conditional_mean(gaussian):
    """With little noise left the samples scatter about the conditional mean of the unknown part."""
    covariance = (gaussian.vectors * gaussian.variances) @ gaussian.vectors.T
    mask = np.ones((SIDE, SIDE), bool)
    mask[2:4, 2:5] = False
    known = mask.ravel()
    truth = gaussian.mean + covariance @ np.linalg.pinv(covariance) @ (
        np.sqrt(0.3) * gaussian.vectors[:, 0]
    )
    operator = Inpainting(mask)
    sampler = ScoreSampler(
        gaussian.denoiser, beta=0.1, sigma_start=2.0, sigma_end=0.02, max_steps=5000,
        random_state=0,
    )  # fmt: skip
    measured = operator.measure(truth.reshape(1, SIDE, SIDE))
    n = 400
    restored = sampler.inverse(measured[0], operator, n_samples=n)
    assert restored.images.shape == (n, SIDE, SIDE)
    assert restored.residual.max() < 1e-6
    # The class has 12 modes and 30 pixels are known: the rest follows from them.
    weights = covariance[~known][:, known] @ np.linalg.pinv(
        covariance[np.ix_(known, known)] + 0.02**2 * np.eye(known.sum())
    )
    conditional = gaussian.mean[~known] + weights @ (truth[known] - gaussian.mean[known])
    away = restored.images.reshape(n, -1)[:, ~known].mean(axis=0) - conditional
    assert np.abs(away).max() < 0.03


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_flow_restores_a_gaussian_by_draws_from_its_posterior(noise, gaussian, rng):
    """The law of restored images is the normal law of the class given the measurement."""
    covariance = (gaussian.vectors * gaussian.variances) @ gaussian.vectors.T
    known = rng.permutation(D) < 10
    operator = Inpainting(known.reshape(SIDE, SIDE))
    x = gaussian.mean + gaussian.vectors @ (np.sqrt(gaussian.variances) * rng.standard_normal(D))
    measured = x[known] + noise * rng.standard_normal(known.sum())
    gain = covariance[:, known] @ np.linalg.inv(
        covariance[np.ix_(known, known)] + max(noise, 1e-6) ** 2 * np.eye(known.sum())
    )
    mean = gaussian.mean + gain @ (measured - gaussian.mean[known])
    spread = np.trace(covariance - gain @ covariance[known])
    n = 100
    sampler = FlowSampler(gaussian.denoiser, n_steps=25, random_state=0)
    restored = sampler.inverse(measured, operator, n_samples=n, measurement_sigma=noise)
    away = restored.images.reshape(n, D) - mean
    assert np.linalg.norm(away.mean(axis=0)) < 0.35 * np.sqrt(spread)
    assert_allclose(np.square(away).sum(axis=1).mean(), spread, rtol=0.5)
    assert (restored.residual.max() < 1e-6) == (noise == 0)


def test_a_noisy_measurement_of_everything_is_denoised(gaussian, rng):
    """With every pixel measured, restored images are draws from the posterior."""
    x = gaussian.mean + (rng.standard_normal((40, D)) * np.sqrt(gaussian.variances)) @ (
        gaussian.vectors.T
    )
    sigma = 0.2
    noisy = x + sigma * rng.standard_normal(x.shape)
    operator = Inpainting(np.ones((SIDE, SIDE), bool))
    sampler = ScoreSampler(
        gaussian.denoiser, h0=0.1, growing_step=False, sigma_end=0.02, random_state=0
    )
    restored = sampler.inverse(noisy, operator, measurement_sigma=sigma)
    error = np.square(restored.images.reshape(40, -1) - x).sum(axis=1).mean()
    # A draw from the posterior has twice the error of its mean.
    best = (gaussian.variances * sigma**2 / (gaussian.variances + sigma**2)).sum()
    assert 1.4 * best < error < 2.6 * best
    assert (restored.residual > 0).all()


def test_a_sample_can_be_redrawn_alone(gaussian):
    sampler = ScoreSampler(gaussian.denoiser, random_state=3)
    together = sampler.sample(5).images
    assert_allclose(sampler.sample(1, first=3).images[0], together[3], atol=1e-5)
    assert_allclose(sampler.sample(2, first=1).images, together[1:3], atol=1e-5)
    assert_array_equal(sampler.sample(5).images, together)
    assert not np.allclose(together[0], together[1])


def test_each_sample_stops_on_its_own_level():
    network = NetworkDenoiser(UNet(channels=4, n_blocks=1), max_images=2000, random_state=0)
    network.fit(make_c_alpha_images(64, 16, random_state=0))
    sampler = ScoreSampler(network, sigma_end=0.1, keep_trajectory=True, random_state=0)
    samples = sampler.sample(6)
    assert samples.converged.all()
    assert (samples.sigma <= 0.1).all()
    assert len(set(samples.n_steps)) > 1
    for k, one in enumerate(samples.trajectories):
        assert one.images.shape == (samples.n_steps[k] + 1, 16, 16)
        assert (one.sigma[:-1] > 0.1).all() and one.sigma[-1] <= 0.1
        last = network.transform(one.images[-1][None])[0]
        assert_allclose(samples.images[k], last, atol=1e-5)


@pytest.mark.parametrize("growing_step", [True, False])
@pytest.mark.parametrize("beta", [0.1, 1.0])
def test_a_number_of_steps(growing_step, beta, gaussian):
    """A denoiser that is given the level takes exactly this many, and ends just below sigma_end."""
    options = {"beta": beta, "growing_step": growing_step, "random_state": 0}
    sampler = ScoreSampler(gaussian.denoiser, n_steps=50, sigma_end=0.03, **options)
    samples = sampler.sample(2)
    assert samples.n_steps.tolist() == [50, 50]
    assert_allclose(samples.sigma, 0.03, rtol=1e-5)
    same = ScoreSampler(gaussian.denoiser, h0=sampler.step_size(1), sigma_end=0.03, **options)
    assert_allclose(same.sample(2).images, samples.images, atol=1e-5)


def test_too_few_steps(gaussian):
    with pytest.raises(ValueError, match="n_steps: expected at least 29"):
        ScoreSampler(gaussian.denoiser, n_steps=28).sample()  # .9 ** 28 > .05
    assert ScoreSampler(gaussian.denoiser, n_steps=29).step_size(29) <= 1


def test_beta_one_is_deterministic_after_the_start(gaussian):
    sampler = ScoreSampler(gaussian.denoiser, beta=1.0, keep_trajectory=True, random_state=0)
    path = sampler.sample(1).trajectories[0]
    images, sigma = path.images, path.sigma
    denoised = gaussian.denoiser.transform(images[:1], sigma=sigma[0])
    expected = images[0] + sampler.step_size(1) * (denoised[0] - images[0])
    assert_allclose(images[1], expected, atol=1e-5)


def test_flat_and_colour_denoisers():
    def shrink(image, sigma):
        return image * 0.5

    flat = FunctionDenoiser(shrink, image_shape=(4, 4)).fit(np.zeros((1, 16)))
    assert ScoreSampler(flat, random_state=0).sample(2, (4, 4)).images.shape == (2, 4, 4)
    colour = FunctionDenoiser(shrink).fit(np.zeros((1, 3, 4, 4)))
    assert ScoreSampler(colour, random_state=0).sample(2).images.shape == (2, 3, 4, 4)


def explode(image):
    return image * 3


def to_infinity(image):
    return np.full_like(image, np.inf)


@pytest.mark.parametrize("sampler", [ScoreSampler, FlowSampler])
def test_divergence_is_reported_and_never_returned(sampler):
    denoiser = FunctionDenoiser(explode).fit(np.zeros((1, 4, 4)))
    with pytest.raises(DivergenceError, match="2 of 2 samples did not converge") as caught:
        sampler(denoiser, random_state=0).sample(2, first=5)
    assert_array_equal(caught.value.failed, [5, 6])
    again = sampler(denoiser, random_state=0, on_divergence="nan")
    samples = again.sample(2)
    assert np.isnan(samples.images).all() and not samples.converged.any()


def test_a_chain_that_does_not_end_is_reported():
    denoiser = FunctionDenoiser(lambda image: image * 0.5).fit(np.zeros((1, 4, 4)))
    with pytest.raises(DivergenceError, match="sigma stayed above sigma_end for 3 steps"):
        ScoreSampler(denoiser, max_steps=3, random_state=0).sample()


def test_good_samples_survive_bad_ones():
    def halve_some(image):
        return image * (3.0 if image[0, 0] > 0.5 else 0.0)

    denoiser = FunctionDenoiser(halve_some).fit(np.zeros((1, 2, 2)))
    sampler = ScoreSampler(denoiser, beta=1.0, on_divergence="nan", random_state=0)
    samples = sampler.sample(20)
    images, bad = samples.images, ~samples.converged
    assert 0 < bad.sum() < 20
    assert np.isnan(images[bad]).all() and np.isfinite(images[~bad]).all()


def test_non_finite_output_is_named():
    denoiser = FunctionDenoiser(to_infinity).fit(np.zeros((1, 4, 4)))
    with pytest.raises(ValueError, match="not finite|NaN|infinit"):
        ScoreSampler(denoiser, random_state=0).sample()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sigma_end": 2.0}, "sigma_end: expected less than sigma_start"),
        ({"h0": 0.0}, "'h0'"),
        ({"beta": 1.5}, "'beta'"),
        ({"max_steps": 0}, "'max_steps'"),
        ({"n_steps": 0}, "'n_steps'"),
        ({"on_divergence": "ignore"}, "'on_divergence'"),
    ],
)
def test_bad_parameters(gaussian, parameters, message):
    with pytest.raises(ValueError, match=message):
        ScoreSampler(gaussian.denoiser, **parameters).sample()


@pytest.mark.parametrize("sampler", [ScoreSampler, FlowSampler])
def test_samplers_are_cloned_like_estimators(gaussian, sampler):
    """A clone draws the same, from the same denoiser; parameters are checked when it draws."""
    original = sampler(gaussian.denoiser, sigma_end=0.1, random_state=0)
    again = clone(original)
    assert again.get_params(deep=False) == original.get_params(deep=False)
    assert_array_equal(again.sample(2).images, original.sample(2).images)
    assert not [name for name in vars(again) if name.endswith("_")]
    assert again.set_params(sigma_start=3.0).sigma_start == 3.0 != original.sigma_start
    with pytest.raises(ValueError, match="sigma_end: expected less than"):
        again.set_params(sigma_end=5.0).sample()


def test_bad_calls(gaussian):
    sampler = ScoreSampler(gaussian.denoiser, random_state=0)
    with pytest.raises(ValueError, match="n_samples"):
        sampler.sample(0)
    for one in (ScoreSampler, FlowSampler):
        with pytest.raises(ValueError, match="mean: expected a number or an image"):
            one(gaussian.denoiser, mean=np.zeros((2, 2))).sample()
    operator = Inpainting(np.ones((SIDE, SIDE), bool))
    for wrong in (np.zeros(5), np.zeros((2, 2, D)), np.full(D, np.nan)):
        with pytest.raises(ValueError, match="measurement: expected"):
            sampler.inverse(wrong, operator)
    with pytest.raises(ValueError, match="measurement_sigma"):
        sampler.inverse(np.zeros(D), operator, measurement_sigma=-1)
    oracle = OracleShrinkage().fit(np.zeros((1, 8, 8)))
    with pytest.raises(TypeError, match="needs the clean image"):
        ScoreSampler(oracle).sample()
    with pytest.raises(TypeError, match="expected a denoiser"):
        ScoreSampler(None).sample()


def test_disk_posterior_mean_draws_disks():
    """Each sample is a disk of the class, up to the noise that is left."""
    disks = DiskPosteriorMean().fit(np.zeros((1, 12, 12)))
    sampler = FlowSampler(disks, sigma_start=3.0, n_steps=14, random_state=0)
    samples = sampler.sample(6).images
    again = disks.transform(samples, sigma=0.01)
    assert np.sqrt(np.square(samples - again).mean(axis=(1, 2))).max() < 0.02


@pytest.mark.slow
@pytest.mark.parametrize(
    "sampler",
    [lambda d, k: FlowSampler(d, sigma_start=5.0, n_steps=20, random_state=k),
     lambda d, k: ScoreSampler(d, sigma_end=0.02, random_state=k)],
    ids=["flow", "score"],
)  # fmt: skip
def test_nearly_all_samples_are_near_a_disk_of_the_class(sampler, global_random_seed):
    """The disk is searched for, without the denoiser."""
    disks = DiskPosteriorMean().fit(np.zeros((1, 12, 12)))
    samples = sampler(disks, global_random_seed).sample(40).images.astype(np.float64)
    assert np.mean([nearest_disk(image) < 0.02 for image in samples]) >= 0.95


def test_weights_of_a_mixture_are_kept(global_random_seed):
    """Of two images, three times and seven times in the class, samples are the first in 30 %."""
    first, second = np.zeros((4, 4)), np.eye(4)
    denoiser = EmpiricalBayesDenoiser().fit(np.stack(3 * [first] + 7 * [second]))
    n = 400
    samples = FlowSampler(denoiser, n_steps=40, random_state=global_random_seed).sample(n).images
    to_first, to_second = (np.abs(samples - image).max((1, 2)) for image in (first, second))
    assert np.minimum(to_first, to_second).max() < 0.05
    share = np.mean(to_first < to_second)
    assert abs(share - 0.3) < 4 * (0.3 * 0.7 / n) ** 0.5
