"""
Fill in what is missing
=======================

A denoiser trained for noise alone restores an image from incomplete measurements: it is the prior.
Several restorations show what the measurement leaves open.
"""

import numpy as np

from gahb_sk import PretrainedDenoiser
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.plots import ImageGridDisplay
from gahb_sk.sampling import Inpainting, ScoreSampler

clean = make_c_alpha_images(1, image_size=32, alpha=2, random_state=3)
mask = np.ones((32, 32), bool)  # True where the image is known
mask[10:22, 8:24] = False
hole = Inpainting(mask)
measured = hole.measure(clean)
sampler = ScoreSampler(PretrainedDenoiser("c-alpha-2"), n_steps=60, random_state=0)
restored = sampler.inverse(measured[0], hole, n_samples=3)
print("disagreement with the known pixels:", restored.residual.max())
columns = {"clean": clean, "known": hole.adjoint(measured)}
columns = {name: np.repeat(images, 3, axis=0) for name, images in columns.items()}
ImageGridDisplay({**columns, "restored": restored.images}).plot()
