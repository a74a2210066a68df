"""When a fit ends, and which of its weights stay."""

from collections.abc import Iterator

import torch
from torch import nn

from datasets.pipeline.errors import BadInput
from methods.engine.recommender import Fitted, Run


class EarlyStopping:
    """The epochs of a fit, until the validation value has not risen for `patience` of them.

    stopper = EarlyStopping(patience, epochs)
    for epoch in stopper:  # 1, 2, ..
        ...train...
        stopper.report(value, model)  # once an epoch; higher is better
    fitted = stopper.finish(model)  # puts the weights of the best epoch back
    """

    def __init__(self, patience: int, epochs: int):
        for name, value in (("patience", patience), ("epochs", epochs)):
            if value < 1:
                raise BadInput(f"setting {name} is {value}: it must be at least 1")
        self.patience = patience
        self.budget = epochs
        self.curve: list[float] = []
        self.best_epoch = 0
        self._best: dict[str, torch.Tensor] = {}

    @property
    def out_of_patience(self) -> bool:
        return len(self.curve) - self.best_epoch >= self.patience

    def __iter__(self) -> Iterator[int]:
        for epoch in range(1, self.budget + 1):
            yield epoch
            if len(self.curve) != epoch:
                raise RuntimeError(f"epoch {epoch} ended with {len(self.curve)} reports: report once an epoch")
            if self.out_of_patience:
                return

    def close_epoch(self, loss: torch.Tensor, model: nn.Module, run: Run) -> None:
        """Validate, report and say how the epoch went. A mean training loss that is not finite is an error."""
        epoch = len(self.curve) + 1
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the training loss is not finite in epoch {epoch}; lower the learning rate")
        value = run.validate(model)
        self.report(value, model)
        run.progress(f"epoch {epoch}: loss {loss.item():.4f}, validation {value:.4f}")

    def report(self, value: float, model: nn.Module) -> None:
        """Keep `value` as the next point of the curve, and the weights if it is the best; of equal ones the earliest.

        The copy of the weights stays on the model's device.
        """
        self.curve.append(value)
        if self.best_epoch and not value > self.curve[self.best_epoch - 1]:
            return
        self.best_epoch = len(self.curve)
        for name, tensor in model.state_dict().items():
            if name in self._best:
                self._best[name].copy_(tensor)
            else:
                self._best[name] = tensor.detach().clone()

    def finish(self, model: nn.Module) -> Fitted:
        """Put the weights of the best epoch back into `model`, and give the course of the fit."""
        model.load_state_dict(self._best)
        return Fitted(self.curve, self.best_epoch, stopped_early=self.out_of_patience)
