"""The choice of a solver by the tags of an operator."""

from gahb_sk._random import Seed, image_generator, seed_sequence
from gahb_sk._validation import Integral, check_name
from gahb_sk.jacobians._operator import JacobianOperator
from gahb_sk.jacobians.eigensolvers._base import EigenPairs, SymmetricPart
from gahb_sk.jacobians.eigensolvers._closed_form import closed_form_eigenpairs
from gahb_sk.jacobians.eigensolvers._dense import dense_eigenpairs
from gahb_sk.jacobians.eigensolvers._lanczos import lanczos_eigenpairs
from gahb_sk.jacobians.eigensolvers._subspace import subspace_eigenpairs

SOLVERS = {
    "closed form": closed_form_eigenpairs,
    "dense": dense_eigenpairs,
    "lanczos": lanczos_eigenpairs,
    "subspace": subspace_eigenpairs,
}
METHODS = ("auto", "dense", "lanczos", "subspace")
_DENSE = 2048  # matrices of at most this size are formed
_SHARE = 5  # as are those of which more than 1/5 of the eigenpairs are asked for
_COSTLY_BLOCK, _COSTLY_SHARE = 4, 20  # costly products: only if more than 1/20 of the pairs
_MOST_PRODUCTS, _SPARE = 40, 20  # most vectors multiplied, in multiples of k + 20


def choose_solver(operator, n_components, *, matrix_wanted=False):
    """Return the name of the solver for ``method="auto"``.

    ``matrix_wanted`` says that the whole matrix serves the caller beyond its leading eigenpairs.
    """
    d = operator.shape[0]
    if operator.spectrum is not None:
        return "closed form"
    costly = operator.block <= _COSTLY_BLOCK and not matrix_wanted
    small = d <= _DENSE and not (costly and _COSTLY_SHARE * n_components < d)
    # Central differences need the whole matrix for one product with the transpose.
    if small or _SHARE * n_components >= d or operator.step is not None:
        return "dense"
    return "lanczos"


def solve(
    operator, n_components, method, tolerance, generator, max_products=None, matrix_wanted=False
):
    """Return the eigenpairs, the :class:`SymmetricPart` they are of, and the solver's name."""
    check_name(method, METHODS, "method")
    check_components(n_components, operator.shape[0])
    if method == "auto":
        method = choose_solver(operator, n_components, matrix_wanted=matrix_wanted)
    limit = _MOST_PRODUCTS * (n_components + _SPARE) if max_products is None else max_products
    problem = SymmetricPart(operator, limit)
    return SOLVERS[method](problem, n_components, tolerance, generator), problem, method


def leading_eigenpairs(
    operator: JacobianOperator,
    n_components: int,
    *,
    method: str = "auto",
    tolerance: float = 1e-3,
    max_products: int | None = None,
    random_state: Seed = 0,
) -> EigenPairs:
    r"""Leading eigenpairs of the symmetric part of a Jacobian.

    Parameters
    ----------
    operator : JacobianOperator of shape (d, d)
        As :func:`linearize` returns it.
    n_components : int
        How many eigenpairs, at most d.
    method : {"auto", "dense", "lanczos", "subspace"}, default="auto"
        Whole matrix, block Lanczos or randomised subspace iteration. "auto" reads the operator's
        tags: eigenpairs that are known, the matrix where it is small or products are differences,
        block Lanczos otherwise.
    tolerance : float, default=1e-3
        Largest residual norm at which the iterations stop.
    max_products : int, default=None
        Vectors multiplied before the iterations stop unconverged. None: 40 per component.
    random_state : int, RandomState or None, default=0
        Seed of the starting vectors.

    Returns
    -------
    pairs : EigenPairs

    Examples
    --------
    >>> from gahb_sk.image_classes import DiskImages
    >>> from gahb_sk.denoisers import TangentProjection
    >>> from gahb_sk.jacobians import leading_eigenpairs
    >>> (image,) = DiskImages(16).sample(1, random_state=0)
    >>> J = TangentProjection(DiskImages(16)).linearize(image, sigma=0.1, clean=image)
    >>> print(leading_eigenpairs(J, 6).values.round(6))
    [1. 1. 1. 1. 1. 0.]
    """
    generator = image_generator(seed_sequence(random_state), 0)
    return solve(operator, n_components, method, tolerance, generator, max_products)[0]


def check_components(n_components, d):
    """Raise unless an image of d values has so many eigenpairs."""
    if not isinstance(n_components, Integral) or not 1 <= n_components <= d:
        raise ValueError(
            f"n_components: expected an int between 1 and {d}, the number of values of an image, "
            f"got {n_components!r}."
        )
