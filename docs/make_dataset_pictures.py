"""Draw the pictures of docs/datasets.md: ``python docs/make_dataset_pictures.py``."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from gahb_sk import datasets

FOLDER = Path(__file__).parent / "images" / "datasets"
LARGEST = 60_000  # bytes of one picture
N, SIZE, SEED = 6, 64, 3


def sheet(images, gap=4):
    """Put images side by side, each pixel doubled, into one grey (or colour) picture."""
    images = np.asarray(images).clip(0, 1)
    images = images.repeat(2, axis=-1).repeat(2, axis=-2)
    if images.ndim == 4:
        images = np.moveaxis(images, 1, -1)
    height, width = images.shape[1:3]
    page = np.ones((height, N * (width + gap) - gap, *images.shape[3:]))
    for k, image in enumerate(images[:N]):
        page[:, k * (width + gap) : k * (width + gap) + width] = image
    return Image.fromarray((255 * page + 0.5).astype(np.uint8))


def signed(images):
    """Show images of both signs: zero is mid-grey, each scaled by itself."""
    scale = np.abs(images).max((-2, -1), keepdims=True)
    return 0.5 + 0.5 * images / np.where(scale > 0, scale, 1)


def c_alpha(**options):
    """A sheet of C^alpha images."""
    return datasets.make_c_alpha_images(N, SIZE, random_state=SEED, **options)


def disk_tangents():
    """One disk and its five tangents."""
    image, tangents = datasets.make_disk_images(
        1, SIZE, return_tangents=True, random_state=SEED
    )  # fmt: skip
    return np.concatenate([image, signed(tangents[0])])


def shuffled():
    """Photographs before and after a shuffle."""
    X = datasets.load_sample_patches(SIZE, source="sklearn", n_patches=N // 2, random_state=SEED)
    return np.concatenate([X, datasets.PixelShuffle(random_state=0).fit_transform(X)])


PICTURES = {
    "c_alpha_1": lambda: c_alpha(alpha=1.0),
    "c_alpha_2": lambda: c_alpha(alpha=2.0),
    "c_alpha_4": lambda: c_alpha(alpha=4.0),
    "c_alpha_mixed": lambda: c_alpha(alpha=1.5, background_alpha=4.0, min_contrast=0.2),
    "c_alpha_rotated": lambda: c_alpha(alpha=2.0, orientation="random", antialias="area"),
    "c_alpha_constant": lambda: c_alpha(alpha=2.0, constant_background=True, antialias="area"),
    "disks": lambda: datasets.make_disk_images(N, SIZE, random_state=SEED),
    "disks_wrapped": lambda: datasets.make_disk_images(N, SIZE, wrap=True, random_state=SEED),
    "disks_integer": lambda: datasets.make_disk_images(
        N, SIZE, lattice="integer", antialias="none", random_state=SEED
    ),
    "disk_tangents": disk_tangents,
    "rays": lambda: datasets.make_ray_images(N, SIZE, random_state=SEED),
    "sines": lambda: datasets.make_sine_images(N, SIZE, random_state=SEED),
    "polygons": lambda: datasets.make_polygon_images(N, SIZE, n_polygons=3, random_state=SEED),
    "photographs": lambda: datasets.load_sample_patches(
        SIZE, source="sklearn", n_patches=N, color=True, random_state=SEED
    ),
    "shuffled": shuffled,
}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PICTURES.items():
        picture = sheet(make())
        colors = 256
        while True:  # fewer colours until the file is small enough
            palette = picture.quantize(colors, dither=Image.Dither.NONE)
            data = io.BytesIO()
            palette.save(data, "png", optimize=True)
            if len(data.getvalue()) <= LARGEST:
                break
            colors //= 2
        (FOLDER / f"{name}.png").write_bytes(data.getvalue())


if __name__ == "__main__":
    main()
