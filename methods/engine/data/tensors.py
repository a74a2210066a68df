"""Tensors by name as a file: what a treatment keeps of a pool that is nothing but tensors."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import whole_file


def save_tensors(tensors: Mapping[str, Tensor], file: Path) -> None:
    with whole_file(file) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary)


def load_tensors(file: Path, names: Iterable[str], what: str) -> dict[str, Tensor]:
    """The tensors of these names. BadInput where the file holds others, or is none; `what` says what it should be."""
    try:
        tensors, names = load_file(file), list(names)
        if {*tensors} != {*names}:
            raise KeyError(f"it holds {', '.join(tensors) or 'nothing'}")
    except (SafetensorError, KeyError) as error:
        raise BadInput(f"{file}: no {what} ({error}); expected {', '.join(names)}; draw the pool again") from error
    return tensors
