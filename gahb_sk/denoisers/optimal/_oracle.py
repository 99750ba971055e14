"""The contract of oracles: denoisers that are told the clean image."""

from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.jacobians._of_denoiser import linearize_at


class OracleDenoiser(BaseDenoiser):
    """Base class of denoisers that are told the clean image: bounds, not rivals.

    Their hooks take the clean images too: ``_denoise(noisy, sigma, clean)`` and
    ``_jacobian(image, sigma, clean)``.
    """

    kind = "optimal"
    needs_clean = True

    def transform(self, X, sigma=None, *, clean):
        """Denoise images with knowledge of the clean ones.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack
            Noisy images, shaped as in ``fit``.
        sigma : float or array-like of shape (n,), default=None
            Noise level; see :meth:`BaseDenoiser.transform`.
        clean : array-like, torch.Tensor or lazy stack
            The clean images, of the shape of X.

        Returns
        -------
        denoised : ndarray or torch.Tensor
            Of the shape, dtype, kind and device of X.

        Raises
        ------
        ValueError, TypeError
            If the images or sigma break the contract.
        """
        if clean is None:
            raise TypeError("clean: expected the clean images, of the shape of X, got None.")
        return self._transform(X, sigma, clean)

    def fit_transform(self, X, y=None, *, sigma=None, clean):
        """Fit on X, then denoise X with knowledge of ``clean``; see ``transform``."""
        return self.fit(X, y).transform(X, sigma=sigma, clean=clean)

    def linearize(self, image, sigma=None, *, clean):
        """Jacobian at one noisy image, the clean one being held fixed.

        Parameters
        ----------
        image, clean : array-like or torch.Tensor
            One noisy and one clean image ``(H, W)`` or ``(C, H, W)`` (one flat row each if
            ``image_shape`` was given).
        sigma : float, default=None
            Noise level; see ``transform``.

        Returns
        -------
        operator : scipy.sparse.linalg.LinearOperator of shape (d, d)
        """
        if clean is None:
            raise TypeError("clean: expected the clean image, of the shape of the noisy, got None.")
        return linearize_at(self, image, sigma, clean)
