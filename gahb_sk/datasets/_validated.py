"""A stream of images to train on, with images of other origin to measure on."""

import numpy as np


class ValidatedStream:
    """A stream whose held-out images come from elsewhere, for example from other photographs.

    Crop k of a stream and crop k + 1 may show the same photograph, so that crops held out of one
    stream do not tell how well a network does on photographs that it has not seen.

    Parameters
    ----------
    stream : FreshImages or PhotographCrops
        Images to train on.
    held_out : FreshImages or PhotographCrops
        Images to measure on, of the same shape.

    Attributes
    ----------
    shape_of_image : tuple of int
    dtype : numpy.dtype

    Raises
    ------
    ValueError
        If the shapes differ.
    """

    def __init__(self, stream, held_out):
        if stream.shape_of_image != held_out.shape_of_image:
            raise ValueError(
                f"held_out: expected images of shape {stream.shape_of_image}, as those to train "
                f"on, got {held_out.shape_of_image}."
            )
        self.stream, self._held_out = stream, held_out
        self.shape_of_image, self.dtype = stream.shape_of_image, stream.dtype

    def take(self, start: int, stop: int) -> np.ndarray:
        """Return images ``start, ..., stop - 1`` to train on."""
        return self.stream.take(start, stop)

    def held_out(self, n: int) -> np.ndarray:
        """Return ``n`` images to measure on, the same at each call."""
        return self._held_out.take(0, n)
