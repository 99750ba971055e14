import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk import NetworkDenoiser, WienerDenoiser
from gahb_sk.datasets import make_disk_images
from gahb_sk.experiments import capacity_curve, generalization_curve
from gahb_sk.networks import ResidualUNet


@pytest.fixture
def white(rng):
    return {f"{s}x{s}": rng.normal(size=(900, s, s)) for s in (3, 6, 12)}


def test_larger_images_need_more_of_them(white):
    """A Wiener filter of d values fits d variances; with white images the gap grows with d/N."""
    table = capacity_curve([WienerDenoiser()], white, (50, 300), sigma=[1.0], n_test=300)
    few, many = (table.where(n_train=n)["gap"] for n in (50, 300))
    assert (np.diff(few) > 0).all()
    assert many[2] > many[0]
    assert (many[1:] < few[1:] / 2).all()
    assert table.where(images="6x6")["n_values"].tolist() == [36, 36]
    assert np.isnan(table["n_weights"]).all()


def test_each_row_is_that_of_its_generalization_curve(white, global_random_seed):
    options = {"sigma": [0.3, 1.0], "random_state": global_random_seed}
    table = capacity_curve({"w": WienerDenoiser()}, white, (40, 200), **options)
    curve = generalization_curve(WienerDenoiser(), white["6x6"], (40, 200), n_samples=0, **options)
    part = table.where(images="6x6", denoiser="w")
    for name in curve.gap:
        assert_allclose(part[name], curve.gap[name])


def test_fitted_pairs_give_what_fitting_gives(white):
    sizes = (40, 200)
    table = capacity_curve([WienerDenoiser()], white, sizes)
    fitted = {
        images: {
            "WienerDenoiser": {n: [WienerDenoiser().fit(A) for A in (X[:n], X[-n:])] for n in sizes}
        }
        for images, X in white.items()
    }
    again = capacity_curve(None, white, pairs=fitted)
    assert list(again) == list(table)
    for name in table:
        np.testing.assert_array_equal(again[name], table[name])
    both = capacity_curve({"other": WienerDenoiser()}, white, pairs={"6x6": fitted["6x6"]})
    assert both["images"].tolist().count("6x6") == 2 * both["images"].tolist().count("3x3")
    assert set(both["n_train"]) == set(sizes)


def test_networks_of_two_sizes_are_kept_apart(tmp_path, monkeypatch):
    stacks = {"a/b": make_disk_images(20, 8, random_state=0)}
    networks = {
        f"{k} channels": NetworkDenoiser(ResidualUNet(channels=k, n_blocks=1), max_images=16)
        for k in (2, 4)
    }
    options = {"n_test": 4, "folder": tmp_path}
    table = capacity_curve(networks, stacks, (4, 8), **options)
    assert len(list(tmp_path.rglob("model.safetensors"))) == 8
    small, large = (table.where(denoiser=name)["n_weights"][0] for name in networks)
    assert small < large
    monkeypatch.setattr(NetworkDenoiser, "fit", None)  # nothing is fitted again
    again = capacity_curve(networks, stacks, (4, 8), **options)
    assert_allclose(again["gap"], table["gap"])


def test_bad_input(white):
    with pytest.raises(ValueError, match="stacks"):
        capacity_curve([WienerDenoiser()], {}, (3,))
    with pytest.raises(ValueError, match="estimators, pairs"):
        capacity_curve(None, white)
    with pytest.raises(ValueError, match="pairs: expected names among"):
        capacity_curve(None, white, pairs={"7x7": {}})
    with pytest.raises(ValueError, match=r"6x6: expected at least 2 \* 9"):
        capacity_curve([WienerDenoiser()], {**white, "6x6": white["6x6"][:20]}, (9,), n_test=5)
