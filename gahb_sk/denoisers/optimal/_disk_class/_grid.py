"""A grid over all disks of the class; inner products with all of its masks by Fourier transform.

A cell of the grid is a template (a radius, and where in its pixel the centre lies) and a pixel.
All masks of one template are translates of each other on the torus (no disk of the class crosses
the border unless the class lives on the torus), so that the inner products of an image with them
are a correlation, and weighted sums of them a convolution.
"""

import numpy as np
from scipy import fft

from gahb_sk._memory import check_memory
from gahb_sk.denoisers.optimal._disk_class._intensities import MaskStatistics
from gahb_sk.image_classes import disk_coverage

_BYTES_PER_VALUE = 100  # at the peak, for each pixel of each mask; measured, see tests


class DiskGrid:
    """All cells of positive prior probability, ``phases`` per pixel on each axis, and their masks.

    For each cell, ``geometry`` is its middle, ``log_mass`` its log-probability, and A, C and B are
    |m|^2, <m, 1 - m> and |1 - m|^2 of its mask m; ``cell`` holds the sides of all cells.
    """

    def __init__(self, law, phases):
        self.size = law.image_size
        radii, self.cell = law.geometry.cells(phases)
        self._check_memory(phases**2 * len(radii))
        shifts = np.arange(phases) / phases
        templates = np.array([(i, j, r) for i in shifts for j in shifts for r in radii])
        self._draw(templates, law.antialias)
        rows, columns = np.indices(self.size)
        places = np.stack([rows, columns, np.zeros_like(rows)], -1).reshape(-1, 3)
        geometry = (templates[:, None] + places).reshape(-1, 3)
        for axis, side in enumerate(self.size):  # pixels cover [-1/2, side - 1/2)
            geometry[geometry[:, axis] >= side - 0.5, axis] -= side
        mass = law.geometry.mass(geometry, np.broadcast_to(self.cell, geometry.shape))
        self.cells = np.flatnonzero(mass > 0)
        self.geometry = geometry[self.cells]
        self.log_mass = np.log(mass[self.cells] / mass.sum())
        self.n_cells = len(self.cells)
        template = self.cells // rows.size
        self.A, self.C, self.B = (values[template] for values in self._norms)

    def _check_memory(self, n_masks):
        height, width = self.size
        check_memory(
            _BYTES_PER_VALUE * n_masks * height * width,
            f"All disks of images of {height}x{width} pixels ({n_masks} masks of that size)",
            "Use smaller images.",
        )

    def _draw(self, templates, antialias):
        middle = np.array([(side - 1) // 2 for side in self.size])
        geometry = templates + np.append(middle, 0)
        masks = disk_coverage(geometry, self.size, antialias=antialias, wrap=True)
        inside, squares = masks.sum((1, 2)), np.square(masks).sum((1, 2))
        pixels = np.prod(self.size)
        self._norms = squares, inside - squares, pixels - 2 * inside + squares
        self._spectra = fft.rfft2(np.roll(masks, tuple(-middle), axis=(1, 2)))

    def products(self, images):
        """Return the inner products of images ``(n, H, W)`` with all masks, ``(n, n_cells)``."""
        spectra = fft.rfft2(images)[:, None] * self._spectra.conj()
        correlation = fft.irfft2(spectra, s=self.size, overwrite_x=True)
        return correlation.reshape(len(images), -1)[:, self.cells]

    def combine(self, image, cell, weights, n):
        """Return sums of masks (n, H, W); each weight belongs to an image and a cell."""
        dense = np.zeros((n, len(self._spectra) * int(np.prod(self.size))))
        dense[image, self.cells[cell]] = weights
        spectra = fft.rfft2(dense.reshape(n, -1, *self.size))
        spectra *= self._spectra
        return fft.irfft2(spectra.sum(1), s=self.size)

    @property
    def values_per_image(self):
        """How many numbers one image needs while it is handled."""
        return len(self._spectra) * int(np.prod(self.size))

    def statistics(self, images):
        """Return the statistics of images ``(n, H, W)`` with all masks, arrays (n, n_cells)."""
        inside = self.products(images)
        outside = images.sum((1, 2))[:, None] - inside
        shape = inside.shape
        A, C, B = (np.broadcast_to(values, shape) for values in (self.A, self.C, self.B))
        return MaskStatistics(inside, outside, A, C, B)
