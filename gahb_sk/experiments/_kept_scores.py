"""Scores of a task of an experiment, on disk as soon as they are known.

The same call finds them after an interruption. A file says what its scores are of, and scores of
anything else are computed again.
"""

import hashlib
import json
import os
import zipfile

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

import gahb_sk
from gahb_sk._files import atomic_path
from gahb_sk.images import as_images

_FORMAT = 1
_DIGESTED = 1024  # images that the fingerprint of the data reads


def fingerprint(X):
    """Return shape, dtype and a digest of images spread over the stack."""
    images = as_images(X)
    digest = hashlib.sha256()
    for k in np.unique(np.linspace(0, len(images) - 1, _DIGESTED).astype(int)):
        digest.update(np.ascontiguousarray(images.numpy([k])).tobytes())
    return [list(images.shape), str(images.dtype), digest.hexdigest()]


def describe(denoiser, **others):
    """Return a denoiser's class and parameters, and what else its scores depend on, as JSON.

    None where the text could stay the same though the denoiser is another: for functions, modules,
    fitted denoisers, and names of files.
    """
    whole = {"format": _FORMAT, "version": gahb_sk.__version__, "denoiser": denoiser, **others}
    try:
        return json.dumps(_plain(whole), sort_keys=True)
    except TypeError:
        return None


def _plain(value):
    if isinstance(value, BaseEstimator) and not isinstance(value, FrozenEstimator):
        cls, parameters = type(value), value.get_params(deep=False)
        return {"class": f"{cls.__module__}.{cls.__qualname__}", **_plain(parameters)}
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.ndarray):
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes())
        return [str(value.dtype), list(value.shape), digest.hexdigest()]
    if value is None or isinstance(value, bool | int | float | np.generic):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, str) and not os.path.exists(value):
        return value
    raise TypeError(f"{value!r} is not plain")


def kept(compute, path, of):
    """Return what ``compute()`` does, a dict of arrays; read it if it is at ``path``.

    Without a path, or if ``of`` is None, it is computed and not kept.
    """
    if path is None or of is None:
        return compute()
    try:
        with open(path, "rb") as file, np.load(file) as arrays:
            found = dict(arrays)
        if str(found.pop("of")) == of:
            return found
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        pass  # not there, or damaged
    found = compute()
    with atomic_path(path) as temporary:
        np.savez(temporary, of=of, **found)
    return found
