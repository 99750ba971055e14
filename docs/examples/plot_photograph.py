"""
Denoise a photograph
====================

The shipped network for photographs takes images of any size and needs no noise level. On the
command line the same is ``gahb-sk denoise photo.png --output denoised``.
"""

import numpy as np
from sklearn.datasets import load_sample_image

from gahb_sk import PretrainedDenoiser, WaveletShrinkage, add_gaussian_noise, psnr
from gahb_sk.plots import ImageGridDisplay

photograph = load_sample_image("china.jpg").mean(axis=2)[None, :320, :480] / 255  # grey, in [0, 1]
noisy = add_gaussian_noise(photograph, 25 / 255, random_state=0)
images = {
    "noisy": noisy,
    "wavelets, spun": WaveletShrinkage(n_shifts=16).transform(noisy, sigma=25 / 255),
    "network": PretrainedDenoiser("photographs").transform(noisy),
}
for name, image in images.items():
    print(f"{name:15s} {psnr(photograph, image)[0]:.2f} dB")

# %%
# A part of each, in which differences show.
part = (slice(None), slice(60, 188), slice(120, 248))
ImageGridDisplay(
    {name: np.clip(image[part], 0, 1) for name, image in {"clean": photograph, **images}.items()}
).plot()
