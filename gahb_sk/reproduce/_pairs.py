"""What figures 1, 2 and 15 share: the pairs of networks and their images."""

from gahb_sk.reproduce import load_pair_images
from gahb_sk.zoo import load_pairs


def load(setup, name):
    """Return the fitted pairs by N, the images they were trained on, and how many test images.

    Sets A come first and B last, test images between: no more than the networks left.
    """
    folder = setup.folder(name)
    pairs, X = load_pairs(folder), load_pair_images(folder)
    left = len(X) - 2 * max(pairs)
    return pairs, X, min(left, 100 if setup.n_images is None else setup.n_images)
