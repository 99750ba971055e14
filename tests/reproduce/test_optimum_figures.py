"""Our own figures beside the sampled optimum, in small: the gap in dB, and the optimum's basis."""

import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from gahb_sk.denoisers import NetworkDenoiser
from gahb_sk.image_classes import CAlphaImages
from gahb_sk.networks import UNet
from gahb_sk.reproduce import Setup, _figure_basis, _figure_gap, get_figure
from gahb_sk.reproduce._plans import area_plan

SIZE = 8
QUICK = {"n_particles": 4, "n_moves": 1, "n_final": 8, "tolerance": np.inf}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Hardly trained networks on one and on four times as many images."""
    folder = tmp_path_factory.mktemp("networks")
    X = CAlphaImages(SIZE, antialias="area").sample(16, 0)
    for times in (1, 4):
        network = NetworkDenoiser(UNet(channels=4, n_blocks=1), max_images=64 * times)
        network.set_params(random_state=0).fit(X)
        for law in ((2,), (2, True), (3,)):
            name = area_plan(law[0], times, *law[1:])
            network.save(folder / name)
            (folder / name / "card.json").write_text(json.dumps({"plan": {"image_size": SIZE}}))
    return folder


@pytest.fixture
def small(monkeypatch):
    cases = _figure_gap.Case(2), _figure_gap.Case(2, True)
    monkeypatch.setattr(_figure_gap, "CASES", cases)
    monkeypatch.setattr(_figure_gap, "_CLASSICAL", ("wavelets, spun", "oracle bandlets"))
    for module in (_figure_gap, _figure_basis):
        monkeypatch.setattr(module, "SIZE", SIZE)
        monkeypatch.setattr(module, "EFFORT", QUICK)
    monkeypatch.setattr(_figure_basis, "KS", (2, 4))
    monkeypatch.setattr(_figure_basis, "_JUDGED", 4)
    monkeypatch.setattr(_figure_basis, "IMAGES", 1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*images of 8x8 pixels")  # of the shipped network
def test_the_gap_goes_on_where_it_was_interrupted(small, folder, tmp_path):
    setup = Setup(n_images=2, networks=folder, kept=tmp_path / "kept")
    first = get_figure("gap").run(Setup(n_images=1, networks=folder, kept=setup.kept))
    kept = sorted(setup.kept.glob("*.csv"))
    assert len(kept) == 2
    before = [path.read_text() for path in kept]
    outcome = get_figure("gap").run(setup)
    for path, text in zip(kept, before, strict=True):
        assert path.read_text().startswith(text)
    table = outcome.table
    names = dict.fromkeys(table["denoiser"].tolist())
    assert [name for name in names if name.startswith("network, ")] == [
        "network, 64 images",
        "network, 256 images",
    ]
    assert {"oracle bandlets", "wavelets, spun"} <= set(names)
    assert set(first.table["denoiser"]) == set(names)
    assert np.isfinite(table["gap"]).all()
    assert all(isinstance(picture, Figure) for picture in outcome.pictures.values())
    assert any("to the power of minus" in note for note in outcome.notes)
    assert not outcome.complete


def test_networks_of_another_size_are_no_rivals(small, folder):
    setup, backgrounds, constant = Setup(networks=folder), *_figure_gap.CASES
    assert len(_figure_gap._networks(backgrounds, setup, SIZE)) == 3
    assert len(_figure_gap._networks(constant, setup, SIZE)) == 2
    assert list(_figure_gap._networks(backgrounds, setup, 2 * SIZE)) == [_figure_gap.SHIPPED]


@pytest.mark.slow
def test_the_basis_of_the_optimum_is_its_own(small, folder):
    outcome = get_figure("basis").run(Setup(networks=folder))
    table = outcome.table
    overlaps = table.where(quantity="overlaps", denoiser="optimum")
    assert {"network", "oracle bandlets", "optimum, sampled again"} <= set(overlaps["reference"])
    assert ((overlaps["overlap"] >= 0) & (overlaps["overlap"] <= 1 + 1e-6)).all()
    factors = table.where(quantity="bases", denoiser="optimum")["factor"]
    assert (np.diff(factors) <= 0).all() and (factors >= 0).all()
    assert all(np.isfinite(check.value) for check in outcome.checks)
