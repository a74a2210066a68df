"""Groups of users and the cut at a date: what they are, that nothing later moves them, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import contents, read_json, sha256, write_json
from datasets.pipeline.group_audit import inspect_groups
from datasets.pipeline.groups import DAY, make_groups
from datasets.pipeline.protocols import Parts, cut_at, leave_one_out
from datasets.pipeline.split import make_split
from datasets.pipeline.split_name import SplitName, parse_name

RULE = {"activity": {"gap_days": 30}}
CUT = 200
NAME = "tiny.cut-1995-07-20"  # 200 days from 1995-01-01, which is day 9131
timed = st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=10), min_size=1, max_size=15)


def rows_of(days: list[list[int]], items: int = 7) -> pd.DataFrame:
    """A row for each day of each user, of items that differ between days."""
    rows = [(user, day % items, day * DAY) for user, own in enumerate(days) for day in sorted(own)]
    return pd.DataFrame(rows, columns=["user", "item", "time"], dtype=np.int64)


def whole(rows: pd.DataFrame) -> Parts:
    nothing = np.array([], np.int64)
    return Parts(np.arange(len(rows)), nothing, nothing)


@given(timed)
def test_the_first_row_from_the_date_on_validates_and_the_second_tests(days):
    rows = rows_of(days)
    parts = cut_at(rows, CUT * DAY)
    for user, own in enumerate(map(sorted, days)):
        before, after = [day for day in own if day < CUT], [day for day in own if day >= CUT]
        tested = len(before) >= 2 and len(after) >= 2
        expected = [before, after[:1] if tested else [], after[1:2] if tested else []]
        found = [rows.iloc[places] for places in parts.tables.values()]
        assert [(part["time"][part["user"] == user] // DAY).tolist() for part in found] == expected
    assert parts.cuts == (CUT * DAY,)


@given(timed, st.integers(0, 2**32 - 1))
def test_nothing_from_the_date_on_changes_training_rows_or_groups(days, seed):
    random = np.random.default_rng(seed)
    later = [
        [day for day in own if day < CUT] + random.integers(CUT, 999, random.integers(0, 6)).tolist() for own in days
    ]
    rows, changed = rows_of(days), rows_of(later)
    found = []
    for each in (rows, changed):
        parts = cut_at(each, CUT * DAY)
        groups = make_groups(each, parts, RULE)
        found.append((each.iloc[parts.train].reset_index(drop=True), groups.set_index("user")["group"]))
    (train, groups), (other_train, other_groups) = found
    assert train.equals(other_train) and groups.equals(other_groups)


def test_core_is_a_mean_gap_below_thirty_days():
    days = [[0, 29], [0, 30], [0], [0, 10, 59], [0, 10, 60], [5, 5]]
    rows = rows_of(days)
    assert make_groups(rows, whole(rows), RULE)["group"].tolist() == [
        "core", "casual", "casual", "core", "casual", "core",
    ]  # fmt: skip


def test_a_user_may_change_the_group_when_all_rows_count():
    rows = rows_of([[0, 10, 300, 900], [0, 100, 200, 201, 202, 203]])
    parts = cut_at(rows, CUT * DAY)
    assert make_groups(rows, parts, RULE)["group"].tolist() == ["core", "casual"]
    assert make_groups(rows, parts, RULE, all_rows=True)["group"].tolist() == ["casual", "casual"]


def test_the_top_share_counts_training_rows_and_takes_the_lower_number_of_equals():
    rows = rows_of([[1] * 5, [1] * 9, [1] * 5, [1] * 7, [1]])
    groups = make_groups(rows, leave_one_out(rows), {"top_share": 0.6})
    assert groups["group"].tolist() == ["core", "core", "casual", "core", "casual"]
    assert groups["user"].tolist() == [0, 1, 2, 3, 4]


def test_users_that_a_split_leaves_out_have_no_group():
    rows = rows_of([[0, 1, 300, 301], [300, 301], [0]])
    assert make_groups(rows, cut_at(rows, CUT * DAY), RULE)["user"].tolist() == [0, 2]


def test_the_audit_of_groups_on_a_worked_example():
    rows = rows_of([[0, 0, 1, 300, 300], [0, 100, 200, 300, 311], [0, 1]], items=1000)
    parts, groups = cut_at(rows, CUT * DAY), pd.DataFrame({"user": [0, 1, 2], "group": ["core", "casual", "core"]})
    other = groups.assign(group=["casual", "casual", "casual"])
    found = inspect_groups(rows, parts, groups, other)
    assert found["groups"]["core"] == {
        "users": 2, "tested": 1, "rows": 5, "share_of_rows": 5 / 7, "mean_length": 2.5, "rows_of_one_day": 1 / 3,
        "targets_of_one_day": 1.0, "cold_targets": 1.0, "tested_by_other_rows": 0,
    }  # fmt: skip
    assert found["groups"]["casual"]["targets_of_one_day"] == 0 and found["groups"]["casual"]["tested"] == 1
    assert found["groups"]["all"]["rows"] == 7 and found["groups"]["all"]["tested"] == 2
    assert found["changed"] == {"users": 1, "share": 0.5}
    assert found["counts"] == {"items": 5, "core_users": 1, "casual_users": 1, "avg_interactions": 4.5}


def test_names_of_splits():
    split, about = parse_name("amazon-beauty.cut-2013-06-01.all-rows")
    assert split == SplitName("amazon-beauty", "cut-2013-06-01", groups="all-rows") and about.cut_date == "2013-06-01"
    assert (split.kind, split.moment, str(split)) == ("cut", 1370044800, "amazon-beauty.cut-2013-06-01.all-rows")
    assert str(parse_name("lastfm.loo.shuffled")[0]) == "lastfm.loo.shuffled"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("amazon-beauty.cut", "unknown protocol 'cut', one of .*, cut-2013-06-01"),
        ("amazon-beauty.cut-2013-6-1", "unknown protocol 'cut-2013-6-1'"),
        ("amazon-beauty.cut-2013-02-30", "there is no day 2013-02-30"),
        ("lastfm.cut-2013-06-01", "lastfm has no time, which a cut at a date wants; use loo"),
        ("amazon-beauty.cut-2013-06-01.shuffled", "a cut at a date has one order"),
        ("amazon-beauty.loo.all-rows", "amazon_beauty/card.yaml has no rule of groups for loo"),
        ("amazon-beauty.all-rows", "unknown protocol 'all-rows'"),
    ],
)
def test_names_that_are_refused(name, said):
    with pytest.raises(BadInput, match=said):
        parse_name(name)


@pytest.fixture
def make(make_card, tmp_path, monkeypatch):
    """A function that splits rows of made-up users by a card with the given keys; returns the split's folder."""

    def make(days, name=NAME, unit=1, start=9131 * DAY, **keys):
        keys = {"groups": {"cut": RULE}} | keys
        about = make_card(has_time=True, orders={"time": {"meaning": "by time"}}, default_order="time", **keys)
        monkeypatch.setattr("datasets.pipeline.split_name.card", lambda name: about)
        rows = rows_of(days)
        rows["time"] = (rows["time"] + rows["user"] + start) * unit
        folder = tmp_path / "data" / "tiny"
        folder.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(folder / "interactions.parquet")
        pd.DataFrame({"original": range(7)}).to_parquet(folder / "items.parquet")
        counts = {"users": len(days), "items": 7, "interactions": len(rows)}
        files = [folder / "interactions.parquet", folder / "items.parquet"]
        prepared = {"counts": counts, "digest": "d", "verified": True, "contents": contents(*files)}
        write_json(folder / "data.json", prepared)
        make_split(name, tmp_path)
        return tmp_path / "splits" / name

    return make


OFTEN = [[0, 1, 2 + user % 3, 300, 301 + user] for user in range(12)]
RARELY = [[0, 100, 150 + user, 300, 301] for user in range(11)]


def test_the_files_of_a_split_with_groups(make):
    folder = make(OFTEN + RARELY)
    about = read_json(folder / "split.json")
    assert (folder / "users.csv").read_text().startswith("user,group\n0,core\n")
    users = pd.read_csv(folder / "users.csv")
    assert users["group"].value_counts().to_dict() == {"core": 12, "casual": 11}
    assert about["groups"] == {"rule": RULE, "rows": "training"} and len(about["cuts"]) == 1
    tables = [folder / f"{part}.csv" for part in ("train", "validation", "test", "items", "users")]
    assert about["digest"] == sha256(*tables) and about["rows"]["test"] == 23
    assert read_json(folder / "audit.json")["changed"]["share"] == pytest.approx(12 / 23)
    other = read_json(
        make(OFTEN[:2] + RARELY * 2, f"{NAME}.all-rows", groups={"cut": {"top_share": 0.5}}) / "split.json"
    )
    assert other["groups"] == {"rule": {"top_share": 0.5}, "rows": "all"}


def test_groups_of_a_rule_that_the_card_has_no_longer_are_no_part_of_the_split(make):
    assert (make(OFTEN + RARELY) / "users.csv").is_file()
    folder = make(OFTEN + RARELY, groups={"loo": RULE})
    assert {file.name for file in folder.iterdir()} == {
        "train.csv", "validation.csv", "test.csv", "items.csv", "split.json",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("days", "keys", "said"),
    [
        (
            OFTEN,
            {},
            r"by the rule activity \{'gap_days': 30\} of datasets/tiny/card.yaml, groups.cut no user is casual",
        ),
        (RARELY, {}, "no user is core, so there is nothing to compare; change the rule"),
        (OFTEN + RARELY[:9], {}, "9 casual users are tested, fewer than 10; take another date"),
        (OFTEN[:9], {}, "9 users have 2 rows before the date and 2 from it on, fewer than 10; take another date betw"),
        (
            OFTEN + RARELY,
            {"unit": 1000},
            "no time in seconds since 1970, which a date wants: 100.0% of rows lie outside",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(make, days, keys, said):
    with pytest.raises(BadInput, match=said):
        make(days, **keys)


def test_a_rule_by_time_wants_times(make_card):
    with pytest.raises(BadInput, match=r"card.yaml: groups.loo.activity: the data has no time \(has_time\); use top_"):
        make_card(groups={"loo": RULE})


def test_a_rule_may_be_meant_for_one_variant_alone(make_card):
    one = make_card(
        variants={"ratings": {"three": 3, "all": 1}},
        groups={"tiny-all.loo": {"top_share": 0.3}},
        recipe=[{"min_rating": "ratings"}],
    )
    assert one.groups_of("loo") is None and one.steps == ({"min_rating": 3},)
