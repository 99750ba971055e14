"""The contract of every denoiser: what users call and what authors write.

A denoiser is fitted on CLEAN images and transforms NOISY ones. A subclass writes the hook
``_denoise``, may write ``_fit`` and ``_jacobian``, and says by class attributes what it is. All
else, from the checks of the images to their chunks, is in ``_template.py``.
"""

import numpy as np

from gahb_sk._arrays import as_array
from gahb_sk._validation import Interval, Real, fit_context
from gahb_sk.denoisers._linearization import linearize_many, linearize_one
from gahb_sk.denoisers._outward import Outward
from gahb_sk.denoisers._template import DenoiserTemplate
from gahb_sk.metrics import psnr
from gahb_sk.noise import (
    DEFAULT_SIGMA,
    SCORE_NOISE_SEED,
    add_gaussian_noise,
    check_sigma,
)


class BaseDenoiser(Outward, DenoiserTemplate):
    """Base class of all denoisers; see the module's docstring.

    Hooks of a subclass, each with a default but ``_denoise``:

    - ``_fit(images)``: learn from an :class:`~gahb_sk.images.ImageBatch` of clean images.
    - ``_denoise(noisy, sigma)``: denoise images ``(m, C, H, W)``, given the noise levels ``(m,)``
      (None if the denoiser is blind), and for an oracle the clean images.
    - ``_jacobian(image, sigma)``: the exact Jacobian at ``(C, H, W)``, or None.

    :func:`gahb_sk.testing.check_denoiser` checks that a subclass keeps the contract.

    Parameters
    ----------
    sigma : float, default=None
        Noise level in the units of the images, used when ``transform`` gets no sigma. None:
        estimated for each image. Blind denoisers have no such parameter.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``.
    kind : {"learned", "classical", "optimal"}
        Which family the denoiser belongs to.
    blind : bool
        Whether it does without the noise level.
    learns : bool
        Whether ``fit`` learns something from the images' values. A denoiser that learns nothing
        transforms without ``fit``.
    needs_clean : bool
        True for oracles, which are given the clean image: bounds, not rivals.
    """

    kind = "classical"
    blind = False
    learns = False
    needs_clean = False
    _backend = "numpy"
    _fixed = "nothing"
    _chunk_pixels = 2**22

    _parameter_constraints: dict = {
        "sigma": [Interval(Real, 0, None, closed="left"), None],
        "image_shape": [tuple, list, None],
    }

    @fit_context()
    def fit(self, X, y=None):
        """Learn from clean images.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack
            Clean images ``(n, H, W)`` or ``(n, C, H, W)``; flat rows ``(n, n_features)`` if
            ``image_shape`` was given.
        y : array-like of the shape of X, default=None
            If it holds images (X's shape), they are the clean ones, as in ``score(X, y)``, and
            X, the noisy ones, is not learned from. Anything else is ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError, TypeError
            If the images or a parameter break the contract.
        """
        images = self._check_training_images(X, y)
        self._fit(images)
        self.image_shape_ = images.image_shape
        return self

    def transform(self, X, sigma=None):
        """Denoise images.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack
            Noisy images, shaped as in ``fit``.
        sigma : float or array-like of shape (n,), default=None
            Noise level in the units of X. None: the constructor's ``sigma``, and where that is
            None too, an estimate for each image. Blind denoisers need none.

        Returns
        -------
        denoised : ndarray or torch.Tensor
            Of the shape, dtype, kind and device of X (an ndarray for a lazy stack).

        Raises
        ------
        ValueError, TypeError
            If the images or sigma break the contract.
        sklearn.exceptions.NotFittedError
            Before ``fit``, if the denoiser learns something there.

        Warns
        -----
        UserWarning
            For images in [0, 1] and a sigma of 5, 6, ..., 255, which is meant in units of 1/255.
        """
        return self.denoise(X, sigma)

    def denoise(self, X, sigma=None, *, clean=None):
        """Denoise images with any denoiser: like ``transform``, with one signature for all.

        Parameters
        ----------
        X, sigma
            See ``transform``.
        clean : array-like, torch.Tensor or lazy stack, default=None
            The clean images, of the shape of X. Oracles need them; other denoisers ignore them.

        Returns
        -------
        denoised : ndarray or torch.Tensor
            See ``transform``.
        """
        self._check_clean(clean)
        ready = self._prepared(X)
        noisy = ready._check_images(X)
        sigma = ready._check_level(sigma, len(noisy))
        clean = ready._check_partner(clean, noisy, "clean") if self.needs_clean else None
        out = noisy.empty_like()
        for index, chunk in ready._chunks(noisy):
            level = None if sigma is None else sigma[index]
            partner = None if clean is None else ready._read(clean, index)
            out[index] = ready._denoise_chunk(chunk, level, partner)
        return noisy.restore(out)

    def fit_transform(self, X, y=None, *, sigma=None):
        """Fit on X, then denoise X; see ``fit`` and ``transform``."""
        return self.fit(X, y).transform(X, sigma=sigma)

    def score(self, X, y=None, sigma=None, sample_weight=None):
        """Mean PSNR in decibels (data range 1); higher is better.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack
            Clean images, or noisy ones if ``y`` is given.
        y : array-like, torch.Tensor or lazy stack, default=None
            Clean images. None: noise from a fixed seed is added to X, image by image, the same
            for every estimator.
        sigma : float or array-like of shape (n,), default=None
            Noise level, which is given to the denoiser too. None: the noise added has level 0.1
            and the denoiser is not given it (see ``transform``).
        sample_weight : array-like of shape (n,), default=None
            Weights of the images' PSNRs.

        Returns
        -------
        score : float
        """
        values = self.score_images(X, y, sigma)
        if sample_weight is None:
            return float(values.mean())
        weights = np.asarray(sample_weight, np.float64)
        if weights.shape != values.shape or not (weights >= 0).all() or weights.sum() == 0:
            raise ValueError(
                f"sample_weight: expected {len(values)} weights >= 0, not all 0, got "
                f"{sample_weight!r}."
            )
        return float(np.average(values, weights=weights))

    def score_images(self, X, y=None, sigma=None):
        """PSNR of each image in decibels (data range 1); ``score`` is their mean.

        Parameters
        ----------
        X, y, sigma
            See ``score``.

        Returns
        -------
        psnr : ndarray of shape (n,), float64
        """
        ready = self._prepared(X)
        images = ready._check_images(X)
        n = len(images)
        added = check_sigma(DEFAULT_SIGMA if sigma is None else sigma, n)
        clean = images if y is None else ready._check_partner(y, images, "y")
        known = ready._check_level(sigma, n)
        values = np.empty(n)
        for index, noisy in ready._chunks(images):
            truth = ready._read(clean, index)
            if y is None:
                which = range(index.start, index.stop)
                noisy = add_gaussian_noise(truth, added[index], SCORE_NOISE_SEED, indices=which)
            level = None if known is None else known[index]
            values[index] = psnr(truth, ready._denoise_chunk(noisy, level, truth))
        return values

    def noise_level(self, X, sigma=None):
        """Noise level of each image that ``transform`` goes by.

        Parameters
        ----------
        X, sigma
            See ``transform``.

        Returns
        -------
        sigma : ndarray of shape (n,) or None
            Given, the constructor's, or estimated. None for a blind denoiser.
        """
        images = self._prepared(X)._check_images(X)
        level = self._check_level(sigma, len(images))
        if level is None and not self.blind:
            level = np.concatenate([self._estimate_sigma(part) for _, part in images.chunks(64)])
        return None if self.blind else level

    def linearize(self, image, sigma=None, *, clean=None):
        """Jacobian of the denoiser at one noisy image.

        Parameters
        ----------
        image : array-like or torch.Tensor
            One noisy image ``(H, W)`` or ``(C, H, W)``; one flat row if ``image_shape`` was given.
        sigma : float, default=None
            Noise level; see ``transform``. It is held fixed in the derivative.
        clean : array-like or torch.Tensor, default=None
            The clean image, held fixed. Oracles need it; other denoisers ignore it.

        Returns
        -------
        operator : scipy.sparse.linalg.LinearOperator of shape (d, d)
            With batched ``matmat`` and ``rmatmat``. ``operator.step`` is the step of central
            differences, or None if the products are exact.
        """
        self._check_clean(clean)
        ready = self._prepared(as_array(image)[None])
        return linearize_one(ready, image, sigma, clean if self.needs_clean else None)

    def linearize_stack(self, X, sigma=None, *, clean=None):
        """Jacobians of the denoiser at several noisy images.

        Parameters
        ----------
        X, sigma, clean
            See ``denoise``. Noise levels and clean images are held fixed in the derivative.

        Returns
        -------
        stack : JacobianStack
            ``stack[i]`` is the operator at image i; ``matmat`` and ``rmatmat`` multiply blocks of
            vectors ``(n, d, k)`` at all images together.
        """
        self._check_clean(clean)
        return linearize_many(self._prepared(X), X, sigma, clean if self.needs_clean else None)

    # Hooks with a default

    def _fit(self, images):
        """Learn nothing."""

    def _jacobian(self, image, sigma, clean=None):
        return None
