"""A GPU that is none: memory carries a device, and computing across devices fails.

Within ``pretended_gpu()`` the name "cuda" is a device of this machine. What is moved there stays in
the CPU's memory, but that memory is marked. One mode answers for moves and devices in Python; the
other sees every kernel, also those of C++ and of backward passes, and marks what it computes from
marked memory. As on a GPU, a kernel of marked and unmarked tensors raises (unless one is a single
number), a marked tensor is no NumPy array, and what comes back without blocking cannot be read.
Automatic precision is that of the CPU. Not pretended: compiled code, and torch.cuda.
"""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

GPU, CPU = torch.device("cuda"), torch.device("cpu")


class DeviceError(RuntimeError):
    """Tensors of two devices met, or one left its device in silence."""


class Marks:
    """A set of pieces of memory; a weak reference keeps an address from being used again."""

    def __init__(self):
        self._marked = {}

    def __contains__(self, tensor):
        return tensor.untyped_storage()._cdata in self._marked

    def set(self, tensor, marked):
        reference = StorageWeakRef(tensor.untyped_storage())
        if marked:
            self._marked[reference.cdata] = reference
        else:
            self._marked.pop(reference.cdata, None)


ON_GPU = Marks()  # of all modes: copies of networks are kept from one to another
_COPY = torch.ops.aten.copy_.default  # may take tensors of two devices


class Kernels(TorchDispatchMode):
    """Refuses kernels of tensors of two devices, and marks results."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        given = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
        there = [x for x in given if x in ON_GPU]
        others = [tuple(x.shape) for x in given if x not in ON_GPU and x.dim() > 0]
        if there and others and func is not _COPY:
            raise DeviceError(f"{func}: CPU tensors {others} meet others on the GPU")
        result = func(*args, **(kwargs or {}))
        if there and func is not _COPY:
            for x in tree_leaves(result):
                if isinstance(x, torch.Tensor):
                    ON_GPU.set(x, True)
        return result


class PretendedGPU(TorchFunctionMode):
    """Answers for devices; counts what was copied back, and what made the CPU wait for a copy."""

    def __init__(self):
        super().__init__()
        self.pinned = Marks()
        self.copies_back = self.waits = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        owner = getattr(getattr(func, "__self__", None), "__name__", "")
        there = bool(args) and isinstance(args[0], torch.Tensor) and args[0] in ON_GPU
        if name == "__get__" and owner in ("device", "is_cuda"):
            return (GPU if there else CPU) if owner == "device" else there
        if name in ("numpy", "__array__") and there:
            raise DeviceError(f"{name}() of a tensor on the GPU: call cpu() before")
        if name == "is_pinned":
            return args[0] in self.pinned
        if name == "pin_memory":
            return self._pin(args[0], there)
        if name == "__deepcopy__":  # copies memory where no kernel is seen
            copied = func(*args, **kwargs)
            ON_GPU.set(copied, there)
            return copied
        wanted, args, kwargs = self._wanted(name, args, kwargs)
        result = func(*args, **kwargs)
        return result if wanted is None else self._moved(result, wanted, args, kwargs, there)

    def _pin(self, tensor, there):
        if there:
            raise DeviceError("pin_memory() of a tensor on the GPU")
        copied = tensor.clone()
        self.pinned.set(copied, True)
        return copied

    def _wanted(self, name, args, kwargs):
        """The device that a call names, and its arguments with that of the CPU instead."""
        if name == "cuda":
            raise DeviceError("cuda() fixes a device; use to(device)")
        if name == "cpu":
            return CPU, args, kwargs
        wanted = kwargs.get("device")
        if wanted is not None:
            kwargs["device"] = CPU
        elif name == "to":
            like = [x for x in args[1:2] if isinstance(x, torch.Tensor)]
            wanted = like[0].device if like else None
            for x in args[1:]:
                wanted = x if isinstance(x, (torch.device, str)) else wanted
            args = tuple(CPU if isinstance(x, (torch.device, str)) else x for x in args)
        return None if wanted is None else torch.device(wanted), args, kwargs

    def _moved(self, result, wanted, args, kwargs, there):
        """The result on its device: a copy where that is another one."""
        to_gpu = wanted.type == "cuda"
        if kwargs.get("non_blocking") and to_gpu and not there:
            self.waits += args[0] not in self.pinned
        if there and not to_gpu:
            # Adam moves a number to the device that C++ names, which is the CPU.
            if kwargs.get("non_blocking") and result.dim():
                raise DeviceError("a copy to the CPU without blocking is read before it is there")
            self.copies_back += 1
        if to_gpu != there and args and result is args[0]:
            result = result.clone()  # the original stays where it was
        ON_GPU.set(result, to_gpu)
        return result


@contextlib.contextmanager
def pretended_gpu():
    """Let "cuda" be a device within the block, in this thread and in pools; yield the mode."""
    mode, kernels = PretendedGPU(), Kernels()
    autocast, scaler, submit = torch.autocast, torch.amp.GradScaler, ThreadPoolExecutor.submit

    def submitted(pool, function, *args):
        def call():
            with mode, Kernels():
                return function(*args)

        return submit(pool, call)

    with (
        mock.patch.object(torch, "autocast", lambda _, *args, **kw: autocast("cpu", *args, **kw)),
        mock.patch.object(torch.amp, "GradScaler", lambda _: scaler("cpu")),
        mock.patch.object(ThreadPoolExecutor, "submit", submitted),
        mode,
        kernels,
    ):
        yield mode
