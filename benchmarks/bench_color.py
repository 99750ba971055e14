"""What opponent colours gain over red, green and blue one by one, for classical denoisers.

    python -m benchmarks.bench_color

Colour photographs of scikit-image, whole, the shorter side 320 pixels. "opponent" is the default of
each denoiser (BM3D then finds its groups in the luminance), "separate" denoises channel by channel.
"""

import argparse

import numpy as np
from PIL import Image
from skimage import data

from gahb_sk import BandletShrinkage, BM3DDenoiser, WaveletShrinkage, add_gaussian_noise, psnr

NAMES = ("astronaut", "chelsea", "coffee", "rocket")
SIDE = 320
COLORS = ("opponent", "separate")
KINDS = {
    "WaveletShrinkage(n_shifts=16)": lambda color: WaveletShrinkage(n_shifts=16, color=color),
    "BandletShrinkage()": lambda color: BandletShrinkage(color=color),
    "BM3DDenoiser()": lambda color: BM3DDenoiser(color=color),
}


def photographs():
    """Return colour photographs ``(3, H, W)`` in [0, 1]."""
    images = [Image.fromarray(getattr(data, name)()) for name in NAMES]
    factors = [SIDE / min(image.size) for image in images]
    small = [
        image.resize([round(factor * side) for side in image.size], Image.Resampling.LANCZOS)
        for image, factor in zip(images, factors, strict=True)
    ]
    return [np.asarray(image, np.float32).transpose(2, 0, 1) / 255 for image in small]


def main(argv=None):
    """Print one row per denoiser and noise level, with standard errors over photographs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--level", type=float, nargs="+", default=[15, 25, 50], help="of 255")
    args = parser.parse_args(argv)
    images = photographs()
    print("denoiser  level  opponent (dB)  opponent - separate")
    for name, make in KINDS.items():
        for level in args.level:
            values = {color: _psnrs(make(color), images, level / 255) for color in COLORS}
            gain = np.subtract(*values.values())
            error = gain.std(ddof=1) / len(gain) ** 0.5
            mean = values["opponent"].mean()
            print(f"{name}  {level:g}  {mean:.2f}  {gain.mean():+.2f} ({error:.2f})", flush=True)


def _psnrs(denoiser, images, sigma):
    values = []
    for k, image in enumerate(images):
        noisy = add_gaussian_noise(image[None], sigma, random_state=k)
        values.append(psnr(image[None], denoiser.denoise(noisy, sigma))[0])
    return np.array(values)


if __name__ == "__main__":
    main()
