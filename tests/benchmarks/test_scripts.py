"""Scripts that make what is shipped: the networks of the zoo, and their table of PSNRs."""

import numpy as np
import pytest

from benchmarks import bench_psnr
from benchmarks.reproduce import train_zoo
from gahb_sk.denoisers import WaveletShrinkage
from gahb_sk.reproduce import _rivals, _slopes, read_table
from gahb_sk.zoo import read_card


@pytest.fixture
def calls(monkeypatch):
    """Trainings asked for; none takes place."""
    made = []

    def one(name, folder, **options):
        made.append((name, folder, options))
        return {"name": name, "psnr": {"network": [30.0]}, "images_seen": 1, "minutes": 0.1,
                "n_train": [1], "train_psnr": [40.0], "test_psnr": [20.0]}  # fmt: skip

    monkeypatch.setattr(train_zoo, "train_pretrained", one)
    monkeypatch.setattr(train_zoo, "train_pairs", one)
    return made


def test_all_networks_are_trained_in_order(calls, tmp_path, capsys):
    train_zoo.main(["--output", str(tmp_path)])
    names = [name for name, _, _ in calls]
    assert names[:4] == ["c-alpha-2", "c-alpha-1", "c-alpha-3", "c-alpha-4"]
    assert set(names) == {*train_zoo.PLANS, *train_zoo.PAIRS}
    assert {folder for _, folder, _ in calls} == {str(tmp_path)}
    assert all("max_images" not in options for _, _, options in calls)
    assert len(capsys.readouterr().out.splitlines()) == len(names) + len(train_zoo.PAIRS)


def test_options_reach_the_trainings(calls, tmp_path):
    words = "photograph-patches pairs-8x8 --scale paper --max-images 9 --test-images 3"
    folders = [str(tmp_path / "a"), str(tmp_path / "b.zip")]
    (tmp_path / "a").mkdir()
    (tmp_path / "b.zip").touch()
    engine = ["--engine", "fabric", "--devices", "2"]
    train_zoo.main([*words.split(), *engine, "--photographs", *folders])
    (_, folder, network), (_, _, pairs) = calls
    assert folder == "networks"
    machine = {"engine": "fabric", "devices": 2}
    shared = {"scale": "paper", "max_images": 9, "machine": machine, "verbose": True}
    assert pairs == shared
    assert network == {**shared, "n_test_images": 3, "photographs": folders}


def test_only_again_removes_what_is_there(calls, tmp_path):
    kept = tmp_path / "sines" / "card.json"
    kept.parent.mkdir()
    kept.write_text("{}")
    train_zoo.main(["sines", "--output", str(tmp_path)])
    assert kept.exists()
    train_zoo.main(["sines", "--output", str(tmp_path), "--again"])
    assert not kept.exists()


def test_unknown_networks_are_refused_before_any_training(calls, capsys):
    with pytest.raises(SystemExit):
        train_zoo.main(["sines", "disk"])
    assert "unknown names: disk" in capsys.readouterr().err and not calls


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sines", "pairs-8x8", "--photographs", "."], "networks that learn from photographs"),
        (["--photographs", "photographs"], "found nothing at 'photographs'"),
    ],
)
def test_photographs_of_no_use_are_refused(words, message, calls, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        train_zoo.main(words)
    assert message in capsys.readouterr().err and not calls


def test_a_network_is_trained(tmp_path, capsys):
    words = ["sines", "--output", str(tmp_path), "--max-images", "16", "--test-images", "2"]
    train_zoo.main(words)
    assert read_card(tmp_path / "sines")["images_seen"] == 16
    assert "16 images" in capsys.readouterr().out


def test_psnrs_are_measured_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_rivals, "rivals", lambda: {"wavelets": WaveletShrinkage()})
    monkeypatch.setattr(_rivals, "oracles", dict)
    file = tmp_path / "psnr.csv"
    words = ["1", "--images", "3", "--n-jobs", "1", "--csv", str(file)]
    bench_psnr.main(words)
    table = read_table(file)
    assert len(table["psnr"]) == 2 * len(_slopes.SPOTS) and set(table["n_images"]) == {3}
    assert 0.3 < table["network_slope"][0] < 0.7  # theory .5
    network, wavelets = (
        table.where(denoiser=name)["psnr"] for name in (_slopes.NETWORK, "wavelets")
    )
    assert np.all(network > wavelets)
    first = capsys.readouterr().out
    monkeypatch.setattr(bench_psnr, "measure", None)  # not called again
    bench_psnr.main(words)
    assert capsys.readouterr().out.splitlines()[:-1] == first.splitlines()[:-1]
    with pytest.raises(SystemExit):
        bench_psnr.main([*words[:2], "4", *words[3:]])
