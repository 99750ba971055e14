"""Pairs of small networks on disjoint sets of N images, N from 1 to 10,000: data, no algorithm.

What is needed to see memorisation turn into generalisation (paper, figures 1, 2 and 15): for each
N network A has seen the first N images of a stack, network B the last N. The three plans have the
same images, averaged over squares of pixels, and networks that grow with them.
"""

from dataclasses import dataclass

from gahb_sk.image_classes import CAlphaImages
from gahb_sk.reproduce._network_plan import NetworkPlan
from gahb_sk.reproduce._plans import SIZES, TRAINING_SEED


@dataclass(frozen=True, kw_only=True)
class PairPlan(NetworkPlan):
    """Pairs of networks for several numbers of training images; see also :class:`NetworkPlan`.

    Attributes
    ----------
    averaged : int
        Side of the squares of pixels that are averaged to one.
    alpha : float
        Regularity of the C^alpha images.
    n_train : tuple of int
        Numbers of training images N, in the order in which they are trained.
    n_test : int
        Images that no network sees.
    """

    averaged: int
    alpha: float = 2.0
    n_train: tuple = (10, 1000, 100, 10_000, 1)
    n_test: int = 200
    max_images: int = 40_000

    @property
    def side(self):
        """Side of an image as the networks see it."""
        return self.image_size // self.averaged

    def images(self):
        """Make all images.

        Returns
        -------
        images : ndarray of shape (2 max(n_train) + n_test, side, side), float32
            Networks of N images have seen the first N, or the last N; the test images lie between.
        """
        total = 2 * max(self.n_train) + self.n_test
        made = CAlphaImages(self.image_size, alpha=self.alpha).sample(total, TRAINING_SEED)
        k = self.averaged
        return made.reshape(total, self.side, k, self.side, k).mean(axis=(2, 4))

    def test_images(self, images):
        """Return those of all images that no network sees."""
        start = max(self.n_train)
        return images[start : start + self.n_test]


def pairs_at_paper_scale(plan):
    """Return the plan at the size of the paper: from 80x80, 64 channels, N up to 10^5.

    The networks keep their number of scales; each sees 1,000 epochs of 100,000 images.
    """
    old, new = (f"{side}x{side}" for side in (plan.side, 80 // plan.averaged))
    return plan.at_paper_scale(
        text=plan.text.replace(old, new),
        image_size=80,
        n_train=(10, 1000, 100, 10_000, 100_000, 1),
        n_test=1000,
        sizes={"channels": 64, "n_blocks": plan.sizes["n_blocks"]},
    )


PAIR_SCALES = {"cpu": lambda plan: plan, "paper": pairs_at_paper_scale}


def _plan(size, averaged, n_blocks):
    side = size // averaged
    how = f", averages over {averaged}x{averaged} pixels" if averaged > 1 else ""
    return PairPlan(
        name=f"pairs-{side}x{side}",
        text=f"C^alpha images, alpha = 2, {side}x{side}{how}.",
        image_size=size,
        averaged=averaged,
        sizes={"channels": 8, "n_blocks": n_blocks, **SIZES},
    )


PAIRS = {plan.name: plan for plan in (_plan(32, 2, 2), _plan(32, 4, 1), _plan(32, 1, 3))}
