"""The folder of ``gahb-sk train``: unfinished trainings go on, finished ones are trained further.

Beside a finished network, ``further`` holds the training that goes on from it. The network is
replaced when that is finished, and the card after the network.
"""

import json
import shutil

from gahb_sk._files import write_json
from gahb_sk.cli._training_curve import write_curve
from gahb_sk.denoisers import NetworkDenoiser, fit_or_load
from gahb_sk.denoisers.learned._saved import settings
from gahb_sk.networks._folder import CONFIG
from gahb_sk.zoo._pretrained import CARD

_LIMITS = {"time_budget": "--time", "max_epochs": "--epochs"}
_FURTHER = "further"


def check_folder(folder, denoiser, resume):
    """Return the finished network that the training shall go on from, or None.

    Raises
    ------
    ValueError
        If the folder holds what this training may neither go on with nor replace.
    """
    if not (folder / CONFIG).is_file():
        if any((folder / "checkpoints").glob("step-*")) and not resume:
            raise ValueError(
                f"--output: {folder} holds an unfinished training. Go on with --resume, or choose "
                "another folder."
            )
        return None
    trained = NetworkDenoiser.load(folder, network=denoiser.network)
    found, wanted = settings(trained), settings(denoiser)
    changed = {name for name in wanted if found[name] != wanted[name]}
    if not changed and not _has_card(folder, trained):
        return None  # killed before it was written
    given = {name for name in _LIMITS if wanted[name] is not None}
    if resume and changed == given and all(_is_longer(name, found, wanted) for name in given):
        return trained
    spent = " ".join(f"{option} {found[name]:g}" for name, option in _LIMITS.items() if found[name])
    other = ", ".join(sorted(changed - set(_LIMITS)))
    raise ValueError(
        f"--output: {folder} holds a trained network{' of other ' * bool(other)}{other}. Choose "
        "another folder, or train on from its weights: --resume with the same settings and more "
        f"than {spent or 'it had'}."
    )


def _is_longer(name, found, wanted):
    return None not in (found[name], wanted[name]) and wanted[name] > found[name]


def train_in(folder, denoiser, images, trained=None):
    """Train and save a network, or go on where its checkpoint stands.

    Parameters
    ----------
    folder : pathlib.Path
    denoiser : NetworkDenoiser
        Not fitted.
    images : stack or stream
    trained : NetworkDenoiser, default=None
        What :func:`check_folder` returned. Its time and epochs count as part of the new ones.

    Returns
    -------
    fitted : NetworkDenoiser
    """
    if trained is None:
        return fit_or_load(denoiser, images, folder)
    limits = {name: getattr(denoiser, name) for name in _LIMITS}
    left = {name: value and value - getattr(trained, name) for name, value in limits.items()}
    denoiser.set_params(warm_start=True, **left)
    denoiser.network_, denoiser.n_images_seen_ = trained.network_, trained.n_images_seen_
    fitted = fit_or_load(denoiser, images, folder / _FURTHER).set_params(**limits)
    last = trained.history_[-1]
    fitted.history_ = trained.history_ + [
        {**record, **{name: last[name] + record[name] for name in ("images", "seconds")}}
        for record in fitted.history_
    ]
    fitted.save(folder)
    return fitted


def write_card(folder, card):
    """Write curve and card of a finished training, and remove what the training alone needed."""
    write_curve(folder, card["history"])
    write_json(folder / CARD, card)
    for name in (_FURTHER, "checkpoints"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _has_card(folder, trained):
    """Whether there is a card, and of this network, not of the one that it was trained on from."""
    path = folder / CARD
    return path.is_file() and json.loads(path.read_text("utf-8")).get("images_seen") == (
        trained.n_images_seen_
    )
