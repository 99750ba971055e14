"""A denoiser in the forms that other packages call: torch modules, functions, scores."""

import functools

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gahb_sk._arrays import is_torch


class Outward:
    """What :class:`BaseDenoiser` offers to other packages."""

    def as_module(self):
        r"""Return a torch module ``forward(y, sigma=None)``, as deepinv and others call denoisers.

        Noisy images are tensors ``(n, C, H, W)`` on [0, 1]; ``sigma`` is a number or a tensor with
        one or n numbers. Networks become a copy with their weights as parameters, which moves to
        other devices and is differentiated by torch. Anything else computes as :meth:`denoise`,
        and its gradient is :math:`J^T g` with the Jacobian of :meth:`linearize`.

        Returns
        -------
        module : torch.nn.Module
            In evaluation mode.

        Raises
        ------
        TypeError
            For an oracle, which needs the clean image.
        """
        self._check_outward()
        return self._as_module().eval()

    def as_function(self):
        """Return a function ``f(image, sigma=None, channel_axis=None)`` of one NumPy image.

        This is the form of scikit-image, whose :func:`skimage.restoration.calibrate_denoiser`
        chooses ``sigma`` for it.

        Returns
        -------
        function : callable
            Takes ``(H, W)``, or an image with channels along ``channel_axis``.

        Raises
        ------
        TypeError
            For an oracle.
        """
        self._check_outward()
        return functools.partial(_denoise_one, denoiser=self)

    def as_score(self):
        r"""Return the score :math:`\nabla \log p_\sigma(y) = (f(y, \sigma) - y) / \sigma^2` [1]_.

        Returns
        -------
        function : callable
            ``score(y, sigma)`` of images shaped as in :meth:`transform`, arrays or tensors, and
            noise levels, a number or one per image. Adapt it to samplers of other packages.

        Raises
        ------
        TypeError
            For an oracle.

        References
        ----------
        .. [1] K. Miyasawa, "An empirical Bayes estimator of the mean of a normal population",
           Bull. Inst. Internat. Statist. 38, 1961. B. Efron, "Tweedie's formula and selection
           bias", JASA 106, 2011. :doi:`10.1198/jasa.2011.tm11181`
        """
        self._check_outward()
        return functools.partial(_score, denoiser=self)

    def _check_outward(self):
        if self.needs_clean:
            raise TypeError(
                f"{type(self).__name__} is an oracle and needs the clean image, which other "
                "packages do not pass. Choose a denoiser that is no oracle."
            )
        check_is_fitted(self)

    def _as_module(self):
        from gahb_sk.denoisers._torch_modules import CalledDenoiser

        return CalledDenoiser(self)


def _denoise_one(image, sigma=None, channel_axis=None, *, denoiser):
    """Denoise one image of scikit-image's layout."""
    image = np.asarray(image)
    stack = (image if channel_axis is None else np.moveaxis(image, channel_axis, 0))[None]
    denoised = denoiser.denoise(stack, sigma)[0]
    return denoised if channel_axis is None else np.moveaxis(denoised, 0, channel_axis)


def _score(y, sigma, *, denoiser):
    denoised = denoiser.denoise(y, sigma)
    if not is_torch(y):
        y, sigma = np.asarray(y), np.asarray(sigma)
    if getattr(sigma, "ndim", 0):
        sigma = sigma.reshape(-1, *[1] * (y.ndim - 1))
    return (denoised - y) / sigma**2
