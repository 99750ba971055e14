"""
Inside a denoiser: its adaptive basis
=====================================

At one noisy image a denoiser acts as its Jacobian. The eigenvectors of the symmetric part are the
basis that it adapts to the image, the eigenvalues the factors by which it shrinks; their sum is
the effective dimension.
"""

import matplotlib.pyplot as plt
import numpy as np

from gahb_sk import NetworkDenoiser, OracleShrinkage, add_gaussian_noise
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.networks import UNet

X = make_c_alpha_images(513, image_size=16, random_state=0)
unet = NetworkDenoiser(UNet(channels=8, n_blocks=2), max_images=12_000, random_state=0).fit(X[1:])
noisy = add_gaussian_noise(X[:1], 0.1, random_state=0)[0]
jacobian = unet.linearize(noisy) @ np.eye(noisy.size)
factors, basis = np.linalg.eigh((jacobian + jacobian.T) / 2)
factors, basis = factors[::-1], basis[:, ::-1]
print(f"effective dimension {np.trace(jacobian):.1f} of {noisy.size}")

# %%
# The factors decay fast: few directions are kept. The oracle's factors, which know the clean image,
# are drawn beside them.
oracle = OracleShrinkage().fit(X[1:]).shrinkage_factors(X[:1], 0.1)
fig, ax = plt.subplots(layout="constrained")
ax.plot(factors, label="network")
ax.plot(np.sort(np.ravel(oracle))[::-1], label="oracle wavelets")
ax.set(xlabel="k", ylabel="shrinkage factor")
ax.legend()

# %%
# The vectors it keeps follow the contour of the image.
fig, axes = plt.subplots(1, 6, figsize=(9, 1.8), layout="constrained")
for ax, image in zip(axes, [X[0], *basis.T[:5].reshape(5, 16, 16)], strict=True):
    ax.imshow(image, cmap="gray")
    ax.set(xticks=[], yticks=[])
