r"""
Classical denoisers and their bounds on C^alpha images
======================================================

Images that are :math:`C^\alpha` on either side of a :math:`C^\alpha` contour can be denoised with
an error of order :math:`\sigma^{2\alpha/(\alpha+1)}`: output PSNR then grows with slope
:math:`\alpha/(\alpha+1)` in input PSNR.
"""

from gahb_sk import OracleShrinkage, WaveletShrinkage, compare_denoisers
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.plots import ComparisonDisplay, ImageGridDisplay

X = make_c_alpha_images(32, image_size=64, alpha=2, random_state=0)
denoisers = {
    "wavelets": WaveletShrinkage(),
    "wavelets, spun": WaveletShrinkage(n_shifts=16),
    "oracle wavelets": OracleShrinkage(),
    "oracle bandlets": OracleShrinkage(basis="bandlet"),
}
comparison = compare_denoisers(denoisers, X, [0.03, 0.1, 0.3], cv=0.5, n_examples=3)
for row in comparison.slopes().rows():
    print(f"{row['denoiser']}: slope {row['slope']:.2f}")

# %%
# Bounds receive the clean image; the dash-dotted line has the theoretical slope.
ComparisonDisplay.from_comparison(comparison, alpha=2).plot()

# %%
ImageGridDisplay.from_comparison(comparison, 0.1).plot()
