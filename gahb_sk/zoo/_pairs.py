"""Load pairs of networks on disjoint sets of images.

A folder of pairs holds a card and a folder for each network as ``save`` writes it, ``10A`` and
``10B`` for N = 10.
"""

from gahb_sk.zoo._pretrained import find_pairs, load_pretrained, read_card

SETS = ("A", "B")


def load_pairs(name):
    """Load the pairs of networks of a plan.

    Parameters
    ----------
    name : str
        One of :func:`list_pairs`, or the path of a folder that :func:`train_pairs` wrote.

    Returns
    -------
    pairs : dict of int to (denoiser, denoiser)
        For each N, ascending, the networks of the first and of the last N images of
        ``gahb_sk.reproduce.load_pair_images(name)``. Their card has their mean PSNRs:
        ``n_train``, ``train_psnr`` on images of their own and ``test_psnr`` on others, means over
        ``sigma`` and both networks, and ``rivals``, the PSNRs of other denoisers by noise level
        on the first of the latter.

    Raises
    ------
    ValueError
        For an unknown name (the nearest is given), or a damaged folder.

    Examples
    --------
    >>> from gahb_sk.zoo import list_pairs, load_pairs
    >>> from gahb_sk.reproduce import load_pair_images
    >>> "pairs-8x8" in list_pairs()
    True
    >>> first, second = load_pairs("pairs-8x8")[10]
    >>> X = load_pair_images("pairs-8x8")
    >>> first.score(X[:10], sigma=0.1) > second.score(X[:10], sigma=0.1)
    True
    """
    folder = find_pairs(name)
    return {
        n: tuple(load_pretrained(folder / f"{n}{label}") for label in SETS)
        for n in read_card(folder)["n_train"]
    }
