"""Pairs of networks on disjoint sets of N images."""

import dataclasses
import signal
from pathlib import Path

import numpy as np
import pytest

import gahb_sk_weights
from gahb_sk import NetworkDenoiser
from gahb_sk.cli import main
from gahb_sk.reproduce import PAIR_SCALES, PAIRS, PairPlan, load_pair_images, train_pairs
from gahb_sk.training import Trainer
from gahb_sk.zoo import list_pairs, list_pretrained, load_pairs, read_card
from tests.instances import few_rivals

WEIGHTS = Path(gahb_sk_weights.__file__).parent
MEGABYTE = 2**20
TINY = PairPlan(
    name="tiny", text="C^alpha images, 8x8.", image_size=8, averaged=1, n_train=(4, 1, 16),
    n_test=6, sizes={"channels": 2, "n_blocks": 1}, recipe={"batch_size": 8},
    max_images=24,
)  # fmt: skip


@pytest.fixture
def fits(monkeypatch):
    """Stacks of the trainings that took place."""
    seen, fit = [], NetworkDenoiser.fit

    def kept(self, X, y=None):
        seen.append(X)
        return fit(self, X, y)

    monkeypatch.setattr(NetworkDenoiser, "fit", kept)
    return seen


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder of trained pairs, and the stack that each network was fitted on."""
    seen, fit = [], NetworkDenoiser.fit

    def kept(self, X, y=None):
        seen.append(X)
        return fit(self, X, y)

    with pytest.MonkeyPatch.context() as patch, few_rivals():
        patch.setattr(NetworkDenoiser, "fit", kept)
        folder = tmp_path_factory.mktemp("pairs")
        train_pairs(TINY, folder)
    return folder / TINY.name, seen


def few(plan):
    return dataclasses.replace(plan, n_train=(3, 9), n_test=5)


# Plans ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAIRS)
def test_the_images_of_all_plans_are_the_same_averaged(name):
    plan = few(PAIRS[name])
    X = plan.images()
    assert X.shape == (23, plan.side, plan.side) and X.dtype == np.float32
    assert name == f"pairs-{plan.side}x{plan.side}"
    np.testing.assert_array_equal(X, plan.images())
    fine = few(PAIRS["pairs-32x32"]).images()
    k = plan.averaged
    np.testing.assert_allclose(X[7, 0, 1], fine[7, :k, k : 2 * k].mean(), rtol=1e-5)
    np.testing.assert_allclose(X.mean((1, 2)), fine.mean((1, 2)), rtol=1e-5)


def test_test_images_are_in_no_set():
    plan = few(PAIRS["pairs-8x8"])
    X = plan.images()
    sets = [{x.tobytes() for x in part} for part in (X[:9], X[-9:], plan.test_images(X))]
    assert len(set.union(*sets)) == 9 + 9 + 5


def test_networks_grow_with_the_images():
    sizes = {plan.side: plan.sizes["n_blocks"] for plan in PAIRS.values()}
    assert sorted(sizes.items()) == [(8, 1), (16, 2), (32, 3)]


def test_paper_scale_has_the_size_of_the_paper():
    for plan in PAIRS.values():
        large = PAIR_SCALES["paper"](plan)
        assert large.image_size == 80 and 80 % large.averaged == 0
        assert f"{large.side}x{large.side}" in large.text
        assert (large.network, large.sizes["channels"]) == ("unet", 64)
        assert large.sizes["n_blocks"] == plan.sizes["n_blocks"]
        assert max(large.n_train) == 100_000
        assert PAIR_SCALES["cpu"](plan) is plan


# Training ---------------------------------------------------------------------------------


def test_each_network_sees_its_own_images_and_no_other(trained):
    X = TINY.images()
    wanted = [part for n in TINY.n_train for part in (X[:n], X[-n:])]
    assert len(trained[1]) == len(wanted)
    for seen, own in zip(trained[1], wanted, strict=True):
        counts = [(seen == image).all(axis=(1, 2)).sum() for image in own]
        assert sum(counts) == len(seen) and len(set(counts)) == 1
        assert len(seen) >= 10_000  # an epoch is as long whatever N


def test_pairs_are_loaded_as_their_card_says(trained):
    folder, _ = trained
    card = read_card(folder)
    assert not list(folder.rglob("checkpoints"))
    pairs, X = load_pairs(folder), load_pair_images(folder)
    np.testing.assert_array_equal(X, TINY.images())
    assert list(pairs) == card["n_train"] == [1, 4, 16]
    for k, (n, pair) in enumerate(pairs.items()):
        assert pair[0].n_images_seen_ == card["images_seen"] == 24
        own = [part[np.arange(6) % n] for part in (X[:n], X[-n:])]
        for kind, stacks in (("train", own), ("test", [X[16:22]] * 2)):
            scores = [
                network.score(stack, sigma=sigma)
                for network, stack in zip(pair, stacks, strict=True)
                for sigma in card["sigma"]
            ]
            assert abs(np.mean(scores) - card[f"{kind}_psnr"][k]) < 0.002
    outputs = [network.transform(X[:1]) for pair in pairs.values() for network in pair]
    assert len({out.tobytes() for out in outputs}) == 6


def test_after_an_interruption_it_goes_on(tmp_path, trained, fits, monkeypatch):
    options = {"machine": {"checkpoint_every": 1e-9}}  # after every step
    whole = read_card(trained[0])
    step = Trainer.step

    def interrupted(self, *batch):
        if len(fits) == 4:
            signal.raise_signal(signal.SIGINT)
        return step(self, *batch)

    with monkeypatch.context() as patch, few_rivals(), pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "step", interrupted)
        train_pairs(TINY, tmp_path / "cut", **options)
    folder = tmp_path / "cut" / "tiny"
    assert list(load_pairs(folder)) == [4]
    assert not (folder / "1B" / "config.json").exists()
    assert (folder / "1B" / "checkpoints").is_dir()
    fits.clear()
    again = train_pairs(TINY, tmp_path / "cut", **options)
    assert len(fits) == 3
    for name in ("n_train", "train_psnr", "test_psnr"):
        np.testing.assert_allclose(again[name], whole[name], atol=0.01)
    train_pairs(TINY, tmp_path / "cut")
    assert len(fits) == 3


def test_networks_of_another_plan_are_refused(trained):
    folder = trained[0].parent
    train_pairs(TINY, folder, machine={"device": "cpu"})
    with pytest.raises(ValueError, match="other max_images"):
        train_pairs(TINY, folder, max_images=32)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"plan": "pairs-8"}, "Did you mean 'pairs-8x8'"),
        ({"plan": TINY, "scale": "gpu"}, "Unknown scale 'gpu'"),
    ],
)
def test_bad_names(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        train_pairs(folder=tmp_path, **arguments)


def test_what_are_no_pairs(tmp_path):
    with pytest.raises(ValueError, match="card.json cannot be read"):
        load_pairs(tmp_path)
    (tmp_path / "card.json").write_text('{"n_train": [1]}')
    with pytest.raises(ValueError, match="no plan of pairs"):
        load_pair_images(tmp_path)
    with pytest.raises(ValueError, match="There is no folder .*1A"):
        load_pairs(tmp_path)


def test_the_card_is_shown(trained, capsys):
    folder, _ = trained
    card = read_card(folder)
    assert main(["info", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    title = next(k for k, line in enumerate(lines) if "first 6 of the new ones" in line)
    rows = [line.split() for line in lines[title - 3 : title]]
    assert [row[0] for row in rows] == ["1", "4", "16"]
    rivals = {line[:18].strip(): float(line[18:]) for line in lines[title + 1 :]}
    assert rivals == {
        label: pytest.approx(np.mean(psnrs), abs=0.006)
        for label, psnrs in card["rivals"]["psnr"].items()
    }
    assert list(rivals.values()) == sorted(rivals.values(), reverse=True)
    assert rivals["oracle wavelets"] > rivals["noisy"]
    np.testing.assert_allclose([float(row[1]) for row in rows], card["train_psnr"], atol=0.006)
    assert any(card["command"] in line for line in lines)


# What is shipped --------------------------------------------------------------------------


def test_pairs_and_networks_are_listed_apart(capsys):
    assert not set(list_pairs()) & set(list_pretrained())
    assert set(list_pairs()) <= set(PAIRS)
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    for name in list_pairs():
        assert f"\n{name} " in out


@pytest.mark.parametrize("name", list_pairs())
def test_shipped_pairs_are_what_their_card_says(name):
    card, plan = read_card(name), PAIRS[name]
    assert PairPlan(**{**card["plan"], "n_train": tuple(card["plan"]["n_train"])}) == plan
    assert card["n_train"] == sorted(plan.n_train)
    X, pairs = load_pair_images(name), load_pairs(name)
    test = plan.test_images(X)[:20]
    first, second = pairs[10]
    for network, own, other in ((first, X[:10], X[-10:]), (second, X[-10:], X[:10])):
        assert network.score(own, sigma=0.1) > network.score(other, sigma=0.1) + 3
    largest = pairs[max(pairs)]
    agree = [network.score(test, sigma=0.1) for network in largest]
    assert abs(agree[0] - agree[1]) < 0.5


def test_shipped_pairs_are_small():
    files = [path for name in list_pairs() for path in (WEIGHTS / name).rglob("*.*")]
    sizes = [path.stat().st_size for path in files]
    assert sum(sizes) < 8 * MEGABYTE and max(sizes) < 2 * MEGABYTE
