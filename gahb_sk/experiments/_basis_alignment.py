"""Overlap of the bases of learned denoisers with bandlets and other bases known in advance.

At each noisy image the leading eigenvectors of a denoiser and those of a reference, for example
the oracle in the best bandlet basis, span two subspaces of the same dimension k. Their overlap
(:func:`gahb_sk.analysis.subspace_alignment`) says how much of one lies in the other; random
subspaces give k / d.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gahb_sk._arrays import as_array
from gahb_sk._random import Seed, child, seed_sequence
from gahb_sk._validation import validate_params
from gahb_sk.analysis import harmonicity, random_alignment, subspace_alignment
from gahb_sk.denoisers import OracleShrinkage, as_denoisers
from gahb_sk.experiments._leading_bases import leading_bases, n_nonzero
from gahb_sk.experiments._noisy_images import check_sigmas
from gahb_sk.experiments._parallel import CONSTRAINTS
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import with_error
from gahb_sk.images import as_images

_DRAWS = 40  # random pairs behind the null level


def default_references():
    """Return the oracles in fixed and adapted bases, by name, unfitted."""
    return {
        "oracle bandlets": OracleShrinkage(basis="bandlet"),
        "oracle wavelets": OracleShrinkage(basis="wavelet"),
        "oracle Fourier": OracleShrinkage(basis="fourier"),
    }


@validate_params(CONSTRAINTS | {"references": [dict, list, tuple, None]})
def basis_alignment(
    denoisers: dict | list,
    X: npt.ArrayLike,
    sigma: npt.ArrayLike = (0.05, 0.1, 0.2),
    ks: Sequence[int] = (5, 10, 20, 50),
    *,
    references: dict | list | None = None,
    dtype: str = "float32",
    random_state: Seed = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Table:
    """Overlap of the adaptive bases of denoisers with reference bases.

    Parameters
    ----------
    denoisers : dict of str to fitted denoiser, or list of fitted denoisers
        Whose bases to examine. They are used as they are, not fitted again.
    X : array-like of shape (n, H, W) or (n, C, H, W)
        Clean images that the denoisers were not fitted on.
    sigma : float or array-like of shape (n_sigmas,), default=(0.05, 0.1, 0.2)
        Noise levels in the units of X.
    ks : sequence of int, default=(5, 10, 20, 50)
        Numbers of leading vectors compared.
    references : dict of str to denoiser, default=None
        What to compare with; any denoisers, fitted on X here unless they are fitted already:
        posterior means of the class, ``TangentProjection``, ``WienerDenoiser``. None: the oracles
        in bandlets, wavelets and Fourier. They are compared with each other, too.
    dtype : {"float32", "float64"}, default="float32"
        Precision in which networks compute.
    random_state : int, RandomState or None, default=0
        Seed of the noise, of the iterations, and of the random subspaces. Image k gets the same
        noise pattern, scaled by sigma, at every level and for every denoiser.
    n_jobs : int, default=None
        Number of parallel jobs over images.
    verbose : bool, default=False
        Whether to show a progress bar on stderr.

    Returns
    -------
    table : Table
        ``denoiser, reference, sigma, k, overlap, overlap_se, chance, chance_high, harmonicity,
        n_images``: means over the images and their standard error; the level of chance and its
        95th percentile for one image; mean harmonicity of the denoiser's k vectors. Vectors
        beyond the rank of a basis (the tangents of a disk are 5) are left out, and so are rows
        without any image left.

    Raises
    ------
    ValueError, TypeError
        For noise levels or images that break the contract, or k beyond the size of an image.

    Examples
    --------
    >>> from gahb_sk.datasets import make_c_alpha_images
    >>> from gahb_sk.denoisers import WienerDenoiser
    >>> from gahb_sk.experiments import basis_alignment
    >>> X = make_c_alpha_images(60, 16, random_state=0)
    >>> wiener = WienerDenoiser().fit(X[2:])
    >>> table = basis_alignment([wiener], X[:2], [0.1], [4])
    >>> fourier = table.where(denoiser="WienerDenoiser", reference="oracle Fourier")
    >>> bool(fourier["overlap"][0] > fourier["chance_high"][0])
    True
    """
    denoisers = as_denoisers(denoisers)
    X = as_array(X)
    images = as_images(X)
    d = int(np.prod(images.shape[1:]))
    ks, sigmas = _check_ks(ks, d), check_sigmas(sigma)
    given = as_denoisers(
        default_references() if references is None else references, name="references"
    )
    known = {name: _fitted(reference, X) for name, reference in given.items()}
    root = seed_sequence(random_state)
    options = {"dtype": dtype, "n_jobs": n_jobs, "verbose": verbose, "desc": "bases"}
    found = leading_bases({**known, **denoisers}, X, sigmas, max(ks), root, **options)
    return alignment_of(found, known, ks, root)


def alignment_of(found, references, ks, root):
    """Return the table of :func:`basis_alignment` from bases, some of them the references."""
    values: dict = {}
    for one in found:
        for key, value in _overlaps(one, references, ks):
            values.setdefault(key, []).append(value)
        d = one.clean.size
    chance = {k: random_alignment(d, k, n_draws=_DRAWS, random_state=child(root, 1)) for k in ks}
    return Table.from_rows([_row(key, value, chance) for key, value in values.items()])


def _check_ks(ks, d):
    ks = np.unique(np.asarray(ks))
    if ks.ndim != 1 or not len(ks) or ks.dtype.kind not in "iu" or ks[0] < 1 or ks[-1] > d:
        raise ValueError(
            f"ks: expected ints between 1 and {d}, the number of values of an image, got {ks!r}."
        )
    return ks.tolist()


def _fitted(denoiser, X):
    return denoiser if hasattr(denoiser, "image_shape_") else denoiser.fit(X)


def _overlaps(found, references, ks):
    """Overlaps and harmonicity at one noisy image, as (key, values)."""
    bases = {
        name: basis.vectors[: min(n_nonzero(basis), max(ks))] for name, basis in found.bases.items()
    }
    rows = []
    for name, vectors in bases.items():
        harmonic = harmonicity(vectors, found.clean).total if len(vectors) else np.empty(0)
        for other, partner in bases.items():
            if other not in references or other == name:
                continue
            for k in ks:
                if k <= min(len(vectors), len(partner)):
                    overlap = subspace_alignment(vectors, partner, k).overlap
                    rows.append(((name, other, found.sigma, k), (overlap, harmonic[:k].mean())))
    return rows


def _row(key, values, chance):
    name, reference, sigma, k = key
    overlaps, harmonics = np.array(values).T
    return {
        "denoiser": name,
        "reference": reference,
        "sigma": sigma,
        "k": k,
        **with_error("overlap", overlaps),
        "chance": chance[k].mean,
        "chance_high": chance[k].percentile_95,
        "harmonicity": float(harmonics.mean()),
        "n_images": len(overlaps),
    }
