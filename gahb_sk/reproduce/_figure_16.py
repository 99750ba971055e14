"""Figure 16: slopes on C^alpha images by another network, a bias-free chain of convolutions."""

from gahb_sk.image_classes import CAlphaImages
from gahb_sk.reproduce import _rivals, _slopes
from gahb_sk.reproduce._paper_figure import Outcome, PaperFigure

ALPHAS = (1, 2, 3)
_IMAGES = 32
_MANY = 128  # for the slope of the network


def run(setup):
    """Measure every class whose network is there."""
    n = _IMAGES if setup.n_images is None else setup.n_images
    classes = [_c_alpha(alpha, setup, n) for alpha in _there(setup)]
    measured = [(one, _slopes.measure(one, setup)) for one in classes]
    table = _slopes.table_of(measured)
    picture = _slopes.draw_psnrs(measured, "Bias-free CNN on 40x40 images")
    missing = [alpha for alpha in ALPHAS if alpha not in _there(setup)]
    notes = [f"No network for alpha {alpha} comes with the package." for alpha in missing]
    return Outcome(
        table.rounded(sigma=6),
        {"Output PSNR against input PSNR; the slope of theory is alpha / (alpha + 1).": picture},
        [_slopes.slope_check(*_many(alpha, setup)) for alpha in _there(setup)],
        notes + _say(table, classes),
        complete=not missing,
    )


def _there(setup):
    return [alpha for alpha in ALPHAS if setup.has(f"bf-cnn-{alpha}")]


def _many(alpha, setup):
    """Return the panel of many images of a class, and the network's slope on them."""
    panel = _c_alpha(alpha, setup, _MANY if setup.n_images is None else setup.n_images)
    return panel, _slopes.network_slope(panel, setup)


def _c_alpha(alpha, setup, n):
    images = CAlphaImages(40, alpha=float(alpha)).sample(n + 1, setup.stream(16, alpha))
    denoisers = {_slopes.NETWORK: setup.load(f"bf-cnn-{alpha}")}
    if setup.has(f"c-alpha-{alpha}"):
        denoisers["network of figure 4"] = setup.load(f"c-alpha-{alpha}")
    denoisers |= {"wavelets, spun": _rivals.rivals()["wavelets, spun"], **_rivals.oracles()}
    return _slopes.c_alpha_panel(alpha, images, denoisers)


def _say(table, classes):
    lines = []
    for one in classes:
        part = table.where(images=one.name)
        if "network of figure 4" not in part["denoiser"]:
            continue
        other = part.where(denoiser="network of figure 4")["psnr"]
        ahead = other - part.where(denoiser=_slopes.NETWORK)["psnr"]
        lines.append(
            f"{one.name}: the network of figure 4 is {ahead.min():.2f} to {ahead.max():.2f} dB "
            "above the bias-free CNN."
        )
    return lines


FIGURE = PaperFigure(
    number=16,
    title="The same slopes by a bias-free CNN",
    paper=(
        "The slopes of figure 4 do not depend on the architecture: a bias-free chain of 21 "
        "convolutions (BF-CNN) trained on 40x40 C^alpha images has them, too."
    ),
    criterion=(
        "The slope of a BF-CNN (here 12 convolutions of 32 channels) on 128 images of 40x40 is "
        "within .06 of alpha / (alpha + 1)."
    ),
    run=run,
    networks=("bf-cnn-2",),
    optional=("bf-cnn-1", "bf-cnn-3"),
    keys=("images", "denoiser", "sigma"),
    tolerances={"psnr": 0.05, "slope": 0.01},
)
