"""The weights that come with the package."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import gahb_sk_weights
from gahb_sk import NetworkDenoiser, PretrainedDenoiser, add_gaussian_noise, psnr, zoo
from gahb_sk.denoisers import UntestedSizeWarning
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.jacobians import jacobian
from gahb_sk.networks import UNet
from gahb_sk.reproduce import PLANS, get_figure, reproduce
from gahb_sk.zoo import list_pretrained, load_pairs, load_pretrained, read_card

OWN = Path(zoo.__file__).parent / "weights"
MORE = Path(gahb_sk_weights.__file__).parent
NOISE_SEED = 7  # of the noisy images that cards were measured on
MEGABYTE = 1e6


# The networks for whole photographs have tests with their plans, in tests/reproduce.
NAMES = [name for name in list_pretrained() if name in PLANS]


def folder_of(name):
    return next(place / name for place in (OWN, MORE) if (place / name).is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_what_its_card_says(name):
    card, plan = read_card(name), PLANS[name]
    clean = plan.test_images(card["n_test_images"])
    sigma = 0.1
    noisy = add_gaussian_noise(clean, sigma, random_state=NOISE_SEED)
    reached = psnr(clean, load_pretrained(name).transform(noisy, sigma=sigma)).mean()
    assert abs(reached - card["psnr"]["network"][card["sigma"].index(sigma)]) < 0.01
    assert card["text"] == plan.text


@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_small_and_beats_wavelets(name):
    assert sum(path.stat().st_size for path in folder_of(name).iterdir()) < 2 * MEGABYTE
    levels = read_card(name)["psnr"]
    if not PLANS[name].shuffled:
        assert np.mean(levels["network"]) > np.mean(levels["wavelets, spun"])


def test_the_energy_is_symmetric_and_tells_its_class_from_rougher_images(rng):
    energy = load_pretrained("energy")
    J = jacobian(energy, rng.rand(9, 8), 0.1)
    assert np.abs(J - J.T).max() < 1e-6
    own, rough = (
        add_gaussian_noise(CAlphaImages(16, alpha=a, antialias="area").sample(20, rng), 0.1, 0)
        for a in (2.0, 1.0)
    )
    assert np.mean(energy.score_samples(own, 0.1)) > np.mean(energy.score_samples(rough, 0.1))


def test_all_weights_together_are_small():
    sizes = [sum(p.stat().st_size for p in place.rglob("*")) for place in (OWN, MORE)]
    assert sizes[0] < 5.7 * MEGABYTE, "the wheel has 6 MB: move a network to gahb_sk_weights"
    assert sum(sizes) < 30 * MEGABYTE


def test_a_name_is_in_one_distribution_only():
    own, more = ({path.parent.name for path in place.glob("*/card.json")} for place in (OWN, MORE))
    assert {"c-alpha-2", "photographs"} <= own and len(more) > 10 and not own & more


def test_without_the_second_distribution_the_error_says_what_to_install(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "gahb_sk_weights" else find(name)
    )
    assert set(list_pretrained()) == {path.name for path in OWN.iterdir()}
    for load, name in ((load_pretrained, "ray"), (load_pairs, "pairs-8x8"), (read_card, "ray")):
        with pytest.raises(ValueError, match=r"Unknown .*pip install 'gahb-sk\[weights\]'"):
            load(name)
    with pytest.raises(ValueError, match=r"pairs-.* not installed.*gahb-sk\[weights\]"):
        reproduce(get_figure(2))


def test_the_two_networks_for_color_have_one_name():
    assert "photographs-color" in list_pretrained()
    card = read_card("photographs-color")
    assert card["name"] == "photographs-color"
    assert card["psnr"] == read_card("photographs-chroma")["psnr"]
    with pytest.raises(ValueError, match=r"two networks: use .*load_pretrained\('photographs-col"):
        PretrainedDenoiser("photographs-color").fit(np.zeros((1, 3, 8, 8)))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("photographs-colour", "photographs-color"), ("photograph", "photographs")],
)
def test_the_name_that_was_meant(typed, meant):
    with pytest.raises(ValueError, match=f"Did you mean '{meant}'"):
        load_pretrained(typed)


@pytest.mark.parametrize("name", sorted({*list_pretrained()} - {"photographs-color"}))
def test_a_card_names_the_sizes_tested(name):
    low, high = read_card(name)["sides_tested"]
    assert low <= min(load_pretrained(name).training_shape_[-2:]) and low <= high


def test_far_outside_of_the_sizes_tested_a_warning_says_so(recwarn):
    denoiser = load_pretrained("disks")
    low, high = read_card("disks")["sides_tested"]
    denoiser.transform(np.zeros((1, 4 * high, low)))
    assert not recwarn
    with pytest.warns(UntestedSizeWarning, match=f"disks: images of {4 * high + 8}x{low} pixels"):
        denoiser.transform(np.zeros((1, 4 * high + 8, low)))


def test_unknown_network():
    with pytest.raises(ValueError, match="Unknown network 'c-alpha-22'. Did you mean"):
        load_pretrained("c-alpha-22")


def test_a_folder_without_a_card(tmp_path):
    denoiser = NetworkDenoiser(UNet(channels=2, n_blocks=1), max_images=2, random_state=0)
    denoiser.fit(np.random.default_rng(0).random((2, 8, 8))).save(tmp_path)
    assert type(load_pretrained(tmp_path)) is PretrainedDenoiser
    assert type(load_pretrained(tmp_path).to_trainable()) is NetworkDenoiser
    with pytest.raises(ValueError, match="card.json cannot be read"):
        read_card(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"estimator": "WaveletShrinkage"}', "{}"])
def test_a_folder_that_is_no_network(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(
        ValueError, match="config.json cannot be read|foreign|cannot be read as a network"
    ):
        load_pretrained(tmp_path)
