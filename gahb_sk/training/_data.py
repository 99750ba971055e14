"""From images to batches: a stack in a new order each epoch, or a stream that is endless.

What is drawn (order, crops, mirrorings, noise) is drawn for the whole batch, and a process takes
what falls to its share: so nothing depends on the number of processes.
"""

import hashlib

import numpy as np
import torch

from gahb_sk._random import image_generator
from gahb_sk.datasets._prefetch import prefetched
from gahb_sk.training._recipes import FLIPS
from gahb_sk.training._streams import stream

# Fresh images counted as one epoch.
FRESH_EPOCH = 10_000
_FINGERPRINT_IMAGES = 16
# A number of an image that no training reaches.
_NEVER = 2**40


def is_stream(X):
    """Tell whether ``X`` is an endless stream of fresh images."""
    return hasattr(X, "take") and hasattr(X, "shape_of_image")


class StackSource:
    """A stack, passed over in a new order each epoch.

    Parameters
    ----------
    images : ImageBatch
        Checked images; a lazy stack is read batch by batch.
    sigma : ndarray of shape (n,), default=None
        Noise level of each, if they are noisy and it is known.
    """

    def __init__(self, images, sigma=None):
        if not hasattr(images, "image_shape"):
            raise TypeError(
                f"images: expected what gahb_sk.images.as_images returns, got {images!r:.80}."
            )
        self._images, self._sigma = images, sigma
        self._indices = np.arange(len(images))

    def __len__(self):
        return len(self._indices)

    def hold_out(self, fraction, root):
        """Take a part of the images, at least one, out of the training and return it.

        Raises
        ------
        ValueError
            If nothing is left to train on.
        """
        n = max(1, round(fraction * len(self)))
        if n >= len(self):
            raise ValueError(
                f"validation_fraction: expected to leave images to train on, got {fraction!r} "
                f"for {len(self)} image(s). Give more images, or early_stopping=False."
            )
        order = image_generator(root, 0).permutation(self._indices)
        self._indices = np.sort(order[n:])
        return self.read(np.sort(order[:n]))

    def order(self, epoch, root):
        """Return the indices of epoch ``epoch``."""
        return image_generator(root, epoch).permutation(self._indices)

    def read(self, indices):
        """Return images as a float32 tensor on the CPU."""
        return self._images.tensor(np.asarray(indices)).to("cpu", torch.float32)

    def levels(self, indices):
        """Return the noise levels of images, or None if they are to be drawn."""
        return None if self._sigma is None else torch.from_numpy(self._sigma[indices]).float()

    def fingerprint(self):
        """Return what tells these images from others: shape, dtype, a digest of a few."""
        few = np.unique(np.linspace(0, len(self._images) - 1, _FINGERPRINT_IMAGES).astype(int))
        digest = hashlib.sha256(np.ascontiguousarray(self._images.numpy(few)).tobytes())
        if self._sigma is not None:
            digest.update(self._sigma.tobytes())
        return [list(self._images.shape), str(self._images.dtype), digest.hexdigest()]


class PairSource(StackSource):
    """Two noisy images of each scene, one behind the other as channels.

    Parameters
    ----------
    images, partners : ImageBatch
        Of one shape.
    """

    def __init__(self, images, partners):
        super().__init__(images)
        self._partners = partners

    def read(self, indices):
        """Return pairs as a float32 tensor of shape (n, 2 C, H, W)."""
        second = self._partners.tensor(np.asarray(indices)).to("cpu", torch.float32)
        return torch.cat([super().read(indices), second], dim=1)

    def levels(self, indices):
        """Return the noise level of each pair, from its difference: that of white noise."""
        first, second = self.read(indices).chunk(2, dim=1)
        return (first - second).square().mean(dim=(1, 2, 3)).div(2).sqrt().clamp(min=1e-6)

    def fingerprint(self):
        """Return what tells these pairs from others."""
        return super().fingerprint() + StackSource(self._partners).fingerprint()


class StreamSource:
    """Fresh images: image k of the training sequence is image k of the stream.

    Parameters
    ----------
    stream : FreshImages
        With ``take(start, stop)`` and ``shape_of_image``.

    Attributes
    ----------
    shape : tuple of int
        ``(C, H, W)`` of one image.
    """

    def __init__(self, stream):
        self._stream = stream
        shape = tuple(stream.shape_of_image)
        self.shape = shape if len(shape) == 3 else (1, *shape)

    def __len__(self):
        return FRESH_EPOCH

    def hold_out(self, fraction, root):
        """Return images that the training never comes to: a part of an epoch's number."""
        n = max(1, round(fraction * FRESH_EPOCH))
        if hasattr(self._stream, "held_out"):
            return self._tensor(self._stream.held_out(n))
        return self.read(np.arange(_NEVER, _NEVER + n))

    def order(self, epoch, root):
        """Return the numbers of the images of epoch ``epoch``."""
        return np.arange(epoch * FRESH_EPOCH, (epoch + 1) * FRESH_EPOCH)

    def read(self, indices):
        """Return successive images as a float32 tensor on the CPU."""
        return self._tensor(self._stream.take(int(indices[0]), int(indices[-1]) + 1))

    def _tensor(self, images):
        if not np.isfinite(images).all():
            raise ValueError("X: expected finite values, got NaN or infinity in a fresh image.")
        return torch.from_numpy(images.astype(np.float32).reshape(-1, *self.shape))

    def levels(self, indices):
        """Return None: noise levels are to be drawn."""

    def fingerprint(self):
        """Return what tells this stream from others: shape, a digest of its first images."""
        first = np.ascontiguousarray(self._stream.take(0, _FINGERPRINT_IMAGES))
        return [list(self.shape), str(first.dtype), hashlib.sha256(first.tobytes()).hexdigest()]


def batches(trainer, source, *, prefetch=2):
    """Yield the rest of a trainer's epoch, each batch made in a thread ahead of its use.

    Parameters
    ----------
    trainer : Trainer
        Whose counts say where in the training sequence the batches begin.
    source : StackSource or StreamSource
    prefetch : int, default=2
        Batches that may wait.

    Yields
    ------
    images, normal : torch.Tensor of shape (m, C, H, W), float32
        This process's share of the batch, and standard normal noise for it.
    sigma : torch.Tensor of shape (n,), float32
        Noise levels of the whole batch.
    """
    batch_size = min(trainer.recipe.batch_size, len(source))
    order = source.order(trainer.epochs, stream(trainer.root, "order"))
    position, step, image = trainer.position, trainer.steps, trainer.images
    pinned = trainer.engine.device.type == "cuda"  # copies to a GPU then don't wait

    def make(number):
        start = position + number * batch_size
        indices = order[start : start + batch_size]
        n, share = len(indices), trainer.engine.share(len(indices))
        mine = indices[share]
        # A share may be empty, where the last batch has fewer images than there are processes.
        images = source.read(mine) if len(mine) else source.read(indices[:1])[:0]
        generator = image_generator(stream(trainer.root, "step", 1), step + number)
        images = augment(images, n, share, trainer.recipe, generator)
        shape = (n, *images.shape[1:])
        normal, sigma = trainer.draw(image + number * batch_size, step + number, shape)
        known = source.levels(indices)
        batch = images, normal, sigma if known is None else known
        return [part.pin_memory() for part in batch] if pinned else batch

    yield from prefetched(make, range(-(-(len(order) - position) // batch_size)), ahead=prefetch)


def augment(clean, n, share, recipe, generator):
    """Cut and mirror a process's share of a batch at random.

    Parameters
    ----------
    clean : torch.Tensor of shape (m, C, H, W)
        The share.
    n : int
        Images of the whole batch.
    share : slice
        Which of them ``clean`` holds.
    recipe : Recipe
        Its ``patch_size`` is the side of the squares to cut (None, or one that no image exceeds,
        leaves the images whole); each image is mirrored along each axis of its ``flips`` with
        probability 1/2.
    generator : numpy.random.Generator
        Source of the positions, then of the mirrorings.

    Returns
    -------
    images : torch.Tensor of shape (m, C, patch_size, patch_size)
    """
    height, width = clean.shape[-2:]
    size = recipe.patch_size
    if size is not None and size < min(height, width):
        tops = generator.integers(0, height - size + 1, n)[share]
        lefts = generator.integers(0, width - size + 1, n)[share]
        cut = clean.new_empty(len(clean), clean.shape[1], size, size)
        for k, (top, left) in enumerate(zip(tops, lefts, strict=True)):
            cut[k] = clean[k, :, top : top + size, left : left + size]
        clean = cut
    for axis in FLIPS[recipe.flips]:
        chosen = torch.from_numpy(generator.random(n)[share] < 0.5).view(-1, 1, 1, 1)
        clean = torch.where(chosen, clean.flip(axis), clean)
    return clean
