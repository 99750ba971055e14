"""
From a laptop to a cluster
==========================

Experiments run in parallel by joblib, and image sets larger than memory stay on disk or are made as
they are needed. On a cluster only the backend changes:
``with joblib.parallel_config(backend="dask"): ...``.
"""

import joblib

from gahb_sk import WaveletShrinkage, WienerDenoiser, compare_denoisers
from gahb_sk.datasets import ImageStack
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.plots import ImageGridDisplay

stack = ImageStack.from_class(CAlphaImages(32, alpha=2), 10_000, random_state=0)  # nothing made yet
few = stack[:64]  # still lazy
print(stack.shape, stack[0].mean().round(3))
with joblib.parallel_config(n_jobs=2):
    comparison = compare_denoisers(
        [WaveletShrinkage(), WienerDenoiser()], few, sigma=[0.1], cv=2, n_examples=2
    )
for row in comparison.means().rows():
    print(f"{row['denoiser']:20s} {row['psnr']:.1f} dB")
ImageGridDisplay.from_comparison(comparison, 0.1).plot()
