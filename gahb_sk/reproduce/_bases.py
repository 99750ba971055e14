"""What the figures of adaptive bases share: noisy examples, rows of eigenvectors, one table."""

from typing import NamedTuple

import numpy as np

from gahb_sk.experiments import Table
from gahb_sk.experiments._basis_alignment import leading_basis
from gahb_sk.experiments._noisy_images import noisy_images
from gahb_sk.reproduce import PLANS

NETWORK = "network"
NOISE = 0  # the stream below a setup that all noise comes from
_ZERO = 5e-4


def test_images(setup, name, default, number):
    """Return images of a plan that no network was trained on.

    Parameters
    ----------
    setup : Setup
    name : str
        Of a plan.
    default : int
        How many, unless the setup says so.
    number : int
        Of the figure, for images of its own.
    """
    n = default if setup.n_images is None else setup.n_images
    return PLANS[name].test_images(n, random_state=setup.stream(number))


class Example(NamedTuple):
    """One noisy image, what a denoiser makes of it, and its leading eigenpairs there."""

    clean: np.ndarray
    noisy: np.ndarray
    denoised: np.ndarray
    basis: object


def example(setup, denoiser, X, i, sigma, n_vectors):
    """Return the basis of a denoiser at image i of X, with the noise of the experiments."""
    clean, noisy = noisy_images(X, np.array([i]), sigma, setup.stream(NOISE))
    basis = leading_basis(
        denoiser, noisy[0], n_vectors, sigma, clean[0], "float32", setup.stream(NOISE)
    )
    return Example(clean[0], noisy[0], denoiser.denoise(noisy, sigma, clean=clean)[0], basis)


def typical(X):
    """Return the number of the image whose range of intensities is the median one."""
    ranges = np.ptp(X.reshape(len(X), -1), axis=1)
    return int(np.argsort(ranges, kind="stable")[len(X) // 2])


def draw_examples(examples, indices, n_rows=1, view=lambda images: images):
    """Draw the eigenvectors at several examples, each with its images, below one another.

    Parameters
    ----------
    examples : dict of str to Example
        By title.
    indices : sequence of int
        Which vectors, counted from 0; those of a factor that prints as 0 are left out.
    n_rows : int, default=1
        Rows of pictures an example.
    view : callable
        Applied to stacks of images and vectors before they are drawn.

    Returns
    -------
    figure : matplotlib Figure
    """
    from matplotlib.figure import Figure

    from gahb_sk.plots import EigenvectorGridDisplay

    n_columns = -(-(3 + len(indices)) // n_rows)
    size = (1.25 * n_columns, (1.5 * n_rows + 0.35) * len(examples))
    figure = Figure(figsize=size, layout="constrained")
    parts = figure.subfigures(len(examples), 1, squeeze=False)[:, 0]
    for part, (title, one) in zip(parts, examples.items(), strict=True):
        part.suptitle(title, fontsize=10)
        names = ("clean", "noisy", "denoised")
        images = dict(zip(names, view(np.stack([getattr(one, k) for k in names])), strict=True))
        kept = [k for k in indices if k < len(one.basis.values) and one.basis.values[k] > _ZERO]
        vectors = view(one.basis.vectors)
        display = EigenvectorGridDisplay(vectors, one.basis.values, indices=kept, images=images)
        display.plot(part, n_columns=n_columns)
    return figure


def panels(n, width=4.6, height=3.8):
    """Return a figure and n axes side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * n, height), layout="constrained")
    return figure, figure.subplots(1, n, squeeze=False)[0]


def joined(tables, columns):
    """Stack tables of different columns into one.

    Parameters
    ----------
    tables : dict of str to Table
        By what is measured, which becomes the column ``quantity``.
    columns : sequence of str
        Which columns to keep. Where a table has none of the name, numbers are NaN, the keys
        ``k`` 0 and text empty.

    Returns
    -------
    table : Table
    """
    empty = {"denoiser": "", "reference": "", "images": "", "k": 0}
    rows = [
        {"quantity": quantity} | {name: row.get(name, empty.get(name, np.nan)) for name in columns}
        for quantity, table in tables.items()
        for row in table.rows()
    ]
    return Table.from_rows(rows)


def stacked(tables, column):
    """Stack tables of the same columns; their names become a column in front."""
    return Table.from_rows(
        [{column: name, **row} for name, table in tables.items() for row in table.rows()]
    )


def thinned(table, ks):
    """Return the rows of the given k, so that a table of spectra stays short."""
    keep = np.isin(table["k"], ks)
    return Table({name: values[keep] for name, values in table.items()})
