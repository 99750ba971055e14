"""
From memorising to generalising
===============================

Two networks are trained on disjoint sets of N images. With ten images each, they memorise: they
denoise their own images far better than new ones, and their samples differ. With ten thousand, they
denoise new images as well as their own, and draw nearly the same samples from the same noise.
"""

import numpy as np

from gahb_sk.plots import ImageGridDisplay
from gahb_sk.reproduce import load_pair_images
from gahb_sk.sampling import ScoreSampler
from gahb_sk.zoo import load_pairs

pairs, X = load_pairs("pairs-16x16"), load_pair_images("pairs-16x16")
new = X[len(X) // 2 :][:50]  # no network has seen these
columns = {}
for n, (first, second) in pairs.items():
    own = first.score(X[:n][:50], sigma=0.1)
    print(f"N = {n:6,}: own images {own:.1f} dB, new images {first.score(new, sigma=0.1):.1f} dB")
    samplers = [
        ScoreSampler(network, n_steps=40, beta=1.0, random_state=1)  # no noise added
        for network in (first, second)
    ]
    columns[f"N = {n:,}"] = np.concatenate([sampler.sample(1).images for sampler in samplers])

# %%
# Both networks of a column start from the same noise. They have no training image in common.
ImageGridDisplay(columns).plot()
