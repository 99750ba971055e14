"""The bias-free norm over the batches of several processes, as if they were one batch.

Each process sends the number, mean and squared deviations of its own values; together they give
the mean ``m`` and the variance over all ``N`` values without loss of precision (T. F. Chan,
G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample variance", The American
Statistician 37 (1983), doi:10.1080/00031305.1983.10483115).
"""

import torch
from torch import distributed


class _SynchronisedNorm(torch.autograd.Function):
    """``out = x gamma r`` with ``r = 1/sd``, so ``dr/dx = -r^3 (x - m) / N`` over all processes."""

    @staticmethod
    def forward(ctx, x, gammas, eps):
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        count, mean, variance = _joint_moments(wide)
        sd = (variance + eps).sqrt().view_as(gammas)
        ctx.save_for_backward(x, gammas, mean.view_as(gammas), 1 / sd)
        ctx.count = count
        ctx.mark_non_differentiable(sd)
        return x * (gammas / sd).to(x.dtype), sd

    @staticmethod
    def backward(ctx, grad, _):
        x, gammas, mean, r = ctx.saved_tensors
        wide = x.to(r.dtype)
        mine = (grad * wide).sum(dim=(0, 2, 3), keepdim=True)
        all_of_them = mine.clone()
        distributed.all_reduce(all_of_them)
        slope = gammas * r**3 * all_of_them / ctx.count
        grad_x = grad * (gammas * r) - slope * (wide - mean)
        return grad_x.to(x.dtype), mine * r, None


@torch.compiler.disable
def synchronised_norm(x, gammas, eps):
    """Return ``(x gamma / sd, sd)`` with the standard deviation over all processes' batches.

    Parameters
    ----------
    x : torch.Tensor of shape (m, channels, H, W)
        This process's share of the batch; ``m`` may differ between processes and be 0.
    gammas : torch.Tensor of shape (1, channels, 1, 1)
    eps : float
        Added to the variance.
    """
    return _SynchronisedNorm.apply(x, gammas, eps)


def _joint_moments(x):
    """Number of values a channel, and their mean and variance, over all processes."""
    count = x.numel() // x.shape[1]
    mean = x.sum(dim=(0, 2, 3)) / max(count, 1)
    squares = (x - mean.view(1, -1, 1, 1)).square().sum(dim=(0, 2, 3))
    mine = torch.cat([mean.new_tensor([count]), mean, squares])
    everyone = [torch.empty_like(mine) for _ in range(distributed.get_world_size())]
    distributed.all_gather(everyone, mine)
    counts, means, squares = torch.stack(everyone).split([1, len(mean), len(mean)], dim=1)
    total = counts.sum()
    joint = (counts * means).sum(0) / total
    variance = (squares + counts * (means - joint).square()).sum(0) / total
    return total, joint, variance
