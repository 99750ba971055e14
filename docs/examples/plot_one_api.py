"""
One API for learned, classical and optimal denoisers
====================================================

Cross-validation, scorers and tables of scikit-learn take every denoiser as it is. Here a trained
network, wavelet shrinkage, an oracle and the true posterior mean denoise the same disks.
"""

from sklearn.model_selection import cross_val_score

from gahb_sk import (
    DiskPosteriorMean,
    OracleShrinkage,
    PretrainedDenoiser,
    WaveletShrinkage,
    compare_denoisers,
)
from gahb_sk.datasets import make_disk_images
from gahb_sk.plots import ImageGridDisplay

X = make_disk_images(12, image_size=40, random_state=0)  # clean images, in [0, 1]
denoisers = [
    WaveletShrinkage(sigma=0.1, n_shifts=16),
    OracleShrinkage(basis="bandlet"),  # is given the clean image: a bound
    PretrainedDenoiser("disks"),  # clones keep the weights
    DiskPosteriorMean(sigma=0.1),  # knows the law of disks: no denoiser has a lower error
]
for denoiser in denoisers:
    scores = cross_val_score(denoiser, X, cv=3)  # PSNR in dB at noise level 0.1
    print(f"{type(denoiser).__name__:20s} {denoiser.kind:10s} {scores.mean():.1f} dB")

# %%
# ``compare_denoisers`` gives all of them the same noisy images.
comparison = compare_denoisers(denoisers, X, sigma=[0.1], cv=0.5, n_examples=2)
ImageGridDisplay.from_comparison(comparison, 0.1).plot()

# %%
# ``transform`` takes noisy images, and ``sigma`` unless the denoiser is blind. Every denoiser has a
# Jacobian, exact where it is known.
denoiser = denoisers[2].fit(X)
jacobian = denoiser.linearize(denoiser.transform(X[:1])[0])
print(jacobian.shape)
