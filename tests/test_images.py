import re

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from gahb_sk.images import as_images, flat_image_shape
from gahb_sk.noise import check_sigma


@pytest.mark.parametrize("shape", [(3, 5, 7), (3, 2, 5, 7)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_stacks_are_seen_and_restored(rng, shape, dtype):
    X = rng.rand(*shape).astype(dtype)
    batch = as_images(X)
    assert batch.shape == (3, *((1,) if len(shape) == 3 else ()), *shape[1:])
    assert batch.dtype == dtype and batch.image_shape == shape[1:]
    assert_array_equal(batch.restore(batch[:]), X)
    assert_array_equal(batch[np.array([2, 0])].ravel(), X[[2, 0]].ravel())
    assert np.shares_memory(batch[:], X)


def test_tensors_are_not_copied(rng):
    X = torch.from_numpy(rng.rand(3, 5, 7))
    assert as_images(X).tensor().data_ptr() == X.data_ptr()
    array = rng.rand(3, 5, 7)
    assert as_images(array).tensor().data_ptr() == array.ctypes.data


def test_read_only_arrays_give_tensors_that_do_not_share(rng):
    X = rng.rand(3, 5, 7)
    X.setflags(write=False)
    as_images(X).tensor()[:] = 0
    assert X.min() > 0


def test_integers_become_double_precision():
    assert as_images(np.arange(24).reshape(2, 3, 4)).dtype == np.float64


def test_chunks_cover_all_images_once(rng):
    batch = as_images(rng.rand(7, 2, 2))
    pieces = [images for _, images in batch.chunks(3)]
    assert [len(piece) for piece in pieces] == [3, 3, 1]
    assert_array_equal(np.concatenate(pieces), batch[:])


def test_lazy_values_are_checked_when_read():
    class Stack:
        shape, dtype = (2, 3, 3), np.dtype(np.float32)

        def __len__(self):
            return 2

        def __getitem__(self, index):
            return np.full((2, 3, 3), np.nan, np.float32)[index]

    batch = as_images(Stack())
    with pytest.raises(ValueError, match="NaN or infinity in image 0"):
        batch[:1]


@pytest.mark.parametrize(
    ("image_shape", "n_features", "expected"),
    [
        ((4, 6), 24, (1, 4, 6)),
        ((4, -1), 24, (1, 4, 6)),
        ((3, 2, 4), 24, (3, 2, 4)),
        ((-1, 2, 4), 24, (3, 2, 4)),
    ],
)
def test_flat_image_shape(image_shape, n_features, expected):
    assert flat_image_shape(image_shape, n_features) == expected


def test_the_image_with_a_nan_is_named(rng):
    X = rng.rand(4, 3, 3)
    X[2, 1, 1] = np.nan
    for images in (X, torch.from_numpy(X)):
        with pytest.raises(ValueError, match="image 2"):
            as_images(images)


def test_sparse_images_are_refused():
    from scipy.sparse import csr_matrix

    with pytest.raises(TypeError, match="toarray"):
        as_images(csr_matrix(np.eye(3)), image_shape=(1, 3))


def test_torch_integers_are_refused():
    with pytest.raises(TypeError, match="float32 or float64, got int64"):
        as_images(torch.arange(8).reshape(2, 2, 2))
    with pytest.raises(TypeError, match="uint8"):
        as_images(torch.zeros((2, 2, 2), dtype=torch.uint8))


def test_sigma_is_spread_over_images():
    assert_array_equal(check_sigma(0.5, 3), [0.5, 0.5, 0.5])
    assert_array_equal(check_sigma(torch.tensor([0.0, 1.0]), 2), [0, 1])
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        check_sigma([0.1, 0.2], 3)
    with pytest.raises(TypeError, match="a number"):
        check_sigma("loud", 3)


@pytest.mark.parametrize("kind", [np.asarray, torch.tensor])
@pytest.mark.parametrize("channels", [3, 4])
def test_channels_last_are_recognised(kind, channels, rng):
    stack = kind(rng.rand(2, 20, 24, channels))
    with pytest.raises(ValueError, match=r"X\.(transpose|permute)\(0, 3, 1, 2\)") as stacked:
        as_images(stack)
    with pytest.raises(ValueError, match=r"X\.(transpose|permute)\(2, 0, 1\)\[None\]") as single:
        as_images(stack[0])
    for error, X in ((stacked, stack), (single, stack[0])):
        line = re.search(r"X\.(?:permute|transpose)\([\d, ]*\)(?:\[None\])?", str(error.value))[0]
        images = eval(line, {"X": X})
        assert as_images(images).shape == (len(images), channels, 20, 24)


def test_channels_last_in_flat_rows_are_recognised(rng):
    X = rng.rand(2, 5 * 6 * 3)
    with pytest.raises(ValueError, match="channels last") as error:
        as_images(X, image_shape=(5, 6, 3))
    line, shape = re.search(r"Transpose: (.*), with image_shape=(.*)\.$", str(error.value)).groups()
    images = as_images(eval(line, {"X": X}), image_shape=eval(shape))
    assert_array_equal(images.numpy(), X.reshape(2, 5, 6, 3).transpose(0, 3, 1, 2))


@pytest.mark.parametrize("shape", [(2, 3, 20, 4), (2, 20, 24), (9, 12, 3), (2, 4, 4, 3)])
def test_other_stacks_are_not_taken_for_colour(shape):
    as_images(np.zeros(shape))


def test_narrow_grey_images_are_taken_with_an_explicit_channel():
    X = np.zeros((40, 28, 3))
    with pytest.raises(ValueError, match=r"X\[:, None\]"):
        as_images(X)
    assert as_images(X[:, None]).shape == (40, 1, 28, 3)
