"""What the noise of a training looks like: white, or with colours as photographs are stored."""

import numpy as np
import torch
from torch.nn import functional

from gahb_sk._random import image_normals
from gahb_sk.transforms._opponent import from_opponent, to_opponent

WHITE, SUBSAMPLED = "white", "subsampled_colors"
NOISES = (WHITE, SUBSAMPLED)


def draw_noise(kind, root, indices, shape):
    """Draw the noise of images of the training sequence, of deviation 1 where it is white.

    Parameters
    ----------
    kind : {"white", "subsampled_colors"}
        "subsampled_colors": in the images of even number the two opponent colours keep half of
        their resolution, as in a JPEG file: means of 2x2 pixels, interpolated.
    root : numpy.random.SeedSequence
        The noise of an image depends on this and on its number.
    indices : range
        Numbers of the images in the training sequence.
    shape : tuple of int
        ``(C, H, W)`` of one image.

    Returns
    -------
    noise : torch.Tensor of shape (len(indices), C, H, W), float32

    Raises
    ------
    ValueError
        If the images have no colours.
    """
    noise = image_normals(root, indices, shape, np.float32)
    if kind == WHITE:
        return torch.from_numpy(noise)
    if shape[0] != 3:
        raise ValueError(
            f"noise: {SUBSAMPLED!r} is for images of three channels, got {shape[0]}. Use {WHITE!r}."
        )
    even = slice(indices.start % 2, None, 2)
    opponent = torch.from_numpy(to_opponent(noise[even]))
    if len(opponent):
        coarse = functional.avg_pool2d(opponent[:, 1:], 2, ceil_mode=True)
        opponent[:, 1:] = functional.interpolate(
            coarse, size=shape[1:], mode="bilinear", align_corners=False
        )
        noise[even] = from_opponent(opponent.numpy())
    return torch.from_numpy(noise)
