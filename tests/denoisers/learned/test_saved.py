"""Folders, published weights, checkpoints: nothing is lost, nothing foreign is read."""

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import NetworkDenoiser
from gahb_sk.datasets import FreshImages
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.networks import (
    BiasFreeCNN,
    Energy,
    ResidualUNet,
    UNet,
    load_folder,
    save_folder,
)
from gahb_sk.training import Trainer, TrainingInterrupted
from tests.instances import smooth_images

SMALL = {"max_epochs": 1, "random_state": 0}
OFTEN = {"checkpoint_every": 1e-9}


def make(cls=UNet, channels=4, batch_size=None, **parameters):
    """A small network; ``batch_size`` goes into the recipe."""
    smooth = ResidualUNet(channels, 1, activation="smooth")
    networks = {UNet: UNet(channels, 1), BiasFreeCNN: BiasFreeCNN(channels, 4)}
    network = networks.get(cls, Energy(smooth))
    if batch_size is not None:
        recipe = parameters.get("recipe", "fast")
        base = {"base": recipe} if isinstance(recipe, str) else recipe
        parameters["recipe"] = {**base, "batch_size": batch_size}
    return NetworkDenoiser(network, **{**SMALL, **parameters})


BOTH = pytest.mark.parametrize("cls", [UNet, BiasFreeCNN])


def state_of(denoiser):
    return denoiser.network_.state_dict()


def assert_same_weights(a, b):
    for (name, x), (other, y) in zip(state_of(a).items(), state_of(b).items(), strict=True):
        assert name == other and torch.equal(x, y), name


# Folders ----------------------------------------------------------------------------------


@BOTH
def test_saved_and_loaded(cls, tmp_path, rng):
    denoiser = make(cls, noise_range=(0.01, 0.5)).fit(smooth_images(6))
    denoiser.save(tmp_path / "it")
    loaded = NetworkDenoiser.load(tmp_path / "it")
    y = rng.rand(2, 9, 7)
    assert_array_equal(loaded.transform(y), denoiser.transform(y))
    assert repr(loaded) == repr(denoiser)
    assert loaded.loss_curve_ == denoiser.loss_curve_
    assert loaded.image_shape_ == denoiser.image_shape_
    assert sorted(p.name for p in (tmp_path / "it").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]


def _change(path, **settings):
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, **settings}))


def _rewrite(folder, network=None, **settings):
    """Other settings with a digest that fits them, as a hostile author would write it."""
    state, config = load_folder(folder)
    if network is not None:
        settings["parameters"] = {**config["parameters"], "network": network}
    save_folder(folder, state, {**config, **settings})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: (d / "config.json").write_text("{"), "cannot be read"),
        (lambda d: (d / "config.json").write_text("[]"), "foreign"),
        (lambda d: _change(d / "config.json", format_version=99), "format version"),
        (lambda d: _change(d / "config.json", estimator="Other"), "do not belong together"),
        (lambda d: _rewrite(d, estimator="Other"), "expected a NetworkDenoiser"),
        (lambda d: _rewrite(d, parameters={"sizes": 3}), "settings in config.json"),
        (lambda d: _rewrite(d, network={"class": "UNet", "channels": -3}), "channels"),
        (
            lambda d: _rewrite(d, network={"class": "UNet", "channels": 5, "n_blocks": 1}),
            "of shape",
        ),
        (lambda d: _rewrite(d, network={"class": "UNet", "width": 5}), "settings in config.json"),
        (lambda d: (d / "config.json").write_text("[" * 10**5), "cannot be read"),
        # 8 GB and seconds, were it built before the shapes are compared.
        (
            lambda d: _rewrite(d, network={"class": "BiasFreeCNN", "channels": 1024, "depth": 200}),
            "lacks 'conv_layers",
        ),
        (lambda d: _rewrite(d, network={"class": "BiasFreeCNN", "depth": 100_000}), "depth"),
        (lambda d: _rewrite(d, network={"class": "ResidualUNet", "n_units": 10**6}), "n_units"),
        (lambda d: _rewrite(d, fitted=None), "settings in config.json"),
        (lambda d: (d / "model.safetensors").unlink(), "cannot be read"),
        (lambda d: os.truncate(d / "model.safetensors", 300), "truncated or altered"),
    ],
)
def test_what_is_foreign_or_damaged_is_refused(spoil, message, tmp_path):
    make().fit(smooth_images(4)).save(tmp_path)
    spoil(tmp_path)
    with pytest.raises(ValueError, match=message):
        NetworkDenoiser.load(tmp_path)


def test_a_network_saved_before_it_had_a_padding_keeps_its_zeros(tmp_path):
    X = smooth_images(4)
    zeros = NetworkDenoiser(ResidualUNet(4, 1, padding="zeros"), **SMALL).fit(X)
    zeros.save(tmp_path)
    described = load_folder(tmp_path)[1]["parameters"]["network"]
    del described["padding"]
    _rewrite(tmp_path, network=described)
    loaded = NetworkDenoiser.load(tmp_path)
    assert loaded.network.padding == "zeros" != ResidualUNet().padding
    assert_array_equal(loaded.transform(X), zeros.transform(X))


def test_a_model_is_replaced_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    """Whichever renaming fails, as by a kill, the folder holds the old model or the new one."""
    old, new = make().fit(smooth_images(4)), make().fit(smooth_images(6, seed=1))
    y = smooth_images(2)
    replace, done = os.replace, []

    def fail(source, target):
        if len(done) == limit:
            raise OSError("no space left")
        done.append(target)
        replace(source, target)

    for limit in range(3):
        old.save(tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", fail)
            with pytest.raises(OSError, match="no space"):
                new.save(tmp_path)
        assert len(done) == limit
        done.clear()
        assert_array_equal(NetworkDenoiser.load(tmp_path).transform(y), old.transform(y))
    new.save(tmp_path)
    assert_array_equal(NetworkDenoiser.load(tmp_path).transform(y), new.transform(y))
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(value, tmp_path):
    denoiser = make().fit(smooth_images(4))
    next(denoiser.network_.parameters()).fill_(value)
    denoiser.save(tmp_path)
    with pytest.raises(ValueError, match="NaN or infinity"):
        NetworkDenoiser.load(tmp_path)


# Published weights ------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("image_channels", [1, 3])
def test_published_weights_give_the_published_output(cls, prefix, image_channels, tmp_path):
    source = torch.Generator().manual_seed(0)
    network = cls(8, 2 if cls is UNet else 6).build(image_channels, generator=source).eval()
    state = {prefix + name: value for name, value in network.state_dict().items()}
    torch.save(state, tmp_path / "model.pt")
    denoiser = NetworkDenoiser.from_published(tmp_path / "model.pt")
    y = torch.rand(2, image_channels, 8, 8, generator=source)
    with torch.no_grad():
        expected = y - network(y)
    assert_allclose(denoiser.transform(y), expected, atol=1e-5)
    denoiser.to_published(tmp_path / "again.pt")
    written = torch.load(tmp_path / "again.pt", weights_only=True)
    for name, value in network.state_dict().items():
        assert torch.equal(written[name], value)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


@BOTH
def test_other_files_are_no_published_weights(cls, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.pt").write_bytes(pickle.dumps(Evil()))
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pt")
    for name in ("evil.pt", "list.pt", "other.pt"):
        with pytest.raises(ValueError, match="state dict"):
            NetworkDenoiser.from_published(tmp_path / name)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("change", ["lacks", "unknown", "of shape"])
def test_every_key_and_shape_is_checked(change, tmp_path):
    state = UNet(4, 1).build().state_dict()
    if change == "lacks":
        del state["upsample.0.weight"]
    elif change == "unknown":
        state["more"] = torch.zeros(1)
    else:
        state["mid_block.0.weight"] = torch.zeros(8, 4, 5, 5)
    torch.save(state, tmp_path / "model.pt")
    with pytest.raises(ValueError, match=change):
        NetworkDenoiser.from_published(tmp_path / "model.pt")


KINDS = {
    "complex": lambda weight: weight + 1j,
    "sparse": torch.Tensor.to_sparse,
    "meta": lambda weight: weight.to("meta"),
    "integers": torch.Tensor.int,
    "NaN": lambda weight: weight * float("nan"),
    "too large for float32": lambda weight: weight.double() * 1e300,
}


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_finite_dense_floats(kind, tmp_path):
    state = UNet(4, 1).build().state_dict()
    name = "mid_block.0.weight"
    torch.save({**state, name: KINDS[kind](state[name])}, tmp_path / "model.pt")
    with pytest.raises(ValueError, match=f"'{name}'.*(dense|NaN or infinity)"):
        NetworkDenoiser.from_published(tmp_path / "model.pt")


# Checkpoints ------------------------------------------------------------------------------

SCRIPT = """
import sys, torch
torch.set_num_threads(1)
from gahb_sk import NetworkDenoiser
from gahb_sk.networks import UNet
from tests.instances import smooth_images
NetworkDenoiser(
    UNet(channels=4, n_blocks=1), recipe={"base": "fast", "batch_size": 4}, max_epochs=60,
    random_state=0, checkpoint_dir=sys.argv[1], machine={"checkpoint_every": 0.01},
).fit(smooth_images(10))
"""


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _interrupted(folder, steps, fit):
    """Run ``fit`` and raise after so many steps, as a crash would."""
    step = Trainer.step

    def crash(self, *arguments):
        if self.steps == steps:
            raise RuntimeError("crash")
        return step(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "step", crash)
        with pytest.raises(RuntimeError, match="crash"):
            fit()
    assert list(folder.glob("step-*.safetensors"))


@pytest.mark.parametrize(
    ("cls", "recipe"),
    [(UNet, "fast"), (UNet, "paper"), (BiasFreeCNN, "fast"), (BiasFreeCNN, "paper"),
     (Energy, "muon")],
)  # fmt: skip
def test_resumed_training_ends_with_the_same_weights(cls, recipe, tmp_path, one_thread):
    X = smooth_images(10)
    settings = {"recipe": recipe, "max_epochs": 3, "batch_size": 4, "machine": OFTEN}
    whole = make(cls, **settings).fit(X)
    resumed = make(cls, **settings, checkpoint_dir=tmp_path)
    for steps in (2, 3, 7):
        _interrupted(tmp_path, steps, lambda: resumed.fit(X))
    resumed.fit(X)
    assert_same_weights(whole, resumed)
    assert whole.loss_curve_ == resumed.loss_curve_ and whole.n_iter_ == resumed.n_iter_
    # A finished training is only read.
    assert_same_weights(resumed.fit(X), whole)


def test_killed_training_goes_on(tmp_path, one_thread):
    """A real process, really killed; what goes on ends as if nothing had happened."""
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path)])
    deadline = time.monotonic() + 240
    while len(list(tmp_path.glob("step-*.safetensors"))) < 2:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    X = smooth_images(10)
    settings = {"batch_size": 4, "max_epochs": 60}
    done = int(sorted(tmp_path.glob("step-*"))[-1].stem.removeprefix("step-"))
    assert 0 < done < 180
    resumed = make(**settings, checkpoint_dir=tmp_path).fit(X)
    whole = make(**settings).fit(X)
    assert whole.n_iter_ == resumed.n_iter_ == 180
    assert_same_weights(resumed, whole)


def test_another_training_is_refused(tmp_path):
    make(checkpoint_dir=tmp_path).fit(smooth_images(6))
    for changed, X in (
        ({"channels": 5}, smooth_images(6)),
        ({"random_state": 1}, smooth_images(6)),
        ({}, smooth_images(6, seed=1)),
    ):
        with pytest.raises(ValueError, match="differs"):
            make(**changed, checkpoint_dir=tmp_path).fit(X)


def test_damaged_checkpoint_falls_back_to_the_one_before(tmp_path, one_thread):
    X = smooth_images(10)
    settings = {"max_epochs": 3, "batch_size": 4, "machine": OFTEN}
    whole = make(**settings).fit(X)
    denoiser = make(**settings, checkpoint_dir=tmp_path)
    _interrupted(tmp_path, 5, lambda: denoiser.fit(X))
    before, last = sorted(tmp_path.glob("step-*"))
    content = bytearray(last.read_bytes())
    content[-5] ^= 1
    last.write_bytes(bytes(content))
    with pytest.warns(UserWarning, match="damaged"):
        denoiser.fit(X)
    assert_same_weights(denoiser, whole)
    for path in tmp_path.glob("step-*"):
        os.truncate(path, 100)
    with (
        pytest.warns(UserWarning, match="damaged"),
        pytest.raises(ValueError, match="start anew"),
    ):
        denoiser.fit(X)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: re.sub(rb'images\\": \d', rb'images\\": 7', text),
        lambda text: text.replace(b"epochs", b"epochz", 1),
    ],
    ids=["a digit", "a key"],
)
def test_a_checkpoint_whose_counts_changed_is_passed_over(change, tmp_path, one_thread):
    X = smooth_images(10)
    settings = {"max_epochs": 3, "batch_size": 4, "machine": OFTEN}
    whole = make(**settings).fit(X)
    denoiser = make(**settings, checkpoint_dir=tmp_path)
    _interrupted(tmp_path, 5, lambda: denoiser.fit(X))
    last = sorted(tmp_path.glob("step-*"))[-1]
    content = last.read_bytes()
    last.write_bytes(change(content))
    assert last.read_bytes() != content
    with pytest.warns(UserWarning, match="digest"):
        denoiser.fit(X)
    assert_same_weights(denoiser, whole)


# Interruptions, going on, streams ---------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_keep_a_fitted_estimator(number, monkeypatch):
    step = Trainer.step

    def press(self, *arguments):
        if self.steps == 2:
            os.kill(os.getpid(), number)
        return step(self, *arguments)

    monkeypatch.setattr(Trainer, "step", press)
    before = signal.getsignal(number)
    with pytest.warns(TrainingInterrupted):
        denoiser = make(max_epochs=50, batch_size=4).fit(smooth_images(10))
    assert denoiser.n_iter_ == 3
    assert denoiser.transform(smooth_images(2)).shape == (2, 16, 16)
    assert signal.getsignal(number) is before


def test_infinite_loss_keeps_the_last_good_weights():
    denoiser = make(recipe={"base": "paper", "learning_rate": 1e30}, max_epochs=50, batch_size=2)
    with pytest.raises(FloatingPointError, match=r"at image \d+ with learning rate 1e\+30"):
        denoiser.fit(smooth_images(6))
    assert all(value.isfinite().all() for value in state_of(denoiser).values())


@BOTH
def test_warm_start_goes_on(cls):
    X = smooth_images(8)
    denoiser = make(cls, warm_start=True).fit(X)
    first = {name: value.clone() for name, value in state_of(denoiser).items()}
    denoiser.set_params(recipe={"learning_rate": 1e-12}).fit(X)
    for name, value in state_of(denoiser).items():
        if "running_sd" not in name:
            assert_allclose(value, first[name], atol=1e-6)
    with pytest.raises(ValueError, match="warm_start"):
        denoiser.set_params(network__channels=5).fit(X)


def test_partial_fit_is_one_pass(rng):
    X = smooth_images(10)
    denoiser = make(batch_size=5).partial_fit(X)
    assert denoiser.n_images_seen_ == 10
    first = {name: value.clone() for name, value in state_of(denoiser).items()}
    denoiser.partial_fit(X)
    assert denoiser.n_images_seen_ == 20
    assert any(not torch.equal(value, first[name]) for name, value in state_of(denoiser).items())


def test_fresh_images_are_the_images_of_the_stream(one_thread):
    """Training on a stream equals training on its images in their order."""
    stream = FreshImages(CAlphaImages(16), random_state=3)
    seen = []
    take = stream.take
    stream.take = lambda start, stop: seen.append((start, stop)) or take(start, stop)
    denoiser = make(max_epochs=None, max_images=24, batch_size=8).fit(stream)
    assert denoiser.n_images_seen_ == 24 and denoiser.image_shape_ == (16, 16)
    batches = [span for span in seen if span[1] - span[0] == 8]
    assert batches[:3] == [(0, 8), (8, 16), (16, 24)]
    again = make(max_epochs=None, max_images=24, batch_size=8).fit(stream)
    assert_same_weights(denoiser, again)


def test_published_sizes():
    """Paper.md, section 4: 702,784 parameters."""
    assert sum(p.numel() for p in BiasFreeCNN(64, 21).build().parameters()) == 702_784


def test_norm_of_a_colour_image_survives_float64(rng):
    denoiser = make().fit(np.asarray(rng.rand(4, 3, 8, 8), np.float64))
    assert denoiser.transform(rng.rand(1, 3, 8, 8)).dtype == np.float64


def test_early_stopping_keeps_the_best_weights(tmp_path, one_thread):
    X = smooth_images(30)
    settings = {"max_epochs": 40, "batch_size": 9}
    settings["recipe"] = {"early_stopping": True, "patience": 2}
    denoiser = make(**settings, checkpoint_dir=tmp_path, machine=OFTEN)
    _interrupted(tmp_path, 7, lambda: denoiser.fit(X))
    denoiser.fit(X)
    whole = make(**settings).fit(X)
    assert_same_weights(denoiser, whole)
    scores = [np.mean(record["psnr"]) for record in whole.history_]
    assert len(scores) == 40 or np.argmax(scores) == len(scores) - 3
    assert whole.history_[0]["images"] == 27
    with pytest.raises(ValueError, match="validation_fraction"):
        denoiser.set_params(checkpoint_dir=None).fit(X[:1])
