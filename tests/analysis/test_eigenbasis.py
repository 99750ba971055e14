"""Jacobians and adaptive bases: what is true of each kind of denoiser."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.sparse.linalg import LinearOperator

from gahb_sk import add_gaussian_noise
from gahb_sk.analysis import (
    _eigensolvers,
    eigenbasis,
    jacobian,
    linearize,
    linearize_stack,
    singular_basis,
)
from gahb_sk.analysis._eigensolvers import SOLVERS, SymmetricProblem
from gahb_sk.datasets import make_disk_images
from gahb_sk.denoisers import (
    BiasFreeCNNDenoiser,
    DiskPosteriorMean,
    EmpiricalBayesDenoiser,
    FunctionDenoiser,
    OracleShrinkage,
    RayPosteriorMean,
    SinePosteriorMean,
    TangentProjection,
    UNetDenoiser,
    WaveletShrinkage,
    WienerDenoiser,
)
from gahb_sk.denoisers._linear import JacobianOperator
from gahb_sk.networks import UNet
from gahb_sk.networks._jacobian import GatedNetwork, GenericJacobian, _frozen_copy, _is_gated
from gahb_sk.networks._winograd import WinogradConvolution, is_worthwhile
from tests.instances import make_denoiser, smooth_images

SIGMA = 0.1


@pytest.fixture(scope="module")
def networks():
    X = smooth_images(8, (16, 16))
    settings = {"channels": 4, "max_epochs": 1, "batch_size": 4, "random_state": 0}
    return [
        UNetDenoiser(n_blocks=1, **settings).fit(X),
        BiasFreeCNNDenoiser(**settings).fit(X),
    ]


def random_operator(rng, d, values, skew=0.0, **options):
    """A matrix of known symmetric part, and its eigenvectors."""
    basis = np.linalg.qr(rng.randn(d, d))[0]
    matrix = (basis * values) @ basis.T
    odd = rng.randn(d, d) / np.sqrt(d)
    matrix = matrix + skew * (odd - odd.T)
    return JacobianOperator(d, lambda V: matrix @ V, lambda V: matrix.T @ V, **options), basis


# The solvers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["dense", "lanczos", "subspace"])
@pytest.mark.parametrize("block", [1, 8])
def test_solvers_find_the_leading_pairs_of_the_symmetric_part(method, block, rng):
    d, k = 150, 12
    values = np.sort(rng.uniform(0, 1.2, d))[::-1] * np.r_[np.ones(20), 0.3 * np.ones(d - 20)]
    operator, basis = random_operator(rng, d, values, skew=0.1, block=block)
    problem = SymmetricProblem(operator, 50_000)
    found = SOLVERS[method](problem, k, 1e-7, np.random.default_rng(rng.randint(99)))
    assert_allclose(found.values, np.sort(values)[::-1][:k], atol=1e-7)
    assert_allclose(found.vectors.T @ found.vectors, np.eye(k), atol=1e-9)
    assert_allclose(found.products, problem(found.vectors), atol=1e-9)
    assert found.residuals.max() <= 1e-7


def test_lanczos_restarts(rng, monkeypatch):
    monkeypatch.setattr(_eigensolvers, "_ROOM", 30)
    values = np.linspace(0, 1, 400) ** 2
    operator, _ = random_operator(rng, 400, values, block=2)
    problem = SymmetricProblem(operator, 50_000)
    found = SOLVERS["lanczos"](problem, 3, 1e-9, np.random.default_rng(0))
    assert problem.n_products > 50  # it has room for 33 vectors
    assert_allclose(found.values, values[::-1][:3], atol=1e-9)


def test_lanczos_survives_a_matrix_of_low_rank(rng):
    values = np.r_[[1.0, 0.9, 0.9], np.zeros(97)]
    operator, _ = random_operator(rng, 100, values)
    found = SOLVERS["lanczos"](SymmetricProblem(operator, 9999), 6, 1e-8, np.random.default_rng(0))
    assert_allclose(found.values, values[:6], atol=1e-8)


# Networks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(16, 16), (19, 22)])
def test_gated_network_is_the_derivative(shape, rng):
    network = UNet(4, 2, generator=torch.Generator().manual_seed(int(rng.randint(2**31))))
    for module in network.modules():  # norms that do something
        if hasattr(module, "running_sd"):
            module.running_sd.uniform_(0.5, 2)
            module.gammas.data.uniform_(-1, 1)
    frozen = _frozen_copy(network, torch.float64, "cpu")
    points = torch.from_numpy(rng.rand(3, 1, *shape))
    vectors = torch.from_numpy(rng.randn(3, 2, 1, *shape))
    gated, generic = (
        c(frozen, points, points.new_zeros(3)) for c in (GatedNetwork, GenericJacobian)
    )
    for product in ("forward", "backward"):
        ours, torchs = (getattr(x, product)(vectors) for x in (gated, generic))
        assert_allclose(ours.numpy(), torchs.numpy(), atol=1e-10 * float(torchs.abs().max()))


@pytest.mark.parametrize("shape", [(1, 1), (4, 8), (13, 18)])
def test_winograd_is_the_convolution_and_its_adjoint(shape, rng):
    layer = torch.nn.Conv2d(20, 13, 3, padding=1, bias=False).double().requires_grad_(False)
    assert is_worthwhile(layer, torch.float64) and not is_worthwhile(layer, torch.float32)
    assert not is_worthwhile(torch.nn.Conv2d(20, 13, 3, bias=False), torch.float64)
    fast = WinogradConvolution(layer)
    results = []
    for convolution in (layer, fast):
        x = torch.from_numpy(rng.__class__(0).randn(2, 20, *shape)).requires_grad_()
        out = convolution(x)
        cotangent = torch.from_numpy(rng.__class__(1).randn(*out.shape))
        results.append((out.detach().numpy(), torch.autograd.grad(out, x, cotangent)[0].numpy()))
    for slow, quick in zip(*results, strict=True):
        assert_allclose(quick, slow, atol=1e-12)


class Sigmoidal(UNet):
    """A network whose layers the gates do not describe."""

    def forward(self, x):
        return torch.tanh(super().forward(x))


def test_other_networks_are_differentiated_by_torch(networks, rng):
    denoiser = networks[0]
    assert _is_gated.get(denoiser.network_, True)
    other = Sigmoidal(4, 1)
    other.load_state_dict(denoiser.network_.state_dict())
    saved, denoiser.network_ = denoiser.network_, other
    try:
        image, v = rng.rand(16, 16), rng.randn(256)
        operator = denoiser.linearize(image)
        product = operator @ v
        assert not _is_gated[other]
        points = torch.from_numpy(
            image + 1e-5 * np.stack([-1, 1])[:, None, None] * v.reshape(16, 16)
        )
        with torch.no_grad():
            low, high = (p - other.double().eval()(p[None, None])[0, 0] for p in points)
        assert_allclose(product, (high - low).numpy().ravel() / 2e-5, atol=1e-6)
    finally:
        denoiser.network_ = saved


def test_networks_are_homogeneous_and_their_products_adjoint(networks, rng):
    image = rng.rand(15, 18)
    for denoiser in networks:
        before = {k: v.clone() for k, v in denoiser.network_.state_dict().items()}
        operator = linearize(denoiser, image)
        f = denoiser.transform(image[None])[0].ravel()
        assert np.linalg.norm(operator @ image.ravel() - f) < 1e-5 * np.linalg.norm(f)
        V, U = rng.randn(2, 270, 5)
        assert_allclose(np.vdot(operator.matmat(V), U), np.vdot(V, operator.rmatmat(U)), rtol=1e-10)
        assert all(torch.equal(v, before[k]) for k, v in denoiser.network_.state_dict().items())
        assert not any(p.requires_grad for p in denoiser.network_.parameters())
        basis = eigenbasis(denoiser, image, 3)
        assert basis.homogeneity_error < 1e-5


def test_precision_is_that_asked_for(networks, rng):
    image, V = rng.rand(16, 16), rng.randn(256, 3)
    double, single = (linearize(networks[0], image, dtype=t) for t in ("float64", "float32"))
    assert double.matmat(V).dtype == np.float64 and single.matmat(V).dtype == np.float32
    difference = np.abs(double.matmat(V) - single.matmat(V)).max()
    assert 0 < difference < 1e-4
    with pytest.raises(ValueError, match="dtype: expected one of"):
        linearize(networks[0], image, dtype="float16")


def test_probes_estimate_what_the_matrix_gives(networks, rng):
    image = rng.rand(24, 24)
    dense = eigenbasis(networks[0], image, 30, method="dense")
    lanczos = eigenbasis(networks[0], image, 30, method="lanczos", tolerance=1e-4, n_probes=200)
    assert dense.exact and not lanczos.exact
    assert_allclose(lanczos.values, dense.values, atol=1e-6)
    assert lanczos.residuals.max() < 1e-4
    away = abs(lanczos.effective_dimension - dense.effective_dimension)
    assert away < 5 * lanczos.effective_dimension_se
    assert_allclose(lanczos.asymmetry, dense.asymmetry, rtol=0.2)
    assert_allclose(lanczos.participation_ratio, dense.participation_ratio, rtol=0.1)


# Other denoisers -------------------------------------------------------------------------------


@pytest.mark.parametrize("basis", ["wavelet", "bandlet", "cosine", "pca"])
def test_an_oracle_shows_its_basis_and_its_factors(basis, rng):
    clean = smooth_images(300, (16, 16))
    noisy = clean[0] + SIGMA * rng.randn(16, 16)
    oracle = OracleShrinkage(basis=basis).fit(clean)
    found = eigenbasis(oracle, noisy, 256, sigma=SIGMA, clean=clean[0])
    factors = np.sort(oracle.shrinkage_factors(clean[:1], SIGMA).ravel())[::-1]
    assert found.method == "closed form"
    assert_allclose(found.values, factors, atol=1e-12)
    assert_allclose(found.effective_dimension, factors.sum())
    assert_allclose(found.participation_ratio, factors.sum() ** 2 / (factors**2).sum())
    assert found.residuals.max() < 1e-9 and found.asymmetry == 0
    if basis != "pca":  # there the coefficients are those of the image less the mean
        expected = found.coefficients**2 / (found.coefficients**2 + SIGMA**2)
        assert_allclose(found.values, expected, atol=1e-9)


def test_a_linear_denoiser_has_its_own_spectrum(rng):
    clean = smooth_images(40, (8, 8))
    wiener = WienerDenoiser().fit(clean)
    found = eigenbasis(wiener, rng.rand(8, 8), 64, sigma=SIGMA)
    factors = wiener.shrinkage_factors(SIGMA)[0]
    assert_allclose(found.values[: len(factors)], factors, atol=1e-12)
    assert_allclose(found.values[len(factors) :], 0, atol=1e-12)
    assert_allclose(found.matrix.T @ found.matrix, np.eye(64), atol=1e-9)
    assert_allclose(np.abs(np.sum(found.matrix[:, :39].T * wiener.components_, axis=1)), 1)


CLOSED = {
    "soft": WaveletShrinkage(threshold=2.0),
    "bayes": WaveletShrinkage(),
    "hard": WaveletShrinkage(rule="hard", threshold=3.0),
    "spun": WaveletShrinkage(rule="hard", threshold=3.0, n_shifts=4),
    "Wiener": WienerDenoiser(),
    "empirical": EmpiricalBayesDenoiser(),
    "ray": RayPosteriorMean(),
    "sine": SinePosteriorMean(),
    "disk": DiskPosteriorMean(),
    "oracle": OracleShrinkage(basis="fourier"),
    "tangent": TangentProjection(manifold="ray"),
}


@pytest.mark.filterwarnings("ignore:RayPosteriorMean|SinePosteriorMean|DiskPosteriorMean")
@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_agree_with_the_matrix(name, rng):
    clean = make_disk_images(20, 12, random_state=int(rng.randint(2**31)))
    noisy = add_gaussian_noise(clean, SIGMA, random_state=rng)[0]
    denoiser = CLOSED[name].fit(clean)
    operator = linearize(denoiser, noisy, SIGMA, clean=clean[0])
    assert operator.step is None
    matrix = jacobian(denoiser, noisy, SIGMA, clean=clean[0], block=50)
    assert_allclose(operator.rmatmat(np.eye(144)), matrix.T, atol=1e-9)
    if operator.symmetric:
        assert_allclose(matrix, matrix.T, atol=1e-9)
    auto, dense = (
        eigenbasis(denoiser, noisy, 9, sigma=SIGMA, clean=clean[0], method=m)
        for m in ("auto", "dense")
    )
    assert (auto.method == "closed form") == (operator.spectrum is not None)
    assert_allclose(auto.values, dense.values, atol=1e-7)
    assert_allclose(auto.effective_dimension, np.trace(matrix), atol=1e-7)
    assert_allclose(auto.participation_ratio, dense.participation_ratio, rtol=1e-6)
    assert auto.residuals.max() < 1e-6


@pytest.mark.parametrize("generator", ["continuous"])
def test_at_low_noise_the_optimum_for_disks_keeps_five_directions(generator):
    clean = make_disk_images(2, 24, random_state=3)
    best = DiskPosteriorMean(generator=generator).fit(clean)
    for image in clean:
        found = eigenbasis(best, image, 8, sigma=1e-3)
        assert np.all(np.abs(found.values[:5] - 1) < 0.1)
        assert found.values[5] < 0.01
        assert abs(found.effective_dimension - 5) < 0.3


def test_singular_vectors(networks, rng):
    image = rng.rand(16, 16)
    matrix = jacobian(networks[1], image)
    exact = np.linalg.svd(matrix, compute_uv=False)[:7]
    for method in ("dense", "lanczos"):
        found = singular_basis(networks[1], image, 7, method=method, tolerance=1e-7)
        assert_allclose(found.values, exact, atol=1e-6)
        assert found.residuals.max() < 1e-5
        left, right = (x.reshape(7, -1).T for x in (found.left, found.right))
        assert_allclose(matrix @ right, left * found.values, atol=1e-6)


# Stacks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["UNetDenoiser", "WaveletShrinkage", "FunctionDenoiser", "WienerDenoiser", "OracleShrinkage"],
)
def test_a_stack_multiplies_as_its_images_do(name, rng):
    clean = smooth_images(3, (16, 16))
    noisy = clean + 0.1 * rng.randn(*clean.shape)
    denoiser = make_denoiser(name).fit(clean)
    sigma = np.array([0.05, 0.1, 0.2])
    stack = linearize_stack(denoiser, noisy, sigma, clean=clean)
    V = rng.randn(3, 256, 2)
    assert stack.shape == (3, 256, 256) and len(stack) == 3
    for i in range(3):
        one = linearize(denoiser, noisy[i], sigma[i], clean=clean[i])
        assert_allclose(stack.matmat(V)[i], one.matmat(V[i]), atol=1e-8)
    assert_allclose(np.vdot(stack.matmat(V), V), np.vdot(V, stack.rmatmat(V)), rtol=1e-6)
    with pytest.raises(ValueError, match="V: expected vectors of shape"):
        stack.matmat(V[:2])


# Bad input -------------------------------------------------------------------------------------


def poisoned(image):
    return image * np.where(image > 2, np.nan, 1.0)


def test_bad_input(networks, rng):
    image = rng.rand(8, 8)
    wavelets = WaveletShrinkage().fit(image[None])
    with pytest.raises(ValueError, match="one image"):
        eigenbasis(wavelets, np.zeros((2, 8, 8)), 3, sigma=0.1)
    with pytest.raises(ValueError, match="n_components: expected an int between 1 and 64"):
        eigenbasis(wavelets, image, 65, sigma=0.1)
    with pytest.raises(ValueError, match="Unknown method 'lanzcos'.*'lanczos'"):
        eigenbasis(wavelets, image, 3, sigma=0.1, method="lanzcos")
    with pytest.raises(ValueError, match="clean: OracleShrinkage is an oracle"):
        eigenbasis(OracleShrinkage().fit(image[None]), image, 3, sigma=0.1)
    with pytest.raises(ValueError, match="NaN or infinity"):
        eigenbasis(FunctionDenoiser(poisoned).fit(image[None]), image + 3, 3)
    state = networks[0].network_.state_dict()
    key = next(iter(state))
    kept = state[key].clone()
    state[key].fill_(np.nan)
    try:
        with pytest.raises(ValueError, match="NaN or infinity"):
            eigenbasis(networks[0], image, 3)
    finally:
        state[key].copy_(kept)
    assert isinstance(linearize(networks[0], image), LinearOperator)
