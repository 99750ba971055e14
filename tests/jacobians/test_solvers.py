"""Eigenpairs of matrices that are known by their products."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk.jacobians import _eigensolvers
from gahb_sk.jacobians._eigensolvers import SOLVERS, SymmetricProblem, choose_solver
from gahb_sk.jacobians._operator import JacobianOperator, Spectrum


def random_operator(rng, d, values, skew=0.0, **options):
    """A matrix of known symmetric part, and its eigenvectors."""
    basis = np.linalg.qr(rng.randn(d, d))[0]
    matrix = (basis * values) @ basis.T
    odd = rng.randn(d, d) / np.sqrt(d)
    matrix = matrix + skew * (odd - odd.T)
    return JacobianOperator(d, lambda V: matrix @ V, lambda V: matrix.T @ V, **options), basis


@pytest.mark.parametrize("method", ["dense", "lanczos", "subspace"])
@pytest.mark.parametrize("block", [1, 8])
def test_solvers_find_the_leading_pairs_of_the_symmetric_part(method, block, rng):
    d, k = 150, 12
    values = np.sort(rng.uniform(0, 1.2, d))[::-1] * np.r_[np.ones(20), 0.3 * np.ones(d - 20)]
    operator, basis = random_operator(rng, d, values, skew=0.1, block=block)
    problem = SymmetricProblem(operator, 50_000)
    found = SOLVERS[method](problem, k, 1e-7, np.random.default_rng(rng.randint(99)))
    assert_allclose(found.values, np.sort(values)[::-1][:k], atol=1e-7)
    assert_allclose(found.vectors.T @ found.vectors, np.eye(k), atol=1e-9)
    assert_allclose(found.products, problem(found.vectors), atol=1e-9)
    assert found.residuals.max() <= 1e-7


def test_lanczos_restarts(rng, monkeypatch):
    monkeypatch.setattr(_eigensolvers, "_ROOM", 30)
    values = np.linspace(0, 1, 400) ** 2
    operator, _ = random_operator(rng, 400, values, block=2)
    problem = SymmetricProblem(operator, 50_000)
    found = SOLVERS["lanczos"](problem, 3, 1e-9, np.random.default_rng(0))
    assert problem.n_products > 50  # it has room for 33 vectors
    assert_allclose(found.values, values[::-1][:3], atol=1e-9)


def test_lanczos_survives_a_matrix_of_low_rank(rng):
    values = np.r_[[1.0, 0.9, 0.9], np.zeros(97)]
    operator, _ = random_operator(rng, 100, values)
    found = SOLVERS["lanczos"](SymmetricProblem(operator, 9999), 6, 1e-8, np.random.default_rng(0))
    assert_allclose(found.values, values[:6], atol=1e-8)


@pytest.mark.parametrize("method", ["dense", "lanczos", "subspace"])
def test_products_are_counted_and_residuals_are_what_they_are_said_to_be(method, rng):
    values = np.linspace(0, 1, 120) ** 3
    operator, _ = random_operator(rng, 120, values, skew=0.2, block=4)
    counted = []

    def count(V):
        counted.append(V.shape[1])
        return operator.matmat(V)

    problem = SymmetricProblem(JacobianOperator(120, count, operator.rmatmat, block=4), 9999)
    found = SOLVERS[method](problem, 10, 0.05, np.random.default_rng(0))
    assert problem.n_products == sum(counted)
    image = (operator.matmat(found.vectors) + operator.rmatmat(found.vectors)) / 2
    norms = np.linalg.norm(image - found.vectors * found.values, axis=0)
    assert_allclose(found.residuals, norms, rtol=1e-6, atol=1e-12)
    assert found.residuals.max() <= 0.05
    assert method == "dense" or found.residuals.max() > 1e-6  # it stopped when it was told to


def test_products_are_limited(rng):
    operator, _ = random_operator(rng, 200, np.linspace(0.5, 1, 200), block=4)
    for method in ("lanczos", "subspace"):
        problem = SymmetricProblem(operator, 60)
        found = SOLVERS[method](problem, 5, 1e-12, np.random.default_rng(0))
        assert 60 <= problem.n_products <= 60 + 25
        assert found.residuals.max() > 1e-12  # and says so


def test_known_pairs_come_with_zeros_orthogonal_to_them(rng):
    rows = np.linalg.qr(rng.randn(30, 4))[0].T
    values = np.array([0.3, 0.9, 0.1, 0.5])
    operator = JacobianOperator(
        30,
        lambda V: rows.T @ (values[:, None] * (rows @ V)),
        spectrum=Spectrum(values, lambda k: rows[k].T),
    )
    problem = SymmetricProblem(operator, 9999)
    found = SOLVERS["closed form"](problem, 7, 1e-3, np.random.default_rng(0))
    assert_allclose(found.values, [0.9, 0.5, 0.3, 0.1, 0, 0, 0])
    assert_allclose(found.vectors.T @ found.vectors, np.eye(7), atol=1e-12)
    assert found.residuals.max() < 1e-12 and problem.n_products == 7


def test_the_solver_is_chosen_by_size():
    def operator(d, **options):
        return JacobianOperator(d, lambda V: V, lambda V: V, **options)

    assert choose_solver(operator(2000), 10) == "dense"
    assert choose_solver(operator(3000), 10) == "lanczos"
    assert choose_solver(operator(3000), 600) == "dense"
    assert choose_solver(operator(3000, step=0.1), 10) == "dense"
    known = Spectrum(np.ones(3), lambda k: np.eye(3000)[:, k])
    assert choose_solver(operator(3000, spectrum=known), 10) == "closed form"
