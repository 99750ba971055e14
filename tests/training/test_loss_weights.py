import pytest
import torch

from gahb_sk.training import Balance, loss_weights

NOISE_RANGE = (0.01, 1.0)


def weights(rule, error):
    sigma = torch.full((len(error),), 0.1)
    return loss_weights(rule, Balance(NOISE_RANGE, "cpu"), sigma, error.detach())


def test_balanced_root_has_the_gradient_of_a_root(global_random_seed):
    """Weighted errors pull as twice the root of the balanced error does."""
    generator = torch.Generator().manual_seed(global_random_seed)
    error = (0.5 + torch.rand(6, generator=generator)).requires_grad_()
    pulled = torch.autograd.grad((weights("balanced_root", error) * error).sum(), error)[0]
    balanced = weights("balanced", error) * error
    expected = torch.autograd.grad(2 * balanced.sqrt().sum(), error)[0]
    assert torch.allclose(pulled, expected)


@pytest.mark.parametrize("error", [0.0, 1e-30])
def test_an_image_without_error_has_a_finite_weight(error):
    errors = torch.tensor([error, 1.0, 2.0])
    assert torch.isfinite(weights("balanced_root", errors)).all()
    assert torch.isfinite(weights("balanced_root", torch.zeros(3))).all()
