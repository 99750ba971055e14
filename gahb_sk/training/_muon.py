r"""Muon: steps along the orthogonal factor of the momentum, for the weights of convolutions.

With the momentum M of a weight, one row per output channel, and its singular value decomposition
:math:`M = U S V^T`, the step is along :math:`U V^T`: every direction that the gradients have moved
in gets the same step, weak ones included. The factor is approximated by five Newton-Schulz
iterations, which are products of matrices. On photographs, at equal computing time, it takes the
network of this library further than Adam; see docs/networks.md.

References
----------
K. Jordan, Y. Jin, V. Boza, J. You, F. Cesista, L. Newhouse, J. Bernstein, "Muon: An optimizer for
hidden layers in neural networks", 2024, https://kellerjordan.github.io/posts/muon/.

J. Liu et al., "Muon is scalable for LLM training", 2025. DOI 10.48550/arXiv.2502.16982, for the
factor that gives a step the size of one of Adam, so that learning rates carry over.
"""

import torch

# Quintic whose iterates bring singular values in (0, 1] near 1, fast rather than exactly.
_QUINTIC = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
# Root mean square of the elements of a step of Adam, in learning rates.
_ADAM_STEP = 0.2


class Muon(torch.optim.Optimizer):
    """Stochastic descent along the orthogonalised momentum.

    Parameters
    ----------
    params : iterable of torch.nn.Parameter
        With two axes or more: weights of layers. The first axis are rows, the others columns.
    lr : float, default=2e-3
        Learning rate. The elements of a step have 0.2 times its size.
    momentum : float, default=0.95
        Decay of the average of gradients, which is applied as Nesterov does.
    weight_decay : float, default=0.0
        Part of the weights, in learning rates, that each step takes away.

    Raises
    ------
    ValueError
        If a parameter is a number or a vector.
    """

    def __init__(self, params, lr=2e-3, momentum=0.95, weight_decay=0.0):
        settings = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(params, settings)
        for group in self.param_groups:
            flat = [tuple(p.shape) for p in group["params"] if p.ndim < 2]
            if flat:
                raise ValueError(
                    "muon: expected weights with at least two axes, got one of shape "
                    f"{flat[0]}. Use adamw for networks with norms."
                )

    @torch.no_grad()
    def step(self, closure=None):
        """Take one step."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for alike in self._directions(group).values():
                parameters, directions = zip(*alike, strict=True)
                steps = orthogonal_factors(torch.stack(directions))
                steps *= _ADAM_STEP * max(steps.shape[1:]) ** 0.5
                for parameter, step in zip(parameters, steps, strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.sub_(step.view(parameter.shape), alpha=group["lr"])
        return loss

    def _directions(self, group):
        """Return the parameters and averaged gradients as matrices, by shape."""
        alike = {}
        for parameter in group["params"]:
            if parameter.grad is None:
                continue
            state = self.state[parameter]
            if not state:
                state["momentum"] = torch.zeros_like(parameter)
            average = state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
            ahead = parameter.grad.lerp(average, group["momentum"]).flatten(1)
            alike.setdefault(ahead.shape, []).append((parameter, ahead))
        return alike


def orthogonal_factors(matrices):
    """Approximate ``U V^T`` of each matrix ``U S V^T``.

    Parameters
    ----------
    matrices : torch.Tensor of shape (n, rows, columns)

    Returns
    -------
    factors : torch.Tensor of shape (n, rows, columns)
        With singular values between 0.7 and 1.2, except where those of the matrix are below a
        thousandth of its norm.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    X = matrices.mT if tall else matrices
    X = X / X.norm(dim=(1, 2), keepdim=True).clamp(min=1e-12)
    a, b, c = _QUINTIC
    for _ in range(_ITERATIONS):
        gram = X @ X.mT
        X = torch.baddbmm(X, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), X, beta=a)
    return X.mT if tall else X
