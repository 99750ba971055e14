r"""The adaptive basis of a denoiser at one image, and its shrinkage factors.

With J the Jacobian at a noisy image y, :math:`S = (J + J^T)/2 = \sum_k \lambda_k e_k e_k^T`. The
eigenvectors are the basis in which the denoiser shrinks, the eigenvalues are its factors. For a
bias-free network and for an optimal denoiser J is (nearly) symmetric, so S is J.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gahb_sk._arrays import to_numpy
from gahb_sk._random import Seed, image_generator, seed_sequence
from gahb_sk._validation import Real, at_least, numbers, positive, validate_params
from gahb_sk.denoisers import as_denoiser
from gahb_sk.jacobians import linearize
from gahb_sk.jacobians._whole_matrix import whole_numbers
from gahb_sk.jacobians.eigensolvers._leading import solve
from gahb_sk.noise import check_sigma

_PROBES = 20
_START_STREAM, _PROBE_STREAM = 0, 1


@dataclass(frozen=True)
class EigenBasis:
    r"""Leading eigenpairs of the symmetric part of a Jacobian, and what goes with them.

    Attributes
    ----------
    values : ndarray of shape (k,)
        Shrinkage factors, decreasing.
    vectors : ndarray of shape (k, H, W) or (k, C, H, W)
        Orthonormal eigenvectors, as images.
    residuals : ndarray of shape (k,)
        :math:`\|S e_k - \lambda_k e_k\|`.
    coefficients : ndarray of shape (k,) or None
        :math:`\langle x, e_k \rangle` of the clean image, if it was given.
    asymmetry, asymmetry_se : float
        :math:`\|J - J^T\|_F / \|J\|_F`, and its standard error; 0 where it is exact, as it is up
        to 1,024 values of an image, or with a matrix.
    homogeneity_error : float
        :math:`\|f(y) - J y\| / \|f(y)\|`: 0 for bias-free networks and linear denoisers.
    effective_dimension, effective_dimension_se : float
        Trace of J, and its standard error; 0 where it is exact.
    participation_ratio : float
        :math:`(\sum_k \lambda_k)^2 / \sum_k \lambda_k^2` over all d factors: how many directions
        carry the trace.
    sigma : float or None
        Noise level given to the denoiser.
    method : str
        "closed form", "dense", "lanczos" or "subspace".
    n_products : int
        Vectors multiplied with J (and as many with its transpose, where it is not symmetric and
        the matrix is not formed).
    exact : bool
        Whether asymmetry, trace and participation ratio are all exact; if not, those of them that
        the eigenvalues do not give are estimated with probes.
    """

    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    coefficients: np.ndarray | None
    asymmetry: float
    asymmetry_se: float
    homogeneity_error: float
    effective_dimension: float
    effective_dimension_se: float
    participation_ratio: float
    sigma: float | None
    method: str
    n_products: int
    exact: bool

    @property
    def n_components(self) -> int:
        """Number of eigenpairs."""
        return len(self.values)

    @property
    def matrix(self) -> np.ndarray:
        """The eigenvectors as columns, ``(d, k)``."""
        return self.vectors.reshape(len(self.vectors), -1).T


@validate_params(
    {
        "n_components": [at_least(1)],
        "method": [str],
        "tolerance": [positive(Real)],
        "n_probes": [at_least(2)],
        "max_products": [at_least(1), None],
    }
)
def eigenbasis(
    denoiser: Any,
    image: npt.ArrayLike,
    n_components: int = 100,
    *,
    sigma: float | None = None,
    clean: npt.ArrayLike | None = None,
    method: str = "auto",
    tolerance: float = 1e-3,
    dtype: npt.DTypeLike = "float64",
    n_probes: int = _PROBES,
    max_products: int | None = None,
    random_state: Seed = 0,
) -> EigenBasis:
    """Adaptive basis of a denoiser at one noisy image.

    Parameters
    ----------
    denoiser : denoiser
        Of any kind, or what :func:`~gahb_sk.denoisers.as_denoiser` makes one of.
    image : array-like or torch.Tensor of shape (H, W) or (C, H, W)
        One noisy image; one flat row if the denoiser was given ``image_shape``.
    n_components : int, default=100
        How many eigenpairs, at most the number d of values of an image.
    sigma : float, default=None
        Noise level in the units of the image. None: the denoiser's own, or an estimate.
    clean : array-like, default=None
        The clean image: its coefficients are returned. Oracles need it.
    method : {"auto", "lanczos", "subspace", "dense"}, default="auto"
        Block Lanczos, randomised subspace iteration, or the whole matrix. "auto" takes the
        eigenvectors from the denoiser where it knows them (shrinkage in one basis, oracles,
        Wiener, posterior means), the matrix up to d = 2,048, for a fifth of all pairs and more,
        and for central differences, and block Lanczos otherwise.
    tolerance : float, default=1e-3
        Largest residual norm at which the iterations stop; factors are numbers near 1.
    dtype : {"float64", "float32"}, default="float64"
        Precision in which networks compute; single precision is about three times as fast on a
        CPU and reaches residuals of about 1e-6.
    n_probes : int, default=20
        Random vectors for what is not exact: trace, asymmetry, participation ratio.
    max_products : int, default=None
        Vectors multiplied before the iterations stop unconverged, which the residuals then show.
        None: 40 per component.
    random_state : int, RandomState or None, default=0
        Seed of the starting vectors and the probes.

    Returns
    -------
    basis : EigenBasis

    Raises
    ------
    ValueError, TypeError
        If a stack comes where one image is meant, ``n_components`` is beyond d, an oracle is not
        given ``clean``, or the denoiser returns NaN or infinity.

    Warns
    -----
    UserWarning
        If central differences disagree with each other, as for denoisers that jump (BM3D,
        non-local means).

    Notes
    -----
    Iterations find an eigenvalue of high multiplicity (a hard threshold's 1) as often as it is
    asked for, but which of its eigenvectors is arbitrary. Trace and participation ratio take the
    eigenvectors found as the range that Hutch++ needs.

    Examples
    --------
    >>> from gahb_sk.analysis import eigenbasis
    >>> from gahb_sk.datasets import make_disk_images
    >>> from gahb_sk.denoisers import DiskPosteriorMean
    >>> disk = make_disk_images(1, 16, random_state=0)
    >>> best = DiskPosteriorMean().fit(disk)
    >>> basis = eigenbasis(best, disk[0], 8, sigma=0.001)
    >>> bool((basis.values[:5] > 0.9).all() and basis.values[5] < 0.1)
    True
    """
    denoiser = as_denoiser(denoiser)
    operator = linearize(denoiser, image, sigma, clean=clean, dtype=dtype)
    return basis_of(
        denoiser, operator, image, n_components, sigma=sigma, clean=clean, method=method,
        tolerance=tolerance, n_probes=n_probes, max_products=max_products,
        random_state=random_state,
    )  # fmt: skip


def basis_of(
    denoiser, operator, image, n_components, *, sigma, clean, method, tolerance, n_probes,
    random_state, max_products=None,
):  # fmt: skip
    """Return the :class:`EigenBasis` of a Jacobian that is there already."""
    image = to_numpy(image)
    known, root = clean_image(clean, image), seed_sequence(random_state)
    start, probes = (image_generator(root, stream) for stream in (_START_STREAM, _PROBE_STREAM))
    found, problem, method = solve(
        operator, n_components, method, tolerance, start, max_products, matrix_wanted=True
    )
    whole = whole_numbers(problem, found, n_probes, probes)
    return EigenBasis(
        values=found.values,
        vectors=as_images(denoiser, image, found.vectors),
        residuals=found.residuals,
        coefficients=None if known is None else known.ravel() @ found.vectors,
        homogeneity_error=_homogeneity_error(denoiser, image, sigma, known, operator),
        sigma=None if sigma is None else float(check_sigma(sigma, 1)[0]),
        method=method,
        n_products=problem.n_products,
        **whole,
    )


def as_images(denoiser, image, vectors):
    """Return vectors ``(d, k)`` as ``(k, H, W)`` or ``(k, C, H, W)``."""
    shape = tuple(denoiser.image_shape) if image.ndim == 1 else image.shape
    return np.ascontiguousarray(vectors.T).reshape(-1, *shape)


def clean_image(clean, image):
    """Return the clean partner of one image, an ndarray of its shape, or None."""
    if clean is None:
        return None
    if not numbers().is_satisfied_by(clean):
        raise ValueError(f"clean: expected one clean image of finite numbers, got {clean!r:.80}.")
    clean = to_numpy(clean).astype(np.float64)
    if clean.shape != image.shape:
        raise ValueError(
            f"clean: expected one clean image of the shape of the noisy one, {image.shape}, got "
            f"{clean.shape}."
        )
    if not np.isfinite(clean).all():
        raise ValueError("clean: expected finite values, got NaN or infinity.")
    return clean


def _homogeneity_error(denoiser, image, sigma, clean, operator):
    clean = None if clean is None else clean[None]
    denoised = denoiser.denoise(image[None], sigma, clean=clean).ravel().astype(np.float64)
    away = np.linalg.norm(denoised - operator.matvec(image.ravel().astype(np.float64)))
    norm = np.linalg.norm(denoised)
    return float(away / norm) if norm > 0 else float(away > 0)
