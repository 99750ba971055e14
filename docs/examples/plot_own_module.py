"""
Train a module of your own
==========================

Any torch module becomes a denoiser: it is trained by the library's recipes, cross-validated, saved
without pickle and looked into like the built-in networks.
"""

from sklearn.model_selection import cross_val_score
from torch import nn

from gahb_sk import NetworkDenoiser, add_gaussian_noise
from gahb_sk.datasets import make_disk_images
from gahb_sk.plots import ImageGridDisplay


class Small(nn.Module):
    """Three convolutions that return the noise in their input."""

    def __init__(self, width=16):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(width, 1, 3, padding=1, bias=False),
        )

    def forward(self, noisy):
        """Map images ``(n, 1, H, W)`` to the noise in them."""
        return self.layers(noisy)


X = make_disk_images(200, image_size=24, random_state=0)
denoiser = NetworkDenoiser(Small, max_images=6_000, random_state=0)
print("cross-validated PSNR (dB):", cross_val_score(denoiser, X, cv=2).round(1))

# %%
# Without biases the module is homogeneous, and its output is its Jacobian times its input.
denoiser.fit(X)
noisy = add_gaussian_noise(X[:3], 0.1, random_state=1)
denoised = denoiser.transform(noisy)
J = denoiser.linearize(noisy[0])
print("|f(y) - J y|:", abs(denoised[0].ravel() - J @ noisy[0].ravel()).max())

# %%
# After half a minute of training:
ImageGridDisplay({"clean": X[:3], "noisy": noisy, "denoised": denoised}).plot()
