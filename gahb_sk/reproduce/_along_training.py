"""Two networks on disjoint sets of N images: their losses and samples after steps of training."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from gahb_sk._random import child, image_generator
from gahb_sk.analysis import NetworkFeatures, feature_spread
from gahb_sk.experiments import distance_divergence, loss_parts, memorization_test
from gahb_sk.experiments._train_and_test import with_error
from gahb_sk.noise import add_gaussian_noise
from gahb_sk.sampling import FlowSampler

LEVELS = (0.1, 0.3, 1.0)  # at which losses are measured
NOISE_RANGE = (0.01, 3.0)  # of training and sampling
_PARTS = ("loss", "distillation", "excess")
_COPY = 1 / 3  # largest ratio of nearest to second nearest distance (arXiv:2505.17638)
_FEATURE_SIGMA = 0.1  # of the noise under which features are read
_LEAST = 10  # samples of each kind that an AUROC needs
_RESAMPLES = 200
_SEEN = 64  # training images, repeated, on which losses are measured


@dataclass(frozen=True)
class Images:
    """What two networks were trained on, what neither saw, some of it to test, and the optimum."""

    sets: tuple
    fresh: np.ndarray
    test: np.ndarray
    optimum: Any


def loss_rows(checkpoints, images, seed):
    """Return the columns of losses of two networks, a list for each with one row per step.

    ``checkpoints`` has a dict of networks by step for each. Losses are squared errors over the mean
    of the optimum's on test images, averaged over the noise levels. ``above_least`` is how far the
    test loss is above its least over the steps, with the error of paired differences, and
    ``disagreement`` the loss of one network if the other were true.
    """
    unseen = loss_parts(
        {f"{k} {step}": one for k, found in enumerate(checkpoints) for step, one in found.items()},
        images.optimum, images.test, LEVELS, random_state=child(seed, 0),
    )  # fmt: skip
    risks = unseen.optimum.mean(axis=1, keepdims=True)
    rows = []
    for k, (found, own) in enumerate(zip(checkpoints, images.sets, strict=True)):
        named = {str(step): one for step, one in found.items()}
        repeated = np.resize(own, (_SEEN, *own.shape[1:]))
        seen = loss_parts(named, images.optimum, repeated, LEVELS, random_state=child(seed, 1))
        parts = {
            f"{where}_{part}": getattr(one, part)[rest * len(found) :][: len(found)] / risks
            for where, one, rest in (("train", seen, 0), ("test", unseen, k))
            for part in _PARTS
        }
        rows.append(_by_step([*found], parts))
    apart = _disagreements(*checkpoints, images.test, risks, seed)
    return [
        [{**row, "disagreement": one} for row, one in zip(part, apart, strict=True)]
        for part in rows
    ]


def _by_step(steps, parts):
    """Means over images and levels, with standard errors of those on test images."""
    losses = parts["test_loss"].mean(axis=1)
    least = losses[losses.mean(axis=1).argmin()]
    rows = []
    for k, step in enumerate(steps):
        row = {"steps": step}
        for part, values in parts.items():
            columns = with_error(part, values[k].mean(axis=0))
            row |= {part: columns[part]} if part.startswith("train") else columns
        for level, values in zip(LEVELS, parts["test_loss"][k], strict=True):
            row[f"test_loss_{level:g}"] = float(values.mean())
        rows.append({**row, **with_error("above_least", losses[k] - least)})
    return rows


def _disagreements(first, second, test, risks, seed):
    found = [
        loss_parts({"": first[step]}, second[step], test, LEVELS, random_state=child(seed, 0))
        for step in first
    ]
    return [float(np.mean(parts.distillation[0] / risks)) for parts in found]


def draw(denoiser, n_samples, image_shape, seed):
    """Draw samples by a deterministic sampler; those that diverge are NaN."""
    low, high = NOISE_RANGE
    sampler = FlowSampler(
        denoiser, n_steps=16, sigma_start=high, sigma_end=low, on_divergence="nan",
        random_state=int(child(seed, 2).generate_state(1)[0]),
    )  # fmt: skip
    return sampler.sample(n_samples, image_shape).images


def standardized(images):
    """Return images without mean and of norm 1: networks without biases may sample any contrast."""
    images = images - images.mean((1, 2), keepdims=True)
    return images / np.linalg.norm(images, axis=(1, 2), keepdims=True)


def sample_columns(denoiser, samples, partners, sets, fresh, seed):
    """Return how near a network's samples are to its training images, and to its partner's samples.

    ``sets`` are the network's own training images and its partner's. All are standardised first.
    ``nearer`` is the probability that a sample is nearer to the training set than a fresh image,
    and ``own`` that it is nearer to the network's own set than to its partner's.
    """
    finite = np.isfinite(samples).all((1, 2)) & np.isfinite(partners).all((1, 2))
    drawn = samples[finite]
    samples, partners = standardized(drawn), standardized(partners[finite])
    sets, fresh = [standardized(own) for own in sets], standardized(fresh)
    found = distance_divergence(
        samples, sets[0], fresh, n_resamples=_RESAMPLES, random_state=child(seed, 3)
    )
    own = found.test.distance < memorization_test(samples, sets[1]).distance
    ratio = memorization_test(samples, sets[0], fresh, statistic="ratio")
    copies = ratio.statistic < _COPY
    return {
        "n_samples": len(samples),
        "divergence": found.value, "divergence_low": found.low, "divergence_high": found.high,
        "divergence_null": found.null,
        "nearer": found.nearer, "nearer_low": found.nearer_low, "nearer_high": found.nearer_high,
        **_interval("own", own, seed),
        "memorized": float(found.test.memorized.mean()),
        **_interval("copied", copies, seed),
        "copied_null": float(np.mean(ratio.null < _COPY)),
        "pair_distance": float(np.linalg.norm(samples - partners, axis=(1, 2)).mean()),
        "spread_auc": _detection(denoiser, drawn, copies, seed),
        **_histogram(found.test),
    }  # fmt: skip


def _histogram(test):
    """Shares of the samples between the deciles of the fresh images' distances."""
    edges = np.quantile(test.null, np.arange(1, 10) / 10)
    counts = np.bincount(np.searchsorted(edges, test.statistic), minlength=10)
    return {f"decile_{k + 1}": float(one) for k, one in enumerate(counts / counts.sum())}


def _interval(name, values, seed):
    """Mean, and an interval of 95 % by resampling."""
    generator = image_generator(child(seed, 4), 0)
    means = generator.choice(values, (_RESAMPLES, len(values))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return {name: float(values.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}


def _detection(denoiser, samples, copies, seed):
    """AUROC by which the spread of features alone tells copies from other samples."""
    if min(copies.sum(), (~copies).sum()) < _LEAST:
        return float("nan")
    noisy = add_gaussian_noise(samples, _FEATURE_SIGMA, child(seed, 5))
    features = NetworkFeatures(denoiser, sigma=_FEATURE_SIGMA).fit_transform(noisy)
    return float(roc_auc_score(copies, feature_spread(features)))
