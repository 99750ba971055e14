"""Bias and spread of estimated noise levels, by class and level: ours beside scikit-image's.

Run ``python -m benchmarks.bench_noise_level``, half a minute; it prints the table of
docs/classical.md.
"""

import warnings

import numpy as np

from gahb_sk import add_gaussian_noise, estimate_sigma
from gahb_sk.datasets import load_sample_patches, make_c_alpha_images, make_disk_images

N_IMAGES, SIZE = 100, 64
SIGMAS = (0.02, 0.1, 0.3)


def scikit_image(noisy):
    from skimage.restoration import estimate_sigma as estimate

    return np.array([estimate(image) for image in noisy])


def classes():
    yield "noise alone", np.full((N_IMAGES, SIZE, SIZE), 0.5)
    for alpha in (1, 2, 4):
        yield f"C^{alpha}", make_c_alpha_images(N_IMAGES, SIZE, alpha=alpha, random_state=0)
    yield "disks", make_disk_images(N_IMAGES, SIZE, random_state=0)
    yield "photographs", load_sample_patches(SIZE, n_patches=60, random_state=0)


def main():
    print("bias ± standard deviation of an image, in % of sigma")
    print("| class | sigma | gahb_sk | scikit-image |\n|---|---|---|---|")
    for name, X in classes():
        for sigma in SIGMAS:
            noisy = add_gaussian_noise(X, sigma, 0)
            cells = []
            for estimate in (estimate_sigma, scikit_image):
                found = 100 * (estimate(noisy) / sigma - 1)
                cells.append(f"{found.mean():+.1f} ± {found.std():.1f}")
            print(f"| {name} | {sigma:g} | {' | '.join(cells)} |")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
