r"""The optimal denoiser of :math:`C^\alpha` images: their posterior mean, sampled and certified.

An image is a smooth function of white noise but for which side of the contour is bright, so its
posterior is sampled in that noise: from the prior by tempering, with Hamiltonian moves, for both
sides. See :mod:`gahb_sk.denoisers.optimal._c_alpha_class` for the parts.
"""

import warnings
from numbers import Real

import numpy as np
from joblib import Parallel, delayed

from gahb_sk._random import seed_sequence
from gahb_sk._validation import Interval, at_least
from gahb_sk.denoisers._base import BaseDenoiser
from gahb_sk.denoisers.optimal._posterior_mean import BasePosteriorMean
from gahb_sk.image_classes import CAlphaImages, ShuffledImages
from gahb_sk.jacobians._posterior import by_channels, factored_operator

_SHARE = 0.4  # of the effective sample size left when the likelihood's power rises
_LONGEST = 16  # rotations in one Hamiltonian move


class UncertifiedWarning(UserWarning):
    """The sampler's own error is larger than the tolerance on some images."""


class CAlphaPosteriorMean(BasePosteriorMean):
    r"""Posterior mean of :math:`C^\alpha` images, from two independent sampler runs per image.

    Each run is a sequential Monte Carlo sampler [1]_ from the prior to the posterior. It moves
    particles by Hamiltonian dynamics about a Gaussian whose covariance is the inverse Fisher
    information, and weighs the two choices of the bright side by their evidence. The two runs'
    disagreement certifies the mean. Channels of colour images are taken for independent images.

    Parameters
    ----------
    image_class : CAlphaImages, default=None
        The law of the images, with ``antialias="area"`` and horizontal contours; also with
        shuffled pixels. None is that class with ``alpha=2`` at the size of the images.
    n_particles : int, default=24
        Particles per run and choice of the bright side.
    n_moves : int, default=2
        Hamiltonian moves after each rise of the likelihood's power.
    n_final : int, default=24
        Moves at the posterior, over which images are averaged.
    tolerance : float, default=0.1
        Largest loss of PSNR by Monte Carlo error, in dB, with which an image is certified.
        Infinity asks for no certificate.
    n_doublings : int, default=0
        How often an image that is not certified may be sampled again, each time with twice the
        particles and twice the moves at the posterior.
    sigma : float, default=None
        Noise level, used when ``transform`` gets none. None: estimated for each image.
    n_jobs : int, default=None
        Images sampled at the same time, in threads. The results do not depend on it.
    random_state : int, RandomState or None, default=0
        Seed. An image's result depends on the seed, the image and its noise level only.
    image_shape : tuple of int, default=None
        ``(H, W)`` or ``(C, H, W)`` to take flat rows.

    Attributes
    ----------
    image_class_ : CAlphaImages
        The law of the images.
    image_shape_ : tuple of int
        Shape of the images seen in ``fit``; nothing else is learned from them.

    Notes
    -----
    Tempering runs with normal innovations, of the same variance, along the contour and along the
    low waves of the backgrounds, for which moves are several times longer. Draws are reweighted to
    uniform innovations by the first term of Edgeworth's expansion. Where that is not small, the
    posterior is sampled again under the exact law (``Posterior.correction`` is the variance of the
    log weights, 0 then).

    References
    ----------
    .. [1] Del Moral, Doucet and Jasra, Sequential Monte Carlo samplers, Journal of the Royal
       Statistical Society B 68(3), 2006. :doi:`10.1111/j.1467-9868.2006.00553.x`
    .. [2] Neal, MCMC using Hamiltonian dynamics, in Handbook of Markov Chain Monte Carlo, 2011.
       :doi:`10.1201/b10905`

    Examples
    --------
    >>> from gahb_sk import add_gaussian_noise
    >>> from gahb_sk.image_classes import CAlphaImages
    >>> law = CAlphaImages(16, alpha=3, antialias="area")
    >>> clean = law.sample(1, random_state=0)
    >>> noisy = add_gaussian_noise(clean, 0.1, 0)
    >>> denoiser = law.posterior_mean(n_particles=8, tolerance=1.0).fit(clean)
    >>> bool(denoiser.score(noisy, clean, sigma=0.1) > 25)
    True
    """

    _parameter_constraints: dict = {
        **BaseDenoiser._parameter_constraints,
        "image_class": [CAlphaImages, ShuffledImages, None],
        "n_particles": [at_least(2)],
        "n_moves": [at_least(1)],
        "n_final": [at_least(1)],
        "tolerance": [Interval(Real, 0, None, closed="right")],
        "n_doublings": [at_least(0)],
        "random_state": ["random_state"],
    }
    _image_class = CAlphaImages

    def __init__(
        self,
        image_class=None,
        *,
        n_particles=24,
        n_moves=2,
        n_final=24,
        tolerance=0.1,
        n_doublings=0,
        sigma=None,
        n_jobs=None,
        random_state=0,
        image_shape=None,
    ):
        self.image_class = image_class
        self.n_particles = n_particles
        self.n_moves = n_moves
        self.n_final = n_final
        self.tolerance = tolerance
        self.n_doublings = n_doublings
        self.sigma = sigma
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.image_shape = image_shape

    def sample_posterior(self, X, sigma=None):
        """Sample the posterior of each image.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack
            Noisy images of one channel, shaped as in ``fit``.
        sigma : float or array-like of shape (n,), default=None
            Noise level; see ``transform``.

        Returns
        -------
        posteriors : list of Posterior
            One per image: ``mean``, ``variance``, ``draws`` with ``draw_weights``,
            ``covariance_along(directions)``, ``log_evidence`` of each run, and the certificate
            ``error_db``, ``effective_size``, ``r_hat``. Shuffled pixels are in the unshuffled
            order.
        """
        self = self._prepared(X)
        found = []
        for _, images, level in self._known_chunks(self._check_images(X), sigma):
            found += self._posteriors(self._unshuffled(images), level)
        return found

    def score_samples(self, X, sigma=None):
        """Log density of each noisy image: the evidence, in nats.

        Parameters
        ----------
        X, sigma
            See :meth:`sample_posterior`, whose records carry the standard error,
            ``log_evidence_error``.

        Returns
        -------
        log_density : ndarray of shape (n,)
        """
        found = self.sample_posterior(X, sigma)
        values = np.array([posterior.log_density for posterior in found])
        return values.reshape(len(X), -1).sum(1)

    def sample_from_truth(self, X, sigma, random_state, first_image=0):
        """Sample each posterior from the latents behind the clean image.

        They are a draw from the posterior. So this run and that of :meth:`sample_posterior`
        bracket it: one may not have found all of it, the other not have left its start.

        Parameters
        ----------
        X : array-like of shape (n, H, W)
            Noisy versions of the images that the class draws by
            ``sample(n, random_state, first_image=first_image)``.
        sigma : float or array-like of shape (n,)
            Noise level.
        random_state, first_image
            See ``image_class.sample``.

        Returns
        -------
        posteriors : list of Posterior
            One per image. Their ``log_evidence`` and ``dark_above`` mean nothing.
        """
        from gahb_sk.image_classes._c_alpha_map import drawn_latents  # loads torch

        self = self._prepared(X)
        latents, dark_above = drawn_latents(self._law, len(X), random_state, first_image)
        found = []
        for index, images, level in self._known_chunks(self._check_images(X), sigma):
            truth = zip(latents[index].split(1), dark_above[index].split(1), strict=True)
            found += self._posteriors(self._unshuffled(images), level, truth)
        return found

    # Hooks --------------------------------------------------------------------------------

    def _fit(self, images):
        super()._fit(images)
        if self._law.antialias != "area" or self._law.orientation != "horizontal":
            raise ValueError(
                'image_class: expected a class with antialias="area" and '
                f'orientation="horizontal", got {self._law!r}. Other masks are not differentiable '
                "in the contour."
            )

    def _default_class(self, images):
        return CAlphaImages(tuple(images.shape[2:]), antialias="area")

    def _smallest_sigma(self):
        return 1e-3

    def _posteriors(self, images, sigma, truth=None):
        """Posteriors of images ``(m, C, H, W)``, channel by channel; from their true latents."""
        from gahb_sk.denoisers.optimal._c_alpha_class._image import (  # loads torch
            one_thread_each,
            sample_image,
        )

        root = seed_sequence(self.random_state)
        flat = np.asarray(images, np.float32).reshape(-1, *images.shape[2:])
        levels = np.repeat(np.maximum(sigma, self._smallest_sigma()), images.shape[1])
        effort = (self.n_particles, self.n_moves, self.n_final, _SHARE, _LONGEST)
        truth = [None] * len(flat) if truth is None else truth
        certificate = self.tolerance, self.n_doublings
        tasks = (
            delayed(sample_image)(self._law, image, float(level), effort, certificate, root, start)
            for image, level, start in zip(flat, levels, truth, strict=True)
        )
        with one_thread_each():
            return Parallel(n_jobs=self.n_jobs, prefer="threads")(tasks)

    def _mean(self, images, sigma):
        found = self._posteriors(images, sigma)
        self._warn_of_uncertified(found)
        return np.stack([posterior.mean for posterior in found]).reshape(images.shape)

    def _variances(self, images, sigma):
        found = self._posteriors(images, sigma)
        return np.reshape([posterior.variance for posterior in found], images.shape[:2]).sum(1)

    def _covariance(self, image, sigma):
        found = self._posteriors(image[None], np.array([sigma]))
        return by_channels([factored_operator(posterior.factor) for posterior in found])

    def _jacobian(self, image, sigma, clean=None):
        jacobian = super()._jacobian(image, sigma)
        jacobian.sampled = True
        return jacobian

    def _warn_of_uncertified(self, found):
        bad = [p for p in found if not p.certifies(self.tolerance)]
        if bad:
            warnings.warn(
                f"{type(self).__name__}: {len(bad)} of {len(found)} images are not certified. The "
                f"two runs' means differ by up to {max(p.error_db for p in bad):.2g} dB "
                f"(tolerance={self.tolerance:g}), their log evidence by up to "
                f"{2 * max(p.log_evidence_error for p in bad):.2g} nats, and R-hat reaches "
                f"{max(p.r_hat for p in bad):.2g}. Raise n_doublings; or n_particles if the "
                "evidence differs, and n_final otherwise.",
                UncertifiedWarning,
                stacklevel=2,
            )
