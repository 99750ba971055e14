"""What :func:`generalization_curve` measures of two denoisers, and how that is kept on disk."""

from functools import partial

import numpy as np

from gahb_sk._random import child
from gahb_sk.experiments._kept_scores import describe, kept
from gahb_sk.experiments._sample_pairs import SamplePairs, draw_pairs
from gahb_sk.experiments._train_and_test import image_psnrs

SETS = ("A", "B")
_NOISE, _SAMPLES = range(2)  # streams of random numbers
_STACKS = ("first", "second", "closest_first", "closest_second")


def measure_pair(pair, first, second, test, path, *, sigmas, n_samples, sampler, root):
    """PSNRs of two denoisers on their training images and on the test images, and samples.

    With a path, what an earlier call measured there in the same way is read. What the denoisers are
    is for the caller to check.
    """
    options = {"sigmas": sigmas, "n_samples": n_samples, "sampler": sampler}
    seed = {"root": str(root.entropy), "key": root.spawn_key}
    of = describe(None, n_train=len(first), n_test=len(test), **options, **seed)
    found = kept(partial(_measure, pair, first, second, test, root=root, **options), path, of)
    psnrs = {tuple(k.split()[1:]): v for k, v in found.items() if k.startswith("psnr ")}
    if not n_samples:
        return psnrs, None
    cosines = {
        (name.split()[1], name.endswith("True")): values
        for name, values in found.items()
        if name.startswith("cosine ")
    }
    arrays = {name: found[name] for name in _STACKS}
    return psnrs, SamplePairs(**arrays, cosines=cosines, n_diverged=int(found["n_diverged"]))


def _measure(pair, first, second, test, *, sigmas, n_samples, sampler, root):
    noise, found = child(root, _NOISE), {}
    for k, (denoiser, images) in enumerate(zip(pair, (first, second), strict=True)):
        repeated = np.arange(len(test)) % len(images)
        own = images[repeated] if len(images) < len(test) else images[: len(test)]
        found[f"psnr {SETS[k]} train"] = image_psnrs(denoiser, own, sigmas, child(noise, 1 + k))
        found[f"psnr {SETS[k]} test"] = image_psnrs(denoiser, test, sigmas, child(noise, 0))
    if not n_samples:
        return found
    seed = int(child(root, _SAMPLES).generate_state(1)[0])
    samples = vars(draw_pairs(pair, (first, second), n_samples, seed, sampler))
    cosines = samples.pop("cosines")
    found |= {f"cosine {measure} {c}": values for (measure, c), values in cosines.items()}
    return found | samples
