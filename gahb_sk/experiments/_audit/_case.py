"""What is audited: a denoiser, images, noise levels, and how much may be computed."""

import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gahb_sk._random import child, image_generator
from gahb_sk.experiments._audit._response import respond
from gahb_sk.experiments._audit._result import NotApplicable
from gahb_sk.experiments._noisy_images import noisy_images
from gahb_sk.jacobians import linearize

_SLOW = 0.1  # seconds of computing per image from which fewer images are denoised
_JUMP = 0.1  # relative disagreement of differences of two steps beyond which a denoiser jumps


@dataclass(frozen=True)
class Effort:
    """How much is computed.

    Attributes
    ----------
    n_images : int
        Images denoised at each noise level.
    n_inside : int
        Those of them at which the Jacobian is examined.
    n_probes, n_steps : int
        Random vectors multiplied at each, and steps of the iteration for the extreme factors.
    n_components : int
        Eigenvectors.
    n_pixels : int
        Rows of the Jacobian at each image.
    n_samples : int
        Images drawn from the denoiser.
    most_calls : int
        Images denoised for one Jacobian of central differences, at most.
    tolerance : float
        Largest residual of the eigenvectors.
    """

    n_images: int
    n_inside: int
    n_probes: int
    n_steps: int
    n_components: int
    n_pixels: int
    n_samples: int
    most_calls: int
    tolerance: float


QUICK = Effort(8, 4, 12, 12, 16, 6, 16, 2_600, 1e-2)
FULL = Effort(32, 8, 24, 30, 60, 16, 64, 10_000, 1e-3)


@dataclass(frozen=True)
class Case:
    """A fitted denoiser at images, with what several sections need.

    Attributes
    ----------
    name : str
    denoiser : denoiser
    X : ndarray of shape (n, H, W) or (n, C, H, W)
        Clean images, or noisy ones if ``noisy``.
    sigmas : list of float
        Ascending.
    root : numpy.random.SeedSequence
    effort : Effort
    reference, training_images
        See :func:`audit`.
    dtype : {"float32", "float64"}
        Precision in which networks compute.
    noisy : bool
    seconds : float
        Of computing for one image, whatever else the machine does.
    """

    name: str
    denoiser: Any
    X: np.ndarray
    sigmas: list
    root: np.random.SeedSequence
    effort: Effort
    reference: dict
    training_images: Any = None
    dtype: str = "float32"
    noisy: bool = False
    seconds: float = 0.0

    @property
    def n_images(self):
        """Images denoised at each noise level."""
        return min(len(self.X), self.effort.n_images)

    @property
    def n_inside(self):
        """Images at which the Jacobian is examined."""
        return min(len(self.X), self.effort.n_inside)

    def timed(self):
        """Return the case with the time of an image, and fewer images if that is long."""
        clean, noisy = self.pair(self.middle, 1)
        for _ in range(2):  # the first time loads packages
            start = time.process_time()
            self.denoise(noisy, self.middle, clean)
            seconds = time.process_time() - start
        effort = self.effort
        if seconds > _SLOW:
            pixels = max(2, effort.n_pixels // 2)
            effort = replace(effort, n_images=effort.n_inside, n_pixels=pixels)
        return replace(self, effort=effort, seconds=seconds)

    @property
    def slow(self):
        """Whether one image takes so long that fewer are denoised."""
        return self.seconds > _SLOW

    @property
    def few_sigmas(self):
        """Noise levels of what takes many images: of a slow denoiser first, middle and last."""
        return sorted({self.sigmas[0], self.middle, self.sigmas[-1]}) if self.slow else self.sigmas

    @property
    def economy(self):
        """What is said where a slow denoiser is looked at less closely."""
        if not self.slow:
            return []
        return [
            f"It takes {self.seconds:.2g} s of computing per image. So {self.n_images} "
            f"images are denoised, here at σ = {', '.join(f'{s:g}' for s in self.few_sigmas)}."
        ]

    @property
    def middle(self):
        """The noise level in the middle."""
        return self.sigmas[len(self.sigmas) // 2]

    def need_clean(self):
        """Raise where the images are noisy."""
        if self.noisy:
            raise NotApplicable("It needs clean images, and those given are noisy already.")

    def pair(self, sigma, n):
        """The first n images, clean (None if unknown) and noisy: the same noise at all levels."""
        if self.noisy:
            return None, self.X[:n].astype(np.float64)
        return noisy_images(self.X.astype(np.float64), np.arange(n), sigma, self.root)

    def denoise(self, noisy, sigma, clean=None):
        """Denoise a stack."""
        return self.denoiser.denoise(noisy, sigma, clean=clean)

    @cached_property
    def outputs(self):
        """The denoised images ``(n_images, ...)`` by noise level."""
        found = {}
        for sigma in self.sigmas:
            clean, noisy = self.pair(sigma, self.n_images)
            found[sigma] = self.denoise(noisy, sigma, clean)
        return found

    def operator(self, sigma, i):
        """The Jacobian at noisy image i."""
        clean, noisy = self.pair(sigma, i + 1)
        partner = None if clean is None else clean[i]
        return linearize(self.denoiser, noisy[i], sigma, clean=partner, dtype=self.dtype)

    def generator(self, *key):
        """Random numbers of a section."""
        return image_generator(child(self.root, *key), 0)

    @cached_property
    def by_differences(self):
        """Whether the Jacobian is known by central differences alone."""
        return self.operator(self.middle, 0).step is not None

    @cached_property
    def jumps(self):
        """Whether differences of two steps disagree: the denoiser then has no derivative."""
        operator = self.operator(self.middle, 0)
        if operator.step is None:
            return False
        clean, noisy = self.pair(self.middle, 1)
        direction = self.generator(4).standard_normal(noisy.shape)
        found = []
        for step in (operator.step, 4 * operator.step):
            sides = [
                self.denoise(noisy + sign * step * direction, self.middle, clean)
                for sign in (1, -1)
            ]
            found.append((sides[0] - sides[1]) / (2 * step))
        return bool(np.linalg.norm(found[0] - found[1]) > _JUMP * np.linalg.norm(found[1]))

    def need_derivative(self):
        """Raise where there is no Jacobian."""
        if self.operator(self.middle, 0).sampled:
            raise NotApplicable(
                "The denoised image is itself a Monte Carlo estimate, whose noise is larger than "
                "the differences that a derivative is made of."
            )
        if self.jumps:
            raise NotApplicable(
                f"{self.name} jumps: an arbitrarily small change of the image can switch one of "
                "its decisions. So it has no derivative, and no Jacobian to look at."
            )

    @cached_property
    def responses(self):
        """For each noise level, how each of ``n_inside`` images responds to small noise."""
        self.need_derivative()
        return {
            sigma: [
                respond(self.operator(sigma, i), self.effort, self.generator(5, i))
                for i in range(self.n_inside)
            ]
            for sigma in self.sigmas
        }
