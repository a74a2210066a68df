"""Adam (Kingma and Ba, 2015), one kernel for all parameters.

torch.optim.Adam computes the same, but its first use imports torch's compiler, which takes longer than many a cell
trains. A test holds this one against it.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

DECAYS = (0.9, 0.999)
EPSILON = 1e-8


class Adam:
    """weight_decay adds `weight_decay * parameter` to the gradient. Every parameter needs a gradient at each step."""

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float, weight_decay: float = 0.0) -> None:
        self.parameters = list(parameters)
        self.means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.steps = [torch.zeros((), device=parameter.device) for parameter in self.parameters]
        self.learning_rate, self.weight_decay = learning_rate, weight_decay

    def step(self, loss: Tensor) -> None:
        """Move the parameters against the gradient of `loss`, a scalar."""
        self.move(torch.autograd.grad(loss, self.parameters, materialize_grads=True))

    @torch.no_grad()
    def move(self, gradients: Sequence[Tensor]) -> None:
        """Move the parameters against `gradients`, one for each."""
        torch._foreach_add_(self.steps, 1)
        torch._fused_adam_(
            self.parameters, list(gradients), self.means, self.squares, [], self.steps,
            lr=self.learning_rate, beta1=DECAYS[0], beta2=DECAYS[1], weight_decay=self.weight_decay, eps=EPSILON,
            amsgrad=False, maximize=False,
        )  # fmt: skip
        # the kernel changes the parameters behind autograd's back; who keeps something made of them must notice
        torch.autograd.graph.increment_version(self.parameters)

    def settle(self) -> None:
        """Every parameter is up to date after each step (methods/engine/fit/row_adam.py has other rows)."""
