import io

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from gahb_sk.datasets import PhotographCrops
from gahb_sk.datasets._photograph_crops import scaled_copies, symmetric_copy


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


def test_each_photograph_in_each_scale_that_makes_it_smaller(rng):
    shapes = [image.shape for image in scaled_copies(photograph(rng), (24, 40, 48, 50), False)]
    assert shapes == [(24, 36), (40, 60), (48, 72)]
    # One that is too small for all of them comes in the first.
    assert scaled_copies(photograph(rng), (64, 80), True)[0].shape == (3, 64, 96)


def test_crops_are_cut_from_the_scaled_photograph(rng):
    file = photograph(rng, 30, 30)
    stream = PhotographCrops([file], 24, shorter_sides=(24,), random_state=0)
    (scaled,) = scaled_copies(file, (24,), False)
    symmetric = np.stack([symmetric_copy(scaled, k) for k in range(8)]) / np.float32(255)
    seen = {int(np.abs(symmetric - crop).max(axis=(1, 2)).argmin()) for crop in stream.take(0, 99)}
    assert seen == set(range(8))
    assert_allclose(np.abs(symmetric[:, None] - stream.take(0, 5)).max((2, 3)).min(0), 0)


def test_eight_symmetries_of_the_square(rng):
    image = rng.random_sample((3, 5, 5))
    copies = {symmetric_copy(image, k).tobytes() for k in range(8)}
    assert len(copies) == 8


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
