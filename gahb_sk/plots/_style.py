"""One look for all displays: each denoiser keeps its colour, each kind its line."""

LINES = {"learned": "-", "classical": "--", "optimal": ":"}
MARKERS = {"learned": "o", "classical": "s", "optimal": None}
# Okabe and Ito's colours, told apart with any colour vision; black is kept for bounds.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#6A3D9A")


def axis(ax, figsize=(6.4, 4.8)):
    """Return ``ax``, or the axis of a new figure if it is None."""
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=figsize, layout="constrained")
    return ax


def colours(names, kinds):
    """Give each denoiser a colour; optimal ones are grey to black.

    Parameters
    ----------
    names, kinds : sequence of str
        Denoisers and their kinds.

    Returns
    -------
    colours : dict of str to str
    """
    greys = ("#000000", "#555555", "#888888", "#AAAAAA")
    counts = {"optimal": 0, "other": 0}
    given = {}
    for name, kind in zip(names, kinds, strict=True):
        group, palette = ("optimal", greys) if kind == "optimal" else ("other", COLOURS)
        given[name] = palette[counts[group] % len(palette)]
        counts[group] += 1
    return given
