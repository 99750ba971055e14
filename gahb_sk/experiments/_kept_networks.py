"""Fitted networks that an experiment keeps, so that it can go on after an interruption.

A folder holds ``manifest.json``, which describes the experiment, and a folder for each network, as
``save`` writes it. A folder of other images, parameters or seeds is refused.
"""

import json

from gahb_sk._files import check_writable, write_text
from gahb_sk.denoisers.learned._saved import settings
from gahb_sk.experiments._kept_scores import fingerprint

MANIFEST = "manifest.json"
_FORMAT = 1


def is_kept(estimator):
    """Whether fitted copies of an estimator can be written and read: networks can."""
    return hasattr(estimator, "save") and hasattr(type(estimator), "load")


def open_folder(folder, estimator, X, seed):
    """Begin the folder of an experiment, or check that an old one is of the same experiment."""
    folder = check_writable(folder)
    wanted = {
        "format": _FORMAT,
        "estimator": type(estimator).__name__,
        "parameters": settings(estimator),
        "seed": int(seed),
        "images": fingerprint(X),
    }
    path = folder / MANIFEST
    if not path.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise ValueError(
                f"folder: {folder} is not empty and holds no {MANIFEST}. Choose another folder."
            )
        write_text(path, json.dumps(wanted, indent=1) + "\n")
        return folder
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        changed = [name for name in wanted if found[name] != wanted[name]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"folder: {path} cannot be read ({error}).") from error
    if changed:
        raise ValueError(
            f"folder: {folder} is of an experiment with other {', '.join(changed)}. Choose "
            "another folder, or the same images, parameters and random_state."
        )
    return folder
