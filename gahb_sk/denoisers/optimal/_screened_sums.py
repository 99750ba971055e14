r"""Posterior means over a finite set, exact, at the price of single precision products.

At small noise the softmax of the logits :math:`l_i / \sigma^2`,
:math:`l_i = \langle q, k_i \rangle - h_i`, is so sharp that single precision errors of l_i show,
but few vectors k_i carry any weight. So single precision only rules vectors out, and double
precision is left for the others.

Whatever the order of summation, fused or not, the computed :math:`\hat l_i` obeys (underflow
apart, for which the code adds a little)

.. math::
    |\hat l_i - l_i| \le E = \gamma_{d + 4} (\|q\| \max_i \|k_i\| + \max_i h_i),
    \qquad \gamma_n = \frac{n u}{1 - n u}, \quad u = 2^{-24}

(rounding of q, of k_i, of their product and of h_i, and the subtraction; Cauchy and Schwarz for the
sum of absolute values). A vector with
:math:`\hat l_i + E < \max_j \hat l_j - E - 40 \sigma^2` has less than exp(-40) of the largest
weight, which double precision would lose anyway.

References
----------
N. Higham, "Accuracy and Stability of Numerical Algorithms", SIAM, 2nd edition 2002, section 3.1.
DOI 10.1137/1.9780898718027.
"""

import torch

from gahb_sk.denoisers.optimal._softmax import NEGLIGIBLE, SoftmaxSums, has_full_products

_ROUNDOFF = 2.0**-24
_TINY, _LARGEST = 2.0**-126, 2.0**120  # where single precision underflows, and nearly overflows
# Above this share of vectors that cannot be ruled out, screening costs more than it saves.
_WORTHWHILE = 0.5


def rounding_bound(d, query_norms, key_norm, half_norm):
    """Return the bound E above for queries of given norms (Q,), or infinity where there is none."""
    n = (d + 4) * _ROUNDOFF
    size = query_norms * key_norm + half_norm
    if n >= 0.5 or float(size.max()) > _LARGEST or not has_full_products():
        return torch.full_like(query_norms, torch.inf)
    underflow = (d + 4) * _TINY * (1 + query_norms + key_norm)
    return n / (1 - n) * size + underflow


class ScreenedSums:
    """Softmax averages of vectors, added in blocks, for queries (Q, d) in float64.

    ``key_norm`` and ``half_norm`` are the largest |k| and h. Unless ``exact``, everything is in
    single precision, for noise levels at which it suffices.
    """

    def __init__(self, queries, sigma, key_norm, half_norm, exact):
        self.exact = exact
        self.sums = SoftmaxSums(queries if exact else queries.float(), sigma)
        self._queries = queries.float()
        self._bound = rounding_bound(queries.shape[1], queries.norm(dim=1), key_norm, half_norm)
        self._reach = self._bound + NEGLIGIBLE * sigma.double() ** 2
        self._peak = queries.new_full((len(queries),), -torch.inf)
        self._worthwhile = bool(self._bound.isfinite().all())

    def add(self, keys, half_norms):
        """Add a block of vectors ``(K, d)``, not centred, with their h, ``(K,)`` in float64."""
        if not self.exact:
            keys = keys.float()
            self.sums.add_logits(self._single_logits(keys, half_norms), keys)
            return
        if self._worthwhile:
            kept = self._candidates(keys, half_norms)
            self._worthwhile = len(kept) < _WORTHWHILE * len(keys)
            if not len(kept):
                return
            if self._worthwhile:
                keys, half_norms = keys[kept], half_norms[kept]
        keys = keys.double()
        self.sums.add_logits(self.sums.queries @ keys.T - half_norms, keys)

    def mean(self):
        """Return the posterior means, (Q, d)."""
        return self.sums.mean()

    def _candidates(self, keys, half_norms):
        """Indices of the vectors that may have weight for some query."""
        block = self._single_logits(keys, half_norms)
        self._peak = torch.maximum(self._peak, block.amax(1) - self._bound)
        lowest = (self._peak - self._reach).float()
        lowest = torch.nextafter(lowest, torch.full_like(lowest, -torch.inf))  # rounded down
        return torch.nonzero((block >= lowest[:, None]).any(0))[:, 0]

    def _single_logits(self, keys, half_norms):
        return torch.matmul(self._queries, keys.float().T).sub_(half_norms.float())
