"""List and load the weights that come with the package."""

import json
from pathlib import Path

from gahb_sk.denoisers.learned._shipped import (
    CARD,
    CHROMA,
    COLOR,
    CONFIG,
    check_shipped,
    named_networks,
    refuse_two,
    shipped_folder,
    weight_folders,
)

_OF_TWO = {
    "name": COLOR,
    "text": "Colour photographs of any size: their luminance by photographs, their colours by "
    "photographs-chroma, whose card this is.",
}


def list_pretrained():
    """Names of the networks that are installed.

    "photographs-color" is two of them, one for the luminance and one for the colours of
    photographs. A few come with gahb-sk itself, the others with
    ``pip install "gahb-sk[weights]"``.

    Returns
    -------
    names : list of str
        For :func:`load_pretrained`.

    Examples
    --------
    >>> from gahb_sk import list_pretrained
    >>> "c-alpha-2" in list_pretrained()
    True
    """
    return named_networks()


def list_pairs():
    """Names of the pairs of networks that are installed.

    Returns
    -------
    names : list of str
        For :func:`load_pairs`.
    """
    return [name for name in _with_card() if not (shipped_folder(name) / CONFIG).is_file()]


def _with_card():
    return sorted(
        path.parent.name for place in weight_folders() for path in place.glob(f"*/{CARD}")
    )


def read_card(name):
    """What is known of a network: its images, its training, its PSNR beside its rivals.

    Parameters
    ----------
    name : str
        One of :func:`list_pretrained` or :func:`list_pairs`, or the path of a folder of the same
        format.

    Returns
    -------
    card : dict
        ``text`` (the images), ``plan`` (class, size and parameters), ``images_seen``, ``minutes``,
        ``threads``, ``sigma``, ``psnr`` (for each denoiser the mean over test images at each
        noise level, in dB), ``n_test_images``, ``sides_tested`` (least and largest side of the
        images that it is tested on), ``learning_curve``, ``version`` and ``command`` (which redoes
        it); of pairs, see :func:`load_pairs`. That of "photographs-color" is the card of the
        network for colours, whose ``psnr`` is that of both.

    Raises
    ------
    ValueError
        For an unknown name, or a folder without a card.
    """
    two = str(name) == COLOR and COLOR in named_networks()
    folder = find_any(CHROMA if two else name)
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder}: {CARD} cannot be read ({error}).") from error
    return card | _OF_TWO if two else card


def load_pretrained(name):
    """Load a network that comes with the package.

    Parameters
    ----------
    name : str or path-like
        One of :func:`list_pretrained`, or the path of a folder that ``save`` wrote.

    Returns
    -------
    denoiser : PretrainedDenoiser or OpponentColors
        Ready to use, blind to the noise level unless its card says otherwise. ``fit`` trains
        nothing; the ``to_trainable()`` of a PretrainedDenoiser can be trained further.
        "photographs-color" is an :class:`OpponentColors` of "photographs" and
        "photographs-chroma".

    Raises
    ------
    ValueError
        For an unknown name (the nearest is given, and what to install for more), or a damaged
        folder.

    Examples
    --------
    >>> from gahb_sk import load_pretrained
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> X = make_c_alpha_images(8, image_size=64, alpha=2, random_state=0)
    >>> load_pretrained("c-alpha-2").fit(X).score(X, sigma=0.1) > 30
    True
    """
    from gahb_sk.denoisers.wrappers._named import named_denoiser  # loads torch

    denoiser = named_denoiser(name)
    getattr(denoiser, "denoiser", denoiser).network_  # noqa: B018 - a damaged folder shows now
    return denoiser


def find_pairs(name):
    """Return the folder that the name of pairs of networks, or a path, stands for."""
    return _find(name, list_pairs(), "pairs")


def find_any(name):
    """Return the folder that the name of a network or of pairs, or a path, stands for."""
    refuse_two(name)
    return _find(name, sorted({*_with_card(), *named_networks()}), "network")


def _find(name, names, what):
    """Names of the package come first: a folder of such a name is meant by ``./name`` or a Path."""
    path = Path(name)
    if name not in names and path.is_dir():
        return path
    return check_shipped(name, names, what)
