"""Log densities of networks that are energies, against the truth, and what they detect.

    python -m benchmarks.bench_density gaussian        # bias and rank correlation, normal images
    python -m benchmarks.bench_density detection       # disks against other classes; density.png

Networks are trained on --max-images fresh images of --size pixels a side.
"""

import argparse
import time

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from gahb_sk import NetworkDenoiser, add_gaussian_noise
from gahb_sk.datasets import FreshImages
from gahb_sk.denoisers import GaussianPosteriorMean
from gahb_sk.image_classes import CAlphaImages, DiskImages, GaussianImages, SineImages
from gahb_sk.networks import Energy, ResidualUNet
from gahb_sk.sampling import score_samples

SIGMA = 0.1  # of the detection
LEVELS = (0.02, 0.05, 0.1, 0.3, 1.0)


def trained(law, args):
    """Return the energy that learned a class, given the noise level."""
    shape = Energy(ResidualUNet(8, n_blocks=2, activation="smooth"))
    network = NetworkDenoiser(
        shape, blind=False, noise_range=(0.01, 2.0), max_images=args.max_images, random_state=0
    )
    start = time.process_time()
    network.fit(FreshImages(law, random_state=0))
    print(f"trained on {args.max_images} images: {time.process_time() - start:.0f} CPU seconds")
    return network


def normal_images(size):
    """Return a normal law whose correlation falls exponentially along rows and columns."""
    i = np.arange(size)
    decay = np.exp(-np.abs(i[:, None] - i) / 4.0)
    return GaussianImages(np.full((size, size), 0.5), 0.04 * np.kron(decay, decay))


def gaussian(args):
    """Print bias and scatter per pixel, and the rank correlation, at several levels."""
    law = normal_images(args.size)
    network, optimum = trained(law, args), law.posterior_mean()
    clean, constants = law.sample(args.n_test, random_state=1), network.normalization_
    print("sigma   PSNR  optimum   bias by errors (se)  by derivative (se)   scatter  Spearman")
    for sigma in LEVELS:
        noisy = add_gaussian_noise(clean, sigma, 2)
        found, exact = (one.score_samples(noisy, sigma) for one in (network, optimum))
        at = [
            np.interp(np.log(sigma), np.log(constants.sigma), values)
            for values in (constants.by_errors, constants.by_derivative,
                           constants.by_errors_se, constants.by_derivative_se)
        ]  # fmt: skip
        away = (found - exact) / clean[0].size
        second = away.mean() + (at[0] - at[1]) / clean[0].size
        print(
            f"{sigma:5g}  {network.score(clean, sigma=sigma):5.2f}  "
            f"{optimum.score(clean, sigma=sigma):5.2f}   "
            f"{away.mean():8.4f} ({at[2] / clean[0].size:.4f})  "
            f"{second:8.4f} ({at[3] / clean[0].size:.4f})   {away.std():8.4f}  "
            f"{spearmanr(found, exact).statistic:.3f}"
        )


def detection(args):
    """Print areas under the ROC curve for disks against other classes, and draw the densities."""
    law = DiskImages(args.size)
    network, optimum = trained(law, args), law.posterior_mean()
    gauss = GaussianPosteriorMean().fit(law.sample(2000, random_state=3))
    classes = {
        "disks": law,
        "sines": SineImages(args.size),
        "C^alpha, alpha 1": CAlphaImages(args.size, alpha=1.0),
        "C^alpha, alpha 3": CAlphaImages(args.size, alpha=3.0),
    }
    noisy = {
        name: add_gaussian_noise(one.sample(args.n_test, random_state=1), SIGMA, 2)
        for name, one in classes.items()
    }
    ways = {
        "energy": lambda X: network.score_samples(X, SIGMA),
        "path integral": lambda X: score_samples(
            network, X, SIGMA, reference=gauss, sigma_max=2.0, n_draws=1
        ),
        "residual": lambda X: -np.square(network.transform(X, sigma=SIGMA) - X).sum((1, 2)),
        "exact": lambda X: optimum.score_samples(X, SIGMA),
    }
    values = {way: {name: score(X) for name, X in noisy.items()} for way, score in ways.items()}
    inside = {way: found["disks"] for way, found in values.items()}
    for way, found in values.items():
        areas = "  ".join(f"{name} {area(inside[way], found[name]):.3f}" for name in noisy)
        print(f"{way:14s} AUROC {areas}")
    for way in ("energy", "path integral"):
        away = (inside[way] - inside["exact"]) / args.size**2
        rank = spearmanr(inside[way], inside["exact"]).statistic
        print(
            f"{way:14s} disks: bias {away.mean():.4f} per pixel, scatter {away.std():.4f}, "
            f"Spearman {rank:.3f}"
        )
    constants = network.normalization_
    gap = np.subtract(constants.by_derivative, constants.by_errors) / args.size**2
    gap = np.interp(np.log(SIGMA), np.log(constants.sigma), gap)
    print(f"log Z by derivative minus by errors: {gap:.4f} per pixel")
    dimension = optimum.posterior_variance(noisy["disks"], SIGMA) / SIGMA**2
    rank = spearmanr(dimension, inside["exact"]).statistic
    print(f"effective dimension of disks {dimension.mean():.1f}, Spearman with log p {rank:.3f}")
    draw(values, args)


def area(inside, outside):
    """Area under the ROC curve of images of the class (high values) against others."""
    truth = np.r_[np.ones(len(inside)), np.zeros(len(outside))]
    return roc_auc_score(truth, np.r_[inside, outside])


def draw(values, args):
    """Write two panels: densities by class, and against the truth."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(7.3, 3.4), layout="constrained")
    energy, exact = values["energy"], values["exact"]["disks"]
    low = np.percentile(np.concatenate(list(energy.values())), 2)
    bins = np.linspace(low, max(v.max() for v in energy.values()), 40)
    for name, found in energy.items():
        axes[0].hist(np.maximum(found, low), bins, histtype="step", label=name)
    axes[0].set(xlabel="log p by the energy (nats)", ylabel="images", title="Trained on disks")
    axes[0].legend(fontsize=7, loc="upper left")
    axes[1].plot(exact, energy["disks"], ".", ms=3, label="energy")
    axes[1].plot(exact, values["path integral"]["disks"], "x", ms=3, label="path integral")
    axes[1].axline((exact.mean(), exact.mean()), slope=1, color="k", lw=0.8)
    axes[1].set(xlabel="exact log p of disks (nats)", ylabel="found (nats)", title="The truth")
    axes[1].legend(fontsize=7)
    figure.savefig(args.output, dpi=110)


def main(argv=None):
    """Run one of the two."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("what", choices=["gaussian", "detection"])
    add("--size", type=int, default=16)
    add("--max-images", type=int, default=20_000)
    add("--n-test", type=int, default=200)
    add("--output", default="density.png", help="picture of the detection")
    args = parser.parse_args(argv)
    {"gaussian": gaussian, "detection": detection}[args.what](args)


if __name__ == "__main__":
    main()
