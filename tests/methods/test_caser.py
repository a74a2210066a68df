"""Caser's filters where their answer is known, and the items behind a prefix that it learns."""

import torch

from methods.engine.fit import training
from tests.engine.conftest import make_split
from tests.methods.support import build, fitted


def caser(**changes):
    model = build("caser", make_split([[0]], 4), embedding=4, window=3, horizontal=1, vertical=1, **changes).double()
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    model.item_embedding.weight.data = torch.eye(4, dtype=torch.double)
    return model.eval()


def test_a_filter_that_equals_a_pattern_fires_where_it_is_in_the_window():
    model = caser()
    pattern = model.horizontal[1]  # of height 2: item 1, then item 2
    pattern.weight.data, pattern.bias.data = torch.eye(4).double()[[1, 2]].view(1, -1), torch.tensor([-1.0]).double()
    model.join.weight.data[0, 1] = 1  # behind the filter of height 1
    states = model.encode(model.item_embedding(torch.tensor([[1, 2, 3, 2, 1, 1, 2]]))).states[0, :, 0]
    assert states.tolist() == [0, 1, 1, 0, 0, 0, 1]


def test_a_vertical_filter_of_the_last_place_gives_the_last_item():
    model = caser()
    model.vertical.weight.data = torch.tensor([[0.0, 0, 1]]).double()
    model.join.weight.data[:, 3:] = torch.eye(4)
    items = torch.tensor([[1, 2, 3, 2]])
    assert model.encode(model.item_embedding(items)).states.argmax(2).equal(items)


def test_the_next_items_up_to_t_are_trained_and_none_behind_the_end(monkeypatch):
    histories, seen, step = [[0, 1, 2, 3, 4], [5, 6]], set(), training.Trainer.step

    def watched(trainer, batch):
        for share in batch:
            for place, target, weight in zip(share.places, share.targets, share.weights, strict=True):
                if weight:
                    seen.add((int(share.items.flatten()[place]), int(target)))
        return step(trainer, batch)

    monkeypatch.setattr(training.Trainer, "step", watched)
    fitted("caser", make_split(histories, 7), epochs=1, targets=2)
    assert seen == {(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4), (5, 6)}
