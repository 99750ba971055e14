"""Patches of the photographs that scikit-learn and scikit-image ship: nothing is downloaded."""

import importlib.util

import numpy as np
from sklearn.datasets import load_sample_image

from gahb_sk._random import seed_sequence
from gahb_sk._validation import Interval, Real, StrOptions, at_least, validate_params
from gahb_sk.datasets._patches import choose_patches, extract_patches
from gahb_sk.datasets._pixels import channels_first, halve, to_unit_floats

SKLEARN_PHOTOGRAPHS = ("china.jpg", "flower.jpg")
# Those of scikit-image that need no download; licences (CC0 or public domain) in their docstrings.
SKIMAGE_PHOTOGRAPHS = (
    "camera", "astronaut", "coffee", "chelsea", "rocket", "brick", "grass", "gravel",
    "hubble_deep_field", "stereo_motorcycle",
)  # fmt: skip
TEST_PHOTOGRAPHS = frozenset({"flower.jpg", "coffee", "chelsea", "gravel"})


@validate_params(
    {
        "color": ["boolean"],
        "n_patches": [at_least(1), None],
        "source": [StrOptions({"auto", "sklearn", "skimage"})],
        "split": [StrOptions({"train", "test"}), None],
        "halve_photographs": ["boolean"],
        "min_deviation": [Interval(Real, 0, 1, closed="left")],
        "return_groups": ["boolean"],
    }
)
def load_sample_patches(
    patch_size=40,
    *,
    color=False,
    n_patches=None,
    source="auto",
    split=None,
    stride=None,
    halve_photographs=False,
    min_deviation=8 / 255,
    return_groups=False,
    random_state=None,
):
    """Load patches of the photographs shipped with scikit-learn and scikit-image.

    Parameters
    ----------
    color : bool, default=False
        Three channels, or grey (the mean of red, green and blue). Photographs that are grey are
        then repeated in the channels.
    n_patches : int, default=None
        A random choice of so many patches, in random order; None is all of them, in order.
    source : {"auto", "sklearn", "skimage"}, default="auto"
        Whose photographs: 2 of scikit-learn, 10 of scikit-image; "auto" is both, or scikit-learn's
        where scikit-image is not installed.
    split : {"train", "test"}, default=None
        Only the patches of the training or of the test photographs. The division is fixed: test
        photographs are flower of scikit-learn and coffee, chelsea, gravel of scikit-image.
    halve_photographs : bool, default=False
        Average 2x2 pixels of the photographs first, which takes compression noise away.
    patch_size, stride, min_deviation, return_groups, random_state
        See :func:`extract_patches`.

    Returns
    -------
    patches : ndarray of shape (n, height, width), or (n, 3, height, width) if ``color``
        float32 in [0, 1].
    groups : ndarray of shape (n,), int, only if ``return_groups``
        Numbers from 0 over the photographs of ``source`` in their order, training and test ones
        alike.

    Examples
    --------
    >>> from gahb_sk.datasets import load_sample_patches
    >>> load_sample_patches(32, n_patches=5, source="sklearn", random_state=0).shape
    (5, 32, 32)
    """
    names = _names(source)
    kept = [
        k for k, name in enumerate(names)
        if split is None or (name in TEST_PHOTOGRAPHS) == (split == "test")
    ]  # fmt: skip
    photographs = [_photograph(names[k], color, halve_photographs) for k in kept]
    patches, groups = extract_patches(
        photographs, patch_size, stride=stride, min_deviation=min_deviation, return_groups=True
    )
    if not len(patches):
        raise ValueError(
            f"min_deviation: all patches of {patch_size!r} pixels vary by less than "
            f"{min_deviation:g}. Use a smaller min_deviation or a larger patch_size."
        )
    groups = np.asarray(kept)[groups]
    patches, groups = choose_patches(patches, groups, n_patches, seed_sequence(random_state))
    return (patches, groups) if return_groups else patches


def _names(source):
    installed = importlib.util.find_spec("skimage") is not None
    if source == "skimage" and not installed:
        raise ImportError(
            "source='skimage' needs scikit-image; install it, or use source='sklearn'."
        )
    names = () if source == "skimage" else SKLEARN_PHOTOGRAPHS
    return names + (SKIMAGE_PHOTOGRAPHS if source != "sklearn" and installed else ())


def _photograph(name, color, halved):
    if name in SKLEARN_PHOTOGRAPHS:
        pixels = load_sample_image(name)
    else:
        import skimage.data

        pixels = getattr(skimage.data, name)()
        pixels = pixels[0] if isinstance(pixels, tuple) else pixels  # a stereo pair: the left one
    image = channels_first(to_unit_floats(pixels, name), color)
    return halve(image) if halved else image
