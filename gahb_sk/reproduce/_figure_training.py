"""When a network begins to memorise: losses, samples and features along its training."""

import numpy as np
from scipy.stats import linregress

from gahb_sk._random import child
from gahb_sk.denoisers import NetworkDenoiser
from gahb_sk.experiments import Table, training_curve
from gahb_sk.image_classes import DiskImages
from gahb_sk.networks import ResidualUNet
from gahb_sk.reproduce import _along_training as along
from gahb_sk.reproduce._paper_figure import Check, Outcome, PaperFigure
from gahb_sk.reproduce._shipped import read_table

SIDE = 8
N_TRAIN = (4, 8, 24, 72)
_JUDGED = N_TRAIN[-3:]  # by all criteria; the others by the times alone
STEPS = tuple(round(24 * 2 ** (k / 2)) for k in range(15))
_STEPS_PER_IMAGE = 48  # the longest training of each N
BATCH = 16
_REPEATED = 144  # few images are repeated to so many: batches of one size whatever their number
_FRESH, _TEST, _SAMPLES = 2000, 128, 128
_MEMORISED = 0.1  # share of copies beyond that of fresh images: the onset of memorisation
_GOOD = 1.1  # times the least test loss: the time of good denoising
_MOST = 5  # of the six networks
_RECIPE = {"base": "muon", "batch_size": BATCH, "schedule": "constant"}


def run(setup):
    """Train two networks for each N, and measure them after each of some steps."""
    table = Table.from_rows([row for n in N_TRAIN for row in _kept(n, setup).rows()])
    return Outcome(table, _pictures(table), _checks(table), _notes(table))


def _kept(n, setup):
    """Return the rows of one N; with a folder to keep them in, compute them once."""
    n_samples = _SAMPLES if setup.n_images is None else setup.n_images
    name = f"training-{n}-of-{n_samples}-seed-{setup.random_state}.csv"
    path = setup.kept and setup.kept / name
    if path and path.is_file():
        return read_table(path)
    table = Table.from_rows(_rows(n, n_samples, setup)).rounded(4)
    if path:
        table.to_csv(path)
    return table


def _rows(n, n_samples, setup):
    law, seed = DiskImages(SIDE), setup.stream(922)
    optimum, fresh = law.posterior_mean().fit(law.sample(1, 0)), law.sample(_FRESH, child(seed, 10))
    X = law.sample(2 * n, child(seed, 11, n))
    sets = X[:n], X[n:]
    found = [_checkpoints(own, k, n, setup) for k, own in enumerate(sets)]
    samples = [
        {step: along.draw(one, n_samples, (SIDE, SIDE), seed) for step, one in every.items()}
        for every in found
    ]
    rows = []
    losses = along.loss_rows(found, along.Images(sets, fresh, fresh[:_TEST], optimum), seed)
    for name, own, other in (("first", 0, 1), ("second", 1, 0)):
        for row in losses[own]:
            step = row["steps"]
            columns = along.sample_columns(
                found[own][step], samples[own][step], samples[other][step],
                (sets[own], sets[other]), fresh, seed,
            )  # fmt: skip
            rows.append({"n_train": n, "network": name, **row, **columns})
    return paired(rows)


def paired(rows):
    """Return the rows with the means of both networks of a step in the columns ``own``.

    Without memorisation both networks may draw nearer to the same set, but the mean is 1/2. The
    interval is that of two networks which depend on each other fully.
    """
    for name in ("own", "own_low", "own_high"):
        found = {}
        for row in rows:
            found.setdefault(row["steps"], []).append(row[name])
        rows = [{**row, name: float(np.mean(found[row["steps"]]))} for row in rows]
    return rows


def _checkpoints(own, seed, n, setup):
    """Train one network; return the network after each step."""
    kept = []

    def keep(denoiser):
        kept.append(denoiser)
        return len(kept)

    steps = [step for step in STEPS if step <= _STEPS_PER_IMAGE * n]
    network = NetworkDenoiser(
        ResidualUNet(channels=16, n_blocks=2), blind=False, noise_range=along.NOISE_RANGE,
        recipe=_RECIPE, max_images=steps[-1] * BATCH, random_state=seed,
    )  # fmt: skip
    folder = setup.kept and setup.kept / f"training-{n}-{seed}-seed-{setup.random_state}"
    own = np.resize(own, (_REPEATED, *own.shape[1:]))
    curve = training_curve(network, own, at=steps, measure={"kept": keep}, folder=folder)
    return dict(zip(curve.table["steps"].tolist(), kept, strict=True))


def _networks(table, numbers=None):
    """Yield N and the rows of each network."""
    for n in N_TRAIN if numbers is None else numbers:
        for name in ("first", "second"):
            yield n, table.where(n_train=n, network=name)


def onset(part, column, level, *, falling=False):
    """Step at which a column first reaches a level, on a line in log steps; NaN if never."""
    values, steps = part[column], np.log(part["steps"])
    reached = np.flatnonzero(values <= level if falling else values >= level)
    if not len(reached):
        return float("nan")
    k = reached[0]
    if k == 0:
        return float(part["steps"][0])
    share = (level - values[k - 1]) / (values[k] - values[k - 1])
    return float(np.exp(steps[k - 1] + share * (steps[k] - steps[k - 1])))


def _good(part):
    return onset(part, "test_loss", _GOOD * part["test_loss"].min(), falling=True)


def _memorised(part):
    return onset(part, "copied", part["copied_null"][0] + _MEMORISED)


def power(numbers, times):
    """Exponent of the growth of times with N, and its standard error, in the logarithms.

    By those that are known, which must be of three N at least.
    """
    numbers, times = np.asarray(numbers), np.asarray(times)
    known = np.isfinite(times)
    if len(np.unique(numbers[known])) < 3:
        return float("nan"), float("nan")
    line = linregress(np.log(numbers[known]), np.log(times[known]))
    return float(line.slope), float(line.stderr)


def _powers(table):
    """Return the exponents of the times of good denoising and of memorisation, with errors."""
    numbers, parts = zip(*_networks(table), strict=True)
    return tuple(power(numbers, [time(part) for part in parts]) for time in (_good, _memorised))


def biased(part, column):
    """Steps at which samples are near the training set though the test loss will fall further.

    Both beyond chance: an interval of 95 % above 1/2, and two standard errors above the least loss.
    """
    falling = part["steps"] < part["steps"][int(part["test_loss"].argmin())]
    falling &= part["above_least"] > 2 * part["above_least_se"]
    return part["steps"][falling & (part[f"{column}_low"] > 0.5)].tolist()


def _checks(table):
    parts = [part for _, part in _networks(table, _JUDGED)]
    least = [
        [part["steps"][int(part[name].argmin())] for name in ("divergence", "test_loss")]
        for part in parts
    ]
    good, memorised = _powers(table)
    excess = max(np.abs(part["test_excess"] / part["test_excess_se"]).max() for part in parts)
    known = table["spread_auc"][np.isfinite(table["spread_auc"])]
    return [
        Check("networks with a biased checkpoint, nearer than fresh images",
              sum(bool(biased(part, "nearer")) for part in parts), _MOST, None, "all"),
        Check("networks with a biased checkpoint, nearer to the own set",
              sum(bool(biased(part, "own")) for part in parts), _MOST, None, "all"),
        Check("networks whose least divergence comes before the least test loss",
              sum(bool(first < last) for first, last in least), _MOST, None, "all"),
        Check("excess on test images, largest, in standard errors", float(excess), None, 3.5, "0"),
        Check("excess on training images at the end, largest of the networks",
              float(max(part["train_excess"][-1] for part in parts)), None, 0, "falls"),
        Check("exponent of the time of memorisation in N", memorised[0], 0.7, 1.3, "1"),
        Check("exponent of the time of good denoising in N", good[0], -0.3, 0.3, "0"),
        Check("AUROC by which the spread tells copies from other samples, mean",
              float(known.mean()) if len(known) else float("nan"), 0.7, None, "detects them"),
    ]  # fmt: skip


def _notes(table):
    notes = []
    for n, part in _networks(table):
        k, m = (int(part[name].argmin()) for name in ("test_loss", "divergence"))
        phases = [biased(part, column) for column in ("nearer", "own")]
        notes.append(
            f"N = {n}, {part['network'][0]} network: least test loss {part['test_loss'][k]:.2f} "
            f"(optimum 1) after {part['steps'][k]:,} steps, least divergence "
            f"{part['divergence'][m]:.2f} after {part['steps'][m]:,}; "
            f"biased by fresh images at {phases[0]}, by the sets at {phases[1]}; good after "
            f"{_good(part):,.0f}, copies after {_memorised(part):,.0f}; at the end "
            f"{part['copied'][-1]:.0%} copies, training loss {part['train_loss'][-1]:.2f}, "
            f"distillation {part['train_distillation'][-1]:.2f}, excess "
            f"{part['train_excess'][-1]:.2f}."
        )
    good, memorised = _powers(table)
    notes.append(
        f"Exponents in N with standard errors: memorisation {memorised[0]:.2f} "
        f"({memorised[1]:.2f}), good denoising {good[0]:.2f} ({good[1]:.2f})."
    )
    return notes


def _pictures(table):
    return {
        "Upper row: losses of two networks on disjoint sets of N disks over the optimum's. Lower "
        "row: their samples; a half of them is nearer than fresh images without memorisation. "
        "Lines mark the least test loss. Where samples are nearer before, the training is "
        "biased.": _draw_curves(table),
        "Histograms of the samples' distances to the training set, one row per step, over the "
        "deciles of the distances of fresh images: 0.1 everywhere if both are alike. Left: nearer "
        "than fresh images. The first network's.": _draw_histograms(table),
    }


def _draw_curves(table):
    from gahb_sk.plots._style import canvas

    figure = canvas(3.4 * len(_JUDGED), 5.6)
    axes = figure.subplots(2, len(_JUDGED), sharex=True, sharey="row", squeeze=False)
    columns = dict(zip(_JUDGED, axes.T, strict=True))
    for n, part in _networks(table, _JUDGED):
        first, (upper, lower) = part["network"][0] == "first", columns[n]
        for ax, name, label, colour, line in (
            (upper, "train_loss", "training images", "#0072B2", "--"),
            (upper, "test_loss", "test images", "#D55E00", "-"),
            (upper, "test_distillation", "to the optimum, test images", "0.5", ":"),
            (lower, "nearer", "nearer than fresh images", "#009E73", "-"),
            (lower, "own", "nearer to the own set", "#CC79A7", ":"),
            (lower, "copied", "copies", "black", "--"),
        ):
            ax.plot(part["steps"], part[name], line, color=colour, label=label if first else None)
        for ax in (upper, lower):
            ax.axvline(part["steps"][int(part["test_loss"].argmin())], color="#D55E00", lw=0.7)
        upper.set(title=f"N = {n}", xscale="log", yscale="log")
        lower.set(xlabel="training steps", ylim=(0, 1))
        lower.axhline(0.5, color="0.7", lw=1, zorder=0)
    axes[0, 0].set_ylabel("squared error / the optimum's")
    axes[1, 0].set_ylabel("fraction of samples")
    for ax in axes[:, 0]:
        ax.legend(fontsize=8)
    return figure


def _draw_histograms(table):
    from gahb_sk.plots._style import canvas

    figure = canvas(3.4 * len(_JUDGED), 3.2)
    axes = figure.subplots(1, len(_JUDGED), sharey=True, squeeze=False)[0]
    for ax, n in zip(axes, _JUDGED, strict=True):
        part = table.where(n_train=n, network="first")
        shares = np.stack([part[f"decile_{k}"] for k in range(1, 11)], axis=1)
        image = ax.pcolormesh(
            np.arange(11) + 0.5, np.arange(len(shares) + 1) - 0.5, shares, cmap="Greys", vmin=0,
            vmax=0.5,
        )  # fmt: skip
        ax.set(title=f"N = {n}", xlabel="decile of fresh images", xticks=[1, 5, 10])
        ax.patch.set(hatch="///", edgecolor="0.85")  # no such steps
    axes[0].set(ylabel="training steps", yticks=range(0, len(STEPS), 2))
    axes[0].set_yticklabels(f"{step:,}" for step in STEPS[::2])
    figure.colorbar(image, ax=axes, label="fraction of samples", extend="max")
    return figure


FIGURE = PaperFigure(
    number="training",
    title="When does a network begin to memorise?",
    paper=(
        "arXiv:2603.03469 finds a biased phase: the test loss still falls while samples are "
        "already nearer to the training set than fresh images are, and the least divergence of the "
        "two comes before the least test loss. arXiv:2505.17638 finds that the time of "
        "memorisation grows in proportion to N and that of good samples does not grow. By "
        "arXiv:2512.20963 the spread of features detects memorised samples."
    ),
    criterion=(
        "On disks of 8x8, N = 8, 24 and 72, two networks each on disjoint sets, samples from equal "
        "noise, compared without mean and at norm 1. For at least 5 of the 6 networks there is a "
        "checkpoint before the least test loss, and above it by two standard errors, at which "
        "samples are nearer to the training set than fresh images, and one at which they are "
        "nearer to their own set than to the other, by intervals of 95 %; and the least divergence "
        "comes before the least test loss. The excess of the loss over optimum and distillation is "
        "0 on test images (3.5 standard errors, over all checkpoints) and negative on training "
        "images at the end. The step at which 10 % more samples than fresh images are copies "
        "(nearest distance below a third of the second nearest) grows as N to the power 0.7 to "
        "1.3, the step at which the test loss is within 10 % of its least as N to the power -0.3 "
        "to 0.3. The spread of features tells copies from other samples with a mean AUROC of 0.7. "
        "Written before the first run, after a preview of one network with N = 8. As there were no "
        "copies at N = 24 and 72, N = 4 was added for the times afterwards."
    ),
    run=run,
    networks=(),
    keys=("n_train", "network", "steps"),
    tolerances={"test_loss": 0.1, "nearer": 0.05, "copied": 0.1},
)
