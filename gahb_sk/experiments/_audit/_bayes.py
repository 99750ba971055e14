"""Whether it is a denoiser in the sense of Bayes: the posterior mean of some density."""

import numpy as np

from gahb_sk.analysis._risk import stein
from gahb_sk.experiments._audit import _verdicts as say
from gahb_sk.experiments._audit._intervals import by_level
from gahb_sk.experiments._audit._result import NotApplicable, Section, Verdict
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import with_error
from gahb_sk.metrics import mse


def bayes(case):
    """Check what every posterior mean obeys."""
    verdicts, notes = [], []
    levels = {sigma: _outputs(case, sigma) for sigma in case.sigmas}
    if not case.noisy:
        shifts = by_level({sigma: level["shift"] for sigma, level in levels.items()})
        verdicts.append(say.unbiased(shifts))
    verdicts.append(say.homogeneous(max(level["scaling"].mean() for level in levels.values())))
    rows = [{"sigma": sigma, **_row(level)} for sigma, level in levels.items()]
    tables = {"outputs": Table.from_rows(rows)}
    try:
        responses = case.responses
    except NotApplicable as error:
        verdicts.insert(0, Verdict("Is it a gradient (symmetric Jacobian)?", "no", str(error)))
        notes.append("Factors, effective dimension and SURE need a derivative and are left out.")
        return Section(verdicts=verdicts, tables=tables, notes=notes)
    found = {sigma: _inside(case, sigma, responses[sigma]) for sigma in case.sigmas}
    rows = [{"sigma": sigma, **_row(one)} for sigma, one in found.items()]
    tables["jacobian" if case.noisy else "bayes"] = Table.from_rows(
        [{"denoiser": case.name, "kind": case.denoiser.kind, "bound": case.denoiser.needs_clean,
          **row} for row in rows]
    )  # fmt: skip
    if case.noisy:
        notes.append("What needs the clean images is left out: brightness, SURE against the error.")
    return Section(verdicts=[*_inner_verdicts(case, found), *verdicts], tables=tables, notes=notes)


def _outputs(case, sigma):
    """What outputs alone tell: shift of brightness, in noise levels, and error of scaling."""
    clean, noisy = case.pair(sigma, case.n_images)
    denoised = case.outputs[sigma]
    half = case.denoise(noisy / 2, sigma / 2, None if clean is None else clean / 2)
    found = {"scaling": _norms(half - denoised / 2) / _norms(denoised / 2)}
    if clean is not None:
        # f(y) - y, with the mean of the noise, which is known, taken out.
        found["shift"] = (denoised - clean).reshape(len(clean), -1).mean(axis=1) / sigma
    return found


def _norms(images):
    return np.linalg.norm(images.reshape(len(images), -1), axis=1)


def _inside(case, sigma, responses):
    """What the Jacobian tells, one value per image."""
    clean, noisy = case.pair(sigma, len(responses))
    denoised = case.outputs[sigma][: len(responses)]
    d = noisy[0].size
    trace = np.array([one.trace for one in responses])
    residual = np.square(_norms(noisy - denoised))
    free = np.maximum(d - trace, 1e-9 * d)
    found = {
        "dimension": trace,
        "asymmetry": np.array([one.asymmetry for one in responses]),
        "lowest": np.array([one.lowest for one in responses]),
        "highest": np.array([one.highest for one in responses]),
        "implied_sigma": np.sqrt(residual / free),
        "predicted": sigma**2 * trace / d,
    }
    if clean is not None:
        found["mse"] = mse(clean, denoised)
        found["sure"] = stein(noisy, denoised, np.full(len(noisy), sigma), trace)
        # SURE - MSE without the fluctuation of the noise's energy, which is known here.
        inner = ((noisy - clean) * (denoised - clean)).reshape(len(clean), -1).sum(axis=1)
        found["sure_error"] = 2 * (sigma**2 * trace - inner) / d
    return found


def _row(found):
    """Means with standard errors; of the extremes, the extremes."""
    row = {}
    for name, values in found.items():
        if name in ("lowest", "highest"):
            row[name] = float(values.min() if name == "lowest" else values.max())
        else:
            row |= with_error(name, values)
    return {**row, "n_images": len(values)}


def _inner_verdicts(case, found):
    def relative(name, units):
        pairs = zip(found.items(), units, strict=True)
        return by_level({sigma: one[name] / unit for (sigma, one), unit in pairs})

    lowest = min(one["lowest"].min() for one in found.values())
    highest = max(one["highest"].max() for one in found.values())
    verdicts = [
        say.symmetric(relative("asymmetry", [1.0] * len(found))),
        say.factors_in_range(lowest, highest),
        say.knows_sigma(relative("implied_sigma", case.sigmas), case.denoiser.blind),
    ]
    if not case.noisy:
        # Relative to the mean error of a level: single images fluctuate.
        errors = [one["mse"].mean() for one in found.values()]
        verdicts.append(say.sure_agrees(relative("sure_error", errors)))
        verdicts.append(say.calibrated(relative("predicted", errors)))
    return verdicts
