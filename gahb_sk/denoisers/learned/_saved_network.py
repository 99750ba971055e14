"""Neural denoisers on disk: folders of safetensors and JSON, and published weights."""

from numbers import Integral

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from gahb_sk.networks._folder import load_folder, save_folder
from gahb_sk.networks._layout import lay_out
from gahb_sk.networks._published import load_checked, write_published

# Parameters that do not change what is learned (up to rounding).
FREE = frozenset({"device", "devices", "engine", "verbose", "checkpoint_dir", "checkpoint_every"})
# Attributes that a saved folder keeps beside the weights.
RECORDS = ("loss_curve_", "history_", "n_iter_", "n_images_seen_", "image_shape_")


class SavedNetworkMixin:
    """``save`` and ``load`` of denoisers with a ``network_``."""

    def save(self, folder, *, half=False):
        """Write the fitted denoiser as ``model.safetensors`` and ``config.json``.

        Parameters
        ----------
        folder : str or path-like
            Made if missing. A ``random_state`` that is no int is not kept.
        half : bool, default=False
            Whether to round the weights to half precision, in half the space.
        """
        check_is_fitted(self)
        parameters = self.get_params()
        seed = parameters["random_state"]
        parameters["random_state"] = int(seed) if isinstance(seed, Integral) else None
        folder_of_checkpoints = parameters["checkpoint_dir"]
        if folder_of_checkpoints is not None:
            parameters["checkpoint_dir"] = str(folder_of_checkpoints)
        config = {
            "estimator": type(self).__name__,
            "parameters": {name: plain(value) for name, value in parameters.items()},
            "fitted": {name: plain(getattr(self, name)) for name in RECORDS},
        }
        state = self.network_.state_dict()
        if half:
            state = {name: value.half() for name, value in state.items()}
        save_folder(folder, state, config)

    @classmethod
    def load(cls, folder):
        """Read what ``save`` wrote.

        Parameters
        ----------
        folder : str or path-like
            Of this class of denoiser.

        Returns
        -------
        denoiser : object
            Fitted.

        Raises
        ------
        ValueError
            If the folder is foreign, of a newer format, damaged, altered, or of another class.
        """
        state, config = load_folder(folder)
        if config.get("estimator") != cls.__name__:
            raise ValueError(
                f"{folder}: expected a {cls.__name__}, got a {config.get('estimator')!r}. Load it "
                "with its own class."
            )
        try:
            parameters = {name: _tuples(value) for name, value in config["parameters"].items()}
            denoiser = cls(**parameters)
            for name in RECORDS:
                setattr(denoiser, name, _tuples(config["fitted"][name], name == "image_shape_"))
            denoiser._validate_params()
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{folder}: config.json lacks or has too much of something ({error})."
            ) from error
        shape = _full_shape(denoiser.image_shape_)
        network = denoiser._build(shape[0], torch.Generator())
        denoiser.network_ = lay_out(load_checked(network, state, folder))
        return denoiser


class PublishedWeightsMixin:
    """``to_published``, and what ``from_published`` needs, of the networks of the paper."""

    def _adopt(self, state, image_channels, source):
        """Become fitted with published weights."""
        network = self._build(image_channels, torch.Generator())
        self.network_ = lay_out(load_checked(network, state, source))
        self.loss_curve_, self.history_ = [], []
        self.n_iter_ = self.n_images_seen_ = 0
        side = max(network.multiple, 8)
        self.image_shape_ = (side, side) if image_channels == 1 else (image_channels, side, side)
        return self

    def to_published(self, path):
        """Write the fitted weights as a state dict in the published layout.

        Parameters
        ----------
        path : str or path-like
            The ``.pt`` file.
        """
        check_is_fitted(self)
        write_published(self.network_, path)


def plain(value):
    """Turn tuples and NumPy numbers into what JSON holds."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def _tuples(value, wanted=True):
    """JSON has no tuples: bring them back, except where lists are meant."""
    return tuple(value) if isinstance(value, list) and wanted else value


def _full_shape(image_shape):
    return image_shape if len(image_shape) == 3 else (1, *image_shape)
