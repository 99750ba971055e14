"""Networks by name: one that comes with the package, a folder, or the pair for colour."""

from gahb_sk.denoisers.learned._pretrained import PretrainedDenoiser
from gahb_sk.denoisers.learned._shipped import (
    CHROMA,
    COLOR,
    GREY,
    find_weights,
    shipped_networks,
)
from gahb_sk.denoisers.wrappers._opponent_colors import OpponentColors


def named_denoiser(weights):
    """Return the denoiser that a name or a folder stands for.

    Parameters
    ----------
    weights : str or path-like
        See :class:`PretrainedDenoiser`; or ``"photographs-color"``: the network for grey
        photographs on the luminance, and for the colours its fellow where that is at hand.

    Returns
    -------
    denoiser : PretrainedDenoiser or OpponentColors
    """
    if weights != COLOR:
        find_weights(weights)  # an unknown name shows now
        return PretrainedDenoiser(weights)
    fellow = PretrainedDenoiser(CHROMA) if CHROMA in shipped_networks() else None
    return OpponentColors(PretrainedDenoiser(GREY), fellow)
