"""A GPU that is none: tensors carry a device, and computing across devices fails.

Within ``pretended_gpu()`` the name "cuda" is a device of this machine. What is moved there stays
in memory but is marked, and so is all that is computed of it. As on a GPU, an operation of a marked
and an unmarked tensor raises (unless one is a single number), and a marked one is no NumPy array.
Copies back to the CPU are counted, so that none goes unnoticed.
"""

import contextlib
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten
from torch.utils.weak import WeakTensorKeyDictionary

GPU, CPU = torch.device("cuda"), torch.device("cpu")


MARKED = WeakTensorKeyDictionary()  # of all modes: copies of networks are kept from one to another


class DeviceError(RuntimeError):
    """Tensors of two devices met, or one left its device in silence."""


class PretendedGPU(TorchFunctionMode):
    """Marks tensors; ``copies_back`` counts those that were brought to the CPU."""

    def __init__(self):
        super().__init__()
        self.marked = MARKED
        self.copies_back = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        owner = getattr(getattr(func, "__self__", None), "__name__", "")
        if name == "__get__" and owner == "device":
            return GPU if args[0] in self.marked else CPU
        if name == "__get__" and owner == "is_cuda":
            return args[0] in self.marked
        if name == "__set__" and owner == "data":
            self.mark(args[0], args[1] in self.marked)
            return func(*args)
        if name == "__deepcopy__":  # its other argument holds all that was copied before
            copied = func(*args)
            self.mark(copied, args[0] in self.marked)
            return copied
        tensors = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, torch.Tensor)]
        there = [x for x in tensors if x in self.marked]
        if name == "numpy" and there:
            raise DeviceError("numpy() of a tensor on the GPU: call cpu() before")
        wanted, args, kwargs = self._wanted(name, args, kwargs)
        if wanted is None and name not in _MOVES and there:
            self._refuse_others(func, tensors)
        result = func(*args, **kwargs)
        on_gpu = bool(there) if wanted is None else wanted.type == "cuda"
        if wanted == CPU and there and isinstance(result, torch.Tensor):
            self.copies_back += 1
            result = result.clone() if any(result is x for x in there) else result
        if wanted is not None and on_gpu and any(result is x for x in tensors) and not there:
            result = result.clone()  # a move makes a copy, and the original stays where it was
        for x in tree_flatten(result)[0]:
            if isinstance(x, torch.Tensor):
                self.mark(x, on_gpu)
        return result

    def mark(self, tensor, on_gpu):
        if on_gpu:
            self.marked[tensor] = True
        elif tensor in self.marked:
            del self.marked[tensor]

    def _wanted(self, name, args, kwargs):
        """The device that a call names, and its arguments with that of the CPU instead."""
        if name == "cpu":
            return CPU, args, kwargs
        if name == "cuda":
            raise DeviceError("cuda() fixes a device; use to(device)")
        wanted = kwargs.get("device")
        if wanted is not None:
            kwargs["device"] = CPU
        elif name == "to":
            other = next((x for x in args[1:2] if isinstance(x, torch.Tensor)), None)
            if other is not None:
                wanted = GPU if other in self.marked else CPU
            else:
                places = [x for x in args[1:] if isinstance(x, (torch.device, str))]
                wanted = places[0] if places else None
                args = tuple(CPU if isinstance(x, (torch.device, str)) else x for x in args)
        return None if wanted is None else torch.device(wanted), args, kwargs

    def _refuse_others(self, func, tensors):
        others = [x for x in tensors if x not in self.marked and x.dim() > 0]
        if others:
            shapes = [tuple(x.shape) for x in others]
            raise DeviceError(
                f"{getattr(func, '__name__', func)}: CPU tensors {shapes} meet others on the GPU"
            )


# May take tensors of two devices.
_MOVES = {"copy_", "_has_compatible_shallow_copy_type"}


@contextlib.contextmanager
def pretended_gpu():
    """Let "cuda" be a device within the block; yield the mode."""
    mode = PretendedGPU()
    copy_parameter = torch.nn.Parameter.__deepcopy__  # makes a parameter where no mode sees it

    def copied(parameter, memo):
        result = copy_parameter(parameter, memo)
        mode.mark(result, parameter in mode.marked)
        return result

    with mock.patch.object(torch.nn.Parameter, "__deepcopy__", copied), mode:
        yield mode
