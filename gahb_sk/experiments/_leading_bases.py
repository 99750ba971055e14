"""Leading eigenpairs of several denoisers at the same noisy images."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from gahb_sk._random import child
from gahb_sk.analysis import EigenBasis
from gahb_sk.analysis._eigenbasis import basis_of
from gahb_sk.experiments._parallel import at_each_image
from gahb_sk.jacobians import linearize

_KEPT = 1e-8  # factors below this are zeros, whose vectors are arbitrary


class Bases(NamedTuple):
    """Bases by denoiser at image ``i`` of a stack with noise of level ``sigma``."""

    sigma: float
    i: int
    clean: np.ndarray
    noisy: np.ndarray
    bases: dict[str, EigenBasis]


def leading_bases(denoisers, X, sigmas, k, root, *, dtype="float32", **options) -> Iterator[Bases]:
    """Yield the first k eigenpairs of all denoisers, for each noise level and image."""
    function = partial(_at_one_image, denoisers, k=k, dtype=dtype, root=root)
    for _, found in at_each_image(function, X, sigmas, root, **options):
        yield found


def _at_one_image(denoisers, clean, noisy, sigma, i, *, k, dtype, root):
    seed = child(root, 2, i)
    bases = {
        name: leading_basis(denoiser, noisy, k, sigma, clean, dtype, seed)
        for name, denoiser in denoisers.items()
    }
    return Bases(sigma, i, clean, noisy, bases)


def leading_basis(denoiser, noisy, k, sigma, clean, dtype, random_state, tolerance=1e-3):
    """The first k eigenpairs at one image, without the whole matrix where its products are costly.

    A looser tolerance would not save much, and miss some pairs where the spectrum is flat.
    """
    operator = linearize(denoiser, noisy, sigma, clean=clean, dtype=dtype)
    few = 8 * k <= noisy.size
    costly = denoiser.kind == "learned" or (
        denoiser.kind == "optimal" and not denoiser.needs_clean and operator.spectrum is None
    )
    method = "lanczos" if costly and few else "auto"
    return basis_of(
        denoiser, operator, noisy, k, sigma=sigma, clean=clean, n_probes=2, method=method,
        random_state=random_state, tolerance=tolerance,
    )  # fmt: skip


def n_nonzero(basis):
    """Number of factors that are not zero: the vectors of the others are arbitrary."""
    return int((basis.values > _KEPT).sum())
