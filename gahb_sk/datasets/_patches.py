"""Cut photographs into patches, and keep track of which photograph each came from.

Patches of one photograph are correlated: train and test sets must not share a photograph. The
``groups`` returned here go to ``sklearn.model_selection.GroupKFold``.
"""

import numpy as np

from gahb_sk._random import image_generator, seed_sequence
from gahb_sk._validation import Interval, Real, StrOptions, at_least, validate_params
from gahb_sk.image_classes._sampling import check_image_size

ROUNDS = 20  # of random positions, before giving up on finding patches that are not flat
SPLIT_KEY = 2**31  # the photograph-level split draws below this key of the seed


@validate_params(
    {
        "positions": [StrOptions({"grid", "random"})],
        "n_patches": [at_least(1), None],
        "min_deviation": [Interval(Real, 0, 1, closed="left")],
        "split": [StrOptions({"train", "test"}), None],
        "test_fraction": [Interval(Real, 0, 1, closed="neither")],
        "return_groups": ["boolean"],
    }
)
def extract_patches(
    photographs,
    patch_size=40,
    *,
    positions="grid",
    stride=None,
    n_patches=None,
    min_deviation=0.0,
    split=None,
    test_fraction=0.25,
    return_groups=False,
    random_state=None,
):
    """Cut photographs into patches.

    Parameters
    ----------
    photographs : sequence of ndarray of shape (H, W) or (C, H, W)
        Floats; sizes may differ, the number of channels may not. Photographs smaller than a
        patch give none.
    patch_size : int or tuple (height, width), default=40
        Sides of a patch in pixels.
    positions : {"grid", "random"}, default="grid"
        On a grid, or at random positions, the same number per pixel of photograph; random patches
        may overlap.
    stride : int or tuple, default=None
        Distance of neighbours on the grid; None is the patch size (no overlap).
    n_patches : int, default=None
        How many patches. On a grid: a random choice among all, in random order; None keeps all,
        in order. At random positions it must be given.
    min_deviation : float in [0, 1), default=0.0
        Least standard deviation of a patch's grey level (mean over channels); flatter patches
        are left out. 8/255 leaves out skies and walls.
    split : {"train", "test"}, default=None
        Keep the patches of the training or of the test photographs only. Photographs, not
        patches, are divided, by the seed.
    test_fraction : float in (0, 1), default=0.25
        Share of the photographs that are test photographs (at least one, and not all).
    return_groups : bool, default=False
        Return the number of each patch's photograph.
    random_state : int, RandomState or None, default=None
        Seed of positions, choice and split.

    Returns
    -------
    patches : ndarray of shape (n, height, width) or (n, C, height, width)
        In the photographs' dtype.
    groups : ndarray of shape (n,), int, only if ``return_groups``
        Index into ``photographs``.
    """
    size = check_image_size(patch_size, 1, "patch_size")
    step = size if stride is None else check_image_size(stride, 1, "stride")
    photographs = _check_photographs(photographs, size)
    root = seed_sequence(random_state)
    kept = _split_photographs(len(photographs), split, test_fraction, root)
    if positions == "random" and n_patches is None:
        raise ValueError("n_patches: expected an int with positions='random', got None.")
    if positions == "grid":
        found = [_grid_patches(photographs[k], size, step, min_deviation) for k in kept]
    else:
        quotas = _quotas([_positions(photographs[k], size) for k in kept], n_patches)
        found = [
            _random_patches(photographs[k], size, quota, min_deviation, image_generator(root, k))
            for k, quota in zip(kept, quotas, strict=True)
        ]
    patches = np.concatenate(found)
    groups = np.repeat(kept, [len(p) for p in found])
    patches, groups = choose_patches(patches, groups, n_patches, root)
    return (patches, groups) if return_groups else patches


def choose_patches(patches, groups, n_patches, root):
    """Choose ``n_patches`` at random, or keep all in order if None."""
    if n_patches is None:
        return patches, groups
    if len(patches) < n_patches:
        raise ValueError(
            f"n_patches: expected at most {len(patches)}, the patches there are, got {n_patches}. "
            "Use a smaller patch_size, a smaller stride or a smaller min_deviation."
        )
    order = image_generator(root, SPLIT_KEY + 1).permutation(len(patches))[:n_patches]
    return patches[order], groups[order]


def grey_deviation(patches):
    """Return the standard deviation of each patch's grey level, shape (n,)."""
    grey = patches.mean(1) if patches.ndim == 4 else patches
    return grey.std((1, 2))


def _check_photographs(photographs, size):
    photographs = [np.asarray(p) for p in photographs]
    channels = {p.shape[:-2] for p in photographs}
    if not photographs or any(p.ndim not in (2, 3) for p in photographs) or len(channels) > 1:
        raise ValueError(
            "photographs: expected at least one array (H, W) or (C, H, W), all with the same "
            f"channels, got shapes {[p.shape for p in photographs[:5]]}."
        )
    integers = [str(p.dtype) for p in photographs if not np.issubdtype(p.dtype, np.floating)]
    if integers:
        raise TypeError(
            f"photographs: expected floats, got {integers[0]}. Convert with "
            "photograph.astype(numpy.float32) / 255."
        )
    if not any(_positions(p, size) for p in photographs):
        raise ValueError(
            f"patch_size: expected at most the size of a photograph, got {size}; the photographs "
            f"have shapes {[p.shape for p in photographs[:5]]}."
        )
    return photographs


def _positions(photograph, size):
    """Return how many positions a patch has."""
    rows, columns = (s - p + 1 for s, p in zip(photograph.shape[-2:], size, strict=True))
    return max(rows, 0) * max(columns, 0)


def _split_photographs(n, split, test_fraction, root):
    if split is None:
        return np.arange(n)
    if n < 2:
        raise ValueError(f"split: expected at least 2 photographs to split by photograph, got {n}.")
    order = image_generator(root, SPLIT_KEY).permutation(n)
    n_test = min(max(1, round(test_fraction * n)), n - 1)
    return np.sort(order[:n_test] if split == "test" else order[n_test:])


def _windows(photograph, size):
    """View a photograph as ``(rows, columns, [C,] height, width)`` windows."""
    windows = np.lib.stride_tricks.sliding_window_view(photograph, size, axis=(-2, -1))
    return np.moveaxis(windows, 0, 2) if photograph.ndim == 3 else windows


def _grid_patches(photograph, size, step, min_deviation):
    if not _positions(photograph, size):
        return np.empty((0, *photograph.shape[:-2], *size), photograph.dtype)
    windows = _windows(photograph, size)[:: step[0], :: step[1]]
    patches = windows.reshape(-1, *windows.shape[2:])
    return patches[grey_deviation(patches) >= min_deviation]


def _quotas(sizes, n_patches):
    """Share ``n_patches`` out in proportion to ``sizes``, by cumulative rounding."""
    ends = np.rint(n_patches * np.cumsum(sizes) / np.sum(sizes)).astype(int)
    return np.diff(ends, prepend=0)


def _random_patches(photograph, size, quota, min_deviation, generator):
    found = [np.empty((0, *photograph.shape[:-2], *size), photograph.dtype)]
    missing = quota
    for _ in range(ROUNDS):
        if missing <= 0:
            break
        windows = _windows(photograph, size)
        rows, columns = (generator.integers(side, size=missing) for side in windows.shape[:2])
        patches = windows[rows, columns]
        found.append(patches[grey_deviation(patches) >= min_deviation])
        missing -= len(found[-1])
    return np.concatenate(found)
