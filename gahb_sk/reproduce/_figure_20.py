"""Figure 20: sine waves of any phase and amplitude, a cone; the posterior mean added."""

from gahb_sk.reproduce._manifolds import Manifold, manifold_figure

FIGURE = manifold_figure(
    Manifold(20, "sines", {"slope": "below 1", "extra": "above 0"}, n_images=256),
    title="Sine waves of any phase and amplitude: a cone",
    paper=(
        "A UNet trained on sine waves of random phase and amplitude, a cone of two dimensions "
        "whose optimum at small noise has the mean squared error 2 sigma^2, keeps further "
        "harmonics, and its PSNR stays below the optimum."
    ),
    criterion=(
        "At sigma .04 the network's first two factors, means over images, lie between .8 and 1.25 "
        "(or where the posterior mean's do, if that is wider), the third is at least .1 above "
        "that of the posterior mean, and the next ten vectors are "
        "harmonics (harmonicity .5, chance 0). Its slope is at most .98 where the posterior mean's "
        "is 1 (within .05) and its error 2 sigma^2 (within a quarter). The first two vectors "
        "overlap those of the posterior mean by at least .7."
    ),
)
