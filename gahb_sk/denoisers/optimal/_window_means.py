r"""Posterior means of functions of windows, by softmax over the windows of training images.

A function turns training windows ``(K, R, S, C, p, q)`` into values ``(K, R, S, ...)``: the pixels
that a window has to estimate, which gives the denoised image, or their products with all pixels of
the window. The latter give the Jacobian, since for :math:`f = \mathrm{E}[v | y_\Omega]`

.. math::
    \partial f / \partial y_\Omega = \mathrm{Cov}[v, x_\Omega | y_\Omega] / \sigma^2 .
"""

import numpy as np
import torch

from gahb_sk.denoisers.optimal._softmax import SoftmaxSums
from gahb_sk.denoisers.optimal._windows import estimated, windows

BLOCK_VALUES = 2**23  # of windows, of values, and of logits, in memory at a time


def pixels(cut, rows, columns):
    """Return the pixels that each window estimates, (n, R, S, e)."""
    return estimated(cut, rows, columns).flatten(3)


def moments(cut, rows, columns):
    """Return the pixels that each window estimates, all its pixels, and the products of both."""
    own, all_ = pixels(cut, rows, columns), cut.flatten(3)
    return torch.cat([own, all_, (own.unsqueeze(-1) * all_.unsqueeze(-2)).flatten(3)], -1)


def covariance_matrix(found, number, d):
    """Return the covariance of each pixel with those of its windows, (d, d), mean over windows.

    ``found`` yields runs of windows of one image and their means of :func:`moments`; ``number``
    has the number of each pixel, as an image padded like those that the windows were cut from.
    """
    matrix, counts = np.zeros((d, d)), np.zeros(d)
    for rows, columns, means in found:
        cut = windows(number, rows, columns)
        own, all_ = (x.long().cpu().numpy() for x in (pixels(cut, rows, columns), cut.flatten(3)))
        np.add.at(matrix, (own[..., None], all_[..., None, :]), _covariances(means, all_.shape[-1]))
        np.add.at(counts, own, 1)
    return matrix / counts[:, None]


def _covariances(means, n_all):
    """Turn means of :func:`moments` into covariances, (..., e, n_all)."""
    n_own = (means.shape[-1] - n_all) // (n_all + 1)
    own, all_, products = means.split([n_own, n_all, n_own * n_all], -1)
    products = products.unflatten(-1, (n_own, n_all))
    return (products - own.unsqueeze(-1) * all_.unsqueeze(-2)).cpu().numpy()


def means_in_place(queries, sigma, rows, columns, blocks, function):
    """Compare windows (n, R, S, C, p, q) with those at the same origin; return (n, R, S, v).

    ``blocks(length)`` yields the training images, so many at a time.
    """
    n, R, S = queries.shape[:3]
    sums = SoftmaxSums(_by_origin(queries), sigma)
    widest = max(sums.queries.shape[-1], n, _n_values(queries, rows, columns, function))
    for block in blocks(max(1, BLOCK_VALUES // (R * S * widest))):
        cut = windows(block, rows, columns)
        sums.add(_by_origin(cut), _by_origin(function(cut, rows, columns)))
    return sums.mean().transpose(0, 1).reshape(n, R, S, -1)


def means_everywhere(queries, sigma, rows, columns, blocks, function, whole):
    """Compare windows (n, R, S, C, p, q) with those whose origins are in the runs ``whole``."""
    n, R, S = queries.shape[:3]
    flat = queries.reshape(n * R * S, -1)
    count = int(np.prod([run.stop - run.start for run in whole]))
    widest = max(flat.shape[1], 1024, _n_values(queries, rows, columns, function))
    length = max(1, BLOCK_VALUES // (count * widest))
    pieces = max(1, BLOCK_VALUES // (count * length))
    levels = sigma.repeat_interleave(R * S).split(pieces)
    parts = [SoftmaxSums(*part) for part in zip(flat.split(pieces), levels, strict=True)]
    for block in blocks(length):
        cut = windows(block, *whole)
        keys = cut.reshape(-1, flat.shape[1])
        values = function(cut, rows, columns).reshape(len(keys), -1)
        for part in parts:
            part.add(keys, values)
    return torch.cat([part.mean() for part in parts]).reshape(n, R, S, -1)


def _n_values(queries, rows, columns, function):
    return function(queries[:1, :1, :1], rows, columns).shape[-1]


def _by_origin(cut):
    """Turn (n, R, S, ...) into (R * S, n, values)."""
    n, R, S = cut.shape[:3]
    return cut.reshape(n, R * S, -1).transpose(0, 1)
