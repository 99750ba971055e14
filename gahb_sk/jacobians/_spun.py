"""Jacobians of cycle spinning: the mean over windows of shrinkage in a basis."""

import numpy as np

from gahb_sk.jacobians._basis import diagonal_operator, on_vectors
from gahb_sk.jacobians._coupled import coupled_operator, multiply, multiply_transposed
from gahb_sk.jacobians._operator import JacobianOperator


def spun_operator(windows, shape, terms):
    """Return the mean over windows of :math:`C_i T_i^{-1} D_i T_i E_i` as an operator.

    Windows give the cuts :math:`E_i` and the places :math:`C_i`; each of ``terms`` is a basis
    :math:`T_i`, a diagonal :math:`D_i` of shape (C, h, w) and, if it has something off the
    diagonal, a list of couplings. The spectrum is known if there is one window, the image.
    """
    terms = [(*term, [])[:3] for term in terms]
    if windows.whole:
        transform, slopes, couplings = terms[0]
        if not couplings:
            return diagonal_operator(transform, slopes, shape)
        return coupled_operator(transform, shape, slopes, couplings)

    def shrink(cut, i, multiplication):
        transform, slopes, couplings = terms[i]
        return transform.inverse(multiplication(transform.forward(cut), slopes, couplings))

    def product(stack):
        places = range(len(windows))
        total = sum(windows.paste(shrink(windows.cut(stack, i), i, multiply), i) for i in places)
        return windows.share * total

    def transposed(stack):
        shared, total = windows.share * stack, 0
        for i in range(len(windows)):
            inside = shrink(windows.paste_transposed(shared, i), i, multiply_transposed)
            total = total + windows.cut_transposed(inside, i)
        return total

    return JacobianOperator(
        int(np.prod(shape)), on_vectors(product, shape), on_vectors(transposed, shape)
    )
