import copy
import importlib
import itertools
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from methods.cards import load_card
from methods.engine.data.batches import Batches
from methods.engine.data.branches import Branches
from methods.engine.data.windows import cut_windows
from methods.engine.fit import losses
from methods.engine.fit.adam import Adam
from methods.engine.fit.trainer import MOST_CORES, Trainer, examples_of
from methods.engine.fit.training import fit_next_item
from methods.engine.layers.dropout import Dropout, drawing_from
from methods.engine.recommender import Run
from tests.engine.conftest import make_split
from tests.engine.test_cores import Mean

CPU, CATALOGUE, LENGTH = torch.device("cpu"), 30, 8
SETTINGS = {"learning_rate": 0.02, "weight_decay": 0.01, "objective": "softmax", "negatives": 3}


def some_split(users=40):
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(2, 17, (users,), generator=generator).tolist()
    return make_split([torch.randint(CATALOGUE, (n,), generator=generator).tolist() for n in lengths], CATALOGUE)


def some_branches(windows):
    generator = torch.Generator().manual_seed(4)
    owners = torch.randint(len(windows), (20,), generator=generator)
    starts = (torch.rand(20, generator=generator) * windows.lengths[owners]).long()
    items, labels = (torch.randint(CATALOGUE, shape, generator=generator) for shape in ((20, 1), (20,)))
    return Branches(owners, starts, items, labels, torch.randn(20, 8, generator=generator))


def made(name, **changes):
    changes = {"embedding": 8, "max_length": LENGTH, "batch": 64, "epochs": 2, "patience": 2, **SETTINGS, **changes}
    card = load_card(name)
    settings = card.configured({key: value for key, value in changes.items() if key in card.settings})
    torch.manual_seed(2)
    return importlib.import_module(f"methods.{name}.model").build(make_split([[0]], CATALOGUE), settings), settings


def same(one, other):
    return all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))


@pytest.mark.parametrize("branching", [False, True])
@pytest.mark.parametrize("objective", ["softmax", "sampled"])
@pytest.mark.parametrize("name", ["narm", "stamp", "sasrec"])
def test_a_fit_has_the_bits_of_its_loop_written_out(name, objective, branching):
    split, epochs = some_split(), 2
    windows = cut_windows(split, LENGTH)
    extra = some_branches(windows) if branching else None
    model, settings = made(name, objective=objective)
    rising = itertools.count()  # so that the last epoch's weights stay
    fit_next_item(model, split, settings, Run(7, CPU, lambda _: float(next(rising))), extra)

    other, _ = made(name, objective=objective)
    optimizer = Adam(other.parameters(), settings["learning_rate"], settings["weight_decay"])
    order, chance = torch.Generator().manual_seed(7), torch.Generator().manual_seed(7 * MOST_CORES)
    table, batches = other.item_embedding.weight, Batches(windows, extra, settings["batch"], 1, CPU)
    other.train()
    for _ in range(epochs):
        for (batch,) in batches.epoch(order):
            looked_up = []

            def look_up(items, looked_up=looked_up):
                rows = F.embedding(items, table.detach()).requires_grad_()
                looked_up.append((items, rows))
                return rows

            items = windows.inputs[batch.windows, : batch.width]
            targets = windows.targets[batch.windows, : batch.width].flatten()[batch.places]
            with drawing_from(chance):
                if len(batch.branches):
                    trunk, branches = other.encode(look_up(items)), extra.take(batch.branches)
                    branched = other.branch(trunk, batch.rows, branches.starts, branches.vectors(look_up))
                    states = torch.cat([trunk.states.flatten(0, 1)[batch.places], branched])
                    targets = torch.cat([targets, branches.labels])
                else:
                    states = other.states_at(look_up, items, windows.lengths[batch.windows], batch.places)
                if objective == "softmax":
                    loss = losses.softmax_loss(other, states, targets, len(batch))
                else:
                    loss = losses.sampled_loss(other, states, targets, settings["negatives"], chance) / len(batch)
            rows = [row for _, row in looked_up]
            found = torch.autograd.grad(loss, [*optimizer.parameters, *rows], materialize_grads=True)
            own = [each.clone() for each in found[: len(optimizer.parameters)]]
            place = next(i for i, each in enumerate(optimizer.parameters) if each is table)
            for (items, _), gradient in zip(looked_up, found[len(own) :], strict=True):
                losses.add_rows(gradient.reshape(-1, 8).numpy(), items.flatten().numpy(), own[place].numpy())
            optimizer.move(own)
    assert same(model, other)


def trainer_of(dropped, **changes):
    torch.manual_seed(5)
    model = Mean(dropped)
    model.item_embedding = nn.Embedding(CATALOGUE, 4)
    return Trainer(model, {**SETTINGS, **changes}, 3, CPU)


@pytest.mark.parametrize("objective", ["softmax", "sampled"])
@pytest.mark.parametrize("dropped", [Dropout(0.4), nn.Dropout(0.4)], ids=["the engine's", "torch's"])
def test_a_copy_goes_on_as_its_trainer_and_leaves_no_trace_in_it(dropped, objective):
    batches = [[examples_of(cut_windows(some_split(users), LENGTH))] for users in (5, 9, 7)]
    alone, watched = (trainer_of(dropped, objective=objective) for _ in range(2))
    torch.manual_seed(11)
    for batch in batches:
        alone.step(batch)
    for batch in batches:
        thrown_away = copy.deepcopy(watched)
        before = copy.deepcopy(watched.model.state_dict())
        torch.manual_seed(torch.seed())
        for each in batches:
            thrown_away.step(each)
        thrown_away.model.score(torch.zeros(1), torch.zeros(1, 1, dtype=torch.int64), torch.ones(1, dtype=torch.int64))
        assert all(torch.equal(before[name], now) for name, now in watched.model.state_dict().items())
        following = copy.deepcopy(watched)
        assert torch.equal(following.step(batch), watched.step(batch))
        assert same(following.model, watched.model) and not same(thrown_away.model, watched.model)
    assert same(alone.model, watched.model)


def test_a_copy_of_a_model_scores_by_its_own_parameters():
    model, _ = made("sasrec")
    given = torch.zeros(1), torch.ones(1, 3, dtype=torch.int64), torch.tensor([3])
    model.eval()
    with torch.no_grad():
        before = model.score(*given)
        other = copy.deepcopy(model)
        for parameter in other.parameters():
            parameter.add_(0.3)
        assert not torch.equal(other.score(*given), before)
        assert torch.equal(model.score(*given), before)


def losses_of(model, examples, objective):
    """Of each pair, by the equations."""
    states = model.encode(model.item_embedding(examples.items)).states.flatten(0, 1)[examples.places]
    logits = states @ model.item_embedding.weight.T
    if objective == "softmax":
        return F.cross_entropy(logits, examples.targets, reduction="none")
    aim, others = logits.gather(1, examples.targets[:, None]), logits.gather(1, examples.others)
    return -F.logsigmoid(aim)[:, 0] - F.logsigmoid(-others).sum(1)


@pytest.mark.parametrize("objective", ["softmax", "sampled"])
def test_each_loss_counts_by_its_weight(objective):
    trainer = trainer_of(nn.Identity(), objective=objective, weight_decay=0.0)
    trainer.model.double()
    trainer.optimizer = Adam(trainer.model.parameters(), 0.02)
    moved = []
    trainer.optimizer.move = moved.append
    plain = examples_of(cut_windows(some_split(6), LENGTH))
    generator = torch.Generator().manual_seed(1)
    weights = torch.rand(len(plain), generator=generator).double()
    others = torch.randint(CATALOGUE, (len(plain), 2), generator=generator)
    given = replace(plain, weights=weights, others=others)
    found = trainer.step([given])
    expected = (losses_of(trainer.model, given, objective) * weights).sum() / len(plain)
    torch.testing.assert_close(found, expected.detach())
    gradient = torch.autograd.grad(expected, list(trainer.model.parameters()))
    torch.testing.assert_close(moved[0], gradient)


def test_weights_of_one_are_none():
    examples = examples_of(cut_windows(some_split(6), LENGTH))
    plain, weighted = (trainer_of(nn.Identity()) for _ in range(2))
    one, other = plain.step([examples]), weighted.step([replace(examples, weights=torch.ones(len(examples)))])
    torch.testing.assert_close(one, other)
    torch.testing.assert_close(plain.model.item_embedding.weight, weighted.model.item_embedding.weight)


def test_examples_of_chosen_windows_are_their_trained_pairs():
    windows = cut_windows(make_split([[1, 2, 3], [4, 5], list(range(12))], CATALOGUE), 4)
    found = examples_of(windows, torch.tensor([1, 0]))
    assert found.items.tolist() == [[4, 0], [1, 2]] and found.lengths.tolist() == [1, 2]
    assert found.places.tolist() == [0, 2, 3] and found.targets.tolist() == [5, 2, 3]
    assert len(examples_of(windows)) == 2 + 1 + 11
