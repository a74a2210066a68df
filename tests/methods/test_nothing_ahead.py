"""What foretells item k of a history knows nothing of item k and of what follows it: every recommender, by its card.

A model of prefix states trains on all of them in one pass, so that its states are looked at in training, too. Models
whose states see the whole window train prefix by prefix, or behind masks; their rows are looked at in
test_end_states.py and test_bert4rec.py. Models of pairs read no order: a pair is trained on because it was observed.
"""

import pytest
import torch

from methods.cards import cards
from methods.engine.recommender import SequentialRecommender
from tests.engine.conftest import make_split
from tests.methods.support import build, fitted, spread

CATALOGUE, LENGTH = 9, 7
RECOMMENDERS = sorted(card.name for card in cards().values() if card.kind == "recommender")
HISTORIES = [[0, 1, 2, 3, 4, 5, 6], [5, 3, 8, 1, 0, 2, 7], [4, 4, 1], [8, 7]]
SMALL = {"embedding": 4, "hidden": 4, "epochs": 1, "batch": 8, "max_length": 8}
SMALL |= {"dropout": 0.0, "embedding_dropout": 0.0}


def small(name: str) -> dict:
    known = cards()[name].settings
    return {key: value for key, value in SMALL.items() if key in known}


def of_states(name: str) -> bool:
    return isinstance(build(name, make_split(HISTORIES, CATALOGUE), **small(name)), SequentialRecommender)


def test_every_kind_of_recommender_is_among_them():
    assert {"bpr", "item-knn", "markov-chain", "sasrec", "gru4rec", "caser", "bert4rec", "fmlprec"} <= {*RECOMMENDERS}


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_scores_after_k_items_do_not_change_with_what_follows_them(name):
    model, _ = fitted(name, make_split(HISTORIES, CATALOGUE), **small(name))
    model.eval()
    items = torch.tensor(HISTORIES[:2])
    for k in range(1, LENGTH):
        other = items.clone()
        other[:, k:] = (other[:, k:] + 4) % CATALOGUE
        found = [model.score(torch.arange(2), each, torch.tensor([k, k])) for each in (items, other)]
        torch.testing.assert_close(found[0], found[1], msg=f"after {k} items")


@pytest.mark.parametrize("name", [name for name in RECOMMENDERS if of_states(name)])
def test_states_of_prefixes_do_not_change_with_what_follows_them_in_training_too(name):
    model = spread(build(name, make_split(HISTORIES, CATALOGUE), **small(name))).train()
    items, lengths = torch.tensor(HISTORIES[:2]), torch.tensor([LENGTH, LENGTH])

    def states(items):
        return model.states_at(model.item_embedding, items, lengths, torch.arange(2 * LENGTH)).unflatten(0, (2, -1))

    for k in range(1, LENGTH):
        other = items.clone()
        other[:, k:] = (other[:, k:] + 4) % CATALOGUE
        one, two = states(items), states(other)
        torch.testing.assert_close(one[:, :k], two[:, :k], msg=f"states of the first {k} items")
        assert not torch.allclose(one[:, k], two[:, k]), f"the state after item {k} does not see it"


# --- what only the last two items tell -------------------------------------------------------------------------------

CYCLE = [0, 1, 0, 2]  # over and over: after 0 comes what did not stand before it
LEARNERS = {  # a few seconds each; STAMP is not among them: but for the last item it takes a history as a set
    "gru4rec": {"hidden": 32},
    "nextitnet": {},
    "sasrec": {"heads": 2, "learning_rate": 0.003, "epochs": 100},
    "narm": {"hidden": 32},
    "caser": {},
    "fmlprec": {},
    "bsarec": {},
    "bert4rec": {"learning_rate": 0.003, "epochs": 200},
}


def cycles_from(starts: int, length: int) -> list[list[int]]:
    return [[CYCLE[(start + step) % 4] for step in range(length)] for start in range(starts)]


def hits(model) -> dict[tuple[int, int], float]:
    """HR@1 among all items after two rounds of the cycle, by their last two items. How often an item stands in two
    rounds tells nothing."""
    cycles = torch.tensor(cycles_from(4, 9))
    best = model.eval().score(torch.arange(4), cycles[:, :8], torch.full((4,), 8)).argmax(dim=1)
    return {(row[6], row[7]): float(item == row[8]) for row, item in zip(cycles.tolist(), best, strict=True)}


def test_a_first_order_model_cannot_tell_what_comes_after_0():
    found = hits(fitted("markov-chain", make_split(cycles_from(60, 16), 3))[0])
    assert found[1, 0] + found[2, 0] == 1.0 and found[0, 1] == found[0, 2] == 1.0


@pytest.mark.parametrize("name", LEARNERS)
def test_a_second_order_cycle_is_learnt(name):
    known = cards()[name].settings
    chosen = {"learning_rate": 0.01, "batch": 64, "epochs": 25, "patience": 999, "dropout": 0.0, "max_length": 9}
    chosen = {key: value for key, value in (chosen | {"embedding": 32} | LEARNERS[name]).items() if key in known}
    rises = iter(range(1000))
    model, _ = fitted(name, make_split(cycles_from(60, 16), 3), lambda model: float(next(rises)), **chosen)
    assert set(hits(model).values()) == {1.0}
