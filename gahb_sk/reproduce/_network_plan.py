"""What the plans of shipped networks share: an architecture, a recipe, a length."""

import dataclasses
from dataclasses import dataclass, field

from gahb_sk.networks import ARCHITECTURES

# Side up to which whole images are compared with tiles, for networks of images of any size.
_LARGEST_TESTED = 256


@dataclass(frozen=True, kw_only=True)
class NetworkPlan:
    """How a shipped network is built and trained.

    Attributes
    ----------
    name : str
        Of the network and its folder.
    text : str
        What the images are, in a sentence.
    image_size : int
        Side of the images as they are made, in pixels.
    network : str
        Name of the architecture, in ``gahb_sk.networks.ARCHITECTURES``.
    sizes : dict
        Its parameters.
    recipe : str or dict
        See :class:`NetworkDenoiser`.
    max_images : int
        Length of the training, repetitions included.
    parameters : dict
        Further parameters of the :class:`NetworkDenoiser`.
    """

    name: str
    text: str
    image_size: int
    network: str = "residual_unet"
    sizes: dict = field(default_factory=dict)
    recipe: str | dict = "fast"
    max_images: int = 250_000
    parameters: dict = field(default_factory=dict)

    @property
    def sides_tested(self):
        """Least and largest side of the images that the network is tested on, for its card."""
        any_size = self.name.startswith(("c-alpha-", "photographs"))
        any_size &= not getattr(self, "shuffled", False) and "-area-" not in self.name
        return [self.image_size, _LARGEST_TESTED if any_size else self.image_size]

    def denoiser(self, **parameters):
        """Return the unfitted estimator of the plan, with further parameters."""
        from gahb_sk.denoisers import NetworkDenoiser  # loads torch

        return NetworkDenoiser(
            ARCHITECTURES[self.network](**self.sizes),
            recipe=self.recipe,
            max_images=self.max_images,
            **{**self.parameters, **parameters},
        )

    def at_paper_scale(self, **changes):
        """Return the plan with the paper's UNet and training: 1,000 epochs of 100,000 images."""
        paper = {"network": "unet", "sizes": {"channels": 64}, "recipe": "paper"}
        return dataclasses.replace(self, **{**paper, "max_images": 100_000_000, **changes})
