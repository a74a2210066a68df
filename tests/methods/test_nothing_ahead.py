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

LEARNERS = {  # a few seconds each
    "gru4rec": {"embedding": 32, "hidden": 32},
    "nextitnet": {"embedding": 32},
    "sasrec": {"embedding": 32, "blocks": 1, "heads": 1, "epochs": 200},
    "caser": {"embedding": 32},
    "fmlprec": {"embedding": 32},
    "bert4rec": {"embedding": 32, "last_share": 1.0},
}


def second_order(users: int = 60, length: int = 16):
    """0 1 0 2 over and over: after 0 comes what did not stand before it. Each user begins elsewhere."""
    cycle = [0, 1, 0, 2]
    histories = [[cycle[(start + step) % 4] for step in range(length)] for start in range(users)]
    return make_split(histories, 3), histories


def right_after_0(model) -> float:
    """The share of histories that end with 0 whose next item is foretold first."""
    histories = [[0, 1, 0, 2, 0], [0, 2, 0, 1, 0], [2, 0, 1, 0], [1, 0, 2, 0]]
    expected = [1, 2, 2, 1]
    hits = 0
    for history, item in zip(histories, expected, strict=True):
        score = model.eval().score(torch.tensor([0]), torch.tensor([history]), torch.tensor([len(history)]))[0]
        hits += float(score[item] > score[3 - item]) + 0.5 * float(score[item] == score[3 - item])
    return hits / 4


def test_a_first_order_model_cannot_tell():
    split, _ = second_order()
    assert right_after_0(fitted("markov-chain", split)[0]) == 0.5


@pytest.mark.parametrize("name", LEARNERS)
def test_a_second_order_cycle_is_learnt(name):
    split, _ = second_order()
    known = cards()[name].settings
    chosen = {"learning_rate": 0.01, "batch": 64, "epochs": 25, "patience": 999, "dropout": 0.0, "max_length": 8}
    chosen = {key: value for key, value in (chosen | LEARNERS[name]).items() if key in known}
    rises = iter(range(1000))
    assert right_after_0(fitted(name, split, lambda model: float(next(rises)), **chosen)[0]) == 1.0
