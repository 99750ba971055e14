"""What a network has inside at an image: the means of a layer's channels, as features."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from gahb_sk._documentation import Documented
from gahb_sk._validation import check_name, fit_context, positive
from gahb_sk.denoisers import as_denoiser
from gahb_sk.images import as_images

_IMAGES = 256  # of one forward pass


class NetworkFeatures(TransformerMixin, Documented, BaseEstimator):
    """Mean activation of each channel of a layer of a network that denoises.

    Parameters
    ----------
    denoiser : denoiser with a network
        A :class:`~gahb_sk.PretrainedDenoiser`, the name or folder of one, or a fitted
        :class:`~gahb_sk.NetworkDenoiser`. In a pipeline or a search, which clone their steps, wrap
        the latter in :class:`sklearn.frozen.FrozenEstimator`.
    layer : str, default=None
        Name of a module of the network, as ``named_modules`` of torch gives it. None: the middle
        one of those with the fewest positions, which is in the middle of the network.
    sigma : float, default=None
        Noise level that a network that is not blind is given.

    Attributes
    ----------
    layer_ : str
        Name of the layer.
    n_features_out_ : int
        Its channels.

    Notes
    -----
    Activations are rectified and averaged over positions. They are those at X as it is: add
    noise to clean images first, at the level that is of interest.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from gahb_sk.analysis import NetworkFeatures
    >>> from gahb_sk.datasets import make_disk_images, make_sine_images
    >>> X = np.concatenate([make_disk_images(20, 16, random_state=0),
    ...                     make_sine_images(20, 16, random_state=0)])
    >>> y = np.repeat(["disk", "sine"], 20)
    >>> pipeline = make_pipeline(NetworkFeatures("disks"), StandardScaler(), LogisticRegression())
    >>> pipeline.fit(X, y).score(X, y) > 0.9
    True
    """

    _parameter_constraints: dict = {
        "denoiser": "no_validation",
        "layer": [str, None],
        "sigma": [positive(), None],
    }

    def __init__(self, denoiser: Any, *, layer: str | None = None, sigma: float | None = None):
        self.denoiser = denoiser
        self.layer = layer
        self.sigma = sigma

    @fit_context()
    def fit(self, X: npt.ArrayLike, y: Any = None) -> "NetworkFeatures":
        """Find the layer and count its channels; nothing is trained.

        Parameters
        ----------
        X : array-like or torch.Tensor of shape (n, H, W) or (n, C, H, W)
            Images, of which the first is looked at.
        y : object
            Ignored.

        Returns
        -------
        self : object
        """
        denoiser = as_denoiser(self.denoiser, oracles=False)
        self._network = getattr(denoiser, "network_", None)
        if self._network is None:
            raise ValueError(
                f"denoiser: expected one with a trained network, got {type(denoiser).__name__} "
                "without. Fit it first; in a pipeline wrap it in sklearn.frozen.FrozenEstimator."
            )
        if not denoiser.blind and self.sigma is None:
            raise ValueError("sigma: expected a noise level, which this network is given.")
        self._image_shape = denoiser.image_shape
        image = as_images(X, image_shape=self._image_shape).tensor(slice(1))
        if self.layer is None:
            self.layer_ = self._middle(image)
        else:
            names = [name for name, _ in self._network.named_modules() if name]
            self.layer_ = check_name(self.layer, names, "layer")
        self.n_features_out_ = self._means(image).shape[1]
        return self

    def transform(self, X: npt.ArrayLike) -> np.ndarray:
        """Return the features of images.

        Parameters
        ----------
        X : array-like, torch.Tensor or lazy stack of shape (n, H, W) or (n, C, H, W)

        Returns
        -------
        features : ndarray of shape ``(n, n_features_out_)``, float32
            At least 0.
        """
        check_is_fitted(self)
        images = as_images(X, image_shape=self._image_shape)
        starts = range(0, len(images), _IMAGES)
        return np.concatenate([self._means(images.tensor(slice(i, i + _IMAGES))) for i in starts])

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the features: the layer's, and the number of the channel."""
        check_is_fitted(self)
        return np.array([f"{self.layer_}.{k}" for k in range(self.n_features_out_)], dtype=object)

    def _means(self, images):
        found = []
        layer = self._network.get_submodule(self.layer_)
        self._call(images, [layer], lambda _, output: found.append(output.relu().mean((2, 3))))
        return found[0].numpy()

    def _middle(self, image):
        """Name of the middle one, in order of calls, of the leaves with the fewest positions."""
        names = {
            module: name
            for name, module in self._network.named_modules()
            if not any(True for _ in module.children())
        }
        sizes: dict = {}

        def look(module, output):
            if output.ndim == 4:
                sizes.setdefault(names[module], output.shape[2] * output.shape[3])

        self._call(image, names, look)
        coarse = [name for name, size in sizes.items() if size == min(sizes.values())]
        return coarse[len(coarse) // 2]

    def _call(self, images, modules, look):
        """Apply the network, and call ``look(module, output)`` after each of some modules."""
        import torch

        from gahb_sk.networks._inference import denoise

        handles = [
            module.register_forward_hook(lambda module, _, output: look(module, output))
            for module in modules
        ]
        try:
            with torch.no_grad():
                level = None if self.sigma is None else torch.full((len(images),), self.sigma)
                denoise(self._network, images.float().cpu(), level)
        finally:
            for handle in handles:
                handle.remove()


def feature_spread(features: npt.ArrayLike) -> np.ndarray:
    """Spread of each row of features over its channels, after the row was scaled to norm 1.

    Parameters
    ----------
    features : array-like of shape (n, n_features)
        Of :class:`NetworkFeatures`, at least 0.

    Returns
    -------
    spread : ndarray of shape (n,)
        Standard deviation over the channels: 0 where all are equal, up to
        ``sqrt(n_features - 1) / n_features`` where one alone is active. Representations of
        memorised images are said to be spiky, and their spread larger [1]_.

    References
    ----------
    .. [1] arXiv:2512.20963

    Examples
    --------
    >>> print(feature_spread([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 2.0, 0.0]]).round(3))
    [0.    0.433]
    """
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or not np.isfinite(features).all():
        raise ValueError(
            f"features: expected finite values of shape (n, n_features), got {features.shape}."
        )
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    scaled = np.divide(features, norms, out=np.zeros_like(features), where=norms > 0)
    return scaled.std(axis=1)
