import io

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from gahb_sk.datasets import DamagedFile, PhotographCrops


def photograph(rng, height=60, width=90, color=True):
    file = io.BytesIO()
    shape = (height, width, 3) if color else (height, width)
    Image.fromarray(rng.randint(0, 256, shape).astype(np.uint8)).save(file, "png")
    return file


def crops(rng, **changes):
    files = [photograph(rng), photograph(rng, 90, 60, color=False)]
    settings = {"crop_size": 16, "shorter_sides": (24, 40), "random_state": 0, **changes}
    return PhotographCrops(files, **settings)


@pytest.mark.parametrize("color", [False, True])
def test_a_crop_depends_on_its_number_alone(color, rng):
    stream = crops(rng, color=color)
    together = stream.take(5, 9)
    assert together.shape == (4, *stream.shape_of_image) and together.dtype == np.float32
    assert 0 <= together.min() and together.max() <= 1
    for k in range(4):
        assert_array_equal(stream.take(5 + k, 6 + k)[0], together[k])
    assert not np.array_equal(crops(rng, color=color, random_state=1).take(5, 9), together)


def symmetric_copies(image):
    """The eight copies under the symmetries of the square."""
    turned = [np.rot90(image, k, axes=(-2, -1)) for k in range(4)]
    return [*turned, *(one[..., ::-1] for one in turned)]


def test_each_photograph_in_each_scale_that_makes_it_smaller():
    """On a slope of 2 per pixel the slope of a crop tells its scale; 50 is too near to 60."""
    slope = np.broadcast_to(2 * np.arange(90, dtype=np.uint8), (60, 90))
    stream = PhotographCrops(
        [Image.fromarray(slope)], 24, shorter_sides=(24, 40, 48, 50), random_state=0
    )
    slopes = np.ptp(255 * stream.take(0, 60), axis=(1, 2)) / 23
    scales = np.array([2 * 60 / side for side in (24, 40, 48)])
    nearest = np.abs(slopes[:, None] - scales)
    assert nearest.min(axis=1).max() < 0.2 and set(nearest.argmin(axis=1)) == {0, 1, 2}


def test_a_photograph_smaller_than_all_scales_stays_as_it_is(rng):
    """Making it larger would blur its edges and its noise."""
    file = photograph(rng, 48, 48)
    stream = PhotographCrops([file], 48, shorter_sides=(64, 80), color=True, random_state=0)
    pixels = np.moveaxis(np.asarray(Image.open(file)), 2, 0) / np.float32(255)
    for crop in stream.take(0, 4):
        assert any(np.array_equal(crop, copy) for copy in symmetric_copies(pixels))


def test_a_photograph_smaller_than_a_crop_is_named(rng):
    with pytest.raises(ValueError, match="crop_size=64 pixels, got 60x90 in number 1"):
        PhotographCrops([photograph(rng, 90, 90), photograph(rng)], 64, shorter_sides=(64,))


def deep_file(path, image):
    """Write floats in [0, 1], with all the bits that the format has."""
    if path.suffix == ".npy":
        np.save(path, image)
    elif path.name.startswith("float"):
        photometric = "rgb" if image.ndim == 3 else "minisblack"
        tifffile.imwrite(path, image.astype(np.float32), photometric=photometric)
    elif path.suffix == ".tif":
        tifffile.imwrite(path, np.rint(65535 * image).astype(np.uint16))
    else:
        Image.fromarray(np.rint(65535 * image).astype(np.uint16)).save(path)
    return path


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize(
    "name, channels",
    [("float.tif", ()), ("grey.png", ()), ("grey.tif", ()), ("a.npy", ()), ("rgb.tif", (3,)),
     ("float-rgb.tif", (3,)), ("rgb.npy", (3,))],
)  # fmt: skip
def test_deep_photographs_keep_their_bits(name, channels, color, tmp_path, rng):
    """Dim images, whose values 8 bits would merge or a conversion cut to 0 or 1."""
    image = 0.1 + 0.001 * rng.rand(24, 24, *channels)
    file = deep_file(tmp_path / name, image)
    crop = PhotographCrops([file], 24, shorter_sides=(24,), color=color, random_state=0).take(0, 1)
    planes = np.moveaxis(np.atleast_3d(image), 2, 0)
    grey = np.tensordot([0.299, 0.587, 0.114], planes, 1) if channels else planes[0]
    expected = np.broadcast_to(planes, (3, 24, 24)) if color else grey
    errors = [np.abs(crop[0] - copy).max() for copy in symmetric_copies(expected)]
    assert min(errors) < 1e-5


def test_floats_outside_the_unit_interval_are_refused(tmp_path):
    path = tmp_path / "float.tif"
    tifffile.imwrite(path, np.full((24, 24), 100.0, np.float32))
    with pytest.raises(DamagedFile, match="expected floats in"):
        PhotographCrops([path], 24, shorter_sides=(24,))


def test_crops_are_cut_from_the_scaled_photograph(rng):
    file = photograph(rng, 30, 30)
    stream = PhotographCrops([file], 24, shorter_sides=(24,), random_state=0)
    scaled = np.asarray(Image.open(file).convert("L").resize((24, 24), Image.Resampling.LANCZOS))
    symmetric = np.stack(symmetric_copies(scaled)) / np.float32(255)
    seen = {int(np.abs(symmetric - crop).max(axis=(1, 2)).argmin()) for crop in stream.take(0, 99)}
    assert seen == set(range(8))
    assert_allclose(np.abs(symmetric[:, None] - stream.take(0, 5)).max((2, 3)).min(0), 0)


def test_fingerprint_tells_photographs_and_settings_apart(rng):
    file = photograph(rng)
    digests = {
        PhotographCrops([one], size, shorter_sides=(24,), random_state=seed).fingerprint_
        for one, size, seed in (
            (file, 16, 0), (file, 16, 1), (file, 15, 0), (photograph(rng), 16, 0)
        )
    }  # fmt: skip
    assert len(digests) == 4


@pytest.mark.parametrize("size, files", [(25, 1), (16, 0)])
def test_no_photograph_or_too_large_a_crop(size, files, rng):
    with pytest.raises(ValueError, match="expected at least one photograph, and crops no larger"):
        PhotographCrops([photograph(rng)] * files, size, shorter_sides=(24,))
