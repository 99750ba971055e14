"""Samples of two denoisers from the same noise, and the training images most similar to them."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from gahb_sk.experiments._closest_images import closest_images
from gahb_sk.experiments._train_and_test import with_error
from gahb_sk.metrics import cosine_similarity
from gahb_sk.sampling import ScoreSampler

MEASURES = ("pair", "closest", "other")


@dataclass(frozen=True)
class SamplePairs:
    """Samples of two denoisers, fitted on sets A and B; entry k of all is from the same noise.

    Attributes
    ----------
    first, second : ndarray of shape (n, H, W) or (n, C, H, W)
        Samples of the denoiser of A, and of that of B.
    closest_first, closest_second : ndarray of the same shape
        The image of A most similar to ``first``, that of B to ``second``, by correlation (means
        removed).
    cosines : dict of (str, bool) to ndarray of shape (n,) or (2, n)
        By measure and by whether the means were removed: "pair" (n,); "closest" and "other" (2, n),
        one row per denoiser.
    n_diverged : int
        Pairs left out since a sample diverged.
    """

    first: np.ndarray
    second: np.ndarray
    closest_first: np.ndarray
    closest_second: np.ndarray
    cosines: dict
    n_diverged: int


def draw_pairs(denoisers, sets, n_samples, seed, sampler):
    """Draw samples of two denoisers, fitted on two sets, from the same noise and compare them."""
    shape = tuple(sets[0].shape[1:])
    both = [_draw(denoiser, n_samples, shape, seed, sampler) for denoiser in denoisers]
    finite = np.all([np.isfinite(s).reshape(n_samples, -1).all(axis=1) for s in both], axis=0)
    first, second = (samples[finite] for samples in both)
    if not len(first):
        none = dict.fromkeys(product(MEASURES, (False, True)), np.empty(0))
        return SamplePairs(first, second, first, second, none, n_samples)
    cosines, shown = {}, []
    for centered in (False, True):
        cosines["pair", centered] = cosine_similarity(first, second, centered=centered)
        for measure, order in (("closest", sets), ("other", sets[::-1])):
            found = [
                closest_images(samples, images, centered=centered)
                for samples, images in zip((first, second), order, strict=True)
            ]
            cosines[measure, centered] = np.stack([one.cosine for one in found])
            if (measure, centered) == ("closest", True):
                pairs = zip(sets, found, strict=True)
                shown = [np.asarray(images[one.index]) for images, one in pairs]
    return SamplePairs(first, second, *shown, cosines, int(n_samples - finite.sum()))


def similarity_rows(pairs):
    """Rows of means over samples; the samples of one noise count as one."""
    rows = []
    for measure in MEASURES:
        for centered in (False, True):
            values = pairs.cosines[measure, centered]
            values = values.mean(axis=0) if values.ndim > 1 else values
            head = {"measure": measure, "centered": centered, **with_error("cosine", values)}
            rows.append({**head, "n_samples": len(values), "n_diverged": pairs.n_diverged})
    return rows


def _draw(denoiser, n_samples, shape, seed, settings):
    sampler = ScoreSampler(denoiser, random_state=seed, on_divergence="nan", **settings)
    return sampler.sample(n_samples, shape).images
