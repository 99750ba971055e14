"""Figure 19: one photograph times a random intensity, a ray; the posterior mean added."""

from gahb_sk.reproduce._manifolds import Manifold, manifold_figure

FIGURE = manifold_figure(
    Manifold(19, "ray", {"slope": "below 1", "extra": "above 0"}, n_images=256),
    title="One photograph of any intensity: a ray",
    paper=(
        "A UNet trained on one face times a random intensity, a class of one dimension whose "
        "optimum has the mean squared error sigma^2, keeps further harmonics, and its PSNR stays "
        "below the optimum."
    ),
    criterion=(
        "At sigma .04 the network's first factor, a mean over images, lies between .8 and 1.25 "
        "(or where the posterior mean's does, if that is wider), the second is at least .1 above "
        "that of the posterior mean (0), and the next ten vectors "
        "are harmonics (harmonicity .5, chance 0). Its slope is at most .98 where the posterior "
        "mean's is 1 (within .05) and its error sigma^2 (within a quarter). The first vector "
        "overlaps the photograph by at least .7."
    ),
)
