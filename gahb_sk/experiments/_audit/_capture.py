"""How much of the leading vectors lies in the first m of a reference basis.

Comparing the first k with the first k compares orders rather than spaces: factors near 1 come in
any order. So m grows, up to a quarter of the space, and chance is m / d.
"""

import numpy as np

from gahb_sk._random import child
from gahb_sk.denoisers import OracleShrinkage
from gahb_sk.experiments._audit import _verdicts as say
from gahb_sk.experiments._audit._intervals import mean_and_margin
from gahb_sk.experiments._leading_bases import leading_basis, n_nonzero
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import with_error

_VECTORS = 20
_FACTORS = (1, 2, 4, 8, 16)  # times the number of vectors


def capture(case, bases):
    """Return verdicts and a table of the share of ``bases``, by image, in reference bases."""
    d = case.X[0].size
    k = min(_VECTORS, *(n_nonzero(one) for one in bases.values()))
    if k < 1:
        return [], Table({"reference": [], "m": [], "share": []})
    ms = [m for m in (factor * k for factor in _FACTORS) if m <= d // 4] or [k]
    rows, verdicts = [], []
    for name, reference in _references(case).items():
        known = ms if reference.needs_clean else ms[:2]
        shares = np.array([_shares(case, reference, i, one, k, known) for i, one in bases.items()])
        rows += [
            {"denoiser": case.name, "reference": name, "sigma": case.middle, "m": m, "k": k,
             **with_error("share", values), "chance": m / d, "n_images": len(values)}
            for m, values in zip(known, shares.T, strict=True)
        ]  # fmt: skip
        verdicts.append(
            say.aligned(name, *mean_and_margin(shares[:, -1]), known[-1], known[-1] / d)
        )
    return verdicts, Table.from_rows(rows)


def _references(case):
    """Oracles in the best bandlets and in wavelets, and the optimum of the class."""
    oracles = {
        "oracle bandlets": OracleShrinkage(basis="bandlet"),
        "oracle wavelets": OracleShrinkage(basis="wavelet"),
    }
    fitted = {name: oracle.fit(case.X) for name, oracle in oracles.items()}
    return {**fitted, **case.reference}


def _shares(case, reference, i, one, k, ms):
    clean, noisy = case.pair(case.middle, i + 1)
    found = leading_basis(
        reference, noisy[i], ms[-1], case.middle, clean[i], case.dtype, child(case.root, 8, i)
    )
    vectors = one.vectors[:k].reshape(k, -1)
    energies = np.square(
        found.vectors[: n_nonzero(found)].reshape(-1, vectors.shape[1]) @ vectors.T
    )
    within = np.cumsum(energies.sum(axis=1)) / k
    return [within[min(m, len(within)) - 1] if len(within) else 0.0 for m in ms]
