"""What the league is played on: classes of images, and two networks on disjoint sets of N each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gahb_sk import datasets
from gahb_sk._random import image_generator, seed_sequence
from gahb_sk.denoisers import NetworkDenoiser, fit_or_load
from gahb_sk.image_classes import DiskImages
from gahb_sk.networks import ResidualUNet
from gahb_sk.reproduce import _pairs
from gahb_sk.reproduce._plans import TRAINING_SEED

SIDE = 16
N_TRAIN = (100, 1000)
MAX_IMAGES = 20_000  # of a training
N_FRESH = 200


@dataclass(frozen=True)
class Case:
    """Two networks, the images of the first one, and images that neither has seen."""

    networks: dict
    train: np.ndarray
    fresh: np.ndarray
    optimum: Any = None


@dataclass(frozen=True)
class Images:
    """A class of images: ``case(n)`` loads or trains its networks of N = n, for n in ``n_train``.

    Where there are no such images, ``missing`` says why, and ``n_train`` is empty.
    """

    name: str
    n_train: tuple
    case: Callable[[int], Case] | None
    missing: str = ""


def all_images(setup):
    """Return the classes of images of the league, those that are missing among them."""
    return [
        _shipped("C^alpha 8x8", "pairs-8x8", (10, 100), setup),
        _shipped("C^alpha 16x16", "pairs-16x16", N_TRAIN, setup),
        _trained("disks 16x16", _disks, setup),
        _trained("photographs 16x16", _photographs, setup),
        _trained("Fashion-MNIST 16x16", _fashion, setup),
    ]


def _shipped(name, plan, n_train, setup):
    def case(n):
        pairs, X, _ = _pairs.load(setup, plan)
        most = max(pairs)
        return Case(_named(pairs[n]), X[:n], X[most : len(X) - most])

    return Images(name, n_train, case)


def _trained(name, make, setup):
    """Small networks, trained here for some seconds each and kept if there is a folder for them."""
    try:
        X, fresh, optimum = make()
    except FileNotFoundError as error:
        return Images(name, (), None, f"{name} is left out. {error}")
    if len(X) < 2 * max(N_TRAIN) or len(fresh) < N_FRESH:
        return Images(
            name, (), None,
            f"{name} is left out: {len(X):,} images to train on and {len(fresh):,} others are less "
            f"than {2 * max(N_TRAIN):,} and {N_FRESH}. For photographs install scikit-image.",
        )  # fmt: skip

    def case(n):
        halves = X[:n], X[-n:]
        networks = [_train(name, n, k, own, setup) for k, own in enumerate(halves)]
        return Case(_named(networks), X[:n], fresh, optimum and optimum.fit(X[:n]))

    return Images(name, N_TRAIN, case)


def _train(name, n, seed, X, setup):
    folder = setup.kept and setup.kept / f"{name.replace(' ', '-')}-{n}-{seed}"
    network = NetworkDenoiser(
        ResidualUNet(channels=8, n_blocks=2), recipe="muon", max_images=MAX_IMAGES,
        random_state=seed,
    )  # fmt: skip
    return fit_or_load(network, X, folder)


def _named(networks):
    return dict(zip(("first", "second"), networks, strict=True))


def _disks():
    law = DiskImages(SIDE)
    X = law.sample(2 * max(N_TRAIN) + N_FRESH, TRAINING_SEED)
    return X[:-N_FRESH], X[-N_FRESH:], law.posterior_mean()


def _photographs():
    """Patches that do not overlap; the fresh ones are of other photographs."""
    parts = [
        datasets.load_sample_patches(SIDE, split=split, halve_photographs=True)
        for split in ("train", "test")
    ]
    return _some(parts[0], 2 * max(N_TRAIN)), _some(parts[1], N_FRESH), None


def _fashion():
    """Images averaged over 2x2 pixels, with a border of zeros."""
    X = datasets.load_fashion_mnist(split="test")
    X = np.pad(X.reshape(len(X), 14, 2, 14, 2).mean((2, 4)), ((0, 0), (1, 1), (1, 1)))
    X = _some(X, 2 * max(N_TRAIN) + N_FRESH)
    return X[:-N_FRESH], X[-N_FRESH:], None


def _some(X, n):
    """Return n images, or all if there are fewer, in random order."""
    order = image_generator(seed_sequence(TRAINING_SEED), 0).permutation(len(X))
    return X[order[:n]]
