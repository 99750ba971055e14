"""The adaptive basis: its size, its vectors, and what they have to do with the image."""

import numpy as np

from gahb_sk._random import child
from gahb_sk.analysis import harmonicity
from gahb_sk.analysis._harmonicity import _on_cells as on_cells, contour_geometry
from gahb_sk.experiments._audit import _verdicts as say
from gahb_sk.experiments._audit._capture import capture
from gahb_sk.experiments._audit._intervals import mean_and_margin
from gahb_sk.experiments._audit._result import NotApplicable, Section
from gahb_sk.experiments._leading_bases import leading_basis
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import with_error

_CONTOUR, _FLAT = 0.5, 0.25  # weights beyond which a cell counts as one or the other
_CARRIED = 0.99  # of the image's energy in the leading vectors


def basis(case):
    """Look at dimension, contours, eigenvectors and their alignment."""
    verdicts, tables = _dimension(case)
    notes, arrays = [], {}
    if not case.noisy:
        verdict, table = _contours(case)
        verdicts, tables = [*verdicts, *verdict], {**tables, "contours": table}
    try:
        bases = _bases(case)
    except NotApplicable as error:
        return Section(verdicts=verdicts, tables=tables, notes=[str(error)])
    arrays = _shown(case, bases)
    tables["spectrum"] = _spectrum(case, arrays)
    if case.noisy:
        notes.append("Without the clean image nothing tells which vectors carry it.")
    else:
        verdicts += _vectors(case, arrays)
        more, tables["capture"] = capture(
            case, {i: basis for (sigma, i), basis in bases.items() if sigma == case.middle}
        )
        verdicts += more
    return Section(verdicts=verdicts, tables=tables, arrays=arrays, notes=notes)


def _dimension(case):
    """Effective dimension against the noise level, and the slope on logarithmic axes."""
    traces = np.array([[one.trace for one in case.responses[sigma]] for sigma in case.sigmas])
    rows = [
        {"denoiser": case.name, "kind": case.denoiser.kind, "bound": case.denoiser.needs_clean,
         "sigma": sigma, **with_error("dimension", values), "n_images": len(values)}
        for sigma, values in zip(case.sigmas, traces, strict=True)
    ]  # fmt: skip
    slopes = np.full(1, np.nan)
    if len(case.sigmas) > 1:
        logs = np.log(np.maximum(traces, 1e-6))
        slopes = np.polyfit(np.log(case.sigmas), logs, 1)[0]
    verdict = say.dimension(
        case.sigmas, traces.mean(axis=1), case.X[0].size, *mean_and_margin(slopes)
    )
    return [verdict], {"dimension": Table.from_rows(rows)}


def _contours(case):
    """Noise that passes on contours against that in flat parts."""
    rows, ratios = [], []
    for sigma in case.sigmas:
        clean, _ = case.pair(sigma, case.n_inside)
        found = np.array(
            [_passed(one.passed, x) for one, x in zip(case.responses[sigma], clean, strict=True)]
        )
        ratios.append(np.log(np.maximum(found[:, 0], 1e-12) / np.maximum(found[:, 1], 1e-12)))
        found = found[np.isfinite(found).all(axis=1)]
        rows.append(
            {"denoiser": case.name, "sigma": sigma, **with_error("contours", found[:, 0]),
             **with_error("elsewhere", found[:, 1]), "n_images": len(found)}
        )  # fmt: skip
    known = np.mean(ratios, axis=0)
    known = known[np.isfinite(known)]
    verdicts = [say.adaptive(*mean_and_margin(known))] if len(known) else []
    return verdicts, Table.from_rows(rows)


def _passed(passed, clean):
    """Mean share of the noise variance that passes, on contours and elsewhere."""
    weight = contour_geometry(clean)[0]
    energy = on_cells(passed.reshape(-1, *clean.shape[-2:]).mean(axis=0))
    parts = weight > _CONTOUR, weight < _FLAT
    return [energy[part].mean() if part.any() else np.nan for part in parts]


def _bases(case):
    """Eigenbases: of the first image at every noise level, of others in the middle."""
    case.need_derivative()
    d = case.X[0].size
    if case.by_differences and 2 * d > case.effort.most_calls:
        raise NotApplicable(
            f"Its Jacobian is known by central differences alone: {2 * d:,} images would be "
            f"denoised for the eigenvectors at one, more than {case.effort.most_calls:,}. Use "
            f"images of {int(np.sqrt(case.effort.most_calls / 2))} x "
            f"{int(np.sqrt(case.effort.most_calls / 2))} pixels or fewer."
        )
    wanted = [(sigma, 0) for sigma in case.sigmas]
    wanted += [(case.middle, i) for i in range(1, case.n_inside)]
    return {(sigma, i): _basis(case, sigma, i) for sigma, i in wanted}


def _basis(case, sigma, i):
    clean, noisy = case.pair(sigma, i + 1)
    partner = None if clean is None else clean[i]
    return leading_basis(
        case.denoiser, noisy[i], min(case.effort.n_components, noisy[i].size), sigma, partner,
        case.dtype, child(case.root, 7, i), case.effort.tolerance,
    )  # fmt: skip


def _shown(case, bases):
    """The first image and its vectors at every noise level; those that carry most come first."""
    stacks = {name: [] for name in ("noisy", "denoised", "factors", "vectors", "coefficients")}
    for sigma in case.sigmas:
        clean, noisy = case.pair(sigma, 1)
        one = bases[sigma, 0]
        partner = noisy if clean is None else clean
        coefficients = one.vectors.reshape(one.n_components, -1) @ partner.ravel()
        order = np.argsort(-abs(one.values * coefficients), kind="stable")
        stacks["noisy"].append(noisy[0])
        stacks["denoised"].append(case.outputs[sigma][0])
        stacks["factors"].append(one.values[order])
        stacks["vectors"].append(one.vectors[order])
        stacks["coefficients"].append(coefficients[order])
    arrays = {name: np.stack(stack) for name, stack in stacks.items()}
    arrays["sigma"] = np.array(case.sigmas)
    return arrays if case.noisy else {"clean": case.X[0].astype(np.float64), **arrays}


def _spectrum(case, arrays):
    rows = []
    for j, sigma in enumerate(case.sigmas):
        for place, k in enumerate(np.argsort(-arrays["factors"][j], kind="stable")):
            rows.append(
                {"denoiser": case.name, "sigma": sigma, "k": place + 1,
                 "factor": arrays["factors"][j, k], "coefficient": arrays["coefficients"][j, k]}
            )  # fmt: skip
    return Table.from_rows(rows)


def _vectors(case, arrays):
    """Which vectors carry the image, and whether those are harmonics of its geometry."""
    j = case.sigmas.index(case.middle)
    energy = np.square(arrays["coefficients"][j])
    known = int((arrays["factors"][j] > 1e-8).sum())
    if not known or not energy.sum():
        return []
    carrying = int(np.searchsorted(np.cumsum(np.sort(energy)[::-1]), _CARRIED * energy.sum())) + 1
    verdicts = [say.carried(carrying, len(energy))]
    if min(case.X.shape[-2:]) > 1:
        found = harmonicity(arrays["vectors"][j][: max(carrying, 2)], arrays["clean"])
        verdicts.append(say.harmonic(float(found.total.mean()), 0.0))
    return verdicts
