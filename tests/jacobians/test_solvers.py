"""Eigenpairs of matrices that are known by their products."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk.jacobians import JacobianOperator, Spectrum, leading_eigenpairs


def random_operator(rng, d, values, skew=0.0, **options):
    """A matrix of known symmetric part, and its eigenvectors."""
    basis = np.linalg.qr(rng.randn(d, d))[0]
    matrix = (basis * values) @ basis.T
    odd = rng.randn(d, d) / np.sqrt(d)
    matrix = matrix + skew * (odd - odd.T)
    return JacobianOperator(d, lambda V: matrix @ V, lambda V: matrix.T @ V, **options), basis


METHODS = ["dense", "lanczos", "subspace"]


def counted(operator, **options):
    """The same operator, and a list of the numbers of vectors multiplied with it."""
    numbers = []

    def count(V):
        numbers.append(V.shape[1])
        return operator.matmat(V)

    return JacobianOperator(operator.shape[0], count, operator.rmatmat, **options), numbers


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("block", [1, 8])
def test_solvers_find_the_leading_pairs_of_the_symmetric_part(method, block, rng):
    d, k = 150, 12
    values = np.sort(rng.uniform(0, 1.2, d))[::-1] * np.r_[np.ones(20), 0.3 * np.ones(d - 20)]
    operator, basis = random_operator(rng, d, values, skew=0.1, block=block)
    found = leading_eigenpairs(
        operator, k, method=method, tolerance=1e-7, max_products=50_000, random_state=rng
    )
    products = (operator.matmat(found.vectors) + operator.rmatmat(found.vectors)) / 2
    assert_allclose(found.values, np.sort(values)[::-1][:k], atol=1e-7)
    assert_allclose(found.vectors.T @ found.vectors, np.eye(k), atol=1e-9)
    assert_allclose(found.products, products, atol=1e-9)
    assert found.residuals.max() <= 1e-7


def test_lanczos_restarts(rng):
    values = 1 - np.linspace(1, 0, 400) ** 2
    operator, _ = random_operator(rng, 400, values, block=2)
    operator, numbers = counted(operator, block=2)
    found = leading_eigenpairs(
        operator, 3, method="lanczos", tolerance=1e-9, max_products=50_000, random_state=0
    )
    assert sum(numbers) > 250  # it keeps 203 vectors
    assert_allclose(found.values, values[::-1][:3], atol=1e-9)


def test_lanczos_survives_a_matrix_of_low_rank(rng):
    values = np.r_[[1.0, 0.9, 0.9], np.zeros(97)]
    operator, _ = random_operator(rng, 100, values)
    found = leading_eigenpairs(operator, 6, method="lanczos", tolerance=1e-8)
    assert_allclose(found.values, values[:6], atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_residuals_are_what_they_are_said_to_be(method, rng):
    values = np.linspace(0, 1, 120) ** 3
    operator, _ = random_operator(rng, 120, values, skew=0.2, block=4)
    found = leading_eigenpairs(operator, 10, method=method, tolerance=0.05, max_products=9999)
    image = (operator.matmat(found.vectors) + operator.rmatmat(found.vectors)) / 2
    norms = np.linalg.norm(image - found.vectors * found.values, axis=0)
    assert_allclose(found.residuals, norms, rtol=1e-6, atol=1e-12)
    assert found.residuals.max() <= 0.05
    assert method == "dense" or found.residuals.max() > 1e-6  # it stopped at the tolerance


def test_products_are_limited(rng):
    plain, _ = random_operator(rng, 200, np.linspace(0.5, 1, 200), block=4)
    for method in ("lanczos", "subspace"):
        operator, numbers = counted(plain, block=4)
        found = leading_eigenpairs(operator, 5, method=method, tolerance=1e-12, max_products=60)
        assert 60 <= sum(numbers) <= 60 + 25
        assert found.residuals.max() > 1e-12  # and says so


def test_known_pairs_come_with_zeros_orthogonal_to_them(rng):
    rows = np.linalg.qr(rng.randn(30, 4))[0].T
    values = np.array([0.3, 0.9, 0.1, 0.5])
    operator = JacobianOperator(
        30,
        lambda V: rows.T @ (values[:, None] * (rows @ V)),
        spectrum=Spectrum(values, lambda k: rows[k].T),
    )
    found = leading_eigenpairs(operator, 7)
    assert_allclose(found.values, [0.9, 0.5, 0.3, 0.1, 0, 0, 0])
    assert_allclose(found.vectors.T @ found.vectors, np.eye(7), atol=1e-12)
    assert found.residuals.max() < 1e-12 and found.products is None


@pytest.mark.parametrize(
    ("d", "k", "tags", "n_products"),
    [
        (300, 10, {}, 300),  # small: the matrix
        (300, 10, {"block": 4}, None),  # small, but products are costly
        (300, 20, {"block": 4}, 300),
        (2100, 10, {}, None),
        (2100, 500, {}, 2100),
        (2100, 10, {"step": 0.1}, 2100),  # differences give their transpose by the matrix alone
    ],
)
def test_the_solver_is_chosen_by_the_tags(d, k, tags, n_products):
    values = 0.9 ** np.arange(d)
    diagonal = JacobianOperator(d, lambda V: values[:, None] * V)
    operator, numbers = counted(diagonal, **tags)
    found = leading_eigenpairs(operator, k)
    assert_allclose(found.values, values[:k], atol=1e-6)
    assert sum(numbers) == n_products if n_products else sum(numbers) < d / 2


def test_bad_input():
    operator = JacobianOperator(9, lambda V: V)
    with pytest.raises(ValueError, match="n_components: expected an int between 1 and 9"):
        leading_eigenpairs(operator, 10)
    with pytest.raises(ValueError, match="Unknown method 'qr'"):
        leading_eigenpairs(operator, 3, method="qr")
    with pytest.raises(ValueError, match="NaN or infinity"):
        leading_eigenpairs(JacobianOperator(9, lambda V: np.nan * V), 3)
