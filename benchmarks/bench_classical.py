"""Quality and speed of the classical denoisers and of the oracles on C^alpha images.

    python benchmarks/bench_classical.py                    every table: about 20 minutes
    python benchmarks/bench_classical.py quality --alphas 2 --without BM3D
    python benchmarks/bench_classical.py speed
    python benchmarks/bench_classical.py geometry
    python benchmarks/bench_classical.py slopes

``quality``: mean PSNR, its standard error and milliseconds an image (one process, a batch of 16)
for each denoiser, regularity and noise level; the noise is the same for all. ``speed``: wavelet
shrinkage against a loop over scikit-image, and the peak memory of a large stack. ``geometry``:
the search of the best bandlet basis by itself, and bandlet shrinkage against BM3D. ``slopes``: PSNR
slope of the oracles against the minimax one.
"""

import argparse
import multiprocessing
import resource
import time
import warnings

import numpy as np

from gahb_sk import add_gaussian_noise
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.denoisers import (
    BandletShrinkage,
    BM3DDenoiser,
    NonLocalMeansDenoiser,
    OracleShrinkage,
    TotalVariationDenoiser,
    WaveletShrinkage,
    WienerDenoiser,
)
from gahb_sk.metrics import psnr, psnr_slope
from gahb_sk.transforms import best_bandlets


def candidates():
    """Return the denoisers by name."""
    spun = {"rule": "hard", "threshold": 3.0, "n_shifts": 64}
    found = {
        "wavelet (default)": WaveletShrinkage(),
        "wavelet hard 3": WaveletShrinkage(rule="hard", threshold=3.0),
        "wavelet soft SURE": WaveletShrinkage(rule="soft", threshold="sure"),
        "spun hard haar": WaveletShrinkage(wavelet="haar", **spun),
        "spun hard db2": WaveletShrinkage(wavelet="db2", **spun),
        "spun hard db4": WaveletShrinkage(wavelet="db4", **spun),
        "Wiener": WienerDenoiser(),
        "total variation": TotalVariationDenoiser(),
        "non-local means": NonLocalMeansDenoiser(),
        "BM3D fast": BM3DDenoiser(exact=False),
        "BM3D": BM3DDenoiser(),
        "bandlet (default)": BandletShrinkage(),
        "bandlet, 64 shifts": BandletShrinkage(n_shifts=64),
        "bandlet, not spun": BandletShrinkage(n_shifts=1),
        "bandlet, 1st stage": BandletShrinkage(n_shifts=1, stages=1),
    }
    for basis in ("wavelet", "bandlet", "cosine", "fourier", "pca"):
        found[f"oracle {basis}"] = OracleShrinkage(basis=basis)
    return found


def apply(denoiser, noisy, sigma, clean):
    """transform, telling an oracle the clean images."""
    extra = {"clean": clean} if denoiser.needs_clean else {}
    return denoiser.transform(noisy, sigma=sigma, **extra)


def measure(denoiser, noisy, sigma, clean):
    """Return PSNRs and milliseconds an image."""
    few = slice(0, min(16, len(noisy)))
    apply(denoiser, noisy[:2], sigma, clean[:2])
    start = time.perf_counter()
    apply(denoiser, noisy[few], sigma, clean[few])
    milliseconds = 1e3 * (time.perf_counter() - start) / len(noisy[few])
    if "n_jobs" in denoiser.get_params():
        denoiser.set_params(n_jobs=-1)
    values = psnr(clean, apply(denoiser, noisy, sigma, clean))
    return values, milliseconds


def quality(args):
    """Print mean PSNR, standard error and time for each denoiser, alpha and sigma."""
    print(f"{args.images} images of {args.size} x {args.size}: PSNR (dB) +- standard error, ms")
    print(f"{'alpha':>5} {'sigma':>5}  {'denoiser':<22}{'PSNR':>7} {'+-':>5} {'ms':>8}")
    for alpha in args.alphas:
        clean = make_c_alpha_images(args.images, args.size, alpha, random_state=1)
        training = make_c_alpha_images(args.training, args.size, alpha, random_state=2)
        chosen = {
            name: denoiser.fit(training if learns(denoiser) else clean)
            for name, denoiser in candidates().items()
            if wanted(name, args)
        }
        for sigma in args.sigma:
            noisy = add_gaussian_noise(clean, sigma, random_state=0)
            for name, denoiser in chosen.items():
                values, ms = measure(denoiser, noisy, sigma, clean)
                error = values.std(ddof=1) / np.sqrt(len(values))
                print(
                    f"{alpha:5g} {sigma:5g}  {name:<22}{values.mean():7.2f} {error:5.2f} {ms:8.2f}",
                    flush=True,
                )
        print()


def wanted(name, args):
    """Tell whether a name holds one of the words asked for, and none of those left out."""
    asked = not args.only or any(word in name for word in args.only)
    return asked and not any(word in name for word in args.without)


def learns(denoiser):
    """Tell whether a denoiser learns from the training images."""
    return isinstance(denoiser, WienerDenoiser) or getattr(denoiser, "basis", "") == "pca"


def speed(args):
    """Print the speed of wavelet shrinkage against a loop, and its peak memory."""
    from skimage.restoration import denoise_wavelet

    clean = make_c_alpha_images(1000, 80, 2.0, random_state=1)
    noisy = add_gaussian_noise(clean, 0.1, random_state=0)
    print("1,000 images of 80 x 80, float32, sigma 0.1:      ms an image   PSNR")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        out = np.array([denoise_wavelet(image, sigma=0.1) for image in noisy])
    loop = time.perf_counter() - start
    name = "loop over scikit-image denoise_wavelet"
    print(f"  {name:<48}{loop:7.3f} {psnr(clean, out).mean():9.2f}")
    rivals = {
        "WaveletShrinkage()": WaveletShrinkage(),
        "WaveletShrinkage(rule='hard', threshold=3)": WaveletShrinkage(rule="hard", threshold=3.0),
        "WaveletShrinkage(wavelet='haar')": WaveletShrinkage(wavelet="haar"),
    }
    for name, denoiser in rivals.items():
        denoiser.fit(clean).transform(noisy[:50], sigma=0.1)
        start = time.perf_counter()
        out = denoiser.transform(noisy, sigma=0.1)
        taken = time.perf_counter() - start
        quality = psnr(clean, out).mean()
        print(f"  {name:<48}{taken:7.3f} {quality:9.2f}   {loop / taken:.1f} times faster")
    for denoiser in (
        WaveletShrinkage(),
        WaveletShrinkage(n_shifts=16),
        BandletShrinkage(n_shifts=1),
    ):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            peak, stack = pool.apply(peak_memory, (denoiser,))
        print(
            f"1,000 images of 128 x 128, float64, {denoiser}: peak {peak:.2f} GB, of which "
            f"input and output take {stack:.2f} GB"
        )


def peak_memory(denoiser):
    """Return the peak resident memory of this process after a large stack, and the stack's."""
    noisy = np.random.default_rng(0).normal(size=(1000, 128, 128))
    denoiser.fit(noisy[:1]).transform(noisy, sigma=1.0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return peak, 2 * noisy.nbytes / 1e9


GEOMETRIES = {
    "on db4 wavelets": {"wavelet": "db4"},
    "on db4 wavelets, one quadtree a level": {"wavelet": "db4", "shared": True},
    "on db4 wavelets, order 2": {"wavelet": "db4", "order": 2},
    "on pixels, squares of 4 to 16": {"wavelet": None, "largest": 16},
    "on pixels, squares of any size": {"wavelet": None},
}


def geometry(args):
    """Print milliseconds an image of the geometry search, and of bandlet shrinkage and BM3D."""
    print(f"{'best bandlets, float32, ms an image':<42}{'64 x 64':>10}{'128 x 128':>11}")
    stacks = [make_c_alpha_images(n, size, 2.0, random_state=1) for n, size in ((32, 64), (8, 128))]
    for name, options in GEOMETRIES.items():
        times = [milliseconds(best_bandlets, images, 0.1, **options) for images in stacks]
        print(f"  {name:<40}{times[0]:10.2f}{times[1]:11.2f}", flush=True)
    rivals = {
        "BandletShrinkage(n_shifts=1)": BandletShrinkage(n_shifts=1),
        "BandletShrinkage()": BandletShrinkage(),
        "BM3DDenoiser(exact=False)": BM3DDenoiser(exact=False),
        "BM3DDenoiser()": BM3DDenoiser(),
    }
    print("denoising at sigma 0.1")
    for name, denoiser in rivals.items():
        noisy = [add_gaussian_noise(images, 0.1, 0) for images in stacks]
        times = [milliseconds(denoiser.fit(stack).transform, stack, 0.1) for stack in noisy]
        print(f"  {name:<40}{times[0]:10.2f}{times[1]:11.2f}", flush=True)


def milliseconds(function, images, *args, **options):
    """Return the milliseconds an image of a call, after one on two images."""
    function(images[:2], *args, **options)
    start = time.perf_counter()
    function(images, *args, **options)
    return 1e3 * (time.perf_counter() - start) / len(images)


def slopes(args):
    """Print the PSNR slopes of the oracles beside the minimax slope alpha / (alpha + 1)."""
    sigmas = np.geomspace(5, 255, 15) / 255
    print(f"{'size':>5} {'alpha':>5} {'theory':>7} {'wavelet':>8} {'bandlet':>8}")
    for size in (64, 128):
        for alpha in args.alphas:
            clean = make_c_alpha_images(args.images, size, alpha, random_state=1)
            found = []
            for basis in ("wavelet", "bandlet"):
                oracle = OracleShrinkage(basis=basis).fit(clean)
                means = [oracle.predicted_psnr(clean, sigma).mean() for sigma in sigmas]
                found.append(float(psnr_slope(sigmas, np.array(means))))
            theory = alpha / (alpha + 1)
            print(f"{size:5d} {alpha:5g} {theory:7.3f} {found[0]:8.3f} {found[1]:8.3f}", flush=True)


TABLES = {"quality": quality, "speed": speed, "geometry": geometry, "slopes": slopes}


def main(argv=None):
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("tables", nargs="*", choices=[*TABLES, []], help="which; all by default")
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--training", type=int, default=4000, help="images the linear ones learn")
    parser.add_argument("--alphas", type=float, nargs="+", default=[1, 1.5, 2, 3, 4])
    parser.add_argument("--sigma", type=float, nargs="+", default=[0.03, 0.1, 0.3])
    parser.add_argument("--only", nargs="*", default=[], help="take names holding one of these")
    parser.add_argument("--without", nargs="*", default=[], help="leave out names holding these")
    args = parser.parse_args(argv)
    for name in args.tables or TABLES:
        TABLES[name](args)


if __name__ == "__main__":
    main()
