"""A device that is not a CPU, made of one: its tensors say that they lie elsewhere, and a CPU computes their numbers.

On it the code takes the ways of a GPU on machines that have none. As there, an operation on tensors of two devices
fails; and counted is for what a host would wait: numbers read or sent, and results whose size depends on numbers.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
import torch
from torch import Tensor

try:  # what torch does not promise to keep
    from torch.utils._mode_utils import no_dispatch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves, tree_map
    from torch.utils.backend_registration import _setup_privateuseone_for_python_backend
except ImportError as error:
    pytest.skip(f"torch {torch.__version__} lets no device be written in Python: {error}", allow_module_level=True)

_setup_privateuseone_for_python_backend("pretend")
DEVICE, CPU = torch.device("pretend:0"), torch.device("cpu")
aten = torch.ops.aten
READS = {aten._local_scalar_dense, aten.equal, aten.is_nonzero, aten.allclose, aten.multinomial}
SIZED_BY_NUMBERS = {
    aten.nonzero,
    aten.masked_select,
    aten.bincount,
    aten._unique2,
    aten.unique_dim,
    aten.unique_consecutive,
}


class Elsewhere(Tensor):
    """Numbers `here` on the CPU, of a tensor on DEVICE."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, here: Tensor):
        layout = {"strides": here.stride(), "storage_offset": here.storage_offset(), "dtype": here.dtype}
        tensor = Tensor._make_wrapper_subclass(cls, here.size(), device=DEVICE, **layout)
        tensor.here = here
        return tensor

    def __repr__(self) -> str:
        return f"{self.here!r} elsewhere"

    def tolist(self) -> list:
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return _compute(operation, args, kwargs or {}, Counter())


class _There(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.waits: Counter[str] = Counter()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        return _compute(operation, args, kwargs or {}, self.waits)


class _Generator(torch.Generator):
    """One that says it lies on DEVICE, where that is wanted; its numbers are a CPU's, unlike a GPU's."""

    def __new__(cls, device: torch.device = CPU):
        generator = super().__new__(cls)
        generator.told = device
        return generator

    device = property(lambda self: self.told)


@contextmanager
def other_device(monkeypatch) -> Iterator[Counter[str]]:
    """Inside, DEVICE is there, with a GPU's sizes of chunks. Gives how often a host would have waited, by operation."""
    from methods.casr import drawing
    from methods.cpr import counterfactual
    from methods.engine.fit import losses
    from methods.mlp import model as mlp

    for sizes in (losses.LOGITS_AT_ONCE, drawing.SCORES_AT_ONCE, counterfactual.SCORES_AT_ONCE, mlp.VALUES_AT_ONCE):
        monkeypatch.setitem(sizes, DEVICE.type, sizes["cuda"])
    # inference mode hands over operations that are not taken apart; what it computes, no_grad computes
    monkeypatch.setattr(torch._C, "_InferenceMode", lambda mode: torch.no_grad() if mode else nullcontext())
    monkeypatch.setattr(torch, "Generator", _Generator)
    with _There() as there:
        yield there.waits


def _compute(operation, args: tuple, kwargs: dict, waits: Counter):
    tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
    elsewhere = [each for each in tensors if isinstance(each, Elsewhere)]
    name = operation.overloadpacket
    if name is aten._to_copy:
        return _copied(args[0], kwargs, waits)
    if name is aten.copy_:
        waits["copied"] += args[0].device != args[1].device and (args[0].device == CPU or args[1].dim() > 0)
    elif elsewhere and any(each.dim() for each in tensors if not isinstance(each, Elsewhere)):
        raise RuntimeError(f"{operation} takes tensors of two devices")
    if elsewhere and (name in READS | SIZED_BY_NUMBERS or _by_mask(name, args) or _of_unknown_size(name, kwargs)):
        waits[str(name)] += 1
    given = {id(each.here): each for each in elsewhere}
    result = KERNELS.get(name, operation)(*tree_map(_here, args), **tree_map(_here, kwargs))
    if not elsewhere and kwargs.get("device") != DEVICE:
        return result
    if torch.Tag.inplace_view in operation.tags:  # the shape that the tensor tells changes, too
        with no_dispatch():
            operation(*args, **kwargs)

    def there(value):
        if not isinstance(value, Tensor):
            return value
        return given[id(value)] if id(value) in given else Elsewhere(value)

    return tree_map(there, result)


def _copied(tensor: Tensor, kwargs: dict, waits: Counter) -> Tensor:
    target = kwargs.get("device") or tensor.device
    copy = aten._to_copy(_here(tensor), **{**kwargs, "device": CPU})
    waits["copied"] += target != tensor.device
    return Elsewhere(copy) if target == DEVICE else copy


def _here(value):
    if isinstance(value, torch.device):
        return CPU
    return value.here if isinstance(value, Elsewhere) else value


def _by_mask(name, args: tuple) -> bool:
    chosen = args[1] if name in (aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_) else ()
    return any(isinstance(each, Tensor) and each.dtype == torch.bool for each in chosen)


def _of_unknown_size(name, kwargs: dict) -> bool:
    return name is aten.repeat_interleave and kwargs.get("output_size") is None


def _gru_cell(of_input: Tensor, of_hidden: Tensor, before: Tensor, in_bias: Tensor, hidden_bias: Tensor):
    """A GPU's kernel of a step, which a CPU has not: the next hidden vectors, and what the way back needs."""
    (r, z, n), (r_h, z_h, n_h) = (of_input + in_bias).chunk(3, 1), (of_hidden + hidden_bias).chunk(3, 1)
    r, z = torch.sigmoid(r + r_h), torch.sigmoid(z + z_h)
    n = torch.tanh(n + r * n_h)
    return (1 - z) * n + z * before, torch.cat([r, z, n, before, n_h], 1)


def _gru_cell_backward(gradient: Tensor, kept: Tensor, has_bias: bool):
    r, z, n, before, n_h = kept.chunk(5, 1)
    by_n = gradient * (1 - z) * (1 - n * n)
    by_z = gradient * (before - n) * z * (1 - z)
    by_r = by_n * n_h * r * (1 - r)
    by_input, by_hidden = torch.cat([by_r, by_z, by_n], 1), torch.cat([by_r, by_z, by_n * r], 1)
    return by_input, by_hidden, gradient * z, by_input.sum(0), by_hidden.sum(0)


KERNELS = {aten._thnn_fused_gru_cell: _gru_cell, aten._thnn_fused_gru_cell_backward: _gru_cell_backward}
