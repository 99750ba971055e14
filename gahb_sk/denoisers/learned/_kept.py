"""Fit a network or load it: trainings that go on after an interruption, kept once finished."""

import shutil
from numbers import Integral
from pathlib import Path

from gahb_sk.denoisers.learned._saved import settings
from gahb_sk.networks._folder import CONFIG
from gahb_sk.training._interruption import interruptions_raised


def fit_or_load(denoiser, X, folder=None, *, half=False):
    """Fit a network denoiser and save it, or load what an earlier call saved.

    Parameters
    ----------
    denoiser : NetworkDenoiser
        It is fitted itself; left as it is if the folder holds the trained network.
    X : array-like, lazy stack or stream
        Training images, or a function without arguments that makes them when they are needed.
    folder : str or path-like, default=None
        Of this network. While it is trained, checkpoints are written there, and the same call goes
        on from the last one. None: fit only.
    half : bool, default=False
        Whether to save the weights in half precision; what is returned is what was saved.

    Returns
    -------
    fitted : NetworkDenoiser

    Raises
    ------
    ValueError
        If the folder holds a network of other parameters.
    KeyboardInterrupt
        After Ctrl-C: a half-trained network is not taken for a finished one.
    """
    if folder is not None and (Path(folder) / CONFIG).is_file():
        return _load(denoiser, folder)
    images = X() if callable(X) else X
    with interruptions_raised():
        if folder is None:
            return denoiser.fit(images)
        own, checkpoints = denoiser.checkpoint_dir, Path(folder) / "checkpoints"
        try:
            denoiser.set_params(checkpoint_dir=checkpoints).fit(images)
        finally:
            denoiser.set_params(checkpoint_dir=own)
    denoiser.save(folder, half=half)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return _load(denoiser, folder) if half else denoiser


def _load(denoiser, folder):
    loaded = type(denoiser).load(folder, network=denoiser.network)
    found, wanted = settings(loaded), settings(denoiser)
    if isinstance(denoiser.random_state, Integral):
        found["random_state"], wanted["random_state"] = loaded.random_state, denoiser.random_state
    changed = [name for name in wanted if found[name] != wanted[name]]
    if changed:
        raise ValueError(
            f"{folder}: expected a network of the same parameters, got one with other "
            f"{', '.join(changed)}. Choose another folder."
        )
    return loaded
