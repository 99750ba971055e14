"""What changes while a network is trained: measures at some steps of one training."""

import copy
import dataclasses
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.base import clone

from gahb_sk._validation import validate_params
from gahb_sk.denoisers import NetworkDenoiser
from gahb_sk.experiments._table import Table
from gahb_sk.training._checkpoints import load_snapshots
from gahb_sk.training._machine import resolve_machine

_POWERS = tuple(2**k for k in range(40))


@dataclass(frozen=True)
class TrainingCurve:
    """Result of :func:`training_curve`.

    Attributes
    ----------
    estimator : NetworkDenoiser
        Fitted, as ``fit`` alone would have left it.
    table : Table
        ``steps, images`` (seen so far) and one column per measure; the last row is the fitted
        estimator.
    """

    estimator: NetworkDenoiser
    table: Table


@validate_params(
    {"estimator": [NetworkDenoiser], "measure": [dict], "folder": [str, os.PathLike, None]}
)
def training_curve(
    estimator: NetworkDenoiser,
    X: Any,  # arrays, tensors and lazy stacks
    *,
    at: Sequence[int] | None = None,
    measure: dict[str, Callable[[NetworkDenoiser], float]],
    folder: str | os.PathLike | None = None,
) -> TrainingCurve:
    """Train a network and measure it at several steps of its training.

    Parameters
    ----------
    estimator : NetworkDenoiser
        Cloned, never fitted itself.
    X : array-like, torch.Tensor or lazy stack of shape (n, H, W) or (n, C, H, W)
        Clean training images.
    at : sequence of int, default=None
        Training steps to measure after, positive; those beyond the end are left out. None: 1, 2,
        4, 8 and so on. The fitted network is measured in any case.
    measure : dict of str to callable
        Each is called with a fitted denoiser and returns a number: a score on training or test
        images, an effective dimension, a share of memorised samples.
    folder : str or path-like, default=None
        Where weights and checkpoints are kept. The same call goes on after an interruption, and one
        with other measures trains nothing again. None: the ``checkpoint_dir`` of the estimator,
        or a temporary folder.

    Returns
    -------
    curve : TrainingCurve

    Raises
    ------
    ValueError
        If a step is no positive int, there is no measure, or the folder holds another training.

    Notes
    -----
    Weights are written after the steps and measured when the training is over, so that measuring
    changes nothing: the network is the same, bit for bit, as without. Measured are the weights in
    use, averaged if the recipe averages.

    Examples
    --------
    >>> from gahb_sk import NetworkDenoiser
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.experiments import training_curve
    >>> from gahb_sk.networks import UNet
    >>> X = make_disk_images(40, 16, random_state=0)
    >>> network = NetworkDenoiser(
    ...     UNet(channels=4, n_blocks=1), recipe={"batch_size": 8}, max_images=64, random_state=0)
    >>> curve = training_curve(
    ...     network, X[:16], measure={
    ...         "train": lambda denoiser: denoiser.score(X[:16], sigma=0.3),
    ...         "test": lambda denoiser: denoiser.score(X[16:], sigma=0.3)})
    >>> print(curve.table["steps"])
    [1 2 4 8]
    """
    steps = _POWERS if at is None else tuple(int(step) for step in at)
    if min(steps, default=0) < 1 or (at is not None and list(steps) != list(at)):
        raise ValueError(f"at: expected positive whole numbers of training steps, got {at!r}.")
    if not measure:
        raise ValueError("measure: expected at least one function of a denoiser, got none.")
    folder = folder if folder is not None else estimator.checkpoint_dir
    if folder is not None:
        return _measured(estimator, X, steps, measure, Path(folder))
    with tempfile.TemporaryDirectory() as temporary:
        return _measured(estimator, X, steps, measure, Path(temporary))


def _measured(estimator, X, steps, measure, folder):
    machine = dataclasses.replace(resolve_machine(estimator.machine), snapshots=steps)
    fitted = clone(estimator).set_params(checkpoint_dir=folder, machine=machine).fit(X)
    fitted.set_params(checkpoint_dir=estimator.checkpoint_dir, machine=estimator.machine)
    rows = []
    for counts, weights in load_snapshots(folder):
        if counts["steps"] in steps and counts["steps"] < fitted.n_iter_:
            rows.append({**counts, **_values(_with_weights(fitted, weights), measure)})
    end = {"steps": fitted.n_iter_, "images": fitted.n_images_seen_}
    return TrainingCurve(fitted, Table.from_rows([*rows, {**end, **_values(fitted, measure)}]))


def _values(denoiser, measure):
    return {name: float(function(denoiser)) for name, function in measure.items()}


def _with_weights(fitted, weights):
    """Return a copy of a fitted estimator with other weights."""
    other = copy.copy(fitted)
    other.network_ = copy.deepcopy(fitted.network_)
    other.network_.load_state_dict(weights)
    return other
