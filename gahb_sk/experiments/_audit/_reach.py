"""How far it looks: the window that holds a row of its Jacobian."""

import numpy as np

from gahb_sk.experiments._audit import _verdicts as say
from gahb_sk.experiments._audit._intervals import mean_and_margin
from gahb_sk.experiments._audit._result import Section
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import with_error

_OUTSIDE = 0.01  # share of a row's energy that may lie outside of its window


def reach(case):
    """Find the smallest windows at pixels near the middle of the images."""
    notes = list(case.economy) if case.by_differences else []
    if case.by_differences:
        notes.append(
            "It has no exact Jacobian: instead of rows, the changes of the whole output are taken "
            "when one pixel of the noisy image is moved by one noise level up and down."
        )
    sigmas = case.few_sigmas if case.by_differences else case.sigmas
    rows, found = [], []
    for sigma in sigmas:
        sides = np.array([_sides(case, sigma, i).mean() for i in range(case.n_inside)])
        found.append(mean_and_margin(sides))
        rows.append(
            {"denoiser": case.name, "sigma": sigma, **with_error("side", sides),
             "n_images": len(sides)}
        )  # fmt: skip
    sides, margins = zip(*found, strict=True)
    verdict = say.reaches(sigmas, sides, margins, min(case.X.shape[-2:]))
    known = case.denoiser._reach() if hasattr(case.denoiser, "_reach") else None
    if known is not None:
        notes.append(f"By its architecture it could look {known[0]} pixels in each direction.")
    return Section(verdicts=[verdict], tables={"reach": Table.from_rows(rows)}, notes=notes)


def _sides(case, sigma, i):
    """Side of the window of each chosen pixel."""
    shape = case.X.shape[1:]
    generator = case.generator(6, i)
    places = np.stack([generator.integers(n // 4, n - n // 4, case.effort.n_pixels)
                       for n in shape[-2:]])  # fmt: skip
    starts = np.zeros((case.effort.n_pixels, *shape))
    starts.reshape(len(starts), -1, *shape[-2:])[np.arange(len(starts)), 0, *places] = 1
    responses = (
        _changes(case, sigma, i, starts) if case.by_differences else _rows(case, sigma, i, starts)
    )
    energies = np.square(responses).reshape(len(starts), -1, *shape[-2:]).sum(axis=1)
    return np.array(
        [_side(energy, *place) for energy, place in zip(energies, places.T, strict=True)]
    )


def _rows(case, sigma, i, starts):
    flat = starts.reshape(len(starts), -1)
    return np.asarray(case.operator(sigma, i).rmatmat(flat.T)).T.reshape(starts.shape)


def _changes(case, sigma, i, starts):
    clean, noisy = case.pair(sigma, i + 1)
    partner = None if clean is None else np.repeat(clean[i:], len(starts), axis=0)
    up, down = (case.denoise(noisy[i] + sign * sigma * starts, sigma, partner) for sign in (1, -1))
    return up - down


def _side(energy, row, column):
    """The smallest odd side of a window around a pixel outside of which 1 % of the energy lies."""
    rows, columns = np.indices(energy.shape)
    distance = np.maximum(abs(rows - row), abs(columns - column))
    within = np.cumsum(np.bincount(distance.ravel(), energy.ravel()))
    return 2 * int(np.searchsorted(within, (1 - _OUTSIDE) * within[-1])) + 1
