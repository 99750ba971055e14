"""Jacobians as operators: networks, stacks, bad input."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.sparse.linalg import LinearOperator
from sklearn.pipeline import make_pipeline

from gahb_sk.analysis import effective_dimension, eigenbasis, singular_basis, sure
from gahb_sk.denoisers import FunctionDenoiser, OracleShrinkage, WaveletShrinkage
from gahb_sk.jacobians import _network, jacobian, linearize, linearize_stack
from gahb_sk.jacobians._network import GatedNetwork, GenericJacobian, _frozen_copy, _is_gated
from gahb_sk.jacobians._winograd import WinogradConvolution, is_worthwhile
from gahb_sk.networks import UNet
from tests.instances import make_denoiser, smooth_images

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


def test_gates_are_tried_out_in_double_precision(monkeypatch, rng):
    """In single precision rounding turns a gate now and then, which says nothing of the network."""
    tried = []

    class Spy(GatedNetwork):
        def __init__(self, network, points, levels):
            tried.append(points.dtype)
            super().__init__(network, points, levels)

    monkeypatch.setattr(_network, "GatedNetwork", Spy)
    network = UNet(2, 1)
    image = rng.rand(1, 1, 8, 8)
    for _ in range(2):
        _network.jacobian_products(network, image, dtype=np.float32)
    assert tried == [torch.float64, torch.float32, torch.float32]


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


def test_what_is_no_denoiser(rng):
    X = rng.rand(2, 8, 8)
    pipeline = make_pipeline(WaveletShrinkage()).fit(X)
    for thing in (pipeline, np.tanh):
        for function in (linearize, eigenbasis, singular_basis, jacobian):
            with pytest.raises(TypeError, match=r"denoiser: expected a fitted denoiser.*FunctionD"):
                function(thing, X[0], sigma=0.1)
        for function in (linearize_stack, effective_dimension, sure):
            with pytest.raises(TypeError, match=r"Of a pipeline pass the denoiser itself"):
                function(thing, X, 0.1)


def test_oracles_need_as_many_clean_images(rng):
    X = rng.rand(3, 8, 8)
    oracle = OracleShrinkage().fit(X)
    with pytest.raises(ValueError, match="clean: expected images of the shape of X"):
        linearize_stack(oracle, X, 0.1, clean=X[:2])
    with pytest.raises(ValueError, match="clean: expected images of the shape of X"):
        sure(WaveletShrinkage().fit(X), X, 0.1, clean=X[:, :4])
    with pytest.raises(TypeError, match="clean: OracleShrinkage is an oracle"):
        oracle.linearize(X[0], 0.1, clean=None)
    with pytest.raises(ValueError, match="block: expected an int of at least 1, got 0"):
        jacobian(oracle, X[0], 0.1, clean=X[0], block=0)


def test_operators_of_a_stack_are_made_once(rng):
    X = rng.rand(2, 8, 8)
    denoiser = WaveletShrinkage().fit(X)
    stack = linearize_stack(denoiser, X, 0.1)
    assert stack[0] is stack[-2] and stack[0] is not stack[1]
    with pytest.raises(IndexError, match="expected an image below 2, got 2"):
        stack[2]


def test_the_matrix_takes_two_calls_a_column(rng):
    calls = []

    def tanh(image):
        calls.append(image)
        return np.tanh(image)

    denoiser = FunctionDenoiser(tanh).fit(rng.rand(1, 8, 8))
    found = eigenbasis(denoiser, rng.rand(8, 8), 3)
    assert found.n_products == 64
    # Two calls a column; then the homogeneity, and a random direction that checks the differences.
    assert len(calls) == 2 * 64 + 2 + 2 + 1
