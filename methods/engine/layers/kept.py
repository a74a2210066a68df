"""What is made of a model's parameters once for many calls, until one of them changes."""

from collections.abc import Callable, Iterable
from threading import RLock
from typing import Generic, TypeVar

import torch
from torch import Tensor

from methods.engine.layers.cores import on_all_cores

T = TypeVar("T")
_MAKING = RLock()


class Kept(Generic[T]):
    """Holds one value without a gradient. A change in place is noticed by torch's version counter, another tensor, e.g.
    on another device, by its place in memory, which is not given to a new one while the value is held."""

    def __init__(self) -> None:
        self._version: list[tuple[int, int]] | None = None
        self._parameters: list[Tensor] = []
        self._value: T | None = None

    def __deepcopy__(self, memo: dict) -> "Kept":
        """A copy of a model has parameters of its own, of which it makes its own."""
        return Kept()

    def get(self, parameters: Iterable[Tensor], make: Callable[[], T]) -> T:
        """The value that `make` gives for the parameters as they are now. `make` itself shares no work out."""
        parameters = list(parameters)
        version = [(each.data_ptr(), each._version) for each in parameters]
        with _MAKING:  # cores that score side by side make it once
            if version != self._version:
                with torch.inference_mode(False), torch.no_grad():
                    self._value = on_all_cores(make)
                self._version, self._parameters = version, parameters
            return self._value
