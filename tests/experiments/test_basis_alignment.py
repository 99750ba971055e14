"""Overlaps of bases, and tables of risk."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from gahb_sk.analysis import eigenbasis, harmonicity
from gahb_sk.datasets import make_c_alpha_images, make_disk_images
from gahb_sk.denoisers import (
    DiskPosteriorMean,
    OracleShrinkage,
    TangentProjection,
    WaveletShrinkage,
    WienerDenoiser,
)
from gahb_sk.experiments import basis_alignment, risk_estimates
from tests.instances import make_denoiser


@pytest.fixture(scope="module")
def images():
    return make_c_alpha_images(60, 16, random_state=0)


def test_a_basis_overlaps_itself_and_chance_is_k_over_d(images):
    oracle = OracleShrinkage(basis="fourier").fit(images)
    table = basis_alignment({"same": oracle}, images[:2], [0.1, 0.2], [3, 8])
    own = table.where(denoiser="same", reference="oracle Fourier")
    assert_allclose(own["overlap"], 1, atol=1e-6)
    assert own.n_rows == 4
    assert_allclose(own["chance"], own["k"] / 256)
    assert np.all(table["chance_high"] > table["chance"])
    assert np.all((table["overlap"] >= 0) & (table["overlap"] <= 1 + 1e-9))
    assert np.all(table["harmonicity"] <= 1)


def test_the_optimum_at_low_noise_lies_in_the_tangent_space():
    X = make_disk_images(3, 20, random_state=1)
    references = {"tangents": TangentProjection()}
    best = DiskPosteriorMean().fit(X)
    table = basis_alignment({"best": best}, X, [0.002], [5, 12], references=references)
    assert set(table["k"].tolist()) == {5}  # there are no 12 tangents
    assert table["overlap"].min() > 0.98


def test_repeats_and_does_not_depend_on_the_workers(images):
    network = make_denoiser("NetworkDenoiser").fit(images)
    tables = [
        basis_alignment([network], images[:2], [0.1], [4], random_state=3, n_jobs=n)
        for n in (None, 2)
    ]
    for column in ("overlap", "harmonicity"):
        assert_allclose(tables[0][column], tables[1][column], rtol=1e-5)


def test_errors_are_of_means_over_images(images):
    soft = WaveletShrinkage(threshold=1.5, n_shifts=4).fit(images)

    def alignment(X):
        return basis_alignment({"soft": soft}, X, [0.1], [6]).where(denoiser="soft")

    def risk(X):
        return risk_estimates({"soft": soft}, X, [0.1])

    for function, column in ((alignment, "overlap"), (risk, "mse"), (risk, "dimension")):
        one, two = (function(images[:n]) for n in (1, 2))
        first = one[column]
        second = 2 * two[column] - first  # noise goes by the number of the image
        assert_allclose(two[f"{column}_se"], np.abs(first - second) / 2, rtol=1e-6)
        assert np.isnan(one[f"{column}_se"]).all() and np.all(first != second)


def test_harmonicity_is_that_of_the_first_k_vectors(images):
    oracle = OracleShrinkage(basis="fourier").fit(images)
    table = basis_alignment({"same": oracle}, images[:1], [0.1], [1, 3, 9])
    clean = images[0].astype(np.float64)
    vectors = eigenbasis(oracle, clean, 9, sigma=0.1, clean=clean).vectors  # whatever the noise
    expected = np.cumsum(harmonicity(vectors, clean).total)[[0, 2, 8]] / [1, 3, 9]
    part = table.where(denoiser="same", reference="oracle wavelets")
    assert_allclose(part["harmonicity"], expected, atol=1e-6)


def test_takes_tensors(images):
    wiener = WienerDenoiser().fit(images)
    tables = [basis_alignment([wiener], X, [0.1], [4]) for X in (images, torch.from_numpy(images))]
    assert_allclose(*(table["overlap"] for table in tables), atol=1e-6)


def test_bad_input(images):
    wiener = WienerDenoiser().fit(images)
    for ks in ([0], [300], [1.5], []):
        with pytest.raises(ValueError, match="ks: expected ints between 1 and 256"):
            basis_alignment([wiener], images[:1], [0.1], ks)
    with pytest.raises(ValueError, match="sigma"):
        basis_alignment([wiener], images[:1], [-1.0], [3])


def test_risk_table_holds_the_theorems(images):
    oracle, soft = OracleShrinkage().fit(images), WaveletShrinkage(threshold=1.5).fit(images)
    table = risk_estimates({"oracle": oracle, "soft": soft}, images, [0.05, 0.2], random_state=1)
    for row in table.rows():
        error = np.hypot(row["sure_se"], row["mse_se"])
        assert abs(row["sure"] - row["mse"]) < 5 * error
        assert_allclose(row["predicted"], row["sigma"] ** 2 * row["dimension"] / 256)
    bound = table.where(denoiser="oracle")
    assert np.all(bound["bound"]) and bound["dimension"][0] > bound["dimension"][1]
    for row in bound.rows():  # the oracle's factors are optimal in its basis
        assert abs(row["predicted"] - row["mse"]) < 5 * row["mse_se"]
