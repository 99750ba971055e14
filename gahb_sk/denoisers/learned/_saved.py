"""Networks on disk: folders of safetensors and JSON, and published weights."""

import dataclasses
from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gahb_sk._arrays import n_channels
from gahb_sk.denoisers.learned._density import Normalization
from gahb_sk.networks._architectures import ARCHITECTURES, Architecture, as_architecture
from gahb_sk.networks._build import weights_of
from gahb_sk.networks._folder import load_folder, save_folder
from gahb_sk.networks._layout import lay_out
from gahb_sk.networks._published import (
    architecture_of,
    build_checked,
    read_published,
    write_published,
)
from gahb_sk.training._recipes import Recipe

# Parameters that do not change what is learned (up to rounding).
WITHOUT_EFFECT = frozenset({"machine", "verbose", "checkpoint_dir", "warm_start", "random_state"})
# Attributes that a saved folder keeps beside the weights.
RECORDS = ("loss_curve_", "history_", "n_iter_", "n_images_seen_", "image_shape_")
_CLASSES = {cls.__name__: cls for cls in ARCHITECTURES.values()}
# What settings of another kind than a network's raise; torch has RuntimeError for bad sizes.
_BAD_SETTINGS = (ValueError, KeyError, TypeError, AttributeError, RuntimeError, OverflowError)
# What networks were that were saved before they had these parameters.
_ONCE = {"ResidualUNet": {"padding": "zeros"}}


def settings(denoiser):
    """Return the parameters that decide what is learned, as JSON values.

    Parameters
    ----------
    denoiser : estimator
        A network is described by its architecture and parameters, a module of the user's by its
        class.

    Returns
    -------
    settings : dict
    """
    parameters = denoiser.get_params(deep=False)
    return {
        name: _plain(value, name)
        for name, value in parameters.items()
        if name not in WITHOUT_EFFECT
    }


def _plain(value, name=""):
    if name == "network":
        value = as_architecture(value)
        if type(value) not in _CLASSES.values():
            cls = value if isinstance(value, type) else getattr(value, "func", type(value))
            return {"class": f"{cls.__module__}.{cls.__qualname__}"}
    if isinstance(value, Architecture):
        parameters = value.get_params(deep=False)
        return {"class": type(value).__name__, **{k: _plain(v) for k, v in parameters.items()}}
    if dataclasses.is_dataclass(value):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


class SavedNetwork:
    """``save`` and ``load`` of a :class:`NetworkDenoiser`, and the published layout."""

    normalization_ = None

    def save(self, folder, *, half=False):
        """Write the fitted denoiser as ``model.safetensors`` and ``config.json``.

        A model that is there is replaced as a whole or, if anything fails, not at all.

        Parameters
        ----------
        folder : str or path-like
            Made if missing. A ``random_state`` that is no int is not kept, nor is what does not
            change the result, such as ``machine``.
        half : bool, default=False
            Whether to round the weights to half precision, in half the space.
        """
        check_is_fitted(self)
        seed = self.random_state
        config = {
            "estimator": type(self).__name__,
            "parameters": {
                **settings(self),
                "random_state": int(seed) if isinstance(seed, Integral) else None,
            },
            "fitted": {name: _plain(getattr(self, name)) for name in RECORDS},
        }
        if self.normalization_ is not None:
            config["normalization"] = _plain(self.normalization_)
        state = weights_of(self.network_)
        if half:
            state = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
        save_folder(folder, state, config)

    @classmethod
    def load(cls, folder, *, network=None):
        """Read what ``save`` wrote.

        Parameters
        ----------
        folder : str or path-like
        network : torch.nn.Module or callable that returns one, default=None
            A module of your own, or its class, where the folder holds one. No code is read from
            the folder.

        Returns
        -------
        denoiser : NetworkDenoiser
            Fitted.

        Raises
        ------
        ValueError
            If the folder is foreign, of another format, damaged or altered, or of a module of the
            user's that ``network`` does not name.
        """
        state, config = load_folder(folder)
        if config.get("estimator") != cls.__name__:
            raise ValueError(
                f"{folder}: expected a {cls.__name__}, got a {config.get('estimator')!r}."
            )
        try:
            parameters = {name: _tuples(value) for name, value in config["parameters"].items()}
            parameters["network"] = _network(config["parameters"]["network"], network, folder)
            denoiser = cls(**parameters)
            for name in RECORDS:
                setattr(denoiser, name, _tuples(config["fitted"][name], name == "image_shape_"))
            if "normalization" in config:
                denoiser.normalization_ = Normalization(**config["normalization"])
            denoiser._validate_params()
            built = build_checked(
                as_architecture(denoiser.network),
                n_channels(denoiser.image_shape_),
                state,
                folder,
                blind=denoiser.blind,
                predicts=denoiser.predicts,
            )
        except _BAD_SETTINGS as error:
            raise ValueError(
                f"{folder}: the settings in config.json are not those of a network ({error})."
            ) from error
        denoiser.network_ = lay_out(built).eval().requires_grad_(False)
        return denoiser

    @classmethod
    def from_published(cls, path, *, first_linear=False):
        """Make a fitted denoiser of published weights (a ``.pt`` state dict).

        Parameters
        ----------
        path : str or path-like
            Of a UNet or a BF-CNN. Read with ``weights_only=True``; every key and shape is checked.
            The architecture is read off the weights.
        first_linear : bool, default=False
            Whether a published BF-CNN has no ReLU after its first convolution; the weights cannot
            tell.

        Returns
        -------
        denoiser : NetworkDenoiser

        Raises
        ------
        ValueError
            If the file is no state dict of such a network.
        """
        state = read_published(path)
        architecture, image_channels = architecture_of(state, path, first_linear=first_linear)
        denoiser = cls(architecture)
        network = build_checked(architecture, image_channels, state, path)
        denoiser.network_ = lay_out(network).eval().requires_grad_(False)
        denoiser.loss_curve_, denoiser.history_ = [], []
        denoiser.n_iter_ = denoiser.n_images_seen_ = 0
        side = max(network.multiple, 8)
        shape = (side, side) if image_channels == 1 else (image_channels, side, side)
        denoiser.image_shape_ = shape
        return denoiser

    def to_published(self, path):
        """Write the fitted weights as a state dict in the published layout.

        Parameters
        ----------
        path : str or path-like
            The ``.pt`` file.
        """
        check_is_fitted(self)
        write_published(self.network_, path)


def _network(described, given, folder):
    """Return the network that a folder describes, or the one that the user names for it."""
    name = described["class"]
    if name in _CLASSES:
        return _architecture(described)
    if given is None:
        raise ValueError(
            f"{folder}: expected the class of the network, a module of your own, got None. Load "
            f"it with load(folder, network={name.rpartition('.')[2]})."
        )
    return given


def _architecture(described):
    """Return the architecture that a dict describes, and those within it."""
    described = {**_ONCE.get(described["class"], {}), **described}
    cls = _CLASSES[described.pop("class")]
    nested = isinstance(described.get("network"), dict)
    inner = {"network": _architecture(described.pop("network"))} if nested else {}
    return cls(**{key: _tuples(value) for key, value in described.items()}, **inner)


def _tuples(value, wanted=True):
    """JSON has neither tuples nor recipes: bring them back, except where lists are meant."""
    if isinstance(value, dict) and set(value) == {f.name for f in dataclasses.fields(Recipe)}:
        return Recipe(**value)
    return tuple(value) if isinstance(value, list) and wanted else value
