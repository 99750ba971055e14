"""PSNR and speed on whole photographs that no network has learned from, for the cards."""

import importlib.util
import time

import numpy as np
from PIL import Image

from gahb_sk.datasets._photograph_crops import photograph_planes, scaled
from gahb_sk.datasets._samples import SKIMAGE_PHOTOGRAPHS
from gahb_sk.denoisers import BM3DDenoiser, NonLocalMeansDenoiser, WaveletShrinkage
from gahb_sk.metrics import input_psnr, psnr
from gahb_sk.noise import add_gaussian_noise
from gahb_sk.reproduce._photograph_files import photograph_files

# In units of 1/255.
LEVELS = (5, 15, 25, 50)
NOISE_SEED = 7
# Shorter side of the photographs in pixels.
SIDE = 320


def whole_photographs(folder, color=False):
    """Return the photographs of the tables: whole, in one size.

    Parameters
    ----------
    folder : str or path-like
        Unpacked packages; see :func:`photograph_files`.
    color : bool, default=False
        Whether they have three channels; then those of scikit-image that are grey are left out.

    Returns
    -------
    photographs : dict of str to ndarray of shape (H, W) or (3, H, W), float32
        By name: those of the part "test", then those of scikit-image.
    """
    files = photograph_files(folder, "test")
    images = {name: scaled(photograph_planes(file, color), SIDE) for name, file in files.items()}
    for name, photograph in _scikit_image_photographs().items():
        if not color or photograph.mode == "RGB":
            images[name] = scaled(photograph_planes(photograph, color), SIDE)
    return {name: image.astype(np.float32) / 255 for name, image in images.items()}


def _scikit_image_photographs():
    if importlib.util.find_spec("skimage") is None:
        return {}
    import skimage.data

    photographs = {}
    for name in SKIMAGE_PHOTOGRAPHS:
        pixels = getattr(skimage.data, name)()
        pixels = pixels[0] if isinstance(pixels, tuple) else pixels  # a stereo pair: the left one
        photographs[f"scikit-image/{name}"] = Image.fromarray(pixels)
    return photographs


def photograph_rivals():
    """Return the classical denoisers of the tables, by label; all are given the noise level."""
    found = {"wavelets, spun": WaveletShrinkage(n_shifts=16)}
    if importlib.util.find_spec("skimage"):
        found["non-local means"] = NonLocalMeansDenoiser()
    if importlib.util.find_spec("bm3d"):
        found["BM3D"] = BM3DDenoiser()
    return found


def measure_whole(denoisers, photographs, levels=LEVELS):
    """Measure denoisers on the same noise.

    Parameters
    ----------
    denoisers : dict of str to denoiser
        By label; networks are fitted.
    photographs : dict of str to ndarray of shape (H, W) or (C, H, W)
    levels : sequence of float, default=(5, 15, 25, 50)
        Noise levels in units of 1/255.

    Returns
    -------
    measured : dict of str to dict
        For each label ``psnr``, a list per noise level of one value per photograph in dB, and
        ``seconds_per_megapixel``, processor seconds per million pixels.
    """
    images = list(photographs.values())
    pixels = sum(image.shape[-1] * image.shape[-2] for image in images)
    measured = {}
    for label, denoiser in denoisers.items():
        start = time.process_time()
        values = [
            [_psnr_of(denoiser, *numbered, level / 255) for numbered in enumerate(images)]
            for level in levels
        ]
        seconds = (time.process_time() - start) / (len(levels) * pixels / 1e6)
        measured[label] = {"psnr": values, "seconds_per_megapixel": round(seconds, 2)}
    return measured


def _psnr_of(denoiser, k, image, sigma):
    noisy = add_gaussian_noise(image[None], sigma, random_state=NOISE_SEED, indices=[k])
    return round(float(psnr(image[None], denoiser.denoise(noisy, sigma))[0]), 3)


def table(measured, photographs, levels=LEVELS):
    """Return what a card says: means over photographs, the values behind them, and times.

    Parameters
    ----------
    measured : dict
        See :func:`measure_whole`; "network" among its labels.
    photographs : dict of str to ndarray
    levels : sequence of float, default=(5, 15, 25, 50)

    Returns
    -------
    entries : dict
        ``sigma``, ``n_test_images``, ``test_photographs``, ``psnr`` and ``psnr_error`` (standard
        errors of the means), ``psnr_by_photograph``, ``seconds_per_megapixel``.
    """
    values = {label: np.array(one["psnr"]) for label, one in measured.items()}
    n = len(photographs)
    return {
        "sigma": [round(level / 255, 5) for level in levels],
        "n_test_images": n,
        "test_photographs": list(photographs),
        "psnr": {
            **{label: one.mean(axis=1).round(3).tolist() for label, one in values.items()},
            "noisy": [round(float(input_psnr(level / 255)), 3) for level in levels],
        },
        "psnr_error": {
            label: (one.std(axis=1, ddof=1) / np.sqrt(n)).round(3).tolist()
            for label, one in values.items()
        },
        "psnr_by_photograph": {label: one["psnr"] for label, one in measured.items()},
        "seconds_per_megapixel": {
            label: one["seconds_per_megapixel"] for label, one in measured.items()
        },
    }
