"""Metrics per group of users, from the ranks that are kept, and a selection by one group."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.pipeline.errors import BadInput
from methods.evaluation.ranks import groups_of, metrics_of
from methods.evaluation.selection import Selection

COUNTS = ("above_kept", "ties_kept", "above_removed", "ties_removed")


def ranks_of(rows):
    table = pd.DataFrame([row[:4] for row in rows], columns=COUNTS)
    return table.assign(user=range(len(rows)), target=0, part=["test", "validation"] * (len(rows) // 2))


@given(
    st.lists(st.tuples(*[st.integers(0, 25)] * 4, st.booleans()), min_size=2, max_size=40).filter(
        lambda r: len(r) % 2 == 0
    )
)
def test_the_mean_of_all_is_that_of_the_groups_by_their_sizes(rows):
    table, core = ranks_of(rows), np.array([row[4] for row in rows])
    members = {"core": np.flatnonzero(core), "casual": np.flatnonzero(~core)}
    whole, groups = metrics_of(table), groups_of(table, members)
    for part, by_view in whole.items():
        tested = table[table["part"] == part]["user"]
        sizes = {name: tested.isin(users).sum() for name, users in members.items()}
        for view, values in by_view.items():
            for metric, value in values.items():
                total = sum(
                    size * groups[name][part][view][metric] for name, size in sizes.items() if part in groups[name]
                )
                assert sum(sizes.values()) * value == pytest.approx(total, abs=1e-9)


def test_a_selection_names_metric_view_and_group():
    assert Selection.of("ndcg@5") == Selection("ndcg@5")
    assert Selection.of("ndcg@5 of casual") == Selection("ndcg@5", group="casual")
    assert Selection.of("ahr_rank@0.2 in accepted of core") == Selection("ahr_rank@0.2", "accepted", "core")
    with pytest.raises(BadInput, match="selection 'ndcg@5 casual'.*such as ndcg@5 of casual"):
        Selection.of("ndcg@5 casual")
    seed = {
        "metrics": {"validation": {"kept": {"ndcg@5": 0.1}, "accepted": {"log_loss": 0.7}}},
        "groups": {"casual": {"validation": {"kept": {"ndcg@5": 0.3}}}, "core": {"test": {}}},
    }
    assert Selection.of("ndcg@5").of_seed(seed, "kept") == 0.1
    assert Selection.of("ndcg@5 of casual").of_seed(seed, "kept") == 0.3
    loss = Selection.of("log_loss in accepted")
    assert loss.higher(loss.of_seed(seed, "kept")) == -0.7
    either = Selection.of("brier in accepted else ndcg@5 of casual")
    assert either.of_seed(seed, "kept") == 0.3 and either.for_model(True) == either
    without = {**seed, "metrics": {"validation": {"kept": {"ndcg@5": 0.1}}}}
    assert either.best_of_seed(without, "kept") == 0.3 and loss.best_of_seed(seed, "kept") == -0.7
    assert either.for_model(False) == Selection("ndcg@5", group="casual")
    with pytest.raises(BadInput, match="no validation user is in a group 'core'; groups: casual"):
        Selection.of("ndcg@5 of core").of_seed(seed, "kept")
