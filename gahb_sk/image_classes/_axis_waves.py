"""Orthonormal waves along the axes of an image, in torch."""

import math

import torch


def axis_waves(length, n_frequencies):
    """Return orthonormal cosines and sines, (length, k), and their integer frequencies (k,)."""
    t = 2 * math.pi * torch.arange(length, dtype=torch.float64) / length
    waves, frequencies = [torch.full_like(t, length**-0.5)], [0]
    for k in range(1, n_frequencies + 1):
        if 2 * k == length:
            waves.append(torch.cos(k * t) * length**-0.5)
            frequencies.append(k)
        elif 2 * k < length:
            waves += [f(k * t) * (2 / length) ** 0.5 for f in (torch.cos, torch.sin)]
            frequencies += [k, k]
    return torch.stack(waves, 1), torch.tensor(frequencies, dtype=torch.float64)


class AxisWaves:
    """Products of waves along rows and columns, up to a frequency along each.

    Parameters
    ----------
    size : tuple (H, W)
    highest : int
    dtype : torch.dtype

    Attributes
    ----------
    rows : Tensor of shape (H, a)
    columns : Tensor of shape (W, b)
    frequencies : Tensor of shape (a * b,), float64
        Norms of the frequencies.
    """

    def __init__(self, size, highest, dtype):
        rows, k = axis_waves(size[0], highest)
        columns, m = axis_waves(size[1], highest)
        self.frequencies = torch.hypot(k[:, None], m).flatten()
        self.rows, self.columns = rows.to(dtype), columns.to(dtype)

    def analyse(self, fields):
        """Coefficients (..., a * b) of fields (..., H, W)."""
        return (self.rows.T @ (fields @ self.columns)).flatten(-2)

    def synthesise(self, coefficients):
        """Fields of coefficients."""
        shape = (self.rows.shape[1], self.columns.shape[1])
        return self.rows @ coefficients.unflatten(-1, shape) @ self.columns.T

    def project(self, fields):
        """Return the part of fields that is made of the waves."""
        return self.synthesise(self.analyse(fields))

    def __len__(self):
        return len(self.frequencies)
