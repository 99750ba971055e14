"""
Flat rows: a denoiser in a pipeline with PCA and a classifier
=============================================================

With ``image_shape`` a denoiser takes one flat row per image, as scikit-learn's own transformers do.
Here it cleans digits before they are classified.
"""

from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from gahb_sk import WienerDenoiser, add_gaussian_noise
from gahb_sk.plots import ImageGridDisplay

digits = load_digits()
X, y = digits.data / 16, digits.target  # rows of 64 pixels, in [0, 1]
noisy = add_gaussian_noise(X.reshape(-1, 8, 8), 0.5, random_state=0).reshape(X.shape)
classifier = make_pipeline(PCA(30, random_state=0), LogisticRegression(max_iter=1000))
denoiser = WienerDenoiser(sigma=0.5, image_shape=(8, 8)).fit(X)  # learns from clean digits
rows = {"noisy": noisy, "denoised": denoiser.transform(noisy), "clean": X}
for name, digits_as_rows in rows.items():
    print(f"{name:8s} {cross_val_score(classifier, digits_as_rows, y).mean():.3f} classified right")

# %%
# The first digits.
ImageGridDisplay({name: one[:3].reshape(-1, 8, 8) for name, one in rows.items()}).plot()
