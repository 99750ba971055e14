"""Tables of quality for the docs: denoisers by rows, best first, optima and oracles in columns."""

import numpy as np

from gahb_sk.experiments import Table

DECIMALS = {"psnr": 2, "ssim": 3}
REFERENCE = "bm3d"
PEERS = ("bm3d", "scikit-image", "deepinv")  # first words of names
# Names of denoisers that are bounds, and of their columns.
BOUNDS = {
    "posterior mean": "optimum",
    "oracle wavelets": "oracle wavelets",
    "oracle bandlets": "oracle bandlets",
}


def grouped(table, metric, cases):
    """Yield each case and level, as text, and the scores of each denoiser, image by image."""
    groups = {}
    for row in table.rows():
        scores = groups.setdefault((row["case"], row["sigma"]), {})
        scores.setdefault(row["denoiser"], {})[row["stack"], row["image"]] = row[metric]
    for case, sigma in sorted(groups, key=lambda key: (cases.index(key[0]), key[1])):
        yield (
            {"images": case, "sigma": level_text(case, sigma)},
            {
                name: np.array([own[image] for image in sorted(own)])
                for name, own in groups[case, sigma].items()
            },
        )


def ranked(table, metric, cases):
    """Return a row per case, level and denoiser, with the standard errors in brackets.

    Differences to BM3D are taken image by image: what makes an image hard cancels.
    """
    digits, rows = DECIMALS[metric], []
    for head, scores in grouped(table, metric, cases):
        bounds = {title: mean_text(scores.get(name), digits) for name, title in BOUNDS.items()}
        rivals = {name: own for name, own in scores.items() if name not in BOUNDS}
        for name in sorted(rivals, key=lambda name: -rivals[name].mean()):
            over = None
            if name != REFERENCE and REFERENCE in rivals:
                over = rivals[name] - rivals[REFERENCE]
            rows.append({**head, "denoiser": name, metric: mean_text(rivals[name], digits),
                         "over bm3d": mean_text(over, digits, "+"), **bounds})  # fmt: skip
    return Table.from_rows(rows)


def best(table, metric, cases):
    """Return a row per case and level with the best of ours, the best peer and the optimum."""
    digits, rows = DECIMALS[metric], []
    for head, scores in grouped(table, metric, cases):
        ranking = sorted(scores, key=lambda name: -scores[name].mean())
        peers = [name for name in ranking if name.startswith(PEERS)]
        ours = [name for name in ranking if name not in (*peers, *BOUNDS)]
        if ours and peers:
            a, b = scores[ours[0]], scores[peers[0]]
            rows.append({**head, "ours": ours[0], metric: mean_text(a, digits), "peer": peers[0],
                         f"its {metric}": mean_text(b, digits),
                         "ours over it": mean_text(a - b, digits, "+"),
                         "optimum": mean_text(scores.get("posterior mean"), digits)})  # fmt: skip
    return Table.from_rows(rows)


def level_text(case, sigma):
    """Return a noise level as it is usually given: of 255 for photographs."""
    return f"{255 * sigma:.0f}/255" if case.startswith("photographs") else f"{sigma:g}"


def mean_text(values, digits, sign=""):
    """Return a mean and, of several values, its standard error; nothing of nothing."""
    if values is None:
        return ""
    mean = f"{values.mean():{sign}.{digits}f}"
    if len(values) < 2:
        return mean
    return f"{mean} ({values.std(ddof=1) / np.sqrt(len(values)):.{digits}f})"
