"""Planted artefacts must be found, and sound data must pass."""

import numpy as np
import pandas as pd
import pytest

from datasets.pipeline.audit import audit, inspect_sequences, printed_counts, recipe_steps
from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import contents, read_json, write_json
from datasets.pipeline.prepare import prepare
from datasets.pipeline.time_audit import inspect_time

USERS, ITEMS, LENGTH = 80, 60, 12


def sound() -> np.ndarray:
    """Items of each user, without repeats, in no order. Shape (USERS, LENGTH)."""
    random = np.random.default_rng(5)
    return np.stack([random.permutation(ITEMS)[:LENGTH] for _ in range(USERS)])


def findings(histories: np.ndarray) -> dict[str, dict]:
    users = np.repeat(np.arange(len(histories)), histories.shape[1])
    found = inspect_sequences(pd.DataFrame({"user": users, "item": histories.ravel()}))
    return {finding.check: finding for finding in found}


def test_sound_data_raises_no_alarm():
    assert {finding.level for finding in findings(sound()).values()} <= {"ok", "note"}


def test_ascending_identifiers():
    found = findings(np.sort(sound(), axis=1))
    assert found["monotone identifiers"].value == 1 and found["monotone identifiers"].level == "error"
    assert found["identifiers rise"].level == found["position predicts item"].level == "error"


def test_descending_identifiers():
    found = findings(-np.sort(-sound(), axis=1))
    assert found["monotone identifiers"].level == "error" and "only fall" in found["monotone identifiers"].meaning


def test_a_place_that_names_its_item():
    histories = sound() % 5 + 5 * np.arange(LENGTH)
    assert findings(histories)["position predicts item"].level == "error"
    histories = sound()
    histories[:, [3, 7]] = [1, 2]
    assert findings(histories)["constant positions"].value == pytest.approx(2 / LENGTH, abs=1e-6)


def test_one_target_for_most_users():
    histories = sound()
    histories[:60, -1] = 7
    found = findings(histories)["constant target"]
    assert found.level == "error" and found.value >= 60 / USERS


@pytest.mark.parametrize(
    ("lists", "level", "value"), [(5_000, "warning", 0.05), (95_000, "note", 0.95), (99_500, "ok", 0.995)]
)
def test_a_sample_is_told_from_the_whole(lists, level, value):
    printed = {"nobody": {"users": 10, "lists": 100_000, "remark": "none"}}
    (found,) = printed_counts({"counts": {"users": 12, "lists": lists}, "printed": printed})
    assert (found.level, found.value) == (level, value)
    assert f"nobody prints, the least of: {lists:,} of 100,000 lists, 12 of 10 users" in found.meaning
    assert printed_counts({"counts": {"users": 12}, "printed": {}}) == []


def test_copies_of_a_user():
    histories = sound()
    histories[1:50] = histories[0]
    assert findings(histories)["duplicated users"].value == pytest.approx(49 / USERS)
    swapped = histories.copy()
    swapped[1, [0, 1]] = swapped[1, [1, 0]]
    assert findings(swapped)["duplicated users"].value == pytest.approx(48 / USERS)


def test_repeats_and_test_items_in_the_history():
    histories = sound()
    histories[:20, -1] = histories[:20, 0]
    found = findings(histories)
    assert found["repeated pairs"].value == pytest.approx(20 / histories.size, abs=1e-6)
    assert found["test item in history"].value == 20 / USERS and found["test item in history"].level == "warning"


def test_items_that_only_the_test_has():
    histories = sound()
    histories[:30, -1] = ITEMS + np.arange(30)
    found = findings(histories)["cold test items"]
    assert found.value == pytest.approx(30 / USERS, abs=0.03) and found.level == "warning"


def test_users_without_a_held_out_item():
    rows = pd.DataFrame({"user": [0, 0, 0, 1, 1], "item": [0, 1, 2, 0, 1]})
    found = {finding.check: finding for finding in inspect_sequences(rows)}
    assert found["short histories"].value == 0.5 and found["short histories"].level == "warning"


def test_time_and_source(tmp_path):
    about = card("synthetic")
    prepare(about, tmp_path)
    folder = tmp_path / "data" / "synthetic"
    levels = {finding["check"]: finding["level"] for finding in audit(about, tmp_path)}
    assert {levels[check] for check in ("source", "time", "time ties", "time is a count")} == {"ok"}

    rows = pd.read_parquet(folder / "interactions.parquet")
    rows.assign(time=rows["order"] * 60 // 240).to_parquet(folder / "interactions.parquet")
    prepared = read_json(folder / "data.json")
    prepared["contents"] |= contents(folder / "interactions.parquet")
    prepared["files"] = {"a": {"verified": False}, "b": {"verified": True}}
    write_json(folder / "data.json", prepared)
    found = {finding["check"]: finding for finding in audit(about, tmp_path)}
    assert found["source"]["level"] == "warning" and found["source"]["value"] == 0.5
    assert found["time ties"]["level"] == "warning" and found["time ties"]["value"] > 0.6
    assert found["time is a count"]["level"] == "error"
    assert read_json(folder / "audit.json") == {"findings": list(found.values())}


def timed(users: int = 40, rows: int = 25) -> pd.DataFrame:
    """Genuine check-ins: all users begin within one hour of a year. Rows sorted by user, then time."""
    random = np.random.default_rng(3)
    time = 1_333_000_000 + random.integers(0, 31_536_000, (users, rows))
    time[:, 0] = 1_333_000_000 - random.integers(0, 3_600, users)
    return pd.DataFrame({"user": np.repeat(np.arange(users), rows), "time": np.sort(time, axis=1).ravel()})


def time_levels(rows: pd.DataFrame) -> dict[str, str]:
    return {finding.check: finding.level for finding in inspect_time(rows.sort_values(["user", "time"]))}


def changed(rows: pd.DataFrame, row: int, time: int) -> pd.DataFrame:
    return rows.assign(time=rows["time"].where(rows.index != row, time))


def test_a_burst_of_beginnings_is_a_clock():
    assert set(time_levels(timed()).values()) == {"ok"}
    assert time_levels(timed(users=1))["time is a count"] == "ok"


@pytest.mark.parametrize("strange", [0, 1_333_000_000_000, -5, 2**62])
def test_no_single_row_turns_a_check_on_or_off(strange):
    assert time_levels(changed(timed(), 77, strange)) == time_levels(timed()) | {
        "time range": "note",
        "mixed time units": "note" if strange == 1_333_000_000_000 else "ok",
    }
    count = timed().assign(time=978_300_000 + np.tile(np.arange(25), 40))
    assert time_levels(count)["time is a count"] == "error"
    assert time_levels(changed(count, 77, strange))["time is a count"] == "error"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda time: time * 1000, {"time range": "warning"}),
        (lambda time: time - time.min(), {"time range": "warning"}),
        (lambda time: time + 10**9, {"time range": "warning"}),  # not yet
        (
            lambda time: time.where(time.index % 10 > 0, time * 1000),
            {"time range": "warning", "mixed time units": "error"},
        ),
        (lambda time: time.where(time.index % 4 > 0, 0), {"time": "warning", "time range": "warning"}),
    ],
)
def test_times_out_of_range_and_of_mixed_units_are_found(change, expected):
    rows = timed().assign(time=lambda rows: change(rows["time"]))
    assert {check: time_levels(rows)[check] for check in ("time", "time range", "mixed time units")} == {
        "time": "ok", "time range": "ok", "mixed time units": "ok",
    } | expected  # fmt: skip


def test_one_time_on_all_rows_is_no_time():
    found = time_levels(timed().assign(time=1_333_000_000))
    assert found["time"] == found["time is a count"] == "error"


def test_what_a_recipe_leaves_out_is_counted():
    prepared = {"raw": {"interactions": 10}, "recipe": [{"drop_missing": "user"}, {"min_rating": 3}]}
    found = recipe_steps(prepared | {"rows_left": [7, 5]})
    assert (found.level, found.value) == ("note", 0.5)
    assert found.meaning.endswith("left out: 3 by drop_missing: user, 2 by min_rating: 3")
    assert recipe_steps(prepared | {"rows_left": [10, 5]}).level == "ok"


@pytest.mark.parametrize("key", ["rows_left", "counts", "files"])
def test_data_of_older_code_are_named_with_the_key_that_they_lack(tmp_path, key):
    about = prepare(card("chain"), tmp_path)
    write_json(tmp_path / "data/chain/data.json", {name: value for name, value in about.items() if name != key})
    with pytest.raises(BadInput, match=rf"chain/data\.json: key '{key}' is missing; prepare the data set again"):
        audit(card("chain"), tmp_path)
