"""Which theory predicts what a trained network computes, and how well."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from gahb_sk._arrays import to_numpy
from gahb_sk._random import Seed, child, seed_sequence
from gahb_sk._validation import at_least, validate_params
from gahb_sk.analysis import eigenbasis, subspace_alignment
from gahb_sk.denoisers import as_denoiser, as_denoisers
from gahb_sk.experiments._noisy_images import check_sigmas, noisy_images
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import with_error
from gahb_sk.metrics import cosine_similarity, mse, psnr

_CALIBRATION, _LEAGUE = range(2)  # streams of noise: never the same for the fit and the test


@dataclass(frozen=True)
class Calibration:
    """Result of :func:`calibrate`.

    Attributes
    ----------
    theory : denoiser
        A fitted copy with the values chosen, by noise level.
    chosen : dict of float to object
        The value by noise level.
    table : Table
        ``sigma, value`` (its text), ``agreement, agreement_se``: that of theory and network, in dB,
        with each value; see :func:`league`.
    """

    theory: Any
    chosen: dict
    table: Table


def calibrate(
    theory: Any,
    network: Any,
    images: Any,
    sigmas: npt.ArrayLike,
    *,
    values: Any = None,
    random_state: Seed = 0,
) -> Calibration:
    """Choose the window or bandwidth of a theory by which it comes nearest to a network's output.

    The error of neither is looked at. Judge the result by :func:`league` on other images.

    Parameters
    ----------
    theory : fitted denoiser
        One with a parameter that may differ by noise level: :class:`LocalEmpiricalBayesDenoiser`
        (``patch_size``), :class:`CovarianceWindowsDenoiser` (``threshold``) or
        :class:`SmoothedEmpiricalBayesDenoiser` (``bandwidth``).
    network : denoiser
        Whose output is to be predicted.
    images : array-like, torch.Tensor or lazy stack of shape (n, H, W) or (n, C, H, W)
        Clean images that neither was fitted on.
    sigmas : float or array-like of shape (n_sigmas,)
        Noise levels, positive, in the units of the images.
    values : sequence, default=None
        Values to try; None: those that the theory's class suggests, ``level_values``.
    random_state : int, RandomState or None, default=0
        Seed of the noise, which differs from that of :func:`league` with the same seed.

    Returns
    -------
    calibration : Calibration

    Raises
    ------
    TypeError
        If the theory has no such parameter.
    ValueError
        If there are no values, or noise levels are not positive.

    Examples
    --------
    >>> from gahb_sk.denoisers import LocalEmpiricalBayesDenoiser
    >>> from gahb_sk.experiments import calibrate
    >>> from gahb_sk.reproduce import load_pair_images
    >>> from gahb_sk.zoo import load_pairs
    >>> X, (network, _) = load_pair_images("pairs-8x8"), load_pairs("pairs-8x8")[100]
    >>> theory = LocalEmpiricalBayesDenoiser(boundary="cut").fit(X[:100])
    >>> found = calibrate(theory, network, X[10_000:10_008], [0.1, 0.3], values=(1, 3, 15))
    >>> sorted(found.chosen)
    [0.1, 0.3]
    """
    if not hasattr(theory, "with_levels"):
        raise TypeError(
            f"theory: expected a denoiser with a parameter by noise level, got "
            f"{type(theory).__name__}, which has nothing to calibrate. Give it to league as it is."
        )
    values = list(theory.level_values if values is None else values)
    if not values:
        raise ValueError("values: expected at least one value to try, got none.")
    network = as_denoiser(network, name="network", oracles=False)
    root = child(seed_sequence(random_state), _CALIBRATION)
    chosen, rows = {}, []
    for sigma in check_sigmas(sigmas):
        _, noisy = noisy_images(images, np.arange(len(images)), sigma, root)
        target = to_numpy(network.denoise(noisy, sigma))
        errors = []
        for value in values:
            found = to_numpy(theory.with_levels(value).denoise(noisy, sigma))
            errors.append(mse(target, found).mean())
            agreement = with_error("agreement", psnr(target, found))
            rows.append({"sigma": sigma, "value": str(value), **agreement})
        chosen[sigma] = values[int(np.argmin(errors))]
    return Calibration(theory.with_levels(chosen), chosen, Table.from_rows(rows))


@validate_params(
    {
        "theories": [dict],
        "networks": [dict],
        "n_vectors": [at_least(1), None],
        "n_linearized": [at_least(1)],
    }
)
def league(
    theories: dict,
    networks: dict,
    images: Any,
    sigmas: npt.ArrayLike,
    *,
    optimum: Any = None,
    n_vectors: int | None = None,
    n_linearized: int = 8,
    random_state: Seed = 0,
) -> Table:
    r"""Compare theories with networks, networks with each other, and both with the optimum.

    Parameters
    ----------
    theories : dict of str to fitted denoiser
        Calibrated on other images than these, see :func:`calibrate`.
    networks : dict of str to fitted denoiser
        Two of different seeds say how near a theory can be asked to come.
    images : array-like, torch.Tensor or lazy stack of shape (n, H, W) or (n, C, H, W)
        Clean test images.
    sigmas : float or array-like of shape (n_sigmas,)
        Noise levels, positive, in the units of the images.
    optimum : fitted denoiser, default=None
        The posterior mean of the class, if it is known.
    n_vectors : int, default=None
        How many leading eigenvectors of the Jacobians to compare; None: none. They are found at the
        first images alone.
    n_linearized : int, default=8
        At how many.
    random_state : int, RandomState or None, default=0
        Seed of the noise: the same for all, image by image.

    Returns
    -------
    table : Table
        One row per network, rival and noise level: ``sigma, network, rival, role`` ("theory",
        "network" or "optimum"), then with standard errors over images (``..._se``)
        ``agreement`` in dB, ``output_cosine``, ``output_r2``, ``residual_cosine``,
        ``residual_r2``, ``psnr`` of the rival and ``network_psnr`` of the network against the
        clean image, and ``n_images``; see Notes. With ``n_vectors`` also ``alignment``.

    Raises
    ------
    ValueError
        For no theories or networks, or noise levels that are not positive.
    TypeError
        If one is no denoiser, or an oracle.

    Notes
    -----
    At a noisy image y of d values, with outputs f and g of network and rival, and residuals f - y
    and g - y:

    - agreement: :math:`10 \log_{10} (d / \|f - g\|^2)`, the PSNR of one if the other were true;
      higher is nearer,
    - cosine: :math:`\langle f, g \rangle / (\|f\| \|g\|)`, and the same of residuals,
    - r2: the squared correlation, the square of the cosine after the means over the d values were
      removed. (A published "r squared" is the correlation itself.)
    - alignment: the mean squared cosine of the principal angles between the leading eigenvectors
      of the two Jacobians' symmetric parts, see :func:`gahb_sk.analysis.subspace_alignment`;
      ``n_vectors / d`` by chance.

    Outputs of any two good denoisers are similar, since both are near the clean image. Residuals
    are what they take away, at large sigma mostly the noise.

    Examples
    --------
    >>> from gahb_sk.denoisers import EmpiricalBayesDenoiser, WienerDenoiser
    >>> from gahb_sk.experiments import league
    >>> from gahb_sk.reproduce import load_pair_images
    >>> from gahb_sk.zoo import load_pairs
    >>> X, pair = load_pair_images("pairs-8x8"), load_pairs("pairs-8x8")[10]
    >>> theories = {"memoriser": EmpiricalBayesDenoiser(), "linear": WienerDenoiser()}
    >>> theories = {name: one.fit(X[:10]) for name, one in theories.items()}
    >>> table = league(theories, {"first": pair[0]}, X[10_000:10_016], 0.1)
    >>> print(table["rival"])
    ['memoriser' 'linear']
    """
    theories, networks = as_denoisers(theories), as_denoisers(networks)
    rivals = {(name, "theory"): one for name, one in theories.items()}
    if optimum is not None:
        rivals["optimum", "optimum"] = as_denoiser(optimum, name="optimum")
    for name, one in {**theories, **networks}.items():
        as_denoiser(one, name=name, oracles=False)
    root = child(seed_sequence(random_state), _LEAGUE)
    rows = []
    for sigma in check_sigmas(sigmas):
        clean, noisy = noisy_images(images, np.arange(len(images)), sigma, root)
        outputs = [
            {name: to_numpy(one.denoise(noisy, sigma)) for name, one in side.items()}
            for side in (networks, rivals)
        ]
        found = [
            {
                **_named(network, rival, role, sigma),
                **_compared(own, other, to_numpy(noisy), to_numpy(clean)),
            }
            for network, rival, role, (own, other) in _matches(*outputs)
        ]
        if n_vectors is not None:
            bases = [
                {name: _bases(one, noisy[:n_linearized], sigma, n_vectors, root)
                 for name, one in side.items()}
                for side in (networks, rivals)
            ]  # fmt: skip
            for row, (*_, pair) in zip(found, _matches(*bases), strict=True):
                row |= _aligned(*pair)
        rows += found
    return Table.from_rows(rows)


def _named(network, rival, role, sigma):
    return {"sigma": sigma, "network": network, "rival": rival, "role": role}


def _matches(networks, rivals):
    """Yield the names, the role, and what there is of both, for all that is compared."""
    for name, own in networks.items():
        for (rival, role), other in rivals.items():
            yield name, rival, role, (own, other)
    for first, second in combinations(networks, 2):
        yield first, second, "network", (networks[first], networks[second])


def _bases(denoiser, noisy, sigma, k, root):
    """Leading eigenvectors of the Jacobian at each image, ``(k, H, W)`` or fewer."""
    return [
        eigenbasis(denoiser, image, k, sigma=sigma, random_state=child(root, i)).vectors
        for i, image in enumerate(noisy)
    ]


def _aligned(network, rival):
    pairs = zip(network, rival, strict=True)
    return with_error("alignment", np.array([subspace_alignment(*two).overlap for two in pairs]))


def _compared(network, rival, noisy, clean):
    """Means over images, with their standard errors."""
    values = {"agreement": psnr(network, rival)}
    for what, shift in (("output", 0), ("residual", noisy)):
        pair = network - shift, rival - shift
        values[f"{what}_cosine"] = cosine_similarity(*pair)
        values[f"{what}_r2"] = cosine_similarity(*pair, centered=True) ** 2
    values |= {"psnr": psnr(clean, rival), "network_psnr": psnr(clean, network)}
    columns: dict = {}
    for name, found in values.items():
        columns |= with_error(name, found)
    return {**columns, "n_images": len(clean)}
