"""
Inside a denoiser: its adaptive basis
=====================================

At one noisy image a denoiser acts as its Jacobian. The eigenvectors of the symmetric part are the
basis that it adapts to the image, the eigenvalues the factors by which it shrinks; their sum is
the effective dimension.
"""

import matplotlib.pyplot as plt
import numpy as np

from gahb_sk import OracleShrinkage, add_gaussian_noise, load_pretrained
from gahb_sk.datasets import make_c_alpha_images

SIDE = 32
X = make_c_alpha_images(4, image_size=SIDE, random_state=0)
network = load_pretrained("c-alpha-2")
noisy = add_gaussian_noise(X[:1], 0.1, random_state=0)[0]
jacobian = network.linearize(noisy) @ np.eye(noisy.size)
factors, basis = np.linalg.eigh((jacobian + jacobian.T) / 2)
factors, basis = factors[::-1], basis[:, ::-1]
print(f"effective dimension {np.trace(jacobian):.1f} of {noisy.size}")

# %%
# The factors decay fast: few directions are kept. The oracle's factors, which know the clean image,
# are drawn beside them.
oracle = OracleShrinkage().fit(X[1:]).shrinkage_factors(X[:1], 0.1)
fig, ax = plt.subplots(layout="constrained")
ax.plot(factors[:200], label="network")
ax.plot(np.sort(np.ravel(oracle))[::-1][:200], linestyle="--", label="oracle wavelets")
ax.set(xlabel="direction, in decreasing order of factors", ylabel="shrinkage factor")
ax.set_title("The network keeps fewer directions than wavelets")
ax.legend()

# %%
# Most vectors that it keeps follow the contour of the image. They are positive where red and
# negative where blue.
shown = basis.T[[0, 2, 5, 10, 20]].reshape(-1, SIDE, SIDE)
fig, axes = plt.subplots(1, 6, figsize=(9, 2.2), layout="constrained")
axes[0].imshow(X[0], cmap="gray", vmin=0, vmax=1)
axes[0].set_title("clean image")
for ax, vector, k in zip(axes[1:], shown, [1, 3, 6, 11, 21], strict=True):
    limit = np.abs(vector).max()
    ax.imshow(vector, cmap="RdBu_r", vmin=-limit, vmax=limit)
    ax.set_title(f"eigenvector {k}")
for ax in axes:
    ax.set(xticks=[], yticks=[])
fig.suptitle("Directions that the network keeps: most follow the contour")
