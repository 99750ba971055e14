"""From images to steps: the order of an epoch, batches made ahead of use, the end."""

import contextlib
import time

from gahb_sk._random import child, image_generator
from gahb_sk.datasets._prefetch import prefetched
from gahb_sk.training._augment import augment
from gahb_sk.training._interrupt import interrupt_after_step
from gahb_sk.training._training import ORDER, STEP


def train(training, images, batch_size, *, patch_size=None, on_step=None, on_epoch=None):
    """Run a training to its end, from wherever it stands.

    Parameters
    ----------
    training : Training
        The state; changed in place.
    images : object
        With ``__len__``, the images of an epoch; ``order(epoch, root)``, their indices in the
        order of that epoch; and ``read(indices)``, clean images, a float32 tensor (m, C, H, W) on
        the CPU. See ``_sources.py``.
    batch_size : int
        Images of one step.
    patch_size : int, default=None
        Side of the random crop of each image; None for whole images.
    on_step : callable, default=None
        Called with the training after each step.
    on_epoch : callable, default=None
        Called with the training after each pass over the images.
    """
    training.network.train()
    with interrupt_after_step(training):
        while not training.finished:
            _one_epoch(training, images, batch_size, patch_size, on_step)
            training.end_epoch()
            if on_epoch is not None:
                on_epoch(training)
        if training.epoch_losses:  # resumed after the last step
            training.end_epoch()


def _one_epoch(training, images, batch_size, patch_size, on_step):
    device = next(training.network.parameters()).device
    with contextlib.closing(_batches(training, images, batch_size, patch_size)) as batches:
        asked = time.perf_counter()
        for batch in batches:
            training.waited += time.perf_counter() - asked
            done = training.position / len(images)
            training.step(*(part.to(device, non_blocking=True) for part in batch), done)
            if on_step is not None:
                on_step(training)
            if training.finished:
                break
            asked = time.perf_counter()


def _batches(training, images, batch_size, patch_size):
    """Yield the rest of the epoch, each batch made in a worker thread ahead of its use."""
    order = images.order(training.epochs, child(training.root, ORDER))
    position, step, image = training.position, training.steps, training.images

    def make(number):
        start = position + number * batch_size
        indices = order[start : start + batch_size]
        n, share = len(indices), training.engine.share(len(indices))
        mine = indices[share]
        # A share may be empty, where the last batch has fewer images than there are processes.
        clean = images.read(mine) if len(mine) else images.read(indices[:1])[:0]
        generator = image_generator(child(training.root, STEP, 1), step + number)
        clean = augment(clean, n, share, patch_size, training.recipe.flips, generator)
        shape = (n, *clean.shape[1:])
        return clean, *training.draw(image + number * batch_size, step + number, shape)

    yield from prefetched(make, range(-(-(len(order) - position) // batch_size)))
