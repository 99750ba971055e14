"""What the log density of an energy is good for: out-of-class detection, dimension, sampling.

    python -m benchmarks.bench_detection classes      # disks against others; detection.png
    python -m benchmarks.bench_detection regularity   # C^alpha, alpha 2 against 1 and 3
    python -m benchmarks.bench_detection members      # training images against new ones
    python -m benchmarks.bench_detection samples      # Metropolis steps against the plain sampler

Networks are trained on --max-images fresh images; with --folder they are kept there and read again.
"""

import argparse

import numpy as np
from scipy.stats import ks_2samp, spearmanr
from sklearn.metrics import roc_auc_score

from benchmarks.bench_density import SIZE, fresh, regular_images, standard_error, trained
from benchmarks.bench_sampling import nearest_disk
from gahb_sk import add_gaussian_noise
from gahb_sk.denoisers import GaussianPosteriorMean
from gahb_sk.image_classes import CAlphaImages, DiskImages, SineImages
from gahb_sk.jacobians import hutchpp, linearize
from gahb_sk.plots._style import COLOURS
from gahb_sk.sampling import MetropolisSampler, ScoreSampler, score_samples

SIGMA = 0.1


def noisy_images(laws, n):
    """Return noisy images of each class by name."""
    return {
        name: add_gaussian_noise(law.sample(n, random_state=1), SIGMA, 2)
        for name, law in laws.items()
    }


def scores(network, reference, noisy):
    """Return, for each way to score an image, the scores of each class."""
    ways = {
        "log p": lambda X: network.score_samples(X, SIGMA),
        "path integral": lambda X: score_samples(
            network, X, SIGMA, reference=reference, sigma_max=2.0, n_draws=1
        ),
        "residual": lambda X: -np.square(network.transform(X, sigma=SIGMA) - X).sum((1, 2)),
    }
    return {way: {name: score(X) for name, X in noisy.items()} for way, score in ways.items()}


def show_areas(values):
    """Print areas under the ROC curve of the first class (high values) against each other one."""
    for way, found in values.items():
        inside, *others = found
        areas = "  ".join(f"{name} {area(found[inside], found[name]):.3f}" for name in others)
        print(f"{way:14s} AUROC {areas}")


def area(inside, outside):
    """Area under the ROC curve of images of the class (high values) against others."""
    truth = np.r_[np.ones(len(inside)), np.zeros(len(outside))]
    return roc_auc_score(truth, np.r_[inside, outside])


def classes(args):
    """Disks against sines and C^alpha images."""
    law = DiskImages(SIZE)
    network = trained("disks", fresh(law), args)
    reference = GaussianPosteriorMean().fit(law.sample(2000, random_state=3))
    laws = {
        "disks": law,
        "sines": SineImages(SIZE),
        "C^alpha, alpha 1": CAlphaImages(SIZE, alpha=1.0),
        "C^alpha, alpha 3": CAlphaImages(SIZE, alpha=3.0),
    }
    noisy = noisy_images(laws, args.n_test)
    values, optimum = scores(network, reference, noisy), law.posterior_mean().fit(noisy["disks"])
    values["exact"] = {name: optimum.score_samples(X, SIGMA) for name, X in noisy.items()}
    show_areas(values)
    for way in ("log p", "path integral"):
        away = (values[way]["disks"] - values["exact"]["disks"]) / SIZE**2
        rank = spearmanr(values[way]["disks"], values["exact"]["disks"]).statistic
        print(f"{way:14s} disks: bias {away.mean():.4f} ({standard_error(away):.4f}) per pixel, "
              f"scatter {away.std():.4f}, Spearman {rank:.3f}")  # fmt: skip
    dimension = optimum.posterior_variance(noisy["disks"], SIGMA) / SIGMA**2
    rank = spearmanr(dimension, values["exact"]["disks"]).statistic
    print(f"effective dimension of disks {dimension.mean():.1f}, Spearman with log p {rank:.3f}")
    draw_classes(values, args)


def regularity(args):
    """C^alpha images, alpha 2, against rougher and smoother ones."""
    law = regular_images(2.0)
    network = trained("c-alpha", fresh(law), args)
    reference = GaussianPosteriorMean().fit(law.sample(2000, random_state=3))
    laws = {f"alpha {alpha:g}": regular_images(alpha) for alpha in (2.0, 1.0, 3.0)}
    noisy = noisy_images(laws, args.n_test)
    values = scores(network, reference, noisy)
    show_areas(values)
    dimensions = {name: effective_dimensions(network, X) for name, X in noisy.items()}
    for name, found in dimensions.items():
        rank = spearmanr(found, values["log p"][name]).statistic
        print(f"{name}: effective dimension {found.mean():.1f} ({standard_error(found):.1f}), "
              f"log p {values['log p'][name].mean():.0f}, Spearman {rank:.3f}")  # fmt: skip
    draw_dimensions(dimensions, values["log p"], args)


def effective_dimensions(network, noisy, n_products=96):
    """Traces of the Jacobian at each image, from random products."""
    operators = (linearize(network, y, SIGMA) for y in noisy)
    return np.array(
        [hutchpp(J.matmat, J.shape[0], n_products=n_products, random_state=0).value
         for J in operators]
    )  # fmt: skip


def members(args):
    """Training images against new ones, for energies that saw few images many times."""
    law = DiskImages(SIZE)
    for n_train in args.n_train:
        X = law.sample(n_train, random_state=5)
        network = trained(f"disks-{n_train}", X, args)
        own = X[: args.n_test]
        noisy = {
            "own": add_gaussian_noise(own, SIGMA, 2),
            "new": add_gaussian_noise(law.sample(args.n_test, random_state=6), SIGMA, 3),
        }
        print(f"trained on {n_train} images")
        show_areas(scores(network, GaussianPosteriorMean().fit(X), noisy))


def samples(args):
    """Samples of the energy of disks, with and without a Metropolis test, beside new disks."""
    law = DiskImages(SIZE)
    network, truth = trained("disks", fresh(law), args), law.sample(args.n_test, random_state=7)
    mean = law.sample(2000, random_state=8).mean(axis=0)
    ends = {"sigma_start": 2.0, "sigma_end": 0.02, "mean": mean, "random_state": 0}
    metropolis = MetropolisSampler(network, **ends)
    samplers = {
        "plain, 60 steps": ScoreSampler(network, n_steps=60, **ends),
        "plain, beta 1": ScoreSampler(network, n_steps=60, beta=1.0, **ends),
        "Metropolis": metropolis,
    }
    drawn = {name: sampler.sample(args.n_test).images for name, sampler in samplers.items()}
    print(f"Metropolis: {metropolis.acceptance_.mean():.2f} of the steps accepted")
    optimum = law.posterior_mean().fit(truth)
    for name, X in {**drawn, "disks": law.sample(args.n_test, random_state=9)}.items():
        distances = [
            ks_2samp(statistic(X), statistic(truth)).statistic for statistic in (means, deviations)
        ]
        away = np.array([nearest_disk(x) for x in X[: args.n_nearest]])
        noisy = add_gaussian_noise(X, SIGMA, 2)
        found = optimum.score_samples(noisy, SIGMA) / SIZE**2
        print(f"{name:18s} distance of means {distances[0]:.3f}, of contrasts {distances[1]:.3f}, "
              f"nearest disk {away.mean():.4f} ({standard_error(away):.4f}), "
              f"log p per pixel {found.mean():.3f} ({standard_error(found):.3f})")  # fmt: skip


def means(X):
    """Mean intensity of each image."""
    return X.mean((1, 2))


def deviations(X):
    """Standard deviation of each image."""
    return X.std((1, 2))


def axes(n):
    """Return a figure and n axes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    return plt.subplots(1, n, figsize=(4.4 * n, 3.6), layout="constrained", squeeze=False)


def draw_classes(values, args):
    """Draw the log densities of each class, and those of disks against the truth."""
    figure, ((left, right),) = axes(2)
    found, exact = values["log p"], values["exact"]["disks"]
    low = np.percentile(np.concatenate(list(found.values())), 2)
    bins = np.linspace(low, max(v.max() for v in found.values()), 40)
    styles = iter({"color": c, "linestyle": s, "linewidth": 1.5} for c, s in
                  zip(COLOURS, ("-", ":", "--", "-."), strict=False))  # fmt: skip
    for name, one in found.items():
        left.hist(np.maximum(one, low), bins, histtype="step", label=name, **next(styles))
    left.set(xlabel="log density by the energy (nats)", ylabel="images",
             title="An energy of disks gives other classes less density")  # fmt: skip
    left.legend(fontsize=8, loc="upper left")
    right.plot(exact, found["disks"], "o", ms=4, color=COLOURS[0], label="energy")
    right.plot(exact, values["path integral"]["disks"], "x", ms=4, color=COLOURS[1],
               label="path integral")  # fmt: skip
    right.axline((exact.mean(), exact.mean()), slope=1, color="k", lw=0.8, label="equal")
    right.set(xlabel="exact log density (nats)", ylabel="found log density (nats)",
              title="Disks: both estimates are too low")  # fmt: skip
    right.legend(fontsize=8)
    figure.savefig(args.output, dpi=110)


def draw_dimensions(dimensions, found, args):
    """Draw the log density of each image against its effective dimension."""
    figure, ((axis,),) = axes(1)
    styles = zip(COLOURS, ("o", "s", "^"), strict=False)
    for (name, values), (colour, marker) in zip(dimensions.items(), styles, strict=False):
        axis.plot(values, found[name], marker, ms=4, color=colour, fillstyle="none", label=name)
    axis.set(xlabel="effective dimension", ylabel="log density (nats)",
             title="Rough images are less probable")  # fmt: skip
    axis.legend(fontsize=8)
    figure.savefig(args.output, dpi=110)


COMMANDS = {
    "classes": classes,
    "regularity": regularity,
    "members": members,
    "samples": samples,
}


def main(argv=None):
    """Run one of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("what", choices=COMMANDS)
    add("--max-images", type=int, default=20_000)
    add("--n-test", type=int, default=100)
    add("--recipe", default="muon", help="of the training")
    add("--n-train", type=int, nargs="+", default=[10, 100, 1000], help="images of members")
    add("--n-nearest", type=int, default=20, help="samples whose nearest disk is searched")
    add("--folder", help="where networks are kept")
    add("--output", default="detection.png", help="picture")
    args = parser.parse_args(argv)
    COMMANDS[args.what](args)


if __name__ == "__main__":
    main()
