"""deepinv's denoisers that learn nothing, as functions ``(image, sigma)``; none without deepinv.

deepinv leaves the weight of a regulariser to its users. Here it is a multiple of sigma: of a few,
the one best on average over C^2 images at .03, .1 and .3 that are not tested on. Its BM3D is left
out, the algorithm of the package bm3d.
"""

import importlib.util
from functools import partial

# Multiples of sigma; of the bilateral filter, of the standard deviation in intensity.
TV, TGV, WAVELETS, DICTIONARY, BILATERAL = 1.0, 8.0, 1.5, 1.5, 3.0


def denoised(make, call, image, sigma):
    """Denoise one image (H, W) or (C, H, W) with a deepinv model."""
    import torch

    batch = torch.from_numpy(image).reshape(1, -1, *image.shape[-2:])
    with torch.no_grad():
        return call(make(), batch, float(sigma)).reshape(image.shape).numpy()


def models():
    """Return how each model is made, and how it is called with a batch and sigma."""
    from deepinv import models

    wavelets = ["db1", "db4", "db8"]
    found = {
        "deepinv TV": (partial(models.TVDenoiser, n_it_max=100),
                       lambda model, y, s: model(y, ths=TV * s)),
        "deepinv TGV": (partial(models.TGVDenoiser, n_it_max=200),
                        lambda model, y, s: model(y, ths=TGV * s)),
        "deepinv bilateral": (models.BilateralFilter, lambda model, y, s: model(
            y, sigma_d=2.0, sigma_r=BILATERAL * s, window_size=9)),
        "deepinv median": (partial(models.MedianFilter, 3), lambda model, y, s: model(y)),
    }  # fmt: skip
    if importlib.util.find_spec("ptwt"):
        found["deepinv wavelets"] = (models.WaveletDenoiser,
                                     lambda model, y, s: model(y, ths=WAVELETS * s))  # fmt: skip
        found["deepinv wavelet dictionary"] = (
            partial(models.WaveletDictDenoiser, list_wv=wavelets),
            lambda model, y, s: model(y, ths=DICTIONARY * s),
        )
    return found


def classical():
    """Return the denoisers by name."""
    if importlib.util.find_spec("deepinv") is None:
        return {}
    return {name: partial(denoised, *how) for name, how in models().items()}
