"""
Samples and inverse problems
============================

A denoiser is a prior: following what it removes from an image, one comes to the images that it
takes for clean. With the optimal denoiser of a class these are images of the class, with the
optimum of a training set images of the set; with measurements, images that agree with them.
"""

import numpy as np

from gahb_sk import DiskPosteriorMean, EmpiricalBayesDenoiser, WienerDenoiser
from gahb_sk.datasets import make_disk_images
from gahb_sk.experiments import closest_images
from gahb_sk.plots import ImageGridDisplay
from gahb_sk.sampling import BlockAverage, FlowSampler, Inpainting, RandomPixels, ScoreSampler

SIZE = 16
X = make_disk_images(300, SIZE, random_state=0)
denoisers = {
    "optimum of disks": DiskPosteriorMean().fit(X),
    "of 300 disks": EmpiricalBayesDenoiser().fit(X),
    "best linear": WienerDenoiser().fit(X),
}
samples = {
    name: FlowSampler(denoiser, sigma_start=5.0, n_steps=20, random_state=0).sample(4).images
    for name, denoiser in denoisers.items()
}
for name, images in samples.items():
    print(f"{name}: cosine to the closest of the 300 {closest_images(images, X).cosine.round(4)}")
ImageGridDisplay(samples).plot()

# %%
# The optimum draws new disks, the memoriser those that it has seen, and the linear denoiser
# Gaussian images of the same covariance.
#
# Measured of one disk: all but the middle, three tenths of the pixels, averages of 4x4 pixels. The
# prior is the optimum. Restored images agree with what was measured; where that leaves something
# open, they differ, and not every chain comes to a disk that fits everywhere.
mask = np.ones((SIZE, SIZE), bool)
mask[4:12, 4:12] = False
operators = {
    "all but the middle": Inpainting(mask),
    "three tenths of the pixels": RandomPixels((SIZE, SIZE), 0.3, random_state=0),
    "4x4 averages": BlockAverage((SIZE, SIZE), 4),
}
clean = make_disk_images(1, SIZE, random_state=7)
sampler = ScoreSampler(denoisers["optimum of disks"], n_steps=50, sigma_end=0.02, random_state=0)
rows = []
for name, operator in operators.items():
    measured = operator.measure(clean)
    restored = sampler.inverse(measured[0], operator, n_samples=2)
    print(f"{name}: largest constraint residual {restored.residual.max():.1e}")
    rows.append([clean[0], operator.adjoint(measured)[0], *restored.images])
titles = ("disk", "measured", "restored", "again")
ImageGridDisplay(dict(zip(titles, np.stack(rows, axis=1), strict=True))).plot()
