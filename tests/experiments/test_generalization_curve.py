import json
import os

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

from gahb_sk import (
    EmpiricalBayesDenoiser,
    FunctionDenoiser,
    NetworkDenoiser,
    OracleShrinkage,
    WienerDenoiser,
    psnr,
)
from gahb_sk.datasets import ImageStack, make_disk_images
from gahb_sk.experiments import generalization_curve
from gahb_sk.image_classes import DiskImages
from gahb_sk.networks import ResidualUNet
from gahb_sk.noise import add_gaussian_noise

SIZE = 8


@pytest.fixture(scope="module")
def disks():
    return make_disk_images(2200, 12, random_state=3).astype(np.float32)


@pytest.fixture
def gaussian(rng):
    """Images of a Gaussian law with a covariance of its own."""
    mixing = rng.normal(size=(SIZE**2, SIZE**2)) / SIZE
    return (0.5 + 0.2 * rng.normal(size=(2600, SIZE**2)) @ mixing).reshape(-1, SIZE, SIZE)


def cosines(curve, measure, centered=True):
    return curve.similarity.where(measure=measure, centered=centered)["cosine"]


def test_a_memoriser_samples_its_training_images(rng, global_random_seed):
    X = 0.5 + 0.3 * rng.normal(size=(700, SIZE, SIZE))  # far apart: 3.4 at a noise of 0.05
    curve = generalization_curve(
        EmpiricalBayesDenoiser(), X, (1, 10, 300), n_samples=8, random_state=global_random_seed
    )
    assert_allclose(cosines(curve, "closest"), 1, atol=1e-6)
    assert (cosines(curve, "other") < 0.7).all()
    assert (cosines(curve, "pair") < 0.7).all()
    own = curve.psnr.where(images="train", sigma=0.03)["psnr"]
    assert (own > curve.psnr.where(images="test", sigma=0.03)["psnr"] + 10).all()


def test_one_image_is_learned_by_heart(disks):
    curve = generalization_curve(EmpiricalBayesDenoiser(), disks, (1,), n_samples=2)
    train = curve.psnr.where(images="train")
    assert (train["psnr"] > 100).all() and (train["n_images"] == 100).all()
    pairs = curve.samples[1]
    assert_allclose(pairs.first, np.broadcast_to(disks[0], pairs.first.shape), atol=1e-6)
    assert_allclose(pairs.second, np.broadcast_to(disks[-1], pairs.second.shape), atol=1e-6)


def test_wiener_filters_agree_as_n_grows(gaussian, global_random_seed):
    sampler = {"h0": 0.05, "sigma_end": 0.1}
    curve = generalization_curve(
        WienerDenoiser(), gaussian, (10, 100, 1200), n_samples=20, sampler=sampler,
        random_state=global_random_seed,
    )  # fmt: skip
    pairs = cosines(curve, "pair")
    assert (np.diff(pairs) > 0).all() and pairs[-1] > 0.9
    assert (np.diff(curve.gap["gap"]) < 0).all()
    assert curve.gap["gap"][-1] < 0.5
    # At the large end its samples are no more like its own training images than like others.
    assert abs(cosines(curve, "closest")[-1] - cosines(curve, "other")[-1]) < 0.05


def test_psnrs_are_those_of_the_denoiser(gaussian):
    curve = generalization_curve(WienerDenoiser(), gaussian, (5, 40), n_test=30, n_samples=0)
    second, test = gaussian[-40:], gaussian[40:70]
    noisy = add_gaussian_noise(test, 0.1, np.random.SeedSequence(0, spawn_key=(0, 0)))
    values = psnr(test, WienerDenoiser().fit(second).transform(noisy, sigma=0.1))
    row = curve.psnr.where(n_train=40, images="test", training_set="B", sigma=0.1)
    assert_allclose(row["psnr"], values.mean())
    assert_allclose(row["psnr_se"], values.std(ddof=1) / np.sqrt(30))


def test_gap_is_train_less_test(gaussian):
    curve = generalization_curve(WienerDenoiser(), gaussian, (20, 200), n_samples=0)
    for n in curve.n_train:
        means = [curve.psnr.where(n_train=n, images=i)["psnr"].mean() for i in ("train", "test")]
        row = curve.gap.where(n_train=n)
        assert_allclose([row["train_psnr"][0], row["test_psnr"][0]], means)
        assert_allclose(row["gap"], means[0] - means[1])
    assert (curve.gap["gap_se"] > 0).all()
    assert curve.samples == {} and curve.similarity.n_rows == 0


def test_pairs_and_closest_images_belong_together(disks):
    curve = generalization_curve(WienerDenoiser(), disks, (50,), n_samples=5)
    pairs = curve.samples[50]
    for samples, found, images in (
        (pairs.first, pairs.closest_first, disks[:50]),
        (pairs.second, pairs.closest_second, disks[-50:]),
    ):
        assert samples.shape == found.shape == (5, 12, 12)
        assert all((one == images).all(axis=(1, 2)).any() for one in found)
    assert pairs.cosines["pair", False].shape == (5,)
    assert (pairs.cosines["pair", False] <= 1 + 1e-12).all()


def test_the_same_call_gives_the_same(disks, global_random_seed):
    def curve():
        return generalization_curve(
            WienerDenoiser(), disks, (30,), n_samples=3, random_state=global_random_seed
        )

    assert_array_equal(curve().samples[30].first, curve().samples[30].first)
    assert_array_equal(curve().psnr["psnr"], curve().psnr["psnr"])


def test_lazy_stacks_and_workers_change_nothing():
    stack = ImageStack.from_class(DiskImages(8), 260, 1)
    one = generalization_curve(WienerDenoiser(), np.asarray(stack), (10, 80), n_samples=2)
    with parallel_config(backend="threading"):
        two = generalization_curve(WienerDenoiser(), stack, (10, 80), n_samples=2, n_jobs=2)
    assert_allclose(two.psnr["psnr"], one.psnr["psnr"])
    assert_allclose(two.samples[80].first, one.samples[80].first, atol=1e-6)


def amplify(image):
    return 3 * image


def test_diverged_samples_are_left_out_and_counted(disks):
    curve = generalization_curve(FunctionDenoiser(amplify), disks, (4,), n_test=5, n_samples=3)
    assert (curve.similarity["n_diverged"] == 3).all()
    assert (curve.similarity["n_samples"] == 0).all()
    assert np.isnan(curve.similarity["cosine"]).all()
    assert len(curve.samples[4].first) == 0


# Fitted pairs -----------------------------------------------------------------------------


def fitted_pairs(X, sizes):
    return {n: (WienerDenoiser().fit(X[:n]), WienerDenoiser().fit(X[-n:])) for n in sizes}


def test_fitted_pairs_give_what_fitting_gives(disks, global_random_seed):
    options = {"n_samples": 2, "random_state": global_random_seed}
    one = generalization_curve(WienerDenoiser(), disks, (10, 80), **options)
    two = generalization_curve(fitted_pairs(disks, (80, 10)), disks, **options)
    assert two.n_train == one.n_train == (10, 80)
    assert_array_equal(two.psnr["psnr"], one.psnr["psnr"])
    assert_array_equal(two.samples[80].first, one.samples[80].first)
    assert two.n_values == one.n_values == 144


def test_fitted_pairs_are_not_fitted_again(disks, monkeypatch):
    pairs = fitted_pairs(disks, (10, 80))
    monkeypatch.setattr(WienerDenoiser, "fit", None)
    curve = generalization_curve(pairs, disks, (80,), n_samples=0)
    assert curve.n_train == (80,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_train": (10, 20)}, "which are fitted; got"),
        ({"folder": "runs"}, "folder: expected None"),
        ({"estimator": {10: (WienerDenoiser(),)}}, "two fitted denoisers"),
        ({"estimator": {}}, "n_train: expected positive"),
    ],
)
def test_bad_pairs(change, message, disks):
    options = {"estimator": fitted_pairs(disks, (10,)), "X": disks, "n_samples": 0, **change}
    with pytest.raises(ValueError, match=message):
        generalization_curve(**options)


def test_pairs_that_are_not_fitted(disks):
    with pytest.raises(NotFittedError):
        generalization_curve({10: (WienerDenoiser(), WienerDenoiser())}, disks, n_samples=0)


# Kept networks ----------------------------------------------------------------------------


@pytest.fixture
def network():
    return NetworkDenoiser(
        ResidualUNet(channels=2, n_blocks=1), max_images=40, recipe={"batch_size": 8}
    )


@pytest.fixture
def few():
    return make_disk_images(60, 8, random_state=0).astype(np.float32)


@pytest.fixture
def fits(monkeypatch):
    """Numbers of images of the fits that took place."""
    seen, fit = [], NetworkDenoiser.fit

    def counted(self, X, y=None):
        seen.append(len(X))
        return fit(self, X, y)

    monkeypatch.setattr(NetworkDenoiser, "fit", counted)
    return seen


def test_networks_are_kept_and_only_missing_ones_fitted(network, few, fits, tmp_path):
    options = {"n_test": 10, "n_samples": 2, "folder": tmp_path / "kept"}
    options["sampler"] = {"max_steps": 30, "sigma_end": 0.5}
    first = generalization_curve(network, few, (4, 16), **options)
    assert fits == [4, 4, 16, 16]
    again = generalization_curve(network, few, (4, 16), **options)
    assert fits == [4, 4, 16, 16]
    assert_array_equal(again.psnr["psnr"], first.psnr["psnr"])
    assert_array_equal(again.samples[16].first, first.samples[16].first)
    generalization_curve(network, few, (4, 8, 16), **options)
    assert fits[4:] == [8, 8]
    assert not list((tmp_path / "kept").rglob("checkpoints"))
    with pytest.raises(NotFittedError):
        network.transform(few)


@pytest.mark.parametrize("n_samples", [0, 2])
def test_what_was_measured_is_not_measured_again(n_samples, network, few, monkeypatch, tmp_path):
    options = {"n_test": 10, "n_samples": n_samples, "folder": tmp_path}
    options["sampler"] = {"max_steps": 1}
    curve = generalization_curve(network, few, (2, 4), **options)

    def denoise(*_):
        raise AssertionError("measured again")

    with monkeypatch.context() as patched:
        patched.setattr(NetworkDenoiser, "denoise", denoise)
        again = generalization_curve(network, few, (2, 4), **options)
        with pytest.raises(AssertionError, match="measured again"):
            generalization_curve(network, few, (2, 4), **{**options, "sigma": [0.2]})
    for name in ("psnr", "gap", "similarity"):
        for column, values in getattr(curve, name).items():
            assert_array_equal(getattr(again, name)[column], values)
    for n, pairs in curve.samples.items():
        assert_array_equal(again.samples[n].first, pairs.first)


def test_the_two_networks_start_from_other_weights(network, few, tmp_path):
    X = np.concatenate([few[:4], few, few[:4]])  # sets A and B are the same images
    curve = generalization_curve(network, X, (4,), n_test=10, n_samples=0)
    a, b = (curve.psnr.where(training_set=name)["psnr"] for name in "AB")
    assert (a != b).all()
    assert curve.n_weights > 100


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda network, X: (network.set_params(network__channels=3), X, 0), "parameters"),
        (lambda network, X: (network, X[::-1], 0), "images"),
        (lambda network, X: (network, X, 1), "seed"),
    ],
)
def test_a_folder_of_another_experiment_is_refused(change, named, network, few, tmp_path):
    options = {"n_test": 10, "n_samples": 0, "folder": tmp_path}
    generalization_curve(network, few, (4,), **options)
    network, X, seed = change(network, few)
    with pytest.raises(ValueError, match=f"other {named}"):
        generalization_curve(network, X, (4,), random_state=seed, **options)


def test_what_does_not_change_the_weights_may_change(network, few, fits, tmp_path):
    options = {"n_test": 10, "n_samples": 0, "folder": tmp_path}
    generalization_curve(network, few, (4,), **options)
    network.set_params(machine={"checkpoint_every": 5.0, "device": "cpu"})
    generalization_curve(network, few, (4,), **options)
    assert fits == [4, 4]


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"format": 1})])
def test_a_damaged_manifest_is_refused(text, network, few, tmp_path):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match="cannot be read"):
        generalization_curve(network, few, (4,), n_test=10, folder=tmp_path)


def test_a_foreign_folder_is_refused(network, few, tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ValueError, match="not empty"):
        generalization_curve(network, few, (4,), n_test=10, folder=tmp_path)


def test_after_ctrl_c_no_half_trained_network_is_kept(network, few, monkeypatch, tmp_path):
    options = {"n_test": 10, "n_samples": 0, "folder": tmp_path / "cut"}
    network.set_params(max_images=160, machine={"checkpoint_every": 1e-9})
    whole = generalization_curve(network, few, (8,), **{**options, "folder": tmp_path / "whole"})
    replace, calls = os.replace, []

    def interrupt(source, target):  # the step that makes a checkpoint whole
        replace(source, target)
        calls.append("checkpoints" in str(target))
        if sum(calls) == 8:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            generalization_curve(network, few, (8,), **options)
    assert not list((tmp_path / "cut").rglob("config.json"))
    assert list((tmp_path / "cut").rglob("checkpoints"))
    resumed = generalization_curve(network, few, (8,), **options)
    assert_allclose(resumed.psnr["psnr"], whole.psnr["psnr"], rtol=1e-5)


# Bad input --------------------------------------------------------------------------------


def test_too_few_images(few):
    with pytest.raises(ValueError, match=r"at least 2 \* 28 \+ 5 = 61 images.* got 60"):
        generalization_curve(WienerDenoiser(), few, (1, 28), n_test=5)


@pytest.mark.parametrize("n_train", [(), (0, 3), (1.5,), [[2]]])
def test_bad_numbers(n_train, few):
    with pytest.raises(ValueError, match="n_train"):
        generalization_curve(WienerDenoiser(), few, n_train)


@pytest.mark.parametrize("estimator", [OracleShrinkage(), WienerDenoiser, [1]])
def test_what_cannot_take_part(estimator, few):
    with pytest.raises(TypeError, match="estimator"):
        generalization_curve(estimator, few, (2,), n_test=5)
