"""Jacobians of torch modules: of the library and of others, exact and in few passes."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from gahb_sk.denoisers import ModuleDenoiser
from gahb_sk.jacobians import jacobian, leading_eigenpairs, linearize, linearize_stack
from gahb_sk.networks import UNet


def random_unet(rng):
    """A network whose norms do something."""
    network = UNet(12, 2).build(generator=torch.Generator().manual_seed(int(rng.randint(2**31))))
    for module in network.modules():
        if hasattr(module, "running_sd"):
            module.running_sd.uniform_(0.5, 2)
            module.gammas.data.uniform_(-1, 1)
    return network


def rectified(kind=nn.ReLU):
    """Biases, batch normalisation, and a rectifier that is called twice."""
    rectifier = kind()
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1),
        rectifier,
        nn.Conv2d(6, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        rectifier,
        nn.BatchNorm2d(16, affine=False),
        nn.ConvTranspose2d(16, 1, 3, padding=1),
    )


def smooth():
    """Nothing that gates describe."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1),
        nn.GroupNorm(2, 6),
        nn.SiLU(),
        nn.Conv2d(6, 1, 3, padding=1),
    )


class Functional(nn.Module):
    """Rectifiers that are no layers, and noise levels that act on the features."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 1, 3, padding=1)

    def forward(self, images, sigma):
        return self.last(torch.relu(self.first(images)) * torch.log1p(sigma)[:, None, None, None])


class Attention(nn.Module):
    """Pixels attend to each other; the fused kernels are differentiated once only."""

    def forward(self, images):
        rows = images.flatten(1)[:, None, :, None] * torch.ones(4).to(images)
        out = nn.functional.scaled_dot_product_attention(rows, rows, rows)
        return out.mean(-1).view_as(images)


class Twice(torch.autograd.Function):
    """Has backward mode only."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, grad):
        return 2 * grad


class BackwardOnly(nn.Module):
    def forward(self, images):
        return Twice.apply(images) * images


class SingleOnly(nn.Module):
    """Insists on its precision, as modules with constants of their own do."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, images):
        return torch.matmul(images, torch.eye(images.shape[-1])) * self.scale.float()


def disturbed(module):
    """Statistics of batch normalisation that do something."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
    return module


MODULES = {
    "rectified": lambda: disturbed(rectified()),
    "leaky": lambda: disturbed(rectified(nn.LeakyReLU)),
    "smooth": smooth,
    "functional": Functional,
    "attention": Attention,
    "backward only": BackwardOnly,
    "clipped": lambda: nn.Hardtanh(0, 1),
}


def differences(denoiser, image, sigma, step=1e-6):
    moves = step * np.eye(image.size).reshape(-1, *image.shape)
    high, low = (
        denoiser.transform(image + sign * moves, sigma).reshape(-1, image.size) for sign in (1, -1)
    )
    return (high - low).T / (2 * step)


@pytest.mark.parametrize("predicts", ["clean", "noise"])
@pytest.mark.parametrize("name", MODULES)
def test_the_jacobian_is_the_derivative(name, predicts, rng):
    image = rng.rand(10, 9)
    level = "sigma" if name == "functional" else "none"
    convention = {"predicts": predicts, "level": level}
    denoiser = ModuleDenoiser(MODULES[name]().double(), convention=convention)
    operator = linearize(denoiser, image, 0.3)
    V = rng.randn(90, 70)
    expected = differences(denoiser, image, 0.3)
    for _ in range(2):  # long enough for the trace to take over
        assert_allclose(operator.matmat(V), expected @ V, atol=1e-6)
        assert_allclose(operator.rmatmat(V), expected.T @ V, atol=1e-6)
    assert operator.step is None


def test_a_module_that_runs_in_single_precision_only(rng):
    denoiser = ModuleDenoiser(SingleOnly())
    assert_allclose(linearize(denoiser, rng.rand(5, 5)).matmat(np.eye(25)), 2 * np.eye(25))
    with pytest.raises(ValueError, match="got torch.float16 alone. Half precision"):
        linearize(ModuleDenoiser(SingleOnly().half()), rng.rand(5, 5)) @ np.zeros(25)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_networks_of_the_library_agree_with_backward_mode(dtype, rng):
    network = random_unet(rng).double().eval()
    image = rng.rand(16, 24)
    at = torch.from_numpy(image)[None, None].requires_grad_()
    out = (at - network(at)).flatten()
    rows = [torch.autograd.grad(out[i], at, retain_graph=True)[0].numpy().ravel() for i in (0, 77)]
    denoiser = ModuleDenoiser(network, convention={"predicts": "noise"})
    units = np.eye(image.size)[:, [0, 77]]
    found = linearize(denoiser, image, dtype=dtype).rmatmat(units)
    assert found.dtype == dtype
    assert_allclose(found.T, rows, atol={"float64": 1e-12, "float32": 1e-4}[dtype])


@pytest.mark.parametrize("module", [rectified, smooth])
def test_modules_multiply_at_several_images_together(module, rng):
    X, V = rng.rand(3, 8, 8), rng.randn(3, 64, 50)
    denoiser = ModuleDenoiser(module())
    stack = linearize_stack(denoiser, X)
    for _ in range(2):
        for i in range(3):
            J = jacobian(denoiser, X[i])
            assert_allclose(stack.matmat(V)[i], J @ V[i], atol=1e-10)
            assert_allclose(stack.rmatmat(V)[i], J.T @ V[i], atol=1e-10)


def test_a_module_is_left_as_it_is(rng):
    module = disturbed(rectified()).train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    operator = ModuleDenoiser(module).linearize(rng.rand(8, 8))
    operator.matmat(np.eye(64)), operator.rmatmat(np.eye(64))
    assert module.training and all(p.requires_grad for p in module.parameters())
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())


class Counted(nn.Module):
    """Counts the images that pass."""

    n_images = [0]

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, images):
        self.n_images[0] += len(images)
        return self.module(images)


def test_columns_and_eigenpairs_take_few_passes(rng):
    """Gates: a pass per column. Others: a few blocks, then tangents alone through a trace."""
    image = rng.rand(16, 20)
    for module, passes in ((rectified, 330), (smooth, 200)):
        Counted.n_images[0] = 0
        operator = ModuleDenoiser(Counted(module())).linearize(image, 0.1)
        operator.matmat(np.eye(320))
        assert Counted.n_images[0] <= passes
    denoiser = ModuleDenoiser(Counted(rectified()), convention={"predicts": "noise"})
    operator = denoiser.linearize(rng.rand(24, 24), 0.1)
    Counted.n_images[0] = 0
    pairs = leading_eigenpairs(operator, 2, tolerance=1e-2)
    assert Counted.n_images[0] < 576 / 2
    assert pairs.residuals.max() <= 1e-2
