"""Figures of adaptive bases: 3, 5, 17, 19, 20, 21, by theorems and by hardly trained networks."""

import dataclasses

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from gahb_sk.analysis import eigenbasis
from gahb_sk.datasets import PixelShuffle, make_c_alpha_images
from gahb_sk.denoisers import (
    FunctionDenoiser,
    NetworkDenoiser,
    OracleShrinkage,
    TangentProjection,
    WaveletShrinkage,
)
from gahb_sk.experiments import Table, basis_alignment, basis_spectra
from gahb_sk.networks import UNet
from gahb_sk.reproduce import (
    PLANS,
    Setup,
    _bases,
    _contours,
    _figure_03,
    _figure_21,
    _manifolds,
    _plans,
    _shipped as shipped,
    compare_with_shipped,
    get_figure,
    read_table,
)
from gahb_sk.reproduce._plans import TRAINING_SEED

NUMBERS = (3, 5, 17, 19, 20, 21)


@dataclasses.dataclass(frozen=True)
class Given(Setup):
    """A setup whose networks are given."""

    networks: object = None

    def load(self, name):
        return self.networks


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Hardly trained networks under the names that the figures ask for."""
    folder = tmp_path_factory.mktemp("networks")
    for name in {name for number in NUMBERS for name in get_figure(number).networks}:
        network = NetworkDenoiser(UNet(channels=4, n_blocks=1), max_images=64, random_state=0)
        network.fit(PLANS[name].test_images(32, 3)).save(folder / name)
        (folder / name / "card.json").write_text("{}")
    return folder


@pytest.fixture
def small(monkeypatch):
    """Figure 3 at 40x40, fewer vectors, noise levels and training patches."""
    monkeypatch.setattr(_figure_03, "SIZE", 40)
    monkeypatch.setattr(_figure_03, "_VECTORS", 30)
    monkeypatch.setattr(_figure_03, "KS", (5, 20))
    monkeypatch.setattr(_figure_03, "PAPER", {5: 1.2, 20: 0.9})
    monkeypatch.setattr(_manifolds, "SIGMAS", _manifolds.SMALL)
    monkeypatch.setattr(_figure_21, "_VECTORS", 20)
    monkeypatch.setitem(_plans.STRIDES, "stride", 18)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_figure_runs_and_its_table_compares_with_itself(
    number, folder, small, tmp_path, monkeypatch
):
    figure = get_figure(number)
    outcome = figure.run(Setup(n_images=2, networks=folder))
    table = outcome.table
    assert 10 < table.n_rows < 200
    assert set(figure.tolerances) <= set(table)
    keys = list(zip(*(table[name].tolist() for name in figure.keys), strict=True))
    assert len(set(keys)) == len(keys)
    assert all(
        isinstance(picture, Figure) and picture.axes for picture in outcome.pictures.values()
    )
    assert all(np.isfinite(check.value) for check in outcome.checks)
    assert outcome.notes
    monkeypatch.setattr(shipped, "RESULTS", tmp_path)
    table.to_csv(tmp_path / f"{figure.name}.csv")
    assert compare_with_shipped(figure, table) == []
    column = next(iter(figure.tolerances))
    moved = Table({**table, column: table[column] + 2 * figure.tolerances[column]})
    assert len(compare_with_shipped(figure, moved)) == np.isfinite(table[column]).sum()
    assert list(read_table(tmp_path / f"{figure.name}.csv")) == list(table)


def test_the_posterior_mean_itself_has_no_gap_and_no_harmonics_beyond(global_random_seed):
    law = PLANS["ray"].image_class
    best = law.posterior_mean().fit(law.image[None])
    setup = Given(n_images=40, random_state=global_random_seed, networks=best)
    manifold = _manifolds.Manifold(19, "ray", {})
    outcome = _manifolds.outcome(manifold, setup)
    own = outcome.table.where(quantity="psnr", denoiser="network")
    assert_allclose(own["gap"], 0, atol=1e-9)
    overlap = outcome.table.where(quantity="overlap", reference="posterior mean")["overlap"]
    assert_allclose(overlap, 1, atol=1e-6)
    verdicts = {check.text.split(":")[1]: check.passed for check in outcome.checks[2:5]}
    assert list(verdicts.values()) == [False, False, False]  # nothing beyond, and slope 1
    assert outcome.checks[5].passed and outcome.checks[7].passed


@pytest.mark.parametrize(
    ("best", "own", "met"),
    [
        ([1.4, 1.0], [1.3, 0.9], (True, True)),
        ([1.1, 1.0], [1.3, 0.9], (True, False)),
        ([1.0, 0.6], [1.0, 0.7], (True, True)),
        ([1.0, 1.0], [1.0, 0.7], (False, True)),
    ],
)
def test_factors_are_near_1_where_those_of_the_optimum_are(best, own, met):
    def rows(name, factors):
        return [
            {"denoiser": name, "factor": factor, "harmonicity": 0.8}
            for factor in factors + [0.0] * 11
        ]

    spectra = Table.from_rows(rows("network", own) + rows("posterior mean", best))
    sigma = np.array(_manifolds.SMALL)
    psnr = -20 * np.log10(sigma)
    gaps = Table({"denoiser": ["network"] * len(sigma), "sigma": sigma, "psnr": psnr,
                  "optimum_psnr": psnr, "optimum_mse": sigma**2})  # fmt: skip
    overlaps = Table({"denoiser": ["network"], "reference": ["posterior mean"], "overlap": [0.8]})
    least, largest = _manifolds._checks(2, {}, gaps, spectra, overlaps, 2)[:2]
    assert (least.passed, largest.passed) == met


def test_waves_add_up_to_the_jump_at_the_contour(global_random_seed):
    images, latents = make_c_alpha_images(
        4, 24, 4.0, constant_background=True, return_latents=True, random_state=global_random_seed
    )
    frequencies, waves = _contours.contour_waves(latents.mask, latents.backgrounds)
    assert waves.shape == (4, 11, 2, 24, 24)
    # cos^2 + sin^2 = 1, and the mask falls by 1 in each column that the contour crosses.
    strength = np.sqrt(np.square(waves[:, 0]).sum(axis=1) * 24 / 2).sum(axis=1)
    inside = (latents.mask[:, 0] == 1) & (latents.mask[:, -1] == 0)
    jump = np.abs(images[:, 0] - images[:, -1])
    assert inside.any()
    assert_allclose(strength[inside], jump[inside], atol=1e-5)


def test_what_is_let_through_is_the_factor(global_random_seed):
    X, latents = make_c_alpha_images(
        3, 16, 2.0, min_contrast=0.3, return_latents=True, random_state=global_random_seed
    )
    _, waves = _contours.contour_waves(latents.mask, latents.backgrounds)
    half = FunctionDenoiser(lambda image: image / 2).fit(X)
    assert_allclose(_contours.let_through(half, X[0], waves[0], 0.1), 0.5, atol=1e-5)
    # A projection on the first waves lets these through, whole, and less of all others.
    low = waves[:1, :3].reshape(1, 6, 16, 16)
    projection = TangentProjection(lambda clean: low).fit(X)
    basis = eigenbasis(projection, X[0], 6, clean=X[0])

    def project(image):
        return (basis.matrix @ (image.ravel() @ basis.matrix)).reshape(image.shape)

    passed = _contours.let_through(FunctionDenoiser(project).fit(X), X[0], waves[0], 0.1)
    assert_allclose(passed[:3], 1, atol=1e-4)
    assert np.all(passed[3:] < 0.999)


def test_regular_contours_have_few_harmonics_in_theory(global_random_seed):
    _, latents = make_c_alpha_images(
        2, 16, 2.0, min_contrast=0.3, return_latents=True, random_state=global_random_seed
    )
    frequencies, waves = _contours.contour_waves(latents.mask, latents.backgrounds)
    curves = [
        _contours.let_through_by_the_optimum(waves[0], frequencies, alpha, 0.1)
        for alpha in (1.5, 2, 4)
    ]
    energy = np.square(waves[0]).sum((1, 2, 3)) / 2
    expected = 16**2 / 3 * frequencies**-4.0 * energy
    assert_allclose(curves[1], expected / (expected + 0.01))
    assert curves[0].sum() > curves[1].sum() > curves[2].sum()
    assert np.isnan(_contours.let_through_by_the_optimum(0 * waves[0], frequencies, 2, 0.1)).all()


def test_shuffled_images_are_denoised_where_they_are_shuffled(small):
    """A denoiser that puts the pixels back loses nothing, but only where they are shuffled."""
    setup = Given()
    plain, mixed = (PLANS[name].test_images(16) for name in _figure_21.DOMAINS.values())
    shuffle = PixelShuffle(random_state=TRAINING_SEED).fit(plain)
    wavelets = WaveletShrinkage().fit(plain)

    def knowing(image, sigma):
        back = shuffle.inverse_transform(image[None])
        return shuffle.transform(wavelets.transform(back, sigma))[0]

    found = {
        plan: _figure_21.psnrs(setup, plan, network, X)
        for plan, network, X in (
            ("photograph-patches", wavelets, plain),
            ("photographs-shuffled", FunctionDenoiser(knowing).fit(mixed), mixed),
        )
    }
    psnrs = [table.where(denoiser="network")["psnr"] for table in found.values()]
    assert_allclose(*psnrs, atol=0.5)
    wrong = _figure_21.psnrs(setup, "photographs-shuffled", wavelets, mixed)
    assert np.all(wrong.where(denoiser="network", sigma=0.1)["psnr"] < psnrs[0][1] - 1)
    linear = [table.where(denoiser="best linear")["psnr"] for table in found.values()]
    assert_allclose(*linear, atol=0.5)


def test_bases_found_once_give_the_tables_of_the_experiments(global_random_seed):
    setup = Setup(random_state=global_random_seed)
    X = make_c_alpha_images(2, 16, random_state=global_random_seed)
    own, oracle = {"own": WaveletShrinkage().fit(X)}, {"oracle": OracleShrinkage().fit(X)}
    found = _bases.at_each_image(setup, own | oracle, X, [0.1, 0.2], 12)
    options = setup.options(_bases.NOISE)
    pairs = [
        (_bases.spectra(setup, found, own, 8), basis_spectra(own, X, [0.1, 0.2], 8, **options)),
        (
            _bases.alignment(setup, found, oracle, (3, 8)),
            basis_alignment(own, X, [0.1, 0.2], (3, 8), references=oracle, **options),
        ),
    ]
    for table, expected in pairs:
        for name, values in expected.items():
            np.testing.assert_array_equal(table[name], values)
    one = _bases.example_of(found[-1], "own", own["own"])
    assert_allclose(one.denoised, own["own"].transform(one.noisy[None], 0.2)[0], atol=1e-6)


def test_tables_of_different_columns_are_joined():
    one = Table({"denoiser": ["a", "b"], "psnr": [1.0, 2.0]})
    two = Table({"denoiser": ["a"], "k": [3], "factor": [0.5]})
    table = _bases.joined({"psnr": one, "factor": two}, ("denoiser", "reference", "k", "factor"))
    assert list(table) == ["quantity", "denoiser", "reference", "k", "factor"]
    assert table["k"].tolist() == [0, 0, 3]
    assert table["reference"].tolist() == [""] * 3
    assert np.isnan(table["factor"][:2]).all() and table["factor"][2] == 0.5
    assert _bases.thinned(two, [1, 2]).n_rows == 0
