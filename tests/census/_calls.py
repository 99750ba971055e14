"""What is called, with which good arguments, and which bad values take their place."""

import importlib
import inspect
import os

import numpy as np
from PIL import Image

import gahb_sk
from tests.instances import SETTINGS

ROOMS = (
    "analysis", "datasets", "denoisers", "experiments", "image_classes", "images", "jacobians",
    "metrics", "networks", "noise", "plots", "sampling", "sampling.operators", "scorers",
    "training", "transforms", "zoo",
)  # fmt: skip
# Their work is long, or is not to compute: trainings, downloads, posteriors by sampling, records.
LEFT_OUT = {
    "CAlphaPosteriorMean", "Trainer", "all_denoisers", "capacity_curve", "fit_or_load",
    "from_hub", "generalization_curve", "launch", "list_pretrained", "load_fashion_mnist",
    "load_pairs", "posterior_gap", "push_to_hub", "run", "train", "train_pairs", "Section",
    "Trajectory",
}  # fmt: skip
# It starts processes, which takes seconds.
NOT_CHANGED = {"n_jobs"}
BAD = {
    "None": None,
    "nan": float("nan"),
    "inf": float("inf"),
    "-1": -1,
    "0": 0,
    "0.5": 0.5,
    "True": True,
    "text": "no such thing",
    "bytes": b"x",
    "complex": 1 + 2j,
    "list": [],
    "dict": {},
    "object": object(),
    "empty array": np.empty(0),
    "NaN images": np.full((2, 8, 8), np.nan),
    "integers": np.zeros((2, 8, 8), np.uint8),
    "2-D": np.zeros((8, 8)),
    "huge images": 1e300 * np.random.default_rng(0).random((2, 8, 8)),
    "tiny images": 1e-310 * np.random.default_rng(0).random((2, 8, 8)),
    "1e300": 1e300,
    "1e-300": 1e-300,
}


def images(n=2, side=8):
    return np.random.default_rng(0).random((n, side, side))


def good_values():
    """A value for each name of a parameter without a default, as the library uses the names."""
    from gahb_sk.denoisers import WienerDenoiser
    from gahb_sk.image_classes import DiskImages

    X = images()
    denoiser = WienerDenoiser().fit(images(20))
    values = dict.fromkeys(("X", "clean", "denoised", "noisy", "A", "B", "images", "blurred"), X)
    values |= dict.fromkeys(("denoiser", "optimum", "p", "q", "estimator"), denoiser)
    values |= {"denoisers": {"wiener": denoiser}, "image": X[0], "sigma": 0.1, "image_size": 8}
    values |= {"n_samples": 2, "image_shape": (8, 8), "kernel": np.ones((3, 3)), "size": 4}
    values |= {"image_class": DiskImages(8), "random_state": 0, "shape": (8, 8), "d": 4}
    values |= {"sigma_start": 1.0, "sigma_end": 0.1, "n_steps": 4, "mask": np.eye(8) > 0}
    values |= {"matmat": lambda V: V, "func": lambda image, sigma: image, "n": 2, "factor": 2}
    values |= {"coefficients": X, "threshold": 1.0, "patch_size": 4, "path": "images"}
    return values


def settings():
    """Good values of single callables, where those of :func:`good_values` or defaults are none."""
    from gahb_sk.denoisers import GaussianPosteriorMean

    X, orthonormal = images(), np.eye(16, 4)
    colour = np.stack([X, X, X], axis=1)
    made = {name: make() for name, make in SETTINGS.items()}
    made["NetworkDenoiser"] |= {"max_images": 8}
    return made | {
        "audit": {"sigma": [0.1], "quick": True, "sections": ["bayes"]},
        "compare_denoisers": {"cv": 2},
        "deblur": {"X": images(2, 6)},
        "eigenbasis": {"n_components": 4},
        "from_opponent": {"images": colour},
        "open_stack": {"path": "stack.npy"},
        "psnr": {"denoised": X + 0.1},
        "read_image_file": {"path": "images/0.png"},
        "score_samples": {"reference": GaussianPosteriorMean().fit(images(20))},
        "singular_basis": {"n_components": 4},
        "subspace_alignment": {"A": orthonormal, "B": orthonormal},
        "to_opponent": {"images": colour},
    }


def make_files():
    """Write what :func:`good_values` names into the current folder."""
    from gahb_sk.datasets import save_stack

    os.makedirs("images")
    for number, image in enumerate(images(4, 64)):
        Image.fromarray(np.uint8(255 * image)).save(f"images/{number}.png")
    save_stack(images(), "stack.npy")


def subjects(rooms=ROOMS):
    """Yield ``(name, callable, arguments)`` of all that a good call could be made for."""
    values, special, seen = good_values(), settings(), set()
    for room in rooms:
        module = importlib.import_module(f"gahb_sk.{room}")
        names = getattr(module, "__all__", None) or [n for n in vars(module) if n[0] != "_"]
        for name in names:
            thing = getattr(module, name)
            home = (
                module.__name__
                if hasattr(module, "__file__") and not hasattr(module, "__path__")
                else gahb_sk.__name__
            )  # a file's own functions, not those that it imports
            own = getattr(thing, "__module__", "").startswith(home)
            if name in LEFT_OUT or not own or not callable(thing) or id(thing) in seen:
                continue
            seen.add(id(thing))
            if not inspect.isabstract(thing) and not _is_exception(thing):
                yield from _calls_of(f"{room}.{name}", thing, values, special.get(name, {}))


def _is_exception(thing):
    return inspect.isclass(thing) and issubclass(thing, BaseException)


def _calls_of(name, thing, values, special):
    parameters = inspect.signature(thing).parameters.values()
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    needed = [p.name for p in named if p.default is p.empty]
    values = values | special
    if any(n not in values for n in needed):
        return
    chosen = {*needed, *special}
    arguments = {p.name: values[p.name] if p.name in chosen else p.default for p in named}
    call = thing
    if inspect.isclass(thing) and hasattr(thing, "fit"):

        def call(**given):
            return _fitted(thing(**given))

    yield name, call, arguments


def _fitted(estimator):
    """Parameters of an estimator are checked in ``fit``."""
    X = images(4)
    estimator.fit(X)
    if hasattr(estimator, "denoise"):
        return estimator.denoise(X, 0.1, clean=X)
    return estimator.transform(X) if hasattr(estimator, "transform") else None
