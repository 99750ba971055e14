"""Classical rivals and oracles, and the PSNR of networks beside them, for cards and figures."""

import importlib.util

from gahb_sk.denoisers import (
    BandletShrinkage,
    BM3DDenoiser,
    OracleShrinkage,
    TotalVariationDenoiser,
    WaveletShrinkage,
)
from gahb_sk.experiments._train_and_test import mean_and_error
from gahb_sk.metrics import input_psnr, psnr
from gahb_sk.noise import add_gaussian_noise

NOISE_SEED = 7


def rivals(exact=False):
    """Return classical denoisers by name; ``exact`` is BM3D's slower, slightly better profile."""
    found = {"wavelets, spun": WaveletShrinkage(n_shifts=16), "bandlets": BandletShrinkage()}
    if importlib.util.find_spec("skimage"):
        found["total variation"] = TotalVariationDenoiser()
    if importlib.util.find_spec("bm3d"):
        found["BM3D"] = BM3DDenoiser(exact=exact)
    return found


def missing_rivals():
    """Return a note if packages of rivals are missing, which makes the criterion easier."""
    missing = {"total variation", "BM3D"} - set(rivals())
    if not missing:
        return []
    listed = " and ".join(sorted(missing))
    return [f'{listed} did not take part: pip install "gahb-sk[peers]".']


def oracles():
    """Return the oracles in the best wavelet and bandlet bases, by name."""
    return {
        "oracle wavelets": OracleShrinkage(),
        "oracle bandlets": OracleShrinkage(basis="bandlet"),
    }


def card_psnrs(networks, clean, sigma):
    """PSNRs of fitted networks and their rivals on the same noise, as a card keeps them.

    ``psnr`` and ``psnr_error``, its standard error, have one value per noise level for each
    denoiser.
    """
    means, errors = {}, {}
    others = {name: one.fit(clean) for name, one in {**rivals(exact=True), **oracles()}.items()}
    for level in sigma:
        noisy = add_gaussian_noise(clean, level, random_state=NOISE_SEED)
        for name, denoiser in {**networks, **others}.items():
            mean, error = mean_and_error(psnr(clean, denoiser.denoise(noisy, level, clean=clean)))
            means.setdefault(name, []).append(round(mean, 3))
            errors.setdefault(name, []).append(round(error, 3))
        means.setdefault("noisy", []).append(round(float(input_psnr(level)), 3))
    return {
        "sigma": list(sigma), "n_test_images": len(clean), "psnr": means, "psnr_error": errors
    }  # fmt: skip
