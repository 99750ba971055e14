r"""Singular values and vectors of a Jacobian: :math:`J = \sum_k s_k u_k v_k^T`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gahb_sk._arrays import to_numpy
from gahb_sk._random import Seed, image_generator, seed_sequence
from gahb_sk._validation import at_least, positive, validate_params
from gahb_sk.analysis._eigenbasis import as_images, clean_image
from gahb_sk.denoisers import as_denoiser
from gahb_sk.jacobians import linearize
from gahb_sk.jacobians._operator import normal_operator
from gahb_sk.jacobians.eigensolvers._base import SymmetricPart
from gahb_sk.jacobians.eigensolvers._leading import check_components, choose_solver, solve


@dataclass(frozen=True)
class SingularBasis:
    r"""Leading singular triplets of a Jacobian.

    Attributes
    ----------
    values : ndarray of shape (k,)
        Singular values, decreasing.
    left, right : ndarray of shape (k, H, W) or (k, C, H, W)
        What the denoiser returns, and what it is sensitive to: :math:`u_k` and :math:`v_k`.
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


@validate_params({"n_components": [at_least(1)], "method": [str], "tolerance": [positive()]})
def singular_basis(
    denoiser: Any,
    image: npt.ArrayLike,
    n_components: int = 100,
    *,
    sigma: float | None = None,
    clean: npt.ArrayLike | None = None,
    method: str = "auto",
    tolerance: float = 1e-3,
    dtype: npt.DTypeLike = "float64",
    random_state: Seed = 0,
) -> SingularBasis:
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
    >>> from gahb_sk.analysis import singular_basis
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.denoisers import BandletShrinkage
    >>> (image,) = make_disk_images(1, 16, random_state=0)
    >>> singular_basis(BandletShrinkage(), image, 4, sigma=0.1).left.shape
    (4, 16, 16)
    """
    denoiser = as_denoiser(denoiser)
    operator = linearize(denoiser, image, sigma, clean=clean, dtype=dtype)
    check_components(n_components, operator.shape[0])
    image, normal = to_numpy(image), normal_operator(operator)
    clean_image(clean, image)
    if method == "auto" and choose_solver(normal, n_components, matrix_wanted=True) == "dense":
        method = "dense"
    if method == "dense":
        problem = SymmetricPart(operator, None)
        left, values, right = np.linalg.svd(problem.matrix())
        left, values, right = left[:, :n_components], values[:n_components], right[:n_components].T
    else:
        generator = image_generator(seed_sequence(random_state), 0)
        found, problem, method = solve(
            normal, n_components, method, tolerance, generator, matrix_wanted=True
        )
        right, left = found.vectors, np.asarray(operator.matmat(found.vectors), np.float64)
        values = np.linalg.norm(left, axis=0)
        left = left / np.where(values > 0, values, 1)
    back = operator.rmatmat(left)
    return SingularBasis(
        values=values,
        left=as_images(denoiser, image, left),
        right=as_images(denoiser, image, right),
        residuals=np.linalg.norm(back - right * values, axis=0),
        method=method,
        n_products=problem.n_products,
    )
