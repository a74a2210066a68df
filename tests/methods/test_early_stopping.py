import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from datasets.pipeline.errors import BadInput
from methods.engine.fit.early_stopping import EarlyStopping


def train(values, patience, epochs):
    """A model whose only weight is the number of the epoch."""
    model = torch.nn.Linear(1, 1)
    stopper = EarlyStopping(patience, epochs)
    for epoch in stopper:
        with torch.no_grad():
            model.weight.fill_(epoch)
        stopper.report(values[epoch - 1], model)
    return stopper.finish(model), model.weight.item()


@given(st.lists(st.integers(0, 5).map(float), min_size=1, max_size=30), st.integers(1, 6))
def test_stops_after_patience_and_restores_the_best_epoch(values, patience):
    fitted, weight = train(values, patience, len(values))
    waits = [epoch for epoch in range(1, len(values) + 1) if epoch - _best(values[:epoch]) >= patience]
    assert fitted.epochs == (waits[0] if waits else len(values))
    assert fitted.curve == values[: fitted.epochs]
    assert fitted.best_epoch == _best(fitted.curve) == weight
    assert fitted.stopped_early == bool(waits)


def _best(values):
    return values.index(max(values)) + 1


def test_epoch_without_report_is_noticed():
    with pytest.raises(RuntimeError, match="epoch 1"):
        list(EarlyStopping(2, 3))


@pytest.mark.parametrize("name", ["patience", "epochs"])
def test_refuses_an_empty_budget(name):
    with pytest.raises(BadInput, match=name):
        EarlyStopping(**{"patience": 1, "epochs": 1, name: 0})
