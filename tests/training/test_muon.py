import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from gahb_sk import NetworkDenoiser
from gahb_sk.networks import ResidualUNet
from gahb_sk.training import Muon


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (5, 5)])
def test_a_step_is_nearly_orthogonal_and_keeps_the_singular_vectors(shape, global_random_seed):
    generator = torch.Generator().manual_seed(global_random_seed)
    U, _, Vh = torch.linalg.svd(torch.randn(shape, generator=generator), full_matrices=False)
    weight = torch.nn.Parameter(torch.zeros(shape))
    weight.grad = U * torch.linspace(0.1, 10, U.shape[-1]) @ Vh
    Muon([weight], lr=1.0).step()
    factors = -weight.detach() / (0.2 * max(shape) ** 0.5)  # whose elements a step sizes as Adam's
    found = torch.linalg.svdvals(factors)
    assert 0.6 < found.min() and found.max() < 1.3
    off_diagonal = U.mT @ factors @ Vh.mT
    off_diagonal.diagonal().zero_()
    assert_allclose(off_diagonal, torch.zeros_like(off_diagonal), atol=1e-4)


def test_steps_do_not_depend_on_the_scale_of_the_gradient():
    steps = []
    for scale in (1.0, 1e-4):
        weight = torch.nn.Parameter(torch.zeros(6, 2, 3, 3))
        gradient = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
        weight.grad = scale * gradient
        Muon([weight], lr=0.1).step()
        steps.append(weight.detach())
    assert_allclose(steps[1], steps[0], rtol=1e-3, atol=1e-6)
    assert_allclose(steps[0].square().mean().sqrt(), 0.1 * 0.2, rtol=0.2)


def test_minimises_a_quadratic(global_random_seed):
    generator = torch.Generator().manual_seed(global_random_seed)
    goal, weight = (torch.randn(4, 6, generator=generator) for _ in range(2))
    weight = torch.nn.Parameter(weight)
    optimizer = Muon([weight], lr=1.0)
    for k in range(200):
        optimizer.param_groups[0]["lr"] = 1.0 - k / 200
        optimizer.zero_grad()
        loss = (weight - goal).square().sum()
        loss.backward()
        optimizer.step()
    assert loss < 1e-2


def test_vectors_are_refused():
    with pytest.raises(ValueError, match="at least two axes, got one of shape"):
        Muon([torch.nn.Parameter(torch.zeros(3))])


def test_an_interrupted_training_is_resumed_bit_by_bit(tmp_path, rng):
    X = rng.standard_normal((12, 8, 8)).astype("float32")
    settings = {
        "network": ResidualUNet(4, 1),
        "recipe": {"optimizer": "muon", "schedule": "constant", "batch_size": 4},
        "random_state": 0,
        "machine": {"checkpoint_every": 1e-6},
        "max_images": 48,
    }
    whole = NetworkDenoiser(**settings).fit(X)
    parts = NetworkDenoiser(**settings, checkpoint_dir=tmp_path).fit(X)
    newest = max(tmp_path.glob("*.safetensors"))
    newest.unlink()  # as if killed before the last step
    parts.fit(X)
    for a, b in zip(whole.network_.parameters(), parts.network_.parameters(), strict=True):
        np.testing.assert_array_equal(a, b)
