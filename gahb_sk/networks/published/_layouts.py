"""Which layouts of keys are known, how each is recognised, and what network it is of."""

from collections.abc import Callable
from typing import NamedTuple

from gahb_sk._validation import check_name
from gahb_sk.networks.published import _chains, _drunet, _mohan
from gahb_sk.networks.published._checkpoint import read_state

_IRCNN_DEPTH = 7


class Layout(NamedTuple):
    """A layout of keys: whether a state dict has it, and the network and convention from it."""

    fits: Callable
    build: Callable


def _chain_channels(state):
    """Channels in and out of a numbered chain, and its number of convolutions."""
    weights = _chains.convolutions(state)
    return (weights[0].shape[1], weights[-1].shape[0], len(weights)) if weights else (0, 0, 0)


def _is_dncnn(state):
    before, after, depth = _chain_channels(state)
    return depth > 1 and before == after


def _is_ffdnet(state):
    before, after, _ = _chain_channels(state)
    return after > 0 and after % 4 == 0 and before == after + 1


LAYOUTS = {
    "dncnn": Layout(_is_dncnn, _chains.build_dncnn),
    "ircnn": Layout(
        lambda state: _is_dncnn(state) and _chain_channels(state)[2] == _IRCNN_DEPTH,
        _chains.build_ircnn,
    ),
    "ffdnet": Layout(_is_ffdnet, _chains.build_ffdnet),
    "drunet": Layout(lambda state: "m_head.weight" in state, _drunet.build_drunet),
    "bf_dncnn": Layout(
        lambda state: {"first_layer.weight", "last_layer.weight"} <= set(state), _mohan.build_dncnn
    ),
    "bf_unet": Layout(
        lambda state: {f"conv{i}.weight" for i in range(1, 10)} <= set(state), _mohan.build_unet
    ),
    "bf_recurrent_cnn": Layout(
        lambda state: {"cnn.first_layer.weight", "cnn.last_layer.weight"} <= set(state),
        _mohan.build_recurrent_cnn,
    ),
}


def read_network(path, architecture=None, entry=None, **options):
    """Return the network of published weights, and its convention.

    Parameters
    ----------
    path : str or path-like
    architecture : str, default=None
        A name of ``LAYOUTS``; None: told from the keys.
    entry : str, default=None
        Where in the file the weights are.
    **options
        What the weights do not tell, of some architectures.

    Raises
    ------
    ValueError
        If the file does not hold such weights, or fits several architectures.
    """
    names = (
        list(LAYOUTS)
        if architecture is None
        else [check_name(architecture, LAYOUTS, "architecture")]
    )
    state = read_state(path, lambda state: any(LAYOUTS[n].fits(state) for n in names), entry)
    fitting = [name for name in names if LAYOUTS[name].fits(state)]
    if len(fitting) > 1:
        raise ValueError(
            f"{path}: the keys are those of several architectures; name one by architecture="
            f"{fitting}."
        )
    return LAYOUTS[fitting[0]].build(state, path, **options)
