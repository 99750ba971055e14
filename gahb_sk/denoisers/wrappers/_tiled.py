"""Large images in bounded memory: denoised tile by tile, each with a margin that is cut off."""

import math
from typing import NamedTuple

import numpy as np

from gahb_sk._validation import StrOptions, at_least
from gahb_sk.denoisers.wrappers._wrapper import WrapperDenoiser


class Tiled(WrapperDenoiser):
    """Denoise large images in tiles, with the result of the whole image.

    An output pixel of a convolutional network depends on the input within a distance, the reach.
    Tiles that overlap by twice as much, and begin at multiples of the network's coarsest pixel,
    give what the whole image gives, up to rounding. The borders of the image are seen by the tiles
    that hold them, so any padding of the network is the same, too.

    Parameters
    ----------
    denoiser : denoiser
        What denoises a tile. Oracles are refused.
    tile : int, default=None
        Side of a tile without its margin, rounded up to a multiple of the network's. None: the
        largest for which the work on a tile fits into ``max_memory``.
    margin : {"reach"} or int, default="reach"
        Pixels around a tile that are denoised with it and cut off. "reach": as many as the result
        of the whole image needs, computed from the network's architecture. A number: as many,
        for a denoiser that has no reach or an unknown one; tiles then differ from the whole image.
    max_memory : int, default=2**28
        Bytes for the intermediate results of one tile. Images that need less are not cut. The
        images themselves, noisy and denoised, come on top.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    denoiser_ : denoiser
        Fitted.
    margin_ : int
        The margin in pixels.
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``.

    Raises
    ------
    ValueError
        With ``margin="reach"``, for a denoiser without one: BM3D and total variation look at the
        whole image, and so do wavelets whose thresholds are estimated from whole bands ("bayes",
        "sure", "universal") or whose number of scales depends on the size. Wavelets of up to 8
        taps with ``n_scales`` and a number as ``threshold`` have a reach.

    Notes
    -----
    A noise level that is not given is estimated from the whole image, then used for every tile.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.denoisers import Tiled, WaveletShrinkage
    >>> noisy = np.random.default_rng(0).standard_normal((1, 96, 80))
    >>> local = WaveletShrinkage(n_scales=2, threshold=3.0, rule="hard")
    >>> tiles = Tiled(local, tile=32).denoise(noisy, sigma=1.0)
    >>> bool(np.allclose(tiles, local.denoise(noisy, sigma=1.0)))
    True
    """

    _chunk_pixels = 1  # images are read one by one

    _parameter_constraints: dict = {
        **WrapperDenoiser._parameter_constraints,
        "tile": [at_least(1), None],
        "margin": [StrOptions({"reach"}), at_least(0)],
        "max_memory": [at_least(1)],
    }

    def __init__(self, denoiser, *, tile=None, margin="reach", max_memory=2**28, image_shape=None):
        self.denoiser = denoiser
        self.tile = tile
        self.margin = margin
        self.max_memory = max_memory
        self.image_shape = image_shape

    @property
    def sigma(self):
        """The noise level that the wrapped denoiser was built with, or None."""
        return getattr(self.denoiser, "sigma", None)

    def _fit(self, images):
        super()._fit(images)
        found = self.denoiser_._reach()
        if found is None and self.margin == "reach":
            hint = self.denoiser_._reach_hint
            hint = f"{hint} Or denoise" if hint else "Denoise"
            raise ValueError(
                f"margin: {self.denoiser!r} has no reach: every pixel may depend on the whole "
                f"image, so tiles cannot give the same result. {hint} images whole, choose another "
                "denoiser, or accept a difference with a margin in pixels, such as margin=64."
            )
        pixels, self._multiple = (0, 1) if found is None else found
        pixels = pixels if self.margin == "reach" else self.margin
        self.margin_ = -(-pixels // self._multiple) * self._multiple

    def _estimate_sigma(self, noisy):
        return self.denoiser_._estimate_sigma(noisy)

    def _jacobian(self, image, sigma, clean=None):
        return self.denoiser_._jacobian(image, sigma) if self.margin == "reach" else None

    def _jacobian_products(self, images, sigma):
        whole = self.margin == "reach"
        return self.denoiser_._jacobian_products(images, sigma) if whole else None

    def iter_tiles(self, X, sigma=None):
        """Denoise images tile by tile, for those who report progress or keep no whole image.

        Parameters
        ----------
        X, sigma
            See ``transform``; not flat rows.

        Yields
        ------
        rows, columns : slice
            Where the tile lies.
        tile : ndarray of shape (n, C, height, width)
            Denoised.
        """
        ready = self._prepared(X)
        noisy = ready._check_images(X).numpy()
        sigma = ready._check_level(sigma, len(noisy))
        if sigma is None and not self.blind:
            sigma = ready._estimate_sigma(noisy)
        yield from ready._tiles(noisy, sigma)

    def least_memory(self, X, side=1):
        """Return the smallest ``max_memory`` with which images can be denoised.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack
            See ``transform``.
        side : int, default=1
            Of the tiles without their margins. The default is slow: margins are most of the work.

        Returns
        -------
        least : int
            Bytes for one tile with its margins, or for the whole images if they need less.
        """
        ready = self._prepared(X)
        return ready._least_memory(ready._check_images(X).shape, side)

    def _denoise(self, noisy, sigma, clean=None):
        out = np.empty_like(noisy)
        for rows, columns, tile in self._tiles(noisy, sigma):
            out[..., rows, columns] = tile
        return out

    def _tiles(self, noisy, sigma):
        side = self._tile_side(noisy.shape)
        for rows in self._spans(noisy.shape[-2], side):
            for columns in self._spans(noisy.shape[-1], side):
                seen = noisy[..., rows.seen, columns.seen]
                done = self.denoiser_.denoise(seen, None if self.blind else sigma)
                yield rows.own, columns.own, done[..., rows.inside, columns.inside]

    def _tile_side(self, shape):
        """Side of a tile without its margin; one that holds the image where memory allows."""
        if self.tile is not None:
            return self.tile
        least = self._least_memory(shape)
        if self.max_memory < least:
            raise ValueError(
                f"max_memory: expected at least {least}, for one tile with margins of "
                f"{self.margin_} pixels, got {self.max_memory}."
            )
        n, channels, height, width = shape
        pixels = self.max_memory // (n * self.denoiser_._bytes_per_pixel(channels))
        if height * width <= pixels:
            return max(height, width)
        side = math.isqrt(pixels) - 2 * self.margin_
        return side - side % self._multiple

    def _least_memory(self, shape, side=1):
        n, channels, height, width = shape
        side = -(-side // self._multiple) * self._multiple + 2 * self.margin_
        return n * self.denoiser_._bytes_per_pixel(channels) * min(height * width, side**2)

    def _spans(self, length, side):
        """Cut one axis into spans of about equal length, whole multiples but the last."""
        count = -(-length // side)
        side = -(-length // (count * self._multiple)) * self._multiple
        for start in range(0, length, side):
            stop = min(start + side, length)
            first = max(0, start - self.margin_)
            yield _Span(
                seen=slice(first, min(length, stop + self.margin_)),
                own=slice(start, stop),
                inside=slice(start - first, stop - first),
            )


class _Span(NamedTuple):
    """Along one axis: what a tile sees and what it gives, in the image and in the tile."""

    seen: slice
    own: slice
    inside: slice
