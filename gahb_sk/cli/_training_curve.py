"""The learning curve of ``gahb-sk train``: a table, and a picture of it."""

import numpy as np

from gahb_sk.cli._page import to_png, write_pictures
from gahb_sk.experiments import Table
from gahb_sk.plots._style import COLOURS, canvas

_SHOWN = 3.0  # dB below the best; the first images would hide the rest


def write_curve(folder, history):
    """Write ``history.csv`` and ``curve.png``.

    Parameters
    ----------
    folder : pathlib.Path
    history : list of dict
        Records of epochs: images, seconds, loss, sigma, psnr.
    """
    columns = {name: [record[name] for record in history] for name in ("images", "seconds", "loss")}
    levels = [f"{255 * sigma:.3g}/255" for sigma in history[-1]["sigma"]]
    psnr = np.array([record["psnr"] for record in history], float)
    columns |= {f"psnr at {level}": psnr[:, k] for k, level in enumerate(levels)}
    Table({name: np.asarray(column) for name, column in columns.items()}).to_csv(
        folder / "history.csv"
    )
    figure = canvas(6.4, 4.8)
    _draw(figure.subplots(), np.asarray(columns["images"]), psnr, levels)
    write_pictures(folder, {"curve.png": to_png(figure)})


def _draw(ax, images, psnr, levels):
    from matplotlib.ticker import EngFormatter

    best = np.fmax.reduce(psnr)
    with np.errstate(invalid="ignore"):  # images denoised without any error
        below = psnr - best
    for k, level in enumerate(levels):
        label = f"sigma {level}, best {best[k]:.2f} dB"
        ax.plot(images, below[:, k], "o-", markersize=3, label=label,
                color=COLOURS[k % len(COLOURS)])  # fmt: skip
    lowest = max(below.min(initial=0, where=np.isfinite(below)), -_SHOWN)
    ax.set(xlabel="images seen", ylabel="PSNR minus its best (dB)", ylim=(lowest - 0.1, 0.1),
           title="PSNR on held-out images during training")  # fmt: skip
    ax.xaxis.set_major_formatter(EngFormatter())
    ax.legend(fontsize="small", loc="lower right")
