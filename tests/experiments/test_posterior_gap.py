"""Gaps to a sampled posterior mean: bands, resumption, and the summary."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk import add_gaussian_noise
from gahb_sk._random import child, seed_sequence
from gahb_sk.denoisers import FunctionDenoiser, OracleShrinkage
from gahb_sk.experiments import Table, posterior_gap, summarize_gaps
from gahb_sk.image_classes import CAlphaImages

LAW = CAlphaImages(8, alpha=2.0, constant_background=True, antialias="area")
QUICK = {"n_particles": 4, "n_moves": 1, "n_final": 4, "tolerance": 0.5}
COLUMNS = ("optimum", "variance", "log_density", "bracket_db", "noisy", "oracle", "oracle_first")


def denoisers():
    oracle = OracleShrinkage().fit(LAW.sample(1, 0))
    return {"noisy": FunctionDenoiser(lambda image, sigma: image), "oracle": oracle}


def measure(n_images, path=None, **options):
    optimum = LAW.posterior_mean(**QUICK)
    return posterior_gap(
        LAW, denoisers(), (0.2, 0.1), n_images, optimum=optimum, n_bracketed=1, path=path, **options
    )


def test_what_is_sampled_is_kept(tmp_path, global_random_seed):
    path = tmp_path / "optimum.csv"
    measure(1, path, random_state=global_random_seed)
    before = path.read_text()
    resumed = measure(2, path, random_state=global_random_seed)
    assert path.read_text().startswith(before)
    at_once = measure(2, random_state=global_random_seed)
    assert resumed.n_rows == 4
    for name in COLUMNS:
        assert_allclose(resumed[name], at_once[name], rtol=1e-12)


def test_bands_add_up(global_random_seed):
    table = measure(2, random_state=global_random_seed)
    for name in ("optimum", "noisy", "oracle", "pixels"):
        whole = np.full(4, 64) if name == "pixels" else table[name]
        bands = sum(table[f"{name}_{band}"] for band in ("near", "middle", "far"))
        assert_allclose(bands, whole)
    assert np.isfinite(table["bracket_db"]).tolist() == [True, True, False, False]


def test_distances_to_the_optimum_add_up(global_random_seed):
    table = measure(1, random_state=global_random_seed)
    own = LAW.posterior_mean(**QUICK)
    root = seed_sequence(global_random_seed)
    clean = LAW.sample(1, child(root, 0))
    for row in table.rows():
        noisy = add_gaussian_noise(clean, row["sigma"], child(root, 1), indices=[0])
        (posterior,) = own.sample_posterior(noisy, row["sigma"])
        parts = sum(row[f"noisy_{axis}"] for axis in ("first", "next", "rest"))
        assert_allclose(parts, np.square(noisy - posterior.mean).sum(), rtol=1e-4)
        assert row["noisy_rest"] >= 0


def test_the_summary_is_paired_by_image():
    one = {"variance": 2.0, "error_variance": 0.5, "error_db": 0.1, "bracket_db": np.nan,
           "certified": True, "seconds": 1.0, "size": 10, "sigma": 0.1}  # fmt: skip
    rows = []
    for scale in (1.0, 4.0):
        row = {**one, "variance": 2 * scale, "error_variance": 0.5 * scale}
        row |= {"optimum": 2.5 * scale, "twice": 4 * scale}
        row |= {f"optimum_{band}": 2.5 * scale / 3 for band in ("near", "middle", "far")}
        row |= {"twice_first": 3 * scale, "twice_next": scale, "twice_rest": 0.0}
        row |= {"twice_near": 7 * scale / 3, "twice_middle": 2.5 * scale / 3}
        rows.append(row | {"twice_far": 2.5 * scale / 3})
    (row,) = summarize_gaps(Table.from_rows(rows), ["twice"]).rows()
    assert_allclose([row["gap"], row["mse_gap"]], 10 * np.log10(2))
    assert_allclose([row["gap_se"], row["calibration"]], [0, 1], atol=1e-12)
    assert_allclose([row["loss_near"], row["loss_middle"], row["loss_far"]], [1, 0, 0], atol=1e-12)
    assert_allclose([row["along_first"], row["along_next"], row["along_rest"]], [0.75, 0.25, 0])
    assert row["certified"] == 1 and np.isnan(row["bracket_db"])


def test_the_law_of_the_optimum_is_needed():
    with pytest.raises(ValueError, match="area"):
        posterior_gap(CAlphaImages(8), denoisers(), 0.1, 1)
