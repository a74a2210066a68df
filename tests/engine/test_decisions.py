import pandas as pd
import pytest
import torch

from methods.engine.recommender import Recommender
from methods.evaluation.decisions import decide
from tests.engine.conftest import make_split

CPU = torch.device("cpu")


class Told(Recommender):
    """Scores an item by how often the history holds it; keeps what it is asked."""

    max_length = 3

    def score(self, users, items, lengths):
        inside = torch.arange(items.shape[1]) < lengths[:, None]
        return torch.zeros(len(users), 5).scatter_add_(1, items, inside.float())


class Accepting(Told):
    def __init__(self, probability=0.5):
        super().__init__()
        self.asked, self.probability = [], probability

    def accept(self, users, items, lengths, shown, recommended):
        self.asked += [
            (int(u), i[:n].tolist(), list(zip(s[:m].tolist(), a[:m].tolist(), strict=True)), int(r))
            for u, i, n, s, a, m, r in zip(
                users, items, lengths, shown.items, shown.accepted, shown.lengths, recommended, strict=True
            )
        ]
        return torch.full((len(users),), self.probability)


def world():
    rows = [(0, 0, 4, True, "interventional"), (0, 0, 1, True, "observational"), (0, 1, 3, False, "interventional")]
    exposures = pd.DataFrame(rows, columns=["user", "step", "item", "accepted", "regime"])
    split = make_split([[1, 2, 1, 1], [0]], 5)
    held_out = [(1, 0, 2, True, "test"), (0, 3, 2, False, "test"), (0, 2, 4, True, "validation")]
    columns = ["user", "step", "item", "accepted", "part"]
    return type(split)(**{**vars(split), "exposures": exposures}), pd.DataFrame(held_out, columns=columns)


def test_a_decision_is_foretold_from_what_was_decided_before_it():
    split, held_out = world()
    model = Accepting()
    table = decide(model, split, held_out, CPU)
    before = [(4, True), (3, False)]
    assert sorted(model.asked) == [
        (0, [2, 1, 1], before, 4), (0, [2, 1, 1], [*before, (4, True)], 2), (1, [0], [], 2),
    ]  # fmt: skip
    assert table[["user", "step", "item", "part"]].equals(held_out[["user", "step", "item", "part"]])
    assert table["decision"].tolist() == [True, False, True] and (table["probability"] == 0.5).all()
    # user 0 before step 3: 1, 1, 2, 1, then 4 and 4 accepted, of which the last three are read: 1, 4, 4
    assert table["above"].tolist() == [1, 2, 1] and table["ties"].tolist() == [3, 2, 0]


def test_a_model_without_probabilities_has_ranks_alone():
    split, held_out = world()
    assert [*decide(Told(), split, held_out, CPU)] == ["user", "step", "item", "part", "decision", "above", "ties"]


def test_what_is_no_probability_ends_the_cell():
    split, held_out = world()
    with pytest.raises(FloatingPointError, match="probability of acceptance is 1.5"):
        decide(Accepting(1.5), split, held_out, CPU)
