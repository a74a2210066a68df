"""The treatments that L2Aug is compared with: where they must be plain training, and what they give weight to."""

import copy
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from datasets.l2aug_world import truth as l2aug_truth
from methods.adversarial.treatment import retrain as retrain_adversarial
from methods.engine.data.split import Split
from methods.engine.data.windows import cut_windows
from methods.engine.fit.trainer import examples_of
from methods.engine.recommender import Run
from methods.engine.treatment import Truth
from methods.focused.treatment import retrain as retrain_focused
from methods.l2aug.batch import Source
from methods.oracle_edit import treatment as oracle
from methods.random.thinned import thinned
from methods.random.treatment import begun
from methods.random.treatment import retrain as retrain_random
from tests.engine.conftest import make_split
from tests.l2aug.support import CATALOGUE, CPU, same, task, world


def plain(asked, split=None):
    model = begun(asked)
    asked.anchor.fit(model, split or asked.split, dict(asked.settings["anchor"]), Run(5, CPU, lambda model: 0.0))
    return model


def without(split, group):
    """The split, the group's histories emptied."""
    gone = set(split.groups[group].tolist())
    histories = [split.items[split.offsets[u] : split.offsets[u + 1]].tolist() for u in range(split.users)]
    return make_split([[] if user in gone else history for user, history in enumerate(histories)], split.catalogue)


@pytest.mark.parametrize(("rate", "how"), [(0.0, "replace"), (1.0, "add")])
def test_random_that_changes_nothing_is_plain(rate, how):
    asked = task(world(), treatment="random", rate=rate, how=how)
    assert same(retrain_random(asked).model, plain(asked))


def test_replacing_everything_leaves_casual_users_alone():
    asked = task(world(), treatment="random", rate=1.0, how="replace")
    assert same(retrain_random(asked).model, plain(asked, without(asked.split, "core")))
    half = task(world(), treatment="random", rate=0.5, how="replace")
    assert not same(retrain_random(half).model, plain(half, without(half.split, "core")))


def test_thinned_copies_stand_beside_the_data_and_keep_their_order():
    split = world()
    found = thinned(split, 0.4, "add", 3)
    assert isinstance(found, Split) and torch.equal(found.items[: len(split.items)], split.items)
    less = thinned(split, 0.7, "add", 3)
    for number, user in enumerate(split.groups["core"].tolist()):
        whole = split.items[split.offsets[user] : split.offsets[user + 1]].tolist()
        copies = [each.items[slice(*each.offsets[split.users + number :][:2])].tolist() for each in (found, less)]
        assert [item for item in whole if item in copies[0]] == copies[0] and set(copies[1]) <= set(copies[0])
        held = found.held
        assert held.items[slice(*held.offsets[split.users + number :][:2])].tolist() == sorted(set(whole))


def test_focused_is_plain_training_with_another_weight_decay():
    asked = task(world(), treatment="focused", weight_decay=0.0)
    assert same(retrain_focused(asked).model, plain(asked))
    other = task(world(), treatment="focused", weight_decay=0.1)
    decayed = replace(other, settings={**other.settings, "anchor": {**other.settings["anchor"], "weight_decay": 0.1}})
    assert same(retrain_focused(other).model, plain(decayed)) and not same(plain(asked), plain(decayed))


@pytest.mark.parametrize("name", ["gru4rec", "sasrec", "nextitnet"])
def test_an_adversary_that_does_not_move_is_plain_training(name):
    asked = task(world(), name, treatment="adversarial", adversary_rate=0.0)
    found, wanted = retrain_adversarial(asked).model, plain(asked)
    for one, other in zip(found.parameters(), wanted.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_a_planted_hard_tenth_gets_more_weight():
    generator = torch.Generator().manual_seed(0)
    half = CATALOGUE // 2
    easy = [[(start + step) % half for step in range(7)] for start in torch.randint(half, (54,), generator=generator)]
    hard = [(half + torch.randint(half, (7,), generator=generator)).tolist() for _ in range(6)]
    split = make_split([[int(item) for item in history] for history in [*easy, *hard]], CATALOGUE)
    asked = task(split, treatment="adversarial", adversary_rate=0.02)
    anchor = {**asked.settings["anchor"], "epochs": 25, "patience": 25, "learning_rate": 0.02, "objective": "softmax"}
    asked = copy.copy(asked)
    retrained = retrain_adversarial(replace(asked, settings={**asked.settings, "anchor": anchor}))
    windows = cut_windows(split, anchor["max_length"])
    weights = retrained.details.weights(examples_of(windows))
    is_hard = windows.users[windows.samples[0]] >= len(easy)
    assert weights[is_hard].mean() >= 1.2 * weights[~is_hard].mean()


def test_the_oracle_drops_exactly_what_the_truth_names(tmp_path):
    truth = SimpleNamespace(filler=(torch.arange(CATALOGUE) % 3 == 0).numpy())
    asked = SimpleNamespace(oracle=SimpleNamespace(truth=Truth(l2aug_truth, truth)), split=world())
    kept = oracle.generate(asked)
    oracle.save(kept, tmp_path / "pool")
    assert torch.equal(oracle.load(tmp_path / "pool"), kept) and oracle.counts(kept) == {"items": CATALOGUE}
    source = Source(asked.split, task(asked.split).settings["anchor"], CPU)
    batch = source.take(source.of_group("core"))
    edited = oracle.Best(kept, source.longest).edit(batch)
    for row, items in enumerate(batch.items.tolist()):
        wanted = [item for item in items[: batch.lengths[row]] if item % 3]
        assert edited.items[row, : edited.lengths[row]].tolist() == wanted
    model = oracle.retrain(replace(task(asked.split, treatment="oracle-edit", steps=25), pool=kept))
    assert model.fitted.epochs == 1
