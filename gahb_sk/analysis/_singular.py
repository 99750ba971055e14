r"""Singular values and vectors of a Jacobian: :math:`J = \sum_k s_k u_k v_k^T`."""

from dataclasses import dataclass

import numpy as np

from gahb_sk._arrays import to_numpy
from gahb_sk._random import image_generator, seed_sequence
from gahb_sk._validation import at_least, check_name, positive, validate_params
from gahb_sk.analysis._eigenbasis import as_images, clean_image
from gahb_sk.jacobians import linearize
from gahb_sk.jacobians._operator import normal_operator
from gahb_sk.jacobians.eigensolvers._base import SymmetricPart
from gahb_sk.jacobians.eigensolvers._leading import (
    METHODS,
    SOLVERS,
    check_components,
    choose_solver,
    product_limit,
)


@dataclass(frozen=True)
class SingularBasis:
    r"""Leading singular triplets of a Jacobian.

    Attributes
    ----------
    values : ndarray of shape (k,)
        Singular values, decreasing.
    left, right : ndarray of shape (k, H, W) or (k, C, H, W)
        What the denoiser gives out, and what it is sensitive to: :math:`u_k` and :math:`v_k`.
    residuals : ndarray of shape (k,)
        :math:`\|J^T u_k - s_k v_k\|`; :math:`J v_k = s_k u_k` holds to rounding.
    method : str
        "closed form", "dense", "lanczos" or "subspace".
    n_products : int
        Vectors multiplied with J, and as many with its transpose.
    """

    values: np.ndarray
    left: np.ndarray
    right: np.ndarray
    residuals: np.ndarray
    method: str
    n_products: int


@validate_params(
    {"n_components": [at_least(1)], "method": [str], "tolerance": [positive()]},
    prefer_skip_nested_validation=True,
)
def singular_basis(
    denoiser,
    image,
    n_components=100,
    *,
    sigma=None,
    clean=None,
    method="auto",
    tolerance=1e-3,
    dtype="float64",
    random_state=0,
):
    """Leading singular values and vectors of the Jacobian of a denoiser at one noisy image.

    Parameters
    ----------
    denoiser, image, n_components, sigma, clean, method, tolerance, dtype, random_state
        See :func:`eigenbasis`. The tolerance holds for the eigenvalues of ``J^T J``.

    Returns
    -------
    basis : SingularBasis

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.analysis import singular_basis
    >>> from gahb_sk.denoisers import WaveletShrinkage
    >>> image = np.random.RandomState(0).rand(16, 16)
    >>> denoiser = WaveletShrinkage(rule="hard", threshold=3.0).fit(image[None])
    >>> print(singular_basis(denoiser, image, 4, sigma=0.1).values.round(6))
    [1. 1. 1. 1.]
    """
    check_name(method, METHODS, "method")
    operator = linearize(denoiser, image, sigma, clean=clean, dtype=dtype)
    check_components(n_components, operator.shape[0])
    image, normal = to_numpy(image), normal_operator(operator)
    clean_image(clean, image)
    problem = SymmetricPart(normal, product_limit(n_components))
    if method == "auto":
        method = choose_solver(normal, n_components, matrix_wanted=True)
    if method == "dense":
        left, values, right = _by_matrix(SymmetricPart(operator, None), n_components)
        n_products = operator.shape[0]
    else:
        generator = image_generator(seed_sequence(random_state), 0)
        right = SOLVERS[method](problem, n_components, tolerance, generator).vectors
        left = np.asarray(operator.matmat(right), np.float64)
        values = np.linalg.norm(left, axis=0)
        left = left / np.where(values > 0, values, 1)
        n_products = problem.n_products
    back = operator.rmatmat(left)
    return SingularBasis(
        values=values,
        left=as_images(denoiser, image, left),
        right=as_images(denoiser, image, right),
        residuals=np.linalg.norm(back - right * values, axis=0),
        method=method,
        n_products=n_products,
    )


def _by_matrix(problem, k):
    left, values, right = np.linalg.svd(problem.matrix())
    return left[:, :k], values[:k], right[:k].T
