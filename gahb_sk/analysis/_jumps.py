r"""Divergence of denoisers that jump, for Stein's estimate.

Where f jumps its Jacobian leaves out what the jumps add to the divergence, and Stein's estimate is
too low. The mean of f over small displacements is smooth, and

.. math:: b^T (f(y + \epsilon b) - f(y - \epsilon b)) / 2 \epsilon

with random signs b estimates its divergence, jumps included [1]_. With
:math:`\epsilon = \sigma / 20` it is that of f at a noise level larger by 0.1 %.

References
----------
.. [1] S. Ramani, T. Blu, M. Unser, "Monte-Carlo SURE", IEEE Trans. Image Processing 17, 2008.
   DOI 10.1109/TIP.2008.2001404.
"""

import numpy as np

from gahb_sk._arrays import to_numpy
from gahb_sk.images import as_images
from gahb_sk.jacobians._differences import difference_products
from gahb_sk.jacobians._stack import JacobianStack

_STEP = 0.05  # in units of the noise level


def jumps(denoiser):
    """Tell whether a denoiser says that its output jumps."""
    return hasattr(denoiser, "_jumps") and denoiser._jumps()


def displaced_stack(denoiser, X, level, clean=None):
    """Return the JacobianStack of differences over a twentieth of the noise level ``(n,)``."""
    images = as_images(X, image_shape=denoiser.image_shape)
    partners = None if clean is None else to_numpy(clean)

    def denoise(displaced, which):
        partner = None if partners is None else partners[which]
        return to_numpy(denoiser.denoise(images.restore(displaced), level[which], clean=partner))

    step = np.where(level > 0, _STEP * level, 1.0)
    matmat = difference_products(denoise, images.numpy().astype(np.float64), step)
    return JacobianStack(len(images), images[:1].size, None, lambda dtype: (matmat, None))
