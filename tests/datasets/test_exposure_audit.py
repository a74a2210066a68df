"""Each check of exposures on a clean example and on one that is broken in just that way."""

import numpy as np
import pandas as pd
import pytest

from datasets.pipeline import exposure_audit
from datasets.pipeline.exposure_audit import inspect_exposures

HELD_OUT = {"validation": 3, "test": 3}
USERS, STEPS, ITEMS = 200, 20, 30


@pytest.fixture(autouse=True)
def few_permutations(monkeypatch):
    monkeypatch.setattr(exposure_audit, "PERMUTATIONS", 100)


def clean(seed: int = 0) -> pd.DataFrame:
    """Answers of people who differ about things that differ, recommended at random; what they meet alone is no draw."""
    random = np.random.default_rng(seed)
    user, step = np.repeat(np.arange(USERS), STEPS), np.tile(np.arange(STEPS), USERS)
    kind, taste = random.normal(size=ITEMS), random.normal(size=USERS)
    shown = random.integers(ITEMS, size=len(user))
    met = (shown + step) % ITEMS * random.integers(2, size=len(user)) // 2
    parts = []
    for regime, item in (("observational", met + ITEMS), ("interventional", shown)):
        accepted = random.random(len(user)) < 1 / (1 + np.exp(-kind[item % ITEMS] - taste[user]))
        parts.append(pd.DataFrame({"user": user, "order": step, "item": item, "accepted": accepted, "regime": regime}))
    return pd.concat(parts).sort_values(["user", "regime", "order"], ascending=[True, False, True], ignore_index=True)


def levels(table: pd.DataFrame, ordered: bool = True) -> dict[str, str]:
    return {finding.check: finding.level for finding in inspect_exposures(table, HELD_OUT, ordered)}


def answers(table: pd.DataFrame) -> np.ndarray:
    """The decisions on what a system showed, (users, steps), to be changed and put back."""
    return table[table["regime"] == "interventional"]["accepted"].to_numpy().reshape(USERS, STEPS).copy()


def with_answers(found: np.ndarray) -> pd.DataFrame:
    table = clean()
    table.loc[table["regime"] == "interventional", "accepted"] = found.ravel()
    return table


def constant_last(found):
    found[:, -2] = True
    return found


def nearly_always_yes(found):
    return np.random.default_rng(1).random(found.shape) < 0.95


def constant_steps(found):
    found[:, [0, 3, 7]] = [True, False, True]
    return found


def few_rows(found):
    return found[np.arange(USERS) % 9]


def by_step(found):
    share = np.where(np.arange(STEPS) % 2, 0.97, 0.03)
    return np.random.default_rng(1).random(found.shape) < share


def coin(found):
    return np.random.default_rng(1).random(found.shape) < 0.5


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (constant_last, "constant held-out decisions"),
        (nearly_always_yes, "one answer in the test"),
        (constant_steps, "constant steps"),
        (few_rows, "few different rows of answers"),
        (few_rows, "first answers tell the others"),
        (by_step, "step tells the answer"),
        (coin, "answers without a cause"),
    ],
)
def test_answers_that_say_nothing_are_errors(change, check):
    assert levels(clean())[check] in ("ok", "note")
    assert levels(with_answers(change(answers(clean()))))[check] == "error"


def test_observations_that_are_draws_without_order_are_an_error():
    table = clean()
    alone = table["regime"] == "observational"
    assert levels(table)["observations without structure"] == "ok"
    table.loc[alone, "item"] = ITEMS + np.random.default_rng(3).integers(ITEMS, size=alone.sum())
    assert levels(table)["observations without structure"] == "error"


def test_an_order_within_users_is_structure_though_items_are_alike():
    table = clean()
    alone = table["regime"] == "observational"
    table.loc[alone, "item"] = ITEMS + (table["order"][alone] + table["user"][alone]) % ITEMS
    assert levels(table)["observations without structure"] == "ok"


def test_rows_that_are_there_only_for_their_label_are_an_error():
    table = clean().assign(signals=1)
    assert levels(table)["rows without any reaction"] == "error"
    table.loc[5, "signals"] = 0
    assert levels(table)["rows without any reaction"] == "ok"
    assert "rows without any reaction" not in levels(clean())


def test_a_drawn_order_and_recommendations_that_are_no_draws_are_warnings():
    table = clean()
    assert levels(table)["order of answers"] == levels(table)["random exposure"] == "ok"
    assert levels(table, ordered=False)["order of answers"] == "warning"
    shown = table["regime"] == "interventional"
    table.loc[shown, "item"] = table.loc[shown, "item"] // 2 * (table.loc[shown, "item"] % 3 > 0)
    assert levels(table)["random exposure"] == "warning"


def test_pairs_in_both_regimes_are_a_warning():
    table = clean()
    assert levels(table)["pairs in both regimes"] == "ok"
    table["item"] %= ITEMS
    assert levels(table)["pairs in both regimes"] == "warning"


def test_decisions_that_contradict_their_probability_are_counted():
    table = clean().assign(probability=lambda rows: np.where(rows["accepted"], 0.9, 0.1))
    assert levels(table)["decisions against their probability"] == "ok"
    table.loc[table["regime"] == "interventional", "probability"] = 0.9
    assert levels(table)["decisions against their probability"] == "warning"


@pytest.mark.parametrize("regime", ["observational", "interventional"])
def test_data_with_one_regime_are_looked_at_too(regime):
    table = clean()
    assert "pairs in both regimes" not in levels(table[table["regime"] == regime])
