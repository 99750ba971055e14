"""PixelShuffle is an orthogonal change of basis and a good citizen of scikit-learn."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from gahb_sk.datasets import ImageStack, PixelShuffle, make_c_alpha_images
from gahb_sk.denoisers import WaveletShrinkage
from gahb_sk.image_classes import CAlphaImages


@parametrize_with_checks([PixelShuffle(image_shape=(1, -1), random_state=0)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def X(global_random_seed):
    return make_c_alpha_images(6, (12, 17), random_state=global_random_seed)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inverse_undoes_exactly(X, dtype, global_random_seed):
    X = X.astype(dtype)
    shuffle = PixelShuffle(random_state=global_random_seed)
    shuffled = shuffle.fit_transform(X)
    assert shuffled.dtype == dtype and not np.array_equal(shuffled, X)
    assert_array_equal(np.sort(shuffled.reshape(6, -1)), np.sort(X.reshape(6, -1)))
    assert_array_equal(shuffle.inverse_transform(shuffled), X)
    assert_array_equal(shuffle.transform(shuffle.inverse_transform(X)), X)


def test_one_permutation_for_all_images_and_channels(rng, global_random_seed):
    X = rng.standard_normal((4, 3, 5, 6))
    shuffle = PixelShuffle(random_state=global_random_seed).fit(X)
    expected = X.reshape(4, 3, 30)[..., shuffle.permutation_].reshape(X.shape)
    assert_array_equal(shuffle.transform(X), expected)


def test_kinds_of_input(X, global_random_seed):
    shuffle = PixelShuffle(random_state=global_random_seed).fit(X)
    expected = shuffle.transform(X)
    tensor = shuffle.transform(torch.from_numpy(X))
    assert isinstance(tensor, torch.Tensor)
    assert_array_equal(tensor.numpy(), expected)
    stack = ImageStack.from_class(CAlphaImages((12, 17)), 6, global_random_seed)
    assert_array_equal(shuffle.transform(stack), expected)
    flat = PixelShuffle(image_shape=(12, 17), random_state=global_random_seed)
    assert_array_equal(flat.fit_transform(X.reshape(6, -1)), expected.reshape(6, -1))


def test_seed_decides_through_clone(X):
    shuffle = PixelShuffle(random_state=1)
    a = clone(shuffle).fit(X).permutation_
    assert_array_equal(a, shuffle.fit(X).permutation_)
    assert not np.array_equal(a, PixelShuffle(random_state=2).fit(X).permutation_)


def test_pipelines(X):
    pipeline = make_pipeline(PixelShuffle(random_state=0), WaveletShrinkage(sigma=0.1))
    shuffled = PixelShuffle(random_state=0).fit_transform(X)
    expected = WaveletShrinkage(sigma=0.1).fit_transform(shuffled)
    assert_array_equal(pipeline.fit(X).transform(X), expected)
    rows = make_pipeline(PixelShuffle(image_shape=(12, 17), random_state=0), PCA(3))
    flat = X.reshape(6, -1)
    # principal components know no geometry
    variance = PCA(3).fit(flat).explained_variance_
    assert rows.fit(flat)[-1].explained_variance_ == pytest.approx(variance, rel=1e-4)


def test_other_sizes_and_unfitted_are_refused(X):
    with pytest.raises(NotFittedError):
        PixelShuffle().transform(X)
    with pytest.raises(ValueError, match=r"\(12, 17\) pixels"):
        PixelShuffle().fit(X).transform(X[:, :5])
    with pytest.raises(ValueError, match="image_shape"):
        PixelShuffle().fit(X[0])
