"""Figure 17: contours of one regularity between smooth backgrounds; a measure of it added."""

import numpy as np

from gahb_sk.experiments import optimality_gap
from gahb_sk.reproduce import PLANS, _bases
from gahb_sk.reproduce._contours import THEORY, count_table, curve_table, passed_curves, seen
from gahb_sk.reproduce._paper_figure import Check, Outcome, PaperFigure

ALPHAS = (1.5, 2, 4)
SIGMA = 0.15
SIGMAS = (0.05, 0.15, 0.3)
_IMAGES, _CONTOURS, _SHOWN = 96, 24, 9
_COLUMNS = ("images", "denoiser", "sigma", "k", "psnr", "gap", "gap_se", "passed",
            "passed_se")  # fmt: skip


def run(setup):
    """Try every network on every class: PSNR, and what it lets through of the contours."""
    networks = {_name(alpha): setup.load(f"contour-{alpha}") for alpha in ALPHAS}
    classes = {_name(alpha): _images(setup, alpha) for alpha in ALPHAS}
    psnrs = _psnrs(setup, networks, classes)
    noise = setup.stream(_bases.NOISE)
    curves = {
        (title, name): passed
        for alpha, (title, (X, latents)) in zip(ALPHAS, classes.items(), strict=True)
        for name, passed in passed_curves(
            networks, X[:_CONTOURS], latents, alpha, SIGMA, noise
        ).items()
    }
    examples = {
        f"contours of regularity {title}": _bases.example(
            setup, networks[title], X, _bases.typical(X), SIGMA, _SHOWN
        )
        for title, (X, _) in classes.items()
    }
    own = {key: passed for key, passed in curves.items() if key[1] in (key[0], THEORY)}
    tables = {
        "psnr": psnrs,
        "harmonics let through": count_table(curves, SIGMA),
        "let through": curve_table(own, SIGMA),
    }
    return Outcome(
        _bases.joined(tables, _COLUMNS),
        _pictures(examples, curves),
        _checks(psnrs, curves),
        _notes(psnrs, curves),
    )


def _name(alpha):
    return f"alpha {alpha}"


def _images(setup, alpha):
    plan = PLANS[f"contour-{alpha}"]
    n = _IMAGES if setup.n_images is None else setup.n_images
    stream = setup.stream(17, ALPHAS.index(alpha))
    return plan.image_class.sample(n, stream, return_latents=True)


def _psnrs(setup, networks, classes):
    """PSNR of each network on each class, and its gap to the class's own."""
    noise = setup.stream(_bases.NOISE)
    found = {
        title: optimality_gap(networks, networks[title], X, SIGMAS, random_state=noise)
        for title, (X, _) in classes.items()
    }
    return _bases.stacked(found, "images")


def _checks(psnrs, curves):
    checks = []
    for title in map(_name, ALPHAS):
        part = psnrs.where(images=title, sigma=SIGMA)
        rivals = part["gap"][part["denoiser"] != title]
        checks.append(
            Check(f"{title}: dB of its own network above the other two at sigma {SIGMA:g}",
                  float(rivals.min()), 0.0)
        )  # fmt: skip
    count = {key: seen(one).sum(axis=1).mean() for key, one in curves.items()}
    middle = _name(ALPHAS[1])
    for rough, smooth in zip(ALPHAS, ALPHAS[1:], strict=False):
        a, b = _name(rough), _name(smooth)
        own = float(count[a, a] - count[b, b])
        same = float(count[middle, a] - count[middle, b])
        checks += [
            Check(f"harmonics let through, {a} less {b}, each on its own images", own, 1.0),
            Check(f"harmonics let through, {a} less {b}, on the same images", same, 0.5),
        ]
    return checks


def _notes(psnrs, curves):
    count = {key: seen(one).sum(axis=1).mean() for key, one in curves.items()}
    notes = []
    for title in map(_name, ALPHAS):
        part = psnrs.where(images=title, sigma=SIGMA)
        listed = ", ".join(f"{row['denoiser']} {row['psnr']:.2f}" for row in part.rows())
        notes.append(f"PSNR on images of {title} at sigma {SIGMA:g}, by network: {listed} dB.")
        notes.append(
            f"{title}: its network lets {count[title, title]:.1f} harmonics of the contour "
            f"through, theory {count[title, THEORY]:.1f}."
        )
    return notes


def _pictures(examples, curves):
    from gahb_sk.plots._style import COLOURS

    figure, axes = _bases.panels(len(ALPHAS), 4.0)
    for ax, title in zip(axes, map(_name, ALPHAS), strict=True):
        for name, colour in zip((*map(_name, ALPHAS), THEORY), COLOURS, strict=False):
            values = seen(curves[title, name])
            style = {"color": "black", "linestyle": ":"} if name == THEORY else {"color": colour}
            label = name if name == THEORY else f"network {name}"
            ax.plot(np.arange(1, values.shape[1] + 1), values.mean(axis=0), label=label, **style)
        ax.set(xlabel="cycles along the contour", ylabel="let through", ylim=(-0.05, 1.25))
        ax.set_title(f"images of {title}", fontsize=10)
        ax.set_xticks([1, 5, 10, 15, 19])
        ax.legend(fontsize="small")
    return {
        f"Leading eigenvectors with their factors, sigma {SIGMA:g}.": _bases.draw_examples(
            examples, range(_SHOWN)
        ),
        "How much of the harmonics of a contour each network lets through; theory treats each "
        "harmonic as the only unknown.": figure,
    }


FIGURE = PaperFigure(
    number=17,
    title="Eigenvectors follow the contour's regularity",
    paper=(
        "Networks trained on images whose contours have regularity 1.5, 2 and 4 between "
        "backgrounds of regularity 8: the eigenvectors follow contours of that regularity. It is "
        "shown by eye."
    ),
    criterion=(
        "At sigma .15 each network has the best PSNR of the three on its own class, and the more "
        "regular the contours it was trained on, the fewer harmonics of a contour it lets through: "
        "by at least 1 harmonic from class to class, and by at least half a harmonic on the same "
        "images of alpha 2."
    ),
    run=run,
    networks=("contour-1.5", "contour-2", "contour-4"),
    keys=("quantity", "images", "denoiser", "sigma", "k"),
    tolerances={"psnr": 0.05, "gap": 0.03, "passed": 0.1},
)
