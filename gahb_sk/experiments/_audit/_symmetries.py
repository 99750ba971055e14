"""Whether denoising commutes with shifts, flips, turns and changes of contrast."""

import numpy as np

from gahb_sk.experiments._audit import _verdicts as say
from gahb_sk.experiments._audit._intervals import mean_and_margin
from gahb_sk.experiments._audit._result import Section
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import with_error

_MARGIN = 8  # pixels at the border that a shift brings in from the other side, and around them
_FLOOR = 1e-12

# Name: the change, its inverse, and the factor that the noise level gets.
SYMMETRIES = {
    "shift by one pixel": (
        lambda x: np.roll(x, (1, 1), (-2, -1)),
        lambda x: np.roll(x, (-1, -1), (-2, -1)),
        1.0,
    ),
    "flip left to right": (lambda x: x[..., ::-1], lambda x: x[..., ::-1], 1.0),
    "flip upside down": (lambda x: x[..., ::-1, :], lambda x: x[..., ::-1, :], 1.0),
    "quarter turn": (
        lambda x: np.rot90(x, 1, (-2, -1)),
        lambda x: np.rot90(x, -1, (-2, -1)),
        1.0,
    ),
    "reversal of contrast": (lambda x: 1 - x, lambda x: 1 - x, 1.0),
    "brightening by 0.1": (lambda x: x + 0.1, lambda x: x - 0.1, 1.0),
    "halving of contrast and noise": (lambda x: x / 2, lambda x: 2 * x, 0.5),
}


def symmetries(case):
    """Compare denoising after a change with the change after denoising."""
    case.need_clean()
    notes, changes = list(case.economy), dict(SYMMETRIES)
    if case.X.shape[-1] != case.X.shape[-2]:
        del changes["quarter turn"]
        notes.append("Quarter turns are left out: the images are not square.")
    rows, verdicts = [], []
    for name, change in changes.items():
        values = {sigma: _difference(case, *change, sigma) for sigma in case.few_sigmas}
        rows += [
            {"denoiser": case.name, "symmetry": name, "sigma": sigma,
             **with_error("decibels", one), "n_images": len(one)}
            for sigma, one in values.items()
        ]  # fmt: skip
        verdicts.append(say.equivariant(name, *mean_and_margin(np.mean(list(values.values()), 0))))
    return Section(verdicts=verdicts, tables={"symmetries": Table.from_rows(rows)}, notes=notes)


def _difference(case, change, inverse, factor, sigma):
    """Energy of the difference over that of the denoiser's error, in dB, per image."""
    clean, noisy = case.pair(sigma, case.n_images)
    plain = case.outputs[sigma]
    copies = (np.ascontiguousarray(change(images)) for images in (noisy, clean))
    changed = inverse(case.denoise(next(copies), factor * sigma, next(copies)))
    inside = _interior(noisy.shape)
    difference, error = (
        np.square(x[inside]).reshape(len(x), -1).sum(axis=1)
        for x in (changed - plain, plain - clean)
    )
    return 10 * np.log10(np.maximum(difference, _FLOOR * error) / np.maximum(error, 1e-300))


def _interior(shape):
    """Index of the images without their borders, if they are large enough."""
    parts = [slice(_MARGIN, n - _MARGIN) if n > 4 * _MARGIN else slice(None) for n in shape[-2:]]
    return (..., *parts)
