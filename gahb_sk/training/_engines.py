"""What a training needs of the processes it runs in: one alone, or several that act as one.

An engine gives a training its device and speaks to the other processes. To a training the processes
are one: batches, noise levels, crops and weights by noise level are those of the whole batch, of
which each process computes a share.
"""

import torch
from torch import distributed

from gahb_sk.networks._blocks import BiasFreeNorm
from gahb_sk.networks._devices import resolve_device


class LocalEngine:
    """One process alone.

    Parameters
    ----------
    device : torch.device or str, default="cpu"

    Attributes
    ----------
    rank, size : int
        Number of this process, and how many there are.
    """

    rank, size = 0, 1

    def __init__(self, device="cpu"):
        self.device = resolve_device(device)

    def wrap(self, network):
        """Return what computes the network's forward pass; its gradients are averaged."""
        return network

    def share(self, n):
        """Return the slice of ``n`` things that falls to this process."""
        return slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)

    def gather(self, mine, n):
        """Return all ``n`` values of which this process has its share; every process calls it."""
        return mine

    def largest(self, *numbers):
        """Return the largest of each of these numbers over the processes."""
        return numbers

    def broadcast(self, value):
        """Return the first process's value, a Python object."""
        return value


class FabricEngine(LocalEngine):
    """One process of a group that Lightning Fabric has set up.

    Parameters
    ----------
    fabric : lightning_fabric.Fabric
        Launched.
    """

    def __init__(self, fabric):
        self._fabric = fabric
        self.device = fabric.device
        self.rank, self.size = fabric.global_rank, fabric.world_size

    def wrap(self, network):
        """Return the network in data-parallel form, its norms synchronised."""
        if self.size == 1:
            return network
        for module in network.modules():
            if isinstance(module, BiasFreeNorm):
                module.synchronised = True
        if self.device.type == "cuda":  # on CPUs torch has none: each share by itself
            network = torch.nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return self._fabric.setup_module(network, _reapply_compile=False)

    def gather(self, mine, n):
        """Return all ``n`` values; see :class:`LocalEngine`."""
        if self.size == 1:
            return mine
        everything = mine.new_zeros(n, *mine.shape[1:])
        everything[self.share(n)] = mine
        distributed.all_reduce(everything)
        return everything

    def largest(self, *numbers):
        """Return the largest of each number over the processes."""
        if self.size == 1:
            return numbers
        values = torch.tensor(numbers, dtype=torch.float32, device=self.device)
        distributed.all_reduce(values, distributed.ReduceOp.MAX)
        return tuple(values.tolist())

    def broadcast(self, value):
        """Return the first process's value."""
        return self._fabric.broadcast(value)
