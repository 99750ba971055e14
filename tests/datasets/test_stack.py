"""Lazy stacks: they behave like the array they stand for, and read only what is asked."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_score,
    cross_validate,
    train_test_split,
)
from sklearn.utils import shuffle

from gahb_sk.datasets import (
    ImageStack,
    make_c_alpha_images,
    make_disk_images,
    open_stack,
    save_stack,
)
from gahb_sk.denoisers import WaveletShrinkage
from gahb_sk.experiments import compare_denoisers
from gahb_sk.image_classes import CAlphaImages, DiskImages


class Counting:
    """A source that remembers how many images were read at a time, and in all."""

    def __init__(self, images):
        self.images, self.shape, self.dtype = images, images.shape, images.dtype
        self.most = self.total = 0

    def read(self, indices):
        self.most = max(self.most, len(indices))
        self.total += len(indices)
        return self.images[np.asarray(indices)]


@pytest.fixture
def images(global_random_seed):
    return make_c_alpha_images(40, (8, 9), random_state=global_random_seed)


@pytest.fixture(params=["npy", "generator"])
def stack(request, images, global_random_seed, tmp_path):
    if request.param == "npy":
        return open_stack(save_stack(images, tmp_path / "images.npy"))
    return ImageStack.from_class(CAlphaImages((8, 9)), 40, global_random_seed)


KEYS = [
    slice(None), slice(3, 30, 4), slice(None, None, -1), slice(30, 10, -3), slice(7, 7),
    [1, -1, 5, 5], np.array([39, 0, 7], np.uint8), np.arange(40) % 3 == 0, np.zeros(40, bool),
    np.array([], np.int64), [],
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_part_is_a_stack_of_the_same_images(stack, images, key):
    part = stack[key]
    expected = images[np.asarray(key, dtype=None if len(key) else int)] if isinstance(
        key, list
    ) else images[key]  # fmt: skip
    assert isinstance(part, ImageStack)
    assert part.shape == expected.shape and len(part) == len(expected)
    assert part.dtype == np.float32 and part.ndim == 3
    assert_array_equal(np.asarray(part), expected)


@pytest.mark.parametrize("first", KEYS[:4] + KEYS[5:8], ids=str)
@pytest.mark.parametrize("second", [slice(1, -1, 2), [2, -1, 0], slice(None, None, -2)], ids=str)
def test_parts_of_parts(stack, images, first, second):
    assert_array_equal(np.asarray(stack[first][second]), images[first][second])


@pytest.mark.parametrize("k", [0, 39, -1, -40, np.int64(7)])
def test_an_integer_gives_one_image(stack, images, k):
    assert isinstance(stack[k], np.ndarray)
    assert_array_equal(stack[k], images[k])


@pytest.mark.parametrize(
    "key", [40, -41, [40], [-41], np.ones(39, bool), np.ones((2, 2), int), [0.5], (0, 1), "a"]
)
def test_keys_that_do_not_fit_raise(stack, key):
    with pytest.raises(IndexError):
        stack[key]


def test_scikit_learn_indexes_without_reading(images):
    source = Counting(images)
    stack = ImageStack(source)
    train, test = train_test_split(stack, test_size=0.25, random_state=0)
    expected_train, expected_test = train_test_split(images, test_size=0.25, random_state=0)
    shuffled = shuffle(stack, random_state=1)
    folds = [(stack[a], stack[b]) for a, b in KFold(4).split(stack)]
    assert source.total == 0 and all(isinstance(s, ImageStack) for pair in folds for s in pair)
    assert_array_equal(np.asarray(train), expected_train)
    assert_array_equal(np.asarray(test), expected_test)
    assert_array_equal(np.asarray(shuffled), shuffle(images, random_state=1))


def test_estimators_give_the_same_as_with_arrays(stack, images):
    denoiser = WaveletShrinkage(sigma=0.1)
    assert_array_equal(denoiser.fit(stack).transform(stack), denoiser.fit(images).transform(images))
    assert cross_val_score(denoiser, stack, cv=4) == pytest.approx(
        cross_val_score(denoiser, images, cv=4)
    )
    found = cross_validate(denoiser, stack, cv=2, n_jobs=2)["test_score"]
    assert found == pytest.approx(cross_validate(denoiser, images, cv=2)["test_score"])
    grid = {"sigma": [0.05, 0.2]}
    assert GridSearchCV(denoiser, grid, cv=2).fit(stack).best_params_ == (
        GridSearchCV(denoiser, grid, cv=2).fit(images).best_params_
    )
    compared = [
        compare_denoisers([WaveletShrinkage()], X, [0.1], cv=2)["psnr"] for X in (stack, images)
    ]
    assert compared[0] == pytest.approx(compared[1])


def test_transform_never_loads_a_lazy_stack_whole(global_random_seed):
    images = make_disk_images(600, 64, random_state=global_random_seed)
    source = Counting(images)
    WaveletShrinkage(sigma=0.1).fit(ImageStack(source)).transform(ImageStack(source))
    assert 0 < source.most < 600


def test_a_pickled_stack_is_small_and_the_same(stack, images):
    pickled = pickle.dumps(stack[::2])
    assert len(pickled) < 1000
    assert_array_equal(np.asarray(pickle.loads(pickled)), images[::2])


def test_batches_come_in_order_from_several_threads(stack, images, rng):
    order = rng.permutation(40)
    batches = list(stack.iter_batches(7, order=order, n_workers=3, ahead=2))
    assert [len(b) for b in batches] == [7] * 5 + [5]
    assert_array_equal(np.concatenate(batches), images[order])
    assert_array_equal(np.concatenate(list(stack[::-1].iter_batches(16))), images[::-1])
    assert_array_equal(list(stack), images)
    with pytest.raises(ValueError, match="batch_size"):
        next(stack.iter_batches(0))


def test_batches_are_read_ahead_but_not_all(images):
    source = Counting(images)
    batches = ImageStack(source).iter_batches(2, n_workers=1, ahead=3)
    next(batches)
    batches.close()
    assert source.total <= 2 * 5


def test_loading_as_another_dtype(stack, images):
    assert np.asarray(stack, dtype=np.float64).dtype == np.float64
    assert_array_equal(np.array(stack), images)
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(stack, copy=False)


def test_generator_stacks_can_start_anywhere(global_random_seed):
    stack = ImageStack.from_class(DiskImages(8), 3, global_random_seed, first_image=10)
    expected = make_disk_images(3, 8, first_image=10, random_state=global_random_seed)
    assert_array_equal(np.asarray(stack), expected)
    with pytest.raises(ValueError, match="n_samples"):
        ImageStack.from_class(DiskImages(8), -1)


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8"])
@pytest.mark.parametrize("shape", [(5, 6, 7), (5, 3, 4, 4)])
def test_files_of_either_byte_order(dtype, shape, rng, tmp_path):
    X = rng.standard_normal(shape).astype(dtype)
    np.save(tmp_path / "x.npy", X)
    stack = open_stack(tmp_path / "x.npy")
    assert stack.shape == shape and stack.dtype == np.dtype(dtype).newbyteorder("=")
    assert_array_equal(np.asarray(stack[[4, 0, 1]]), X[[4, 0, 1]])


def test_saved_stacks_are_what_numpy_writes(stack, images, tmp_path):
    save_stack(stack[::-1], tmp_path / "a.npy")
    assert_array_equal(np.load(tmp_path / "a.npy"), images[::-1])
    np.save(tmp_path / "b.npy", images[::-1])
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_a_lazy_stack_is_saved_piece_by_piece(tmp_path):
    images = np.ones((9, 1024, 1024), np.float32)  # of 4 MiB
    source = Counting(images)
    save_stack(ImageStack(source), tmp_path / "x.npy")
    assert source.most <= 4 and source.total == 9
    assert (np.load(tmp_path / "x.npy", mmap_mode="r") == 1).all()


def test_a_saved_stack_has_the_permissions_of_a_new_file(images, tmp_path):
    (tmp_path / "plain").touch()
    save_stack(images, tmp_path / "x.npy")
    assert (tmp_path / "x.npy").stat().st_mode == (tmp_path / "plain").stat().st_mode


class Broken(Counting):
    def read(self, indices):
        raise OSError("the disk is gone")


def test_an_interrupted_save_leaves_the_older_file(images, tmp_path):
    path = save_stack(images, tmp_path / "x.npy")
    with pytest.raises(OSError, match="the disk is gone"):
        save_stack(ImageStack(Broken(images)), path)
    assert_array_equal(np.load(path), images)
    assert [p.name for p in tmp_path.iterdir()] == ["x.npy"]


@pytest.mark.parametrize("lost", [1, 500, 40 * 8 * 9 * 4])
def test_a_truncated_file_is_refused_with_name_and_sizes(images, tmp_path, lost):
    path = save_stack(images, tmp_path / "short.npy")
    whole = path.stat().st_size
    with open(path, "r+b") as file:
        file.truncate(whole - lost)
    with pytest.raises(ValueError, match=f"short.npy: expected {whole} bytes.*{whole - lost}"):
        open_stack(path)


def test_a_file_that_shrinks_later_is_noticed(images, tmp_path):
    stack = open_stack(save_stack(images, tmp_path / "x.npy"))
    with open(tmp_path / "x.npy", "r+b") as file:
        file.truncate(2000)
    with pytest.raises(ValueError, match="truncated"):
        np.asarray(stack)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.zeros((3, 4, 4), np.uint8), TypeError, "float32 or float64"),
        (np.zeros((4, 4), np.float32), ValueError, "expected images"),
        (np.asfortranarray(np.zeros((3, 4, 5))), ValueError, "Fortran"),
    ],
)
def test_files_that_are_no_stacks_are_refused(X, error, message, tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(error, match=message):
        open_stack(tmp_path / "x.npy")


def test_what_is_no_npy_file_is_refused(tmp_path, images):
    (tmp_path / "x.npy").write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(ValueError, match="header cannot be read"):
        open_stack(tmp_path / "x.npy")
    (tmp_path / "empty.npy").write_bytes(b"")
    with pytest.raises(ValueError, match="header cannot be read"):
        open_stack(tmp_path / "empty.npy")
    with pytest.raises(ValueError, match="ending in .npy"):
        save_stack(images, tmp_path / "x.dat")
    with pytest.raises(ValueError, match="stack of images"):
        save_stack(images[0], tmp_path / "y.npy")
    with pytest.raises(TypeError, match="float32"):
        save_stack(images.astype(int), tmp_path / "y.npy")
    with pytest.raises(FileNotFoundError):
        open_stack(tmp_path / "nothing.npy")
