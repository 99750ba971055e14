"""Photographs as counts of light: parameters estimated against told, and what white noise costs.

    python -m benchmarks.bench_counts

Grey photographs of scikit-image, whole, no side above 512 pixels, Poisson counts of several peaks,
denoised by the network "photographs" within ``VarianceStabilized``. "white" is the same network
given the noise level that is estimated as if the noise were white.
"""

import argparse

import numpy as np
from skimage import data
from skimage.color import rgb2gray

from gahb_sk import load_pretrained, psnr
from gahb_sk.denoisers import VarianceStabilized

NAMES = ("camera", "astronaut", "coffee", "chelsea", "rocket", "grass", "gravel", "brick")
LARGEST = 512


def photographs():
    """Return grey photographs in [0, 1]."""
    images = (getattr(data, name)() for name in NAMES)
    grey = (rgb2gray(image) if image.ndim == 3 else image / 255 for image in images)
    return [image[:LARGEST, :LARGEST] for image in grey]


def main(argv=None):
    """Print one row per peak, with standard errors over photographs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--peak", type=float, nargs="+", default=[1, 3, 10, 30, 100])
    args = parser.parse_args(argv)
    network = load_pretrained("photographs")
    told = VarianceStabilized(network, gain=1.0, read_noise=0.0)
    ways = {"told": told, "estimated": VarianceStabilized(network), "white": network}
    rng = np.random.default_rng(0)
    print("peak  told (dB)  estimated - told  white - told")
    for peak in args.peak:
        values = {name: [] for name in ways}
        for clean in photographs():
            counts = rng.poisson(peak * clean)[None].astype(np.float32)
            for name, way in ways.items():
                values[name].append(psnr(clean[None], way.denoise(counts) / peak)[0])
        own = np.array(values["told"])
        print(f"{peak:4g}  {_mean(own)}", end="")
        for name in ("estimated", "white"):
            print(f"  {_mean(np.array(values[name]) - own)}", end="")
        print(flush=True)


def _mean(values):
    """Return the mean with its standard error as text."""
    return f"{values.mean():.2f} ({values.std(ddof=1) / len(values) ** 0.5:.2f})"


if __name__ == "__main__":
    main()
