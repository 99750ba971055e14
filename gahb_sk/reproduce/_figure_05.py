"""Figure 5: disks, a manifold of five dimensions; the posterior mean's curve and basis added."""

from gahb_sk.reproduce._manifolds import Manifold, manifold_figure

PAPER = {
    "least": ".945",
    "largest": "1.177",
    "extra": ".674, and no optimum",
    "slope": "below 1",
}
# The quadrature of the posterior mean takes its time: fewer images than in its kin.
MANIFOLD = Manifold(5, "disks", PAPER, n_images=48, n_bases=8)


FIGURE = manifold_figure(
    MANIFOLD,
    title="Disks: five tangents, and harmonics beyond them",
    paper=(
        "A UNet trained on disks of random centre, radius and intensities, at sigma .04, has the "
        "factors 1.177 1.067 1.004 .999 .945, whose vectors look like the five tangents of the "
        "class, and then .674 .552 .39 .304 .278, harmonics. At small noise the optimum is a mean "
        "squared error of 5 sigma^2, slope 1; the network's slope is below 1."
    ),
    criterion=(
        "The network's first five factors, means over disks, lie between .8 and 1.25, or where "
        "those of the posterior mean lie if that is wider; the sixth is at least .1 above that of "
        "the posterior mean, and the next ten vectors are harmonics "
        "(harmonicity .5, chance 0). Its slope is at most .98 where the posterior mean's is 1 "
        "(within .05) and its error 5 sigma^2 (within a quarter). The first five vectors overlap "
        "those of the posterior mean by at least .7."
    ),
)
