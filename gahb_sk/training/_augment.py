"""What is done at random to the images of a batch: cut out, mirrored.

All is drawn for the whole batch, and a process applies what falls to its share: so the images do
not depend on the number of processes.
"""

import torch

# Axes (from the end) along which images may be mirrored: where the class is symmetric.
FLIPS = {"none": (), "horizontal": (-1,), "vertical": (-2,), "both": (-1, -2)}


def augment(clean, n, share, patch_size, flips, generator):
    """Cut and mirror a process's share of a batch.

    Parameters
    ----------
    clean : torch.Tensor of shape (m, C, H, W)
        The share.
    n : int
        Images of the whole batch.
    share : slice
        Which of them ``clean`` holds.
    patch_size : int or None
        Side of the squares to cut; None, or one that no image exceeds, leaves the images whole.
    flips : str
        A name in ``FLIPS``: each image is mirrored along each of its axes with probability 1/2.
    generator : numpy.random.Generator
        Source of the positions, then of the mirrorings.

    Returns
    -------
    images : torch.Tensor of shape (m, C, patch_size, patch_size)
    """
    height, width = clean.shape[-2:]
    if patch_size is not None and patch_size < min(height, width):
        tops = generator.integers(0, height - patch_size + 1, n)[share]
        lefts = generator.integers(0, width - patch_size + 1, n)[share]
        cut = clean.new_empty(len(clean), clean.shape[1], patch_size, patch_size)
        for k, (top, left) in enumerate(zip(tops, lefts, strict=True)):
            cut[k] = clean[k, :, top : top + patch_size, left : left + patch_size]
        clean = cut
    for axis in FLIPS[flips]:
        chosen = torch.from_numpy(generator.random(n)[share] < 0.5).view(-1, 1, 1, 1)
        clean = torch.where(chosen, clean.flip(axis), clean)
    return clean
