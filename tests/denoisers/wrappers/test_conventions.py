"""Networks of every convention: one linear-Gaussian denoiser, written in each of them."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from torch import nn

from gahb_sk.denoisers import ModuleDenoiser, as_denoiser
from gahb_sk.networks import AlphaBarTime, Convention

SHAPE, D = (4, 6), 24
ALPHA_BAR = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
LEVELS = np.sqrt((1 - ALPHA_BAR) / ALPHA_BAR)  # of the table


class Gaussian(nn.Module):
    """The posterior mean of z ~ N(mean, covariance) with noise of level s, as a network F.

    It sees what its convention gives it, and returns what that asks for. ``level_of`` turns its
    second argument into s.
    """

    def __init__(self, mean, covariance, convention, level_of):
        super().__init__()
        self.mean, self.covariance = map(nn.Parameter, map(torch.from_numpy, (mean, covariance)))
        self.convention, self.level_of = convention, level_of

    def forward(self, x, given):
        c = self.convention
        s = self.level_of(given).to(x).view(-1, 1)
        c_in = (s**2 + c.sigma_data**2) ** -0.5 if c.scaled else torch.ones_like(s)
        z = x.flatten(1) / c_in
        noisy = self.covariance + s[..., None] ** 2 * torch.eye(len(self.mean)).to(x)
        clean = self.mean + (torch.linalg.solve(noisy, z - self.mean) @ self.covariance)
        total = s**2 + c.sigma_data**2
        result = {
            "clean": clean,
            "noise": z - clean,
            "epsilon": (z - clean) / s,
            "score": (clean - z) / s**2 / c_in,
            "v": (c_in * z - c_in * clean - s**2 * c_in * clean) / s,  # alpha eps - sigma x_0
            "edm": (clean - c.sigma_data**2 / total * z) / (s * c.sigma_data / total**0.5),
        }[c.predicts]
        return result.view_as(x)


class Mapped(nn.Module):
    """A network that reads the level from a channel behind the image."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x[:, :-1], x[:, -1, 0, 0])


def table_level(t):
    return torch.from_numpy(LEVELS)[t.long()]


def cosine_time(s):
    """Time of alpha-bar = cos(pi t / 2)^2, a schedule in closed form."""
    return torch.atan(s) * 2 / torch.pi


TABLE, CONTINUOUS = AlphaBarTime(ALPHA_BAR, rounded=True), AlphaBarTime(ALPHA_BAR)
BY_NAME = {
    "sigma": lambda s: s,
    "column": lambda s: s,
    "map": lambda s: s,
    "log_sigma": torch.exp,
    "quarter_log_sigma": lambda c: torch.exp(4 * c),
    cosine_time: lambda t: torch.tan(t * torch.pi / 2),
    TABLE: table_level,
    CONTINUOUS: lambda t: torch.from_numpy(np.exp(np.interp(t, np.arange(1000), np.log(LEVELS)))),
}
CONVENTIONS = [
    *(Convention(predicts, level="sigma") for predicts in ("clean", "noise", "epsilon", "score")),
    *(
        Convention(predicts, (-1, 1), "log_sigma", scaled=True, sigma_data=0.7)
        for predicts in ("clean", "noise", "epsilon", "score")
    ),
    Convention("edm", (-1, 1), "quarter_log_sigma", scaled=True, sigma_data=0.5),
    Convention("noise", (0, 255), "column"),
    Convention("clean", level="map"),
    Convention("clean", (0, 255), level="map"),
    *(
        Convention(predicts, (-1, 1), level, scaled=True)
        for predicts in ("epsilon", "score", "v")
        for level in (cosine_time, TABLE, CONTINUOUS)
    ),
]


def name_of(convention):
    """Without addresses."""
    level = convention.level
    level = level if isinstance(level, str) else getattr(level, "__name__", repr(level))
    return f"{convention.predicts}-{level}-{convention.intensities[1]}-{convention.scaled}"


@pytest.fixture
def law(rng):
    """Mean and covariance of images on [0, 1]."""
    root = rng.randn(D, D) / D
    return rng.rand(D), root @ root.T + 1e-3 * np.eye(D)


def posterior_matrix(covariance, sigma):
    return covariance @ np.linalg.inv(covariance + sigma**2 * np.eye(len(covariance)))


def network_in(convention, mean, covariance):
    low, high = convention.intensities
    span = high - low
    module = Gaussian(
        span * mean + low, span**2 * covariance, convention, BY_NAME[convention.level]
    )
    return Mapped(module) if convention.level == "map" else module


def levels_of(convention, n, rng):
    """Levels on [0, 1]; those of the table where the network knows no others."""
    if convention.level == TABLE:
        return LEVELS[rng.randint(20, 900, n)] / 2
    return rng.uniform(0.05, 2, n)


@pytest.mark.parametrize("convention", CONVENTIONS, ids=name_of)
def test_the_same_denoiser_in_every_convention(convention, law, rng):
    mean, covariance = law
    y, sigma = rng.randn(5, *SHAPE), levels_of(convention, 5, rng)
    denoiser = as_denoiser(network_in(convention, *law), convention=convention)
    assert not denoiser.blind
    expected = [
        mean + posterior_matrix(covariance, s) @ (one.ravel() - mean)
        for one, s in zip(y, sigma, strict=True)
    ]
    assert_allclose(denoiser.denoise(y, sigma).reshape(5, D), expected, atol=1e-6)


@pytest.mark.parametrize("convention", CONVENTIONS, ids=name_of)
def test_the_jacobian_is_exact(convention, law, rng):
    y, (sigma,) = rng.randn(*SHAPE), levels_of(convention, 1, rng)
    operator = as_denoiser(network_in(convention, *law), convention=convention).linearize(y, sigma)
    expected = posterior_matrix(law[1], sigma)
    V = rng.randn(D, 3)
    assert operator.step is None
    assert_allclose(operator.matmat(V), expected @ V, atol=1e-6)
    assert_allclose(operator.rmatmat(V), expected.T @ V, atol=1e-6)


def test_forward_mode_is_traced_through_conversions(law, rng):
    """Many vectors take few passes of the network."""
    convention = CONVENTIONS[-1]
    module = network_in(convention, *law)
    operator = as_denoiser(module, convention=convention).linearize(rng.randn(*SHAPE), 0.5)
    passed, V = [], rng.randn(D, 200)
    handle = nn.modules.module.register_module_forward_hook(
        lambda module, args, out: passed.append(len(out)) if type(module) is Gaussian else None
    )
    try:
        found = operator.matmat(V)
    finally:
        handle.remove()
    assert_allclose(found, posterior_matrix(law[1], 0.5) @ V, atol=1e-6)
    assert sum(passed) < 200


def test_a_table_is_inverted_and_its_ends_are_kept(rng):
    inside, times = AlphaBarTime(ALPHA_BAR), rng.randint(0, 1000, 7)
    assert_allclose(inside(torch.from_numpy(LEVELS[times])), times, atol=1e-9)
    between = torch.tensor([LEVELS[3] ** 0.3 * LEVELS[4] ** 0.7])
    assert_allclose(inside(between), [3.7], atol=1e-9)
    assert AlphaBarTime(ALPHA_BAR, rounded=True)(between) == 4
    assert_allclose(inside(torch.tensor([0.0, 1e9])), [0, 999])
    named = AlphaBarTime(ALPHA_BAR, times=np.linspace(0, 1, 1000))
    assert_allclose(named(between), [3.7 / 999], atol=1e-9)


def test_padding_is_linear_and_leaves_multiples_alone(rng):
    """A mean over the whole image shows what was laid around it."""

    class Demanding(nn.Module):
        def forward(self, images):
            assert images.shape[-1] % 4 == images.shape[-2] % 4 == 0
            return images - images.mean(dim=(2, 3), keepdim=True)

    denoiser = as_denoiser(Demanding(), convention={"multiple": 4})
    y = rng.rand(2, 5, 8)
    mirrored = y[:, [0, 1, 2, 3, 4, 3, 2, 1]]
    assert_allclose(denoiser.denoise(y), y - mirrored.mean(axis=(1, 2), keepdims=True))
    J = denoiser.linearize(y[0])
    assert_allclose(J.matvec(y[0].ravel()), denoiser.denoise(y[:1]).ravel(), atol=1e-12)
    whole = rng.rand(2, 4, 8)
    assert_allclose(denoiser.denoise(whole), whole - whole.mean(axis=(1, 2), keepdims=True))


def test_grey_images_through_a_colour_network(rng):
    """Where colour images are grey axis and colours apart, grey ones get their posterior mean."""
    root = rng.randn(D, D) / D
    grey, other = root @ root.T + 1e-3 * np.eye(D), 0.2 * np.eye(D)
    axis = np.full((3, 3), 1 / 3)
    covariance = np.kron(axis, grey) + np.kron(np.eye(3) - axis, other)
    convention = Convention(level="sigma", channels=3)
    module = Gaussian(np.zeros(3 * D), covariance, convention, BY_NAME["sigma"])
    denoiser = as_denoiser(module, convention=convention)
    y = rng.randn(2, *SHAPE)
    # The grey image is the coefficient along (1, 1, 1) / sqrt(3), divided by sqrt(3).
    expected = y.reshape(2, D) @ posterior_matrix(grey / 3, 0.3)
    assert_allclose(denoiser.denoise(y, 0.3).reshape(2, D), expected, atol=1e-10)
    colour = rng.randn(2, 3, *SHAPE)
    expected = colour.reshape(2, 3 * D) @ posterior_matrix(covariance, 0.3)
    found = clone(denoiser).denoise(colour, 0.3)
    assert_allclose(found.reshape(2, 3 * D), expected, atol=1e-10)
    with pytest.raises(ValueError, match="expected images of 1 or 3 channels, got 2"):
        clone(denoiser).denoise(colour[:, :2], 0.3)


class TwoNames(nn.Module):
    def forward(self, images, embedding):
        return images


class Optional(nn.Module):
    def forward(self, images, sigma=None):
        assert sigma is None
        return images / 2


class Edm(nn.Module):
    """Has the signature of a preconditioned network, and returns the mean of images on [-1, 1]."""

    sigma_data = 0.5

    def forward(self, x, sigma, class_labels=None, **others):
        return x / (1 + sigma.view(-1, 1, 1, 1) ** 2)


def test_recognised_by_signature(rng):
    y = rng.rand(2, *SHAPE)
    assert_allclose(as_denoiser(Optional()).denoise(y), y / 2)
    z = (2 * y - 1) / (1 + 0.2**2)
    assert_allclose(as_denoiser(Edm()).denoise(y, 0.1), (z + 1) / 2, atol=1e-12)
    with pytest.raises(ValueError, match="called with images, embedding, which may mean anything"):
        as_denoiser(TwoNames()).denoise(y)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"predicts": "x0"}, "'predicts' parameter"),
        ({"level": "variance"}, "'level' parameter"),
        ({"predicts": "v"}, "scaled: expected True with predicts='v'"),
        ({"intensities": (1, -1)}, "intensities: expected"),
        ({"multiple": 0}, "'multiple' parameter"),
    ],
)
def test_bad_conventions(fields, message):
    with pytest.raises(ValueError, match=message):
        Convention(**fields)


def test_bad_tables_and_places():
    with pytest.raises(ValueError, match="alpha_bar: expected .* decreasing"):
        AlphaBarTime(1 - ALPHA_BAR)
    with pytest.raises(ValueError, match="times: expected one per entry"):
        AlphaBarTime(ALPHA_BAR, times=[0, 1])
    with pytest.raises(TypeError, match="convention: expected None, since denoiser is no torch"):
        as_denoiser("disks", convention={"predicts": "noise"})
    with pytest.raises(ValueError, match="scheduler: expected one with alphas_cumprod"):
        Convention.from_scheduler(object())


def test_clones_keep_the_convention():
    denoiser = ModuleDenoiser(nn.Identity(), convention=CONVENTIONS[-1])
    assert clone(denoiser).convention == CONVENTIONS[-1]
