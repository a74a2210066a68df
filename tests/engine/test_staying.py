"""A retraining that may stay where it began: epoch 0 is a candidate like every other epoch."""

import pytest
import torch
from torch import nn

from methods.cards import load_card
from methods.engine.fit.early_stopping import EarlyStopping
from methods.engine.recommender import Run
from methods.engine.treatment import or_stay


def retrained(values, may_stay):
    """A model whose one weight counts the epochs; values: validation before the first epoch, if asked, and after."""
    model, said = nn.Linear(1, 1, bias=False), iter(values if may_stay else values[1:])
    nn.init.zeros_(model.weight)
    run = Run(1, torch.device("cpu"), lambda current: next(said))

    def fit():
        stopper = EarlyStopping(5, len(values) - 1)
        for epoch in stopper:
            nn.init.constant_(model.weight, epoch)
            stopper.close_epoch(torch.zeros(()), model, run)
        return stopper.finish(model)

    return or_stay(model, run, fit, may_stay), int(model.weight.item())


@pytest.mark.parametrize(
    ("values", "may_stay", "epoch", "best"),
    [
        ([0.3, 0.1, 0.2], True, 0, 0.3),
        ([0.3, 0.1, 0.2], False, 2, 0.2),
        ([0.3, 0.1, 0.4], True, 2, 0.4),
        ([0.3, 0.3, 0.1], True, 0, 0.3),  # of equal ones the earliest
    ],
)
def test_epoch_0_is_a_candidate_where_it_is_asked_for(values, may_stay, epoch, best):
    fitted, weights = retrained(values, may_stay)
    assert (fitted.best_epoch, weights, fitted.best) == (epoch, epoch, best)
    assert fitted.curve == values[1:] and fitted.epochs == 2  # a control trains as many, whatever stays
    assert fitted.start == (values[0] if may_stay else None)


@pytest.mark.parametrize("name", ["casr", "cpr"])
def test_both_papers_take_what_was_retrained_by_default(name):
    assert load_card(name).settings["retrain_may_stay"] is False
