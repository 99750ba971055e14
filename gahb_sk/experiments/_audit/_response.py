r"""How a denoiser responds to a small change of the image: what few products of its Jacobian tell.

With random signs :math:`v_1 \ldots v_k` and :math:`M_{ij} = v_i^T J v_j`, on average
:math:`M_{ii} = \mathrm{tr} J`, :math:`|J v|^2 = \|J\|_F^2`, and off the diagonal
:math:`(M_{ij} - M_{ji})^2 = \|J - J^T\|_F^2`. So trace and asymmetry need no transpose. The
smallest and largest eigenvalues of the symmetric part S lie outside those of S seen in any
subspace, here the Krylov space of one vector: inner bounds, from forward products alone.
"""

from dataclasses import dataclass

import numpy as np

from gahb_sk.jacobians._trace import random_signs


@dataclass(frozen=True)
class Response:
    """Numbers of the Jacobian at one noisy image.

    Attributes
    ----------
    trace, trace_se : float
        And its standard error over the probes.
    asymmetry : float
        |J - J'| / |J|, between 0 and 2.
    lowest, highest : float
        Inner bounds of the eigenvalues of the symmetric part.
    passed : ndarray of shape (d,)
        Variance of each pixel of the output per unit of noise variance at the input.
    """

    trace: float
    trace_se: float
    asymmetry: float
    lowest: float
    highest: float
    passed: np.ndarray


def respond(operator, effort, generator):
    """Return the Response of a Jacobian, from ``n_probes + n_steps`` forward products."""
    d = operator.shape[0]
    V = random_signs(generator, d, min(effort.n_probes, d))
    JV = np.asarray(operator.matmat(V), np.float64)
    M = V.T @ JV
    samples = np.diag(M)
    skew = np.square(M - M.T).sum() / max(1, len(M) * (len(M) - 1))
    size = np.square(JV).sum() / V.shape[1]
    lowest, highest = extreme_factors(operator, min(effort.n_steps, d), generator)
    return Response(
        trace=float(samples.mean()),
        trace_se=float(samples.std(ddof=1) / np.sqrt(len(samples))),
        asymmetry=float(np.sqrt(skew / size)) if size else 0.0,
        lowest=lowest,
        highest=highest,
        passed=np.square(JV).mean(axis=1),
    )


def extreme_factors(operator, n_steps, generator):
    """Return inner bounds of the least and the largest eigenvalue of the symmetric part."""
    d = operator.shape[0]
    Q, products = np.empty((d, 0)), []
    vector = generator.standard_normal(d)
    for _ in range(n_steps):
        for _ in range(2):  # twice is enough
            vector = vector - Q @ (Q.T @ vector)
        norm = np.linalg.norm(vector)
        if norm < 1e-8:  # the space is invariant
            break
        Q = np.column_stack([Q, vector / norm])
        vector = np.asarray(operator.matmat(Q[:, -1:])[:, 0], np.float64)
        products.append(vector)
    seen = Q.T @ np.column_stack(products)
    values = np.linalg.eigvalsh((seen + seen.T) / 2)
    return float(values[0]), float(values[-1])
