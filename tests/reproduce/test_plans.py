"""Plans of the zoo: images, training, cards."""

import signal

import numpy as np
import pytest

from gahb_sk.datasets import FreshImages
from gahb_sk.reproduce import PLANS, SCALES, _plans, train_pretrained
from gahb_sk.training import Trainer
from gahb_sk.zoo import load_pretrained, read_card
from tests.instances import few_rivals


@pytest.mark.parametrize("name", PLANS)
def test_images_of_training_and_test_are_of_one_class_and_differ(name, monkeypatch):
    monkeypatch.setitem(_plans.STRIDES, "stride", 40)  # fewer patches
    plan = PLANS[name]
    images = plan.training_images()
    some = images.take(0, 4) if isinstance(images, FreshImages) else images[:4]
    test = plan.test_images(4)
    assert some.shape == test.shape == (4, plan.image_size, plan.image_size)
    assert not {x.tobytes() for x in some.astype(np.float32)} & {x.tobytes() for x in test}
    np.testing.assert_array_equal(test, plan.test_images(4))


def test_the_ray_is_one_ray():
    plan = PLANS["ray"]
    both = np.concatenate([plan.training_images().take(0, 3), plan.test_images(3)])
    assert np.linalg.matrix_rank(both.reshape(6, -1), tol=1e-4) == 1


def test_shuffled_photographs_are_the_photographs():
    shuffled, plain = (
        PLANS[name].test_images(2) for name in ("photographs-shuffled", "photograph-patches")
    )
    assert not np.array_equal(shuffled, plain)
    np.testing.assert_array_equal(*(np.sort(x.reshape(2, -1)) for x in (shuffled, plain)))


def test_paper_scale_has_the_size_of_the_paper():
    plan = SCALES["paper"](PLANS["c-alpha-2"])
    assert plan.image_size == 80
    assert (plan.network, plan.sizes["channels"]) == ("unet", 64)
    assert plan.recipe == "paper"
    assert SCALES["cpu"](PLANS["disks"]) == PLANS["disks"]


def test_training_goes_on_and_writes_a_card(tmp_path):
    arguments = {"sizes": {"channels": 4, "n_blocks": 1}, "n_test_images": 2}
    card = train_pretrained("disks", tmp_path, max_images=64, **arguments)
    folder = tmp_path / "disks"
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.json",
        "config.json",
        "model.safetensors",
    ]
    assert read_card(str(folder)) == card
    assert card["images_seen"] == 64
    assert {len(values) for values in card["psnr"].values()} == {len(card["sigma"])}
    assert {"network", "bandlets", "oracle bandlets", "noisy"} <= set(card["psnr"])
    denoiser = load_pretrained(str(folder))
    assert denoiser.transform(PLANS["disks"].test_images(2)).shape == (2, 40, 40)


def test_a_half_trained_network_gets_no_card(tmp_path, monkeypatch):
    options = {"sizes": {"channels": 2, "n_blocks": 1}, "n_test_images": 2, "max_images": 64}
    options["machine"] = {"checkpoint_every": 1e-9}
    step = Trainer.step

    def interrupted(self, *batch):
        signal.raise_signal(signal.SIGINT)
        return step(self, *batch)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "step", interrupted)
        train_pretrained("disks", tmp_path, **options)
    assert [path.name for path in (tmp_path / "disks").iterdir()] == ["checkpoints"]
    with few_rivals():
        assert train_pretrained("disks", tmp_path, **options)["images_seen"] == 64


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "disk"}, "Did you mean 'disks'"),
        ({"name": "disks", "scale": "gpu"}, "Unknown scale 'gpu'"),
    ],
)
def test_bad_names(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        train_pretrained(folder=tmp_path, **arguments)


def test_what_is_trained_is_left_alone_and_another_training_refused(tmp_path):
    small = {"sizes": {"channels": 2, "n_blocks": 1}, "n_test_images": 2, "verbose": False}
    with few_rivals():
        card = train_pretrained("sines", tmp_path, max_images=32, **small)
    assert card["seed"] == 0 and "--max-images 32 --test-images 2" in card["command"]
    weights = (tmp_path / "sines" / "model.safetensors").stat().st_mtime_ns
    again = train_pretrained("sines", tmp_path, max_images=32, **small)
    assert again == read_card(tmp_path / "sines")
    assert (tmp_path / "sines" / "model.safetensors").stat().st_mtime_ns == weights
    for changes in ({"max_images": 64}, {"max_images": 32, "scale": "paper"},
                    {"max_images": 32, "sizes": {"channels": 3}}):  # fmt: skip
        with pytest.raises(ValueError, match="Choose another folder"):
            train_pretrained("sines", tmp_path, **{**small, **changes})


def test_a_folder_of_the_same_name_does_not_hide_a_network(tmp_path, monkeypatch):
    (tmp_path / "c-alpha-2").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_pretrained("c-alpha-2").n_images_seen_ == 250_000
    with pytest.raises(ValueError, match="cannot be read"):
        load_pretrained("./c-alpha-2")


def test_paper_scale_of_the_bias_free_cnn_is_the_published_one():
    plan = SCALES["paper"](PLANS["bf-cnn-2"])
    weights = count(plan.denoiser().set_params(max_images=1))
    assert (weights, plan.image_size) == (702_784, 40)


def count(denoiser):
    denoiser.set_params(recipe="fast").fit(np.zeros((1, 8, 8), np.float32))
    return sum(weight.numel() for weight in denoiser.network_.parameters())
