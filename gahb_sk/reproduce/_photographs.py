"""Patches of photographs that the networks of the zoo are trained on."""

import numpy as np

from gahb_sk import datasets
from gahb_sk._random import image_generator, seed_sequence
from gahb_sk.datasets._patches import grey_deviation

MIN_DEVIATION = 8 / 255


def training_patches(size, folders, *, stride, folder_stride, random_state):
    """Cut the sample photographs and those of folders, each patch turned or mirrored at random.

    Parameters
    ----------
    size : int
        Side of a patch in pixels.
    folders : sequence of str or path-like
        Folders, without what lies in their subfolders, or archives (zip, tar). Their photographs
        are averaged over 2x2 pixels first, which takes compression noise away.
    stride : int
        Distance of neighbouring patches of the sample photographs.
    folder_stride : int
        The same in the photographs of the folders.
    random_state : int
        Seed of turning and mirroring.

    Returns
    -------
    patches : ndarray of shape (n, size, size), float32
        First those of the sample photographs; flat ones are left out.
    """
    patches = [datasets.load_sample_patches(size, split="train", stride=stride)]
    for folder in folders:
        photographs = datasets.load_photographs(folder, halve_photographs=True, recursive=False)
        patches.append(
            datasets.extract_patches(
                photographs, size, stride=folder_stride, min_deviation=MIN_DEVIATION
            )
        )
    return turned(np.concatenate(patches), random_state)


def turned(patches, random_state):
    """Return each square patch in one of its eight positions, chosen at random."""
    n_turns = image_generator(seed_sequence(random_state), 0).integers(8, size=len(patches))
    result = np.empty_like(patches)
    for k in range(8):
        chosen = n_turns == k
        part = np.rot90(patches[chosen], k % 4, axes=(1, 2))
        result[chosen] = part[:, :, ::-1] if k >= 4 else part
    return result


def contrasted_patch(size):
    """Return the patch of a training photograph with the largest standard deviation."""
    patches = datasets.load_sample_patches(size, split="train")
    return patches[np.argmax(grey_deviation(patches))]
