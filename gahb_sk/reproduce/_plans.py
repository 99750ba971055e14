"""What each shipped network is trained on, and for how long: data, no algorithm."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from gahb_sk import datasets
from gahb_sk.image_classes import CAlphaImages, DiskImages, RayImages, SineImages
from gahb_sk.reproduce._network_plan import NetworkPlan
from gahb_sk.reproduce._photographs import contrasted_patch, training_patches

TRAINING_SEED, TEST_SEED = 0, 1
# Distance of neighbouring patches of the sample photographs, and of those of folders.
STRIDES = {"stride": 6, "folder_stride": 20}
# Most networks that come with the package were trained before borders were repeated.
SIZES = {"padding": "zeros"}
# Noise levels of a card.
SIGMAS = (0.01, 0.02, 0.03, 0.1, 0.3)
# Trainings on the law whose optimum is sampled: 8,000 images and so many times as many. On a core,
# 64 times are 40 minutes at 32x32 and 160 at 64x64, or half of that in bfloat16.
AREA_LAWS = ((2, False), (1, False), (3, False), (2, True))  # alpha, constant backgrounds
AREA_TIMES, AREA_IMAGES = (1, 4, 16, 64), 8000


@dataclass(frozen=True, kw_only=True)
class Plan(NetworkPlan):
    """One network of the zoo; see also :class:`NetworkPlan`.

    Attributes
    ----------
    make_class : callable
        Takes the side, returns the image class; None for patches of photographs.
    shuffled : bool
        Whether the pixels are permuted, all images alike.
    """

    sizes: dict = field(default_factory=SIZES.copy)
    make_class: Callable | None = None
    shuffled: bool = False

    @property
    def endless(self):
        """Whether images are made afresh, so that none is seen twice."""
        return self.make_class is not None

    @property
    def image_class(self):
        """The law of the images, or None for patches of photographs."""
        return self.make_class(self.image_size) if self.endless else None

    def training_images(self, photographs=()):
        """Return what the network is fitted on: a stream of fresh images, or an array.

        Parameters
        ----------
        photographs : sequence of str or path-like, default=()
            Folders of photographs, besides the sample photographs; for patches of photographs.

        Returns
        -------
        images : FreshImages, or ndarray of shape (n, image_size, image_size)
        """
        size = self.image_size
        if self.endless:
            return datasets.FreshImages(self.image_class, random_state=TRAINING_SEED)
        patches = training_patches(size, photographs, random_state=TRAINING_SEED, **STRIDES)
        return self._shuffle(patches)

    def test_images(self, n_images, random_state=TEST_SEED):
        """Return images that the network has never seen, those of other photographs.

        Parameters
        ----------
        n_images : int
        random_state : int or numpy.random.SeedSequence, default=1
            Seed of the images; not 0, that of the training.

        Returns
        -------
        images : ndarray of shape (n_images, image_size, image_size), float32
        """
        if self.endless:
            return self._shuffle(self.image_class.sample(n_images, random_state))
        images = datasets.load_sample_patches(
            self.image_size, split="test", n_patches=n_images, random_state=random_state
        )
        return self._shuffle(images)

    def _shuffle(self, images):
        if not self.shuffled:
            return images
        return datasets.PixelShuffle(random_state=TRAINING_SEED).fit_transform(images)


def at_paper_scale(plan):
    """Return the plan at the size of the paper: 80x80, 64 channels, 1,000 epochs of 100,000.

    Photographs keep their own number of patches, and the bias-free CNN its 40x40 images, as there.
    The energy stays as it is: the paper has none.
    """
    if plan.network == "bias_free_cnn":
        sizes = {"channels": 64, "depth": 21}
        return plan.at_paper_scale(network=plan.network, sizes=sizes)
    if plan.network == "energy":  # not in the paper, and no UNet with norms
        return plan
    text = plan.text.replace(f"{plan.image_size}x{plan.image_size}", "80x80")
    return plan.at_paper_scale(text=text, image_size=80)


SCALES = {"cpu": lambda plan: plan, "paper": at_paper_scale}


def check_photographs(folders, names):
    """Raise if folders of photographs are not there, or none of the networks learns from them.

    Parameters
    ----------
    folders : sequence of str or path-like
    names : iterable of str
        Of networks, pairs among them.
    """
    missing = [str(folder) for folder in folders if not Path(folder).exists()]
    if missing:
        raise ValueError(
            f"--photographs: expected folders or archives, found nothing at {missing[0]!r}. "
            "The option takes all words that follow it; put it last."
        )
    if folders and not any(name in PLANS and not PLANS[name].endless for name in names):
        raise ValueError(
            "--photographs: expected networks that learn from photographs among those to train, "
            f"got {', '.join(names)}. Leave the option out."
        )


def _photograph_ray(image_size):
    return RayImages(image=contrasted_patch(image_size))


def _c_alpha(alpha):
    return Plan(
        name=f"c-alpha-{alpha}",
        text=f"C^alpha images, alpha = {alpha}, 64x64.",
        image_size=64,
        make_class=partial(CAlphaImages, alpha=float(alpha)),
        recipe={"patch_size": 40},
        sizes={"padding": "replicate"} if alpha in (1, 3) else SIZES.copy(),
    )


def area_plan(alpha, times, constant=False):
    """Return the name of a network for the law whose optimum is sampled, by its length."""
    return f"c-alpha-{alpha}-{'constant-' * constant}area-{times}"


def _area(alpha, constant, times):
    backgrounds = ", constant backgrounds" * constant
    return Plan(
        name=area_plan(alpha, times, constant),
        text=f"C^alpha images, alpha = {alpha}{backgrounds}, masks of exact areas.",
        image_size=32,
        make_class=partial(
            CAlphaImages, alpha=float(alpha), constant_background=constant, antialias="area"
        ),
        sizes={"padding": "replicate"},
        recipe="muon",
        max_images=times * AREA_IMAGES,
    )


def _bias_free_cnn(alpha):
    return Plan(
        name=f"bf-cnn-{alpha}",
        text=f"C^alpha images, alpha = {alpha}, 40x40, by a chain of convolutions.",
        image_size=40,
        make_class=partial(CAlphaImages, alpha=float(alpha)),
        network="bias_free_cnn",
        sizes={"channels": 32, "depth": 12},
        max_images=80_000,
    )


def _contour(alpha):
    return Plan(
        name=f"contour-{alpha}",
        text=f"Contours of regularity {alpha} between backgrounds of regularity 8, 40x40.",
        image_size=40,
        make_class=partial(CAlphaImages, alpha=float(alpha), background_alpha=8.0),
        max_images=100_000,
    )


def _patches(name, text, **changes):
    return Plan(
        name=name,
        text=text,
        image_size=40,
        max_images=300_000,
        **changes,
    )


PLANS = {
    plan.name: plan
    for plan in (
        *map(_c_alpha, (2, 1, 3, 4)),
        Plan(
            name="disks",
            text="Disks of any place, radius and intensities, 40x40.",
            image_size=40,
            make_class=DiskImages,
            max_images=1_000_000,
        ),
        _patches("photograph-patches", "Patches of photographs, 40x40."),
        Plan(
            name="photograph-patches-energy",
            text="Patches of photographs, 40x40, by the gradient of an energy, given sigma.",
            image_size=40,
            network="energy",
            sizes={},
            recipe="muon",
            max_images=60_000,
            parameters={"blind": False},
        ),
        _patches(
            "photographs-shuffled",
            "Patches of photographs, 40x40, with one random permutation of their pixels.",
            shuffled=True,
        ),
        Plan(
            name="sines",
            text="Sine waves of any phase and amplitude, 40x40.",
            image_size=40,
            make_class=SineImages,
            max_images=100_000,
        ),
        Plan(
            name="ray",
            text="One photograph times any intensity in [0, 1], 40x40.",
            image_size=40,
            make_class=_photograph_ray,
            max_images=100_000,
        ),
        *map(_bias_free_cnn, (2, 1, 3)),
        *map(_contour, (2, 1.5, 4)),
        _c_alpha(5),
        *(_area(*law, times) for law in AREA_LAWS for times in AREA_TIMES),
        Plan(
            name="energy",
            text="C^alpha images, alpha = 2, 16x16, by the gradient of an energy, given sigma.",
            image_size=16,
            make_class=partial(CAlphaImages, alpha=2.0, antialias="area"),
            network="energy",
            sizes={},
            recipe="muon",
            max_images=64_000,
            parameters={"blind": False, "noise_range": (0.01, 2.0)},
        ),
    )
}
