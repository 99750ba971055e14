"""One noisy image: its random stream, and the effort that certifies it."""

import contextlib
import hashlib

import numpy as np
import torch

from gahb_sk._random import child, torch_seed
from gahb_sk.denoisers.optimal._c_alpha_class._posterior import sample_from_truth, sample_posterior
from gahb_sk.denoisers.optimal._c_alpha_class._tempering import Effort
from gahb_sk.image_classes._c_alpha_map import CAlphaLaw


def sample_image(image_class, noisy, sigma, effort, certificate, root, start=None):
    """Sample one image until it is certified, or has been as often as it may be.

    Its stream is that of its own values, whatever its place in a batch.

    Parameters
    ----------
    image_class : CAlphaImages
    noisy : ndarray of shape (H, W)
    sigma : float
    effort : tuple
        Of :class:`Effort`.
    certificate : tuple of (float, int)
        Tolerance, and how often the effort may be doubled.
    root : numpy.random.SeedSequence
    start : tuple of Tensor, default=None
        True latents and dark side, to start there.

    Returns
    -------
    posterior : Posterior
    """
    digest = hashlib.blake2b(noisy.tobytes(), digest_size=16).digest()
    words = np.frombuffer(digest, np.uint32)
    generator = torch.Generator().manual_seed(torch_seed(child(root, *map(int, words))))
    torch.set_num_threads(1)  # sums in another order would change the chain
    with torch.inference_mode():
        law = CAlphaLaw.of(image_class)
        target, effort = (torch.tensor(noisy), sigma), Effort(*effort)
        if start is not None:
            latents, dark_above = start
            return sample_from_truth(
                law, latents.to(law.dtype), dark_above, *target, effort, generator
            )
        tolerance, n_doublings = certificate
        for doubling in range(n_doublings + 1):
            found = sample_posterior(law, *target, effort.times(2**doubling), generator)
            if found.certifies(tolerance):
                break
        return found


@contextlib.contextmanager
def one_thread_each():
    """Put back the number of threads that torch uses within an operation."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
