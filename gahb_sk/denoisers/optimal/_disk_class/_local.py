"""A sharp posterior of a disk: find its only mode, then lay a lattice of nodes over it."""

import numpy as np

from gahb_sk.denoisers.optimal._disk_class._nodes import evaluate, join, weights
from gahb_sk.image_classes import disk_tangents, render_disks

_RADIUS, _EDGE = 4.5, 3.9  # of the lattice, and where its outer shell begins, in deviations
_EDGE_WEIGHT = 5e-3  # a Gaussian has 1.6e-3 beyond _EDGE in three dimensions
_ROUNDS = 10
_STEPS = 20


def lattice_nodes(problem, image, geometry, intensities):
    """Integrate posteriors that are sharp and have one mode, near the given disks.

    Each image (sorted, without repetitions) gets about 380 nodes, one standard deviation apart.
    """
    params, deviation = find_modes(problem, image, geometry, intensities)
    centre = params[:, :3]
    offsets = _ball()
    outer = np.square(offsets).sum(1) > _EDGE**2
    done = []
    for last in [False] * (_ROUNDS - 1) + [True]:
        cells = np.repeat(deviation, len(offsets), axis=0)
        places = (centre[:, None] + deviation[:, None] * offsets).reshape(-1, 3)
        which = np.repeat(np.arange(len(image)), len(offsets))
        possible = problem.law.geometry.mass(places, cells) > 0
        nodes = evaluate(problem, image[which], places, cells)
        own, shell = which[possible], np.tile(outer, len(image))[possible]
        mean, spread, edge = _summary(problem, nodes, centre, own, shell)
        ratio = spread / deviation
        good = (edge < _EDGE_WEIGHT) & (np.abs(mean - centre) < 0.7 * deviation).all(1)
        good &= ((ratio > 0.6) & (ratio < 1.6)).all(1)
        good |= last
        done.append(nodes.take(good[own]))
        if good.all():
            break
        grow = np.clip(ratio, 0.3, 3) * np.where(edge >= _EDGE_WEIGHT, 1.25, 1)[:, None]
        rest = ~good
        image, centre = image[rest], problem.law.geometry.nearest(mean[rest])
        deviation = (deviation * grow)[rest]
    return join(done)


def _summary(problem, nodes, centre, row, shell):
    """Weighted mean, standard deviation and weight of the outer shell for each row."""
    weight, _ = weights(nodes.image, nodes.log_weight)
    n = len(centre)
    away = problem.law.geometry.difference(nodes.geometry, centre[row])
    first, second = (
        np.stack([np.bincount(row, weight * away[:, axis] ** power, n) for axis in range(3)], 1)
        for power in (1, 2)
    )
    spread = np.sqrt(np.maximum(second - first**2, 0))
    return centre + first, spread, np.bincount(row, weight * shell, n)


def _ball():
    """Points of the integer lattice in a ball."""
    side = np.arange(-int(_RADIUS), int(_RADIUS) + 1)
    points = np.stack(np.meshgrid(side, side, side, indexing="ij"), -1).reshape(-1, 3)
    return points[np.square(points).sum(1) <= _RADIUS**2].astype(np.float64)


def find_modes(problem, image, geometry, intensities):
    """Fit disks to noisy images by least squares (Levenberg and Marquardt's method).

    Returns parameters (m, 5), and the standard deviations (m, 3) of row, column and radius by the
    Fisher information at the mode, at most half a pixel.
    """
    noisy = problem.images[image].reshape(len(image), -1)
    params = _possible(problem, np.column_stack([geometry, intensities]))
    damping = np.full(len(image), 1e-3)
    cost = _cost(problem, params, noisy)
    for _ in range(_STEPS):
        residual, J = _linearised(problem, params, noisy)
        normal = J @ J.transpose(0, 2, 1)
        gradient = np.einsum("npd,nd->np", J, residual)
        step = _solve(normal, gradient, damping)
        step[:, :3] = np.clip(step[:, :3], -1, 1)
        trial = _possible(problem, params + step)
        trial_cost = _cost(problem, trial, noisy)
        better = trial_cost <= cost
        params[better], cost[better] = trial[better], trial_cost[better]
        damping = np.clip(np.where(better, damping / 10, damping * 10), 1e-9, 1e6)
    _, J = _linearised(problem, params, noisy)
    information = J @ J.transpose(0, 2, 1) / problem.variance[image][:, None, None]
    floor = 1e-9 * np.trace(information, axis1=1, axis2=2)[:, None, None] * np.eye(5)
    covariance = np.linalg.inv(information + floor)
    deviation = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)[:, :3])
    return params, np.clip(deviation, 1e-12, 0.5)


def _possible(problem, params):
    geometry = problem.law.geometry.nearest(params[:, :3])
    return np.column_stack([geometry, np.clip(params[:, 3:], *problem.law.intensity_range)])


def _cost(problem, params, noisy):
    drawn = render_disks(params, problem.images.shape[1:], wrap=problem.law.wrap)
    return np.square(noisy - drawn.reshape(noisy.shape)).sum(1)


def _linearised(problem, params, noisy):
    size, wrap = problem.images.shape[1:], problem.law.wrap
    drawn = render_disks(params, size, wrap=wrap).reshape(noisy.shape)
    tangents = disk_tangents(params, size, wrap=wrap)
    return noisy - drawn, tangents.reshape(len(params), 5, -1)


def _solve(normal, gradient, damping):
    diagonal = np.diagonal(normal, axis1=1, axis2=2)
    scale = diagonal + 1e-9 * diagonal.max(1, keepdims=True) + 1e-300
    damped = normal + (damping[:, None] * scale)[:, :, None] * np.eye(5)
    return np.linalg.solve(damped, gradient[:, :, None])[:, :, 0]
