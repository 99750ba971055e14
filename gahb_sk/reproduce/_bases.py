"""What the figures of adaptive bases share: noisy examples, rows of eigenvectors, one table."""

from typing import NamedTuple

import numpy as np

from gahb_sk._random import seed_sequence
from gahb_sk.experiments import Table
from gahb_sk.experiments._basis_alignment import alignment_of
from gahb_sk.experiments._basis_spectra import spectra_of
from gahb_sk.experiments._leading_bases import leading_bases, leading_basis
from gahb_sk.experiments._noisy_images import noisy_images
from gahb_sk.reproduce import PLANS

NETWORK = "network"
NOISE = 0  # the stream below a setup that all noise comes from
_ZERO = 5e-4


def test_images(setup, name, default, number):
    """Return images of a plan that no network was trained on, others for each figure's number."""
    n = default if setup.n_images is None else setup.n_images
    return PLANS[name].test_images(n, random_state=setup.stream(number))


class Example(NamedTuple):
    """One noisy image, what a denoiser makes of it, and its leading eigenpairs there."""

    clean: np.ndarray
    noisy: np.ndarray
    denoised: np.ndarray
    basis: object


def at_each_image(setup, denoisers, X, sigmas, k):
    """Return the bases at all images, which tables and examples share, as a list."""
    root = seed_sequence(setup.stream(NOISE))
    options = {"n_jobs": setup.n_jobs, "verbose": setup.verbose, "desc": "bases"}
    return list(leading_bases(denoisers, X, sigmas, k, root, **options))


def spectra(setup, found, names, k):
    """Return what ``basis_spectra`` does, of bases that were found."""
    return spectra_of(found, names, k, seed_sequence(setup.stream(NOISE)))


def alignment(setup, found, references, ks):
    """Return what ``basis_alignment`` does, of bases that were found."""
    return alignment_of(found, references, ks, seed_sequence(setup.stream(NOISE)))


def example_of(found, name, denoiser):
    """Return the basis that was found of a denoiser at one image."""
    denoised = denoiser.denoise(found.noisy[None], found.sigma, clean=found.clean[None])[0]
    return Example(found.clean, found.noisy, denoised, found.bases[name])


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


def draw_examples(examples, indices, n_rows=1):
    """Draw the eigenvectors at several examples by title, each with its images, one below another.

    Vectors whose factor prints as 0 are left out.
    """
    from gahb_sk.plots import EigenvectorGridDisplay
    from gahb_sk.plots._style import canvas

    n_columns = -(-(3 + len(indices)) // n_rows)
    figure = canvas(1.25 * n_columns, (1.5 * n_rows + 0.35) * len(examples))
    parts = figure.subfigures(len(examples), 1, squeeze=False)[:, 0]
    for part, (title, one) in zip(parts, examples.items(), strict=True):
        part.suptitle(title, fontsize=10)
        images = {name: getattr(one, name) for name in ("clean", "noisy", "denoised")}
        kept = [k for k in indices if k < len(one.basis.values) and one.basis.values[k] > _ZERO]
        grid = EigenvectorGridDisplay(
            one.basis.vectors, one.basis.values, indices=kept, images=images
        )
        grid.plot(part, n_columns=n_columns)
    return figure


def panels(n, width=4.6, height=3.8):
    """Return a figure and n axes: four in two rows, else three in a row."""
    from gahb_sk.plots._style import canvas

    columns = 2 if n == 4 else min(n, 3)
    n_rows = -(-n // columns)
    figure = canvas(width * columns, height * n_rows)
    axes = figure.subplots(n_rows, columns, squeeze=False).ravel()
    for ax in axes[n:]:
        ax.set_axis_off()
    return figure, axes[:n]


def joined(tables, columns):
    """Stack tables of different columns into one; the key of a table becomes its ``quantity``.

    Where a table lacks a column, numbers are NaN, the key ``k`` 0 and text empty.
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
