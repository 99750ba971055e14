r"""Posterior means over a finite set: softmax averages, streamed in blocks, in torch.

For equally likely vectors :math:`k_i` with values :math:`v_i`, and a query q = k + s z,

.. math::
    \mathrm{E}[v | q] = \sum_i w_i v_i, \qquad
    w_i \propto \exp(-\|q - k_i\|^2 / 2 s^2) \propto \exp(l_i / s^2), \qquad
    l_i = \langle q, k_i \rangle - \|k_i\|^2 / 2 .

The logits l are kept apart from 1/s^2 and relative to their running maximum, so that nothing
overflows and s = 0 gives the nearest vector. Queries and keys should be centred: what is lost to
rounding is proportional to their norms.
"""

import torch

# Single precision is too coarse where eps |q| |k| / s^2, a bound on the rounding of l / s^2, is
# above this. Rounding is random: the errors themselves are ten times smaller and more.
_LOGIT_TOLERANCE = 1e-2
_LARGEST = 1e30  # squares beyond it, and below its inverse, are left to double precision
# exp(-NEGLIGIBLE) is lost in a double precision sum.
NEGLIGIBLE = 40.0


def pick_dtype(noisy, query_norm, key_norm, sigma):
    """Return float32 where rounding changes no weight, else (and for images in it) float64."""
    if noisy.dtype == torch.float64 or not has_full_products():
        return torch.float64
    size, variance = float(query_norm) * float(key_norm), float(sigma.min()) ** 2
    fine = torch.finfo(torch.float32).eps * size < _LOGIT_TOLERANCE * variance
    fine = fine and size < _LARGEST and variance > 1 / _LARGEST
    return torch.float32 if fine else torch.float64


def has_full_products():
    """Tell whether products in single precision keep all its digits; a user may choose fewer."""
    return torch.get_float32_matmul_precision() == "highest"


def inverse_variance(sigma):
    """Return ``1 / sigma**2``, the largest number of the dtype where sigma is (nearly) 0."""
    info = torch.finfo(sigma.dtype)
    return 1 / torch.clamp(sigma * sigma, min=4 / info.max)


def logits(queries, keys):
    """Return ``<q, k> - |k|^2 / 2`` for ``(..., Q, D)`` and ``(..., K, D)``."""
    half_norms = 0.5 * torch.linalg.vector_norm(keys, dim=-1) ** 2
    return torch.matmul(queries, keys.transpose(-1, -2)).sub_(half_norms.unsqueeze(-2))


class SoftmaxSums:
    """Running softmax sums over blocks of keys for queries (..., Q, D) at noise levels (Q,).

    ``peak`` is the largest logit so far, ``total`` the sum of ``exp((l - peak) / sigma**2)`` and
    ``values`` the same sum of values, or None.
    """

    def __init__(self, queries, sigma):
        self.queries = queries
        self.scale = inverse_variance(sigma.to(queries.dtype))
        self.peak = queries.new_full(queries.shape[:-1], -torch.inf)
        self.total = queries.new_zeros(queries.shape[:-1])
        self.values = None

    def add(self, keys, values=None):
        """Add a block of keys ``(..., K, D)`` with values ``(..., K, V)``; return its logits."""
        block = logits(self.queries, keys)
        self.add_logits(block, values)
        return block

    def add_logits(self, block, values=None):
        """Add a block with logits ``(..., Q, K)`` and values ``(..., K, V)``."""
        best = block.amax(-1)
        peak = torch.maximum(self.peak, best)
        shrink = torch.exp((self.peak - peak) * self.scale)
        self.peak = peak
        self.total = self.total * shrink
        if self.values is not None:
            self.values = self.values * shrink.unsqueeze(-1)
        if not bool(((best - peak) * self.scale > -NEGLIGIBLE).any()):
            return
        exponent = (block - peak.unsqueeze(-1)) * self.scale.unsqueeze(-1)
        if block.ndim == 2:  # at small noise few keys matter to any query
            alive = (exponent > -NEGLIGIBLE).any(0)
            if 2 * int(alive.sum()) < len(alive):
                exponent = exponent[:, alive]
                values = None if values is None else values[alive]
        weights = torch.exp(exponent)
        self.total = self.total + weights.sum(-1)
        if values is not None:
            added = torch.matmul(weights, values)
            self.values = added if self.values is None else self.values + added

    def mean(self):
        """Return the posterior mean of the values, ``(..., Q, V)``."""
        return self.values / self.total.unsqueeze(-1)

    def weights(self, block):
        """Return the posterior weights of keys with these logits, ``(..., Q, K)``."""
        shifted = (block - self.peak.unsqueeze(-1)) * self.scale.unsqueeze(-1)
        return torch.exp(shifted) / self.total.unsqueeze(-1)
