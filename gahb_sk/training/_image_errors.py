"""What a training step minimises: the error of an image against its clean one, or a stand-in.

An image is ``x``, a noisy one ``y = x + sigma z`` with d values. The network returns the noise, so
``f(y) = y - net(y)``. ``b`` is standard normal, drawn afresh at each step. Every objective is a
function ``(predict, images, normal, sigma, part)`` that returns one value per image. Its mean over
the noise is that of ``||P (f(y) - x)||^2``, up to a constant, where the projection ``P`` is all of
an image or a part: its two opponent colours. Sources: :class:`gahb_sk.training.Recipe`.
"""

import math

import torch

from gahb_sk.training._recipes import ALL, COLORS

# Step of the differences of "sure", in noise levels.
_STEP = 0.1
# Noise added by "recorrupted", in noise levels; 0.5 is its authors' choice.
_ADDED = 0.5


def part_of(images, part):
    """Return the orthogonal projection of images ``(n, C, H, W)`` on a part of them.

    Parameters
    ----------
    images : torch.Tensor of shape (n, C, H, W)
    part : {"all", "colors"}
        "colors": without the mean of the channels, which is their luminance.
    """
    return images if part == ALL else images - images.mean(dim=1, keepdim=True)


def size_of(shape, part):
    """Return how many dimensions a part of images ``(C, H, W)`` has.

    Raises
    ------
    ValueError
        If the images have no colours.
    """
    if part == COLORS and shape[0] != 3:
        raise ValueError(
            f"part: {COLORS!r} is for images of three channels, got {shape[0]}. Use {ALL!r}."
        )
    return math.prod(shape) if part == ALL else (shape[0] - 1) * math.prod(shape[1:])


def _supervised(predict, images, normal, sigma, part):
    """``||P (net(x + sigma b) - sigma b)||^2``, with images that are clean."""
    noise = normal * _wide(sigma)
    return _squares(predict(images + noise, sigma) - noise, part)


def _sure(predict, images, normal, sigma, part):
    """``||P (f(y) - y)||^2 - d sigma^2 + 2 sigma^2 div P f(y)``, by one difference along ``b``.

    ``E b.f(y + h b) = h E div f(y + h b)`` for any step h, by Stein's lemma. So a step that is
    large beside rounding errors takes the divergence at a slightly higher noise level, no more.
    """
    step = _STEP * _wide(sigma)
    both = predict(torch.cat([images, images + step * normal]), sigma.repeat(2))
    here, there = both.chunk(2)
    change = normal - (there - here) / step
    divergence = (part_of(normal, part) * change).sum(dim=(1, 2, 3))
    return _squares(here, part) + sigma.square() * (
        2 * divergence - size_of(normal.shape[1:], part)
    )


def _noise2noise(predict, images, normal, sigma, part):
    """``||P (f(y) - y')||^2``; images are ``y`` and ``y'``, one behind the other as channels."""
    first, second = images.chunk(2, dim=1)
    return _squares(first - predict(first, sigma) - second, part)


def _recorrupted(predict, images, normal, sigma, part):
    """``||P (f(y + a sigma b) - (y - sigma b / a))||^2``: both noises are independent."""
    noise = normal * _wide(sigma)
    more = images + _ADDED * noise
    level = sigma * (1 + _ADDED**2) ** 0.5
    return _squares(more - predict(more, level) - (images - noise / _ADDED), part)


OBJECTIVES = {
    "supervised": _supervised,
    "sure": _sure,
    "noise2noise": _noise2noise,
    "recorrupted": _recorrupted,
}


def noisy_of(images, objective):
    """Return what a denoiser sees of images ``(n, C, H, W)``: of a pair the first."""
    return images.chunk(2, dim=1)[0] if objective == "noise2noise" else images


def _wide(sigma):
    return sigma.view(-1, 1, 1, 1)


def _squares(values, part):
    return part_of(values, part).square().sum(dim=(1, 2, 3))
