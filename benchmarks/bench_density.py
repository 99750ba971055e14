"""Log densities of networks that are energies: their price, and how far they are from the truth.

    python -m benchmarks.bench_density price       # dB, beside the plain network at equal images
    python -m benchmarks.bench_density gaussian    # against the closed form, 16x16
    python -m benchmarks.bench_density disks       # against quadrature, 16x16
    python -m benchmarks.bench_density c-alpha     # against the sampled evidence, 16x16

Networks are trained on --max-images fresh images; with --folder they are kept there and read again.
"""

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

from gahb_sk import NetworkDenoiser, add_gaussian_noise, psnr
from gahb_sk.datasets import FreshImages
from gahb_sk.denoisers import fit_or_load
from gahb_sk.experiments import compare_denoisers
from gahb_sk.image_classes import CAlphaImages, DiskImages, GaussianImages
from gahb_sk.networks import Energy, ResidualUNet

SIZE = 16
LEVELS = (0.02, 0.05, 0.1, 0.3, 1.0)


def trained(name, images, args):
    """Return the energy that learned from images, given the noise level, or read it."""
    network = NetworkDenoiser(
        Energy(ResidualUNet(8, n_blocks=2, activation="smooth")),
        recipe=args.recipe,
        blind=False,
        noise_range=(0.01, 2.0),
        max_images=args.max_images,
        random_state=0,
        machine={"precision": "auto"},
    )
    folder = args.folder and Path(args.folder) / f"{name}-{args.max_images}"
    start = time.process_time()
    network = fit_or_load(network, images, folder)
    print(f"{args.max_images} images of {name}: {time.process_time() - start:.0f} CPU seconds")
    return network


def fresh(law):
    """Return a stream of images for training, none of which comes twice."""
    return FreshImages(law, random_state=0)


def normal_images():
    """Return a normal law whose correlation falls exponentially along rows and columns."""
    i = np.arange(SIZE)
    decay = np.exp(-np.abs(i[:, None] - i) / 4.0)
    return GaussianImages(np.full((SIZE, SIZE), 0.5), 0.04 * np.kron(decay, decay))


def regular_images(alpha):
    """Return the law of C^alpha images whose evidence can be sampled."""
    return CAlphaImages(SIZE, alpha=alpha, antialias="area")


class Truth(NamedTuple):
    """What is known of noisy images: log density, its standard error, and the posterior mean."""

    log_density: np.ndarray
    error: np.ndarray
    denoised: np.ndarray


def closed_form(optimum, noisy, sigma):
    """Return the truth of a class whose density is computed exactly."""
    values = optimum.score_samples(noisy, sigma)
    return Truth(values, np.zeros(len(noisy)), optimum.transform(noisy, sigma=sigma))


def sampled(optimum, noisy, sigma):
    """Return the truth of a class whose evidence is sampled."""
    found = optimum.sample_posterior(noisy, sigma)
    rows = [(p.log_density, p.log_evidence_error, p.mean) for p in found]
    return Truth(*map(np.array, zip(*rows, strict=True)))


def show_truth(network, optimum, known, clean, levels):
    """Print, per pixel, the entropy of the noisy class and the bias of both constants."""
    d, constants = clean[0].size, network.normalization_
    print("sigma  below optimum (dB)  entropy (se)    bias by derivative (se)  by errors (se)  "
          "scatter  Spearman  error of the truth")  # fmt: skip
    for sigma in levels:
        noisy = add_gaussian_noise(clean, sigma, 2)
        truth, found = known(optimum, noisy, sigma), network.score_samples(noisy, sigma)
        lost = psnr(clean, truth.denoised) - psnr(clean, network.transform(noisy, sigma=sigma))
        away, exact = (found - truth.log_density) / d, truth.log_density / d
        by_derivative, by_errors, *errors = (
            np.interp(np.log(sigma), np.log(constants.sigma), values) / d
            for values in (constants.by_derivative, constants.by_errors,
                           constants.by_derivative_se, constants.by_errors_se)
        )  # fmt: skip
        errors = [np.hypot(error, standard_error(away)) for error in errors]
        print(
            f"{sigma:5g}  {lost.mean():8.2f} ({standard_error(lost):.2f})    "
            f"{-exact.mean():8.4f} ({standard_error(exact):.4f})  "
            f"{away.mean():8.4f} ({errors[0]:.4f})  "
            f"{away.mean() + by_derivative - by_errors:8.4f} ({errors[1]:.4f})  {away.std():8.4f}  "
            f"{spearmanr(found, truth.log_density).statistic:6.3f}  {truth.error.mean() / d:.4f}"
        )


def standard_error(values):
    """Return that of the mean."""
    return values.std(ddof=1) / np.sqrt(len(values))


def gaussian(args):
    """Normal images."""
    law = normal_images()
    network, clean = trained("gaussian", fresh(law), args), law.sample(args.n_test, random_state=1)
    show_truth(network, law.posterior_mean().fit(clean), closed_form, clean, LEVELS)


def disks(args):
    """Disks."""
    law = DiskImages(SIZE)
    network, clean = trained("disks", fresh(law), args), law.sample(args.n_test, random_state=1)
    show_truth(network, law.posterior_mean().fit(clean), closed_form, clean, LEVELS[1:])


def c_alpha(args):
    """C^alpha images, alpha 2, with masks of exact areas."""
    law = regular_images(2.0)
    network, clean = trained("c-alpha", fresh(law), args), law.sample(args.n_test, random_state=1)
    # The evidence is known before the last moves, which serve the mean.
    optimum = law.posterior_mean(n_final=1, tolerance=np.inf).fit(clean)
    show_truth(network, optimum, sampled, clean, args.sigma)


def price(args):
    """Print the paired differences of PSNR from the plain network, by regularity."""
    networks = {
        "plain": NetworkDenoiser(),
        "plain, Muon": NetworkDenoiser(recipe="muon"),
        "smooth": NetworkDenoiser(ResidualUNet(activation="smooth")),
        "energy": NetworkDenoiser("energy", recipe="fast"),
        "energy, Muon": NetworkDenoiser("energy"),
    }
    for network in networks.values():
        network.set_params(max_images=args.max_images, random_state=0)
    for alpha in args.alpha:
        X = CAlphaImages(args.size, alpha=alpha).sample(args.max_images + args.n_test, 0)
        folder = args.folder and Path(args.folder) / f"price-{alpha:g}-{args.max_images}"
        found = compare_denoisers(
            networks, X, (0.01, 0.03, 0.1, 0.3), cv=args.n_test / len(X), folder=folder
        )
        for row in found.differences("plain").rows():
            print(f"alpha {alpha:g}  {row['denoiser']:12s} sigma {row['sigma']:4g}  "
                  f"{row['difference']:+.2f} ({row['difference_se']:.2f}) dB")  # fmt: skip


COMMANDS = {"price": price, "gaussian": gaussian, "disks": disks, "c-alpha": c_alpha}


def main(argv=None):
    """Run one of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("what", choices=COMMANDS)
    add("--max-images", type=int, default=20_000)
    add("--n-test", type=int, default=200)
    add("--recipe", default="muon", help="of the training")
    add("--sigma", type=float, nargs="+", default=[0.1], help="levels of c-alpha")
    add("--alpha", type=float, nargs="+", default=[1.0, 2.0, 3.0], help="regularities of price")
    add("--size", type=int, default=32, help="side of the images of price")
    add("--folder", help="where networks are kept")
    args = parser.parse_args(argv)
    COMMANDS[args.what](args)


if __name__ == "__main__":
    main()
