"""
A network beside the true optimum
=================================

A disk has five parameters. At low noise the posterior mean keeps the five directions in which a
disk can change and removes all others. The trained network finds these directions, too, and keeps
harmonics along the contour besides.
"""

from gahb_sk import DiskPosteriorMean, PretrainedDenoiser, add_gaussian_noise
from gahb_sk.analysis import eigenbasis
from gahb_sk.datasets import make_disk_images
from gahb_sk.plots import EigenvectorGridDisplay, SpectrumDisplay

SIGMA = 0.04
clean = make_disk_images(1, image_size=40, random_state=4)
noisy = add_gaussian_noise(clean, SIGMA, random_state=0)
network = eigenbasis(PretrainedDenoiser("disks"), noisy[0], 12, clean=clean[0])
optimum = eigenbasis(DiskPosteriorMean(), noisy[0], 12, sigma=SIGMA, clean=clean[0])
print("network", network.values[:7].round(2))
print("optimum", optimum.values[:7].round(2))
EigenvectorGridDisplay.from_basis(network, images={"noisy": noisy[0]}, n_vectors=7).plot()

# %%
EigenvectorGridDisplay.from_basis(optimum, images={"noisy": noisy[0]}, n_vectors=7).plot()

# %%
# The factors of the optimum fall from five values near 1 to nearly nothing.
SpectrumDisplay.from_basis({"network": network, "optimum": optimum}).plot()
