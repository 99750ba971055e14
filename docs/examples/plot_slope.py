r"""
How fast does the error fall with the noise?
============================================

On images that are :math:`C^\alpha` away from a :math:`C^\alpha` contour, the best possible PSNR
grows with slope :math:`\alpha/(\alpha+1)` in the input PSNR. A trained network comes close to that
slope. So do bandlets and wavelets at this size: compare levels, not slopes alone.
"""

import numpy as np

from gahb_sk import BandletShrinkage, OracleShrinkage, WaveletShrinkage, compare_denoisers
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.plots import ComparisonDisplay

X = make_c_alpha_images(16, image_size=64, alpha=2, random_state=1)
denoisers = {
    "network": "c-alpha-2",
    "bandlets": BandletShrinkage(n_shifts=4),
    "wavelets, spun": WaveletShrinkage(n_shifts=16),
    "oracle bandlets": OracleShrinkage(basis="bandlet"),
}
comparison = compare_denoisers(denoisers, X, np.geomspace(0.02, 0.4, 5), cv=0.5)
for row in comparison.slopes().rows():
    print(f"{row['denoiser']:16s} slope {row['slope']:.2f} (theory 0.67)")
ComparisonDisplay.from_comparison(comparison, alpha=2).plot()
