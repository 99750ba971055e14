"""Patches of photographs for the networks of the zoo."""

import numpy as np
import pytest

from gahb_sk.cli import main
from gahb_sk.datasets import load_photographs, load_sample_patches
from gahb_sk.reproduce import PLANS, _plans, train_pretrained
from gahb_sk.reproduce._photographs import contrasted_patch, training_patches, turned
from gahb_sk.zoo import read_card
from tests.instances import few_rivals

SETTINGS = {"stride": 40, "folder_stride": 10, "random_state": 0}


@pytest.fixture
def folder(tmp_path):
    """One photograph, and one in a subfolder, which is left out."""
    rng = np.random.default_rng(0)
    place = tmp_path / "photographs"
    (place / "other").mkdir(parents=True)
    for name in ("view.npy", "other/more.npy"):
        np.save(place / name, rng.random((100, 120), dtype=np.float32))
    return place


def squares(patches):
    """Each patch in the first of its eight positions, as sorted bytes."""
    eight = [np.rot90(p, k, axes=(1, 2)) for k in range(4) for p in (patches, patches[:, :, ::-1])]
    return [min(np.ascontiguousarray(p[i]).tobytes() for p in eight) for i in range(len(patches))]


def test_patches_of_folders_follow_the_sample_photographs(folder):
    plain = load_sample_patches(40, split="train")
    alone = training_patches(40, [], **SETTINGS)
    both = training_patches(40, [folder], **SETTINGS)
    assert squares(alone) == squares(plain)
    # 100x120 halved is 50x60: two positions by three.
    assert len(both) == len(plain) + 6
    assert squares(both[: len(plain)]) == squares(plain)
    (pixels,) = load_photographs(folder, recursive=False, halve_photographs=True)
    assert squares(both[len(plain) :][:1]) == squares(pixels[None, :40, :40])


def test_patches_are_turned_and_mirrored_alike_often():
    rng = np.random.default_rng(0)
    patch = rng.random((6, 6), dtype=np.float32)
    result = turned(np.repeat(patch[None], 4000, axis=0), 0)
    _, counts = np.unique(result.reshape(4000, -1), axis=0, return_counts=True)
    assert len(counts) == 8 and np.all(np.abs(counts - 500) < 100)
    np.testing.assert_array_equal(result[:50], turned(np.repeat(patch[None], 50, axis=0), 0))


def test_the_contrasted_patch_varies_most():
    patches = load_sample_patches(40, split="train")
    assert contrasted_patch(40).std() == pytest.approx(patches.std(axis=(1, 2)).max())


def test_no_test_photograph_is_learned_from(monkeypatch):
    monkeypatch.setattr(_plans, "STRIDES", {"stride": 40, "folder_stride": 40})
    names = ("photograph-patches", "photographs-shuffled")
    for plan in (PLANS[name] for name in names):
        train = {np.sort(patch, axis=None).tobytes() for patch in plan.training_images()}
        test = {np.sort(patch, axis=None).tobytes() for patch in plan.test_images(200)}
        assert not train & test


def test_the_card_names_the_photographs(tmp_path, folder, capsys, monkeypatch):
    monkeypatch.setattr(_plans, "STRIDES", {"stride": 40, "folder_stride": 40})
    options = {"sizes": {"channels": 2}, "n_test_images": 2, "max_images": 16}
    output = tmp_path / "networks"
    with few_rivals():
        card = train_pretrained("photograph-patches", output, photographs=[folder], **options)
        plain = train_pretrained("sines", output, photographs=[folder], **options)
    assert card["photographs"] == ["view.npy"] and card["command"].endswith("--photographs DIR...")
    assert train_pretrained("photograph-patches", output, photographs=[folder], **options) == card
    assert main(["info", str(output / "photograph-patches")]) == 0
    assert "16 images seen, also of 1 more photograph(s), in" in capsys.readouterr().out
    with pytest.raises(ValueError, match="0 photographs of folders.*got.*1 photographs"):
        train_pretrained("photograph-patches", output, **options)
    assert "photographs" not in plain and "photographs" not in plain["command"]
    assert read_card(output / "sines") == plain


def test_a_folder_without_photographs(tmp_path):
    with pytest.raises(ValueError, match="expected images"):
        train_pretrained("photograph-patches", tmp_path / "networks", photographs=[tmp_path])
