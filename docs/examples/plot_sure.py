"""
Tune a denoiser without clean images
====================================

Stein's unbiased risk estimate needs the noisy images and the noise level only. Used as a scorer it
lets a grid search find a threshold that is nearly the best one.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV

from gahb_sk import PSNRScorer, SUREScorer, WaveletShrinkage, add_gaussian_noise
from gahb_sk.datasets import make_c_alpha_images

SIGMA = 0.1
clean = make_c_alpha_images(16, image_size=32, alpha=2, random_state=0)
noisy = add_gaussian_noise(clean, SIGMA, random_state=1)
thresholds = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
soft = WaveletShrinkage(rule="soft")
blind = GridSearchCV(soft, {"threshold": thresholds}, scoring=SUREScorer(sigma=SIGMA), cv=2)
blind.fit(noisy)
known = GridSearchCV(soft, {"threshold": thresholds}, scoring=PSNRScorer(sigma=SIGMA), cv=2)
known.fit(clean)
print("threshold by SURE", blind.best_params_, "with clean images", known.best_params_)

# %%
# The estimate is a mean squared error, here as PSNR. It lies below the mean of the images' PSNRs,
# because it averages errors and not decibels, and has its peak at the same threshold.
curves = {
    "SURE, no clean image": -10 * np.log10(-blind.cv_results_["mean_test_score"]),
    "true, with clean images": known.cv_results_["mean_test_score"],
}
fig, ax = plt.subplots(layout="constrained")
for name, values in curves.items():
    ax.plot(thresholds, values, "o-", label=name)
ax.set(xlabel="threshold / sigma", ylabel="PSNR (dB)", title="Both curves peak at one threshold")
ax.legend()
