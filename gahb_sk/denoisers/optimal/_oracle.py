"""The contract of oracles: denoisers that are given the clean image."""

from gahb_sk.denoisers._base import BaseDenoiser


class OracleDenoiser(BaseDenoiser):
    """Base class of denoisers that are given the clean image: bounds, not rivals.

    Their hooks take the clean images too: ``_denoise(noisy, sigma, clean)`` and
    ``_jacobian(image, sigma, clean)``.
    """

    kind = "optimal"
    needs_clean = True

    def transform(self, X, sigma=None, *, clean):
        """Denoise images with knowledge of the clean ones.

        Parameters
        ----------
        X, sigma
            See :meth:`BaseDenoiser.transform`.
        clean : array-like, torch.Tensor or lazy stack
            The clean images, of the shape of X.

        Returns
        -------
        denoised : ndarray or torch.Tensor
            Of the shape, dtype, kind and device of X.
        """
        return self.denoise(X, sigma, clean=clean)

    def fit_transform(self, X, y=None, *, sigma=None, clean):
        """Fit on X, then denoise X with knowledge of ``clean``; see ``transform``."""
        return self.fit(X, y).transform(X, sigma=sigma, clean=clean)
