import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.pipeline.card import Order, card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import contents, read_json, sha256, write_json
from datasets.pipeline.orders import put_in_order
from datasets.pipeline.prepare import prepare
from datasets.pipeline.protocols import CUTS, leave_one_out, time_line
from datasets.pipeline.split import make_split

histories = st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=12), min_size=1, max_size=12)
timed = st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=12), min_size=1, max_size=40)


def rows_of(histories) -> pd.DataFrame:
    return pd.DataFrame(
        [(user, item, place) for user, items in enumerate(histories) for place, item in enumerate(items)],
        columns=["user", "item", "order"],
    )


def items_by_user(rows: pd.DataFrame, part: np.ndarray) -> dict[int, list[int]]:
    return rows.iloc[part].groupby("user")["item"].agg(list).to_dict()


@given(histories)
def test_leave_one_out_takes_the_last_two_and_nothing_else(histories):
    rows = rows_of(histories)
    parts = leave_one_out(rows)
    found = [items_by_user(rows, part) for part in (parts.train, parts.validation, parts.test)]
    for user, items in enumerate(histories):
        expected = [items[:-2], items[-2:-1], items[-1:]] if len(items) >= 3 else [items, [], []]
        assert [part.get(user, []) for part in found] == expected
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert np.array_equal(np.sort(together), np.arange(len(rows)))


@given(timed)
def test_nothing_after_a_cut_is_trained_on(times):
    rows = pd.DataFrame(
        [(user, item, time) for user, own in enumerate(times) for item, time in enumerate(sorted(own))],
        columns=["user", "item", "time"],
    )
    parts = time_line(rows)
    first, second = parts.cuts
    assert parts.cuts == tuple(np.quantile(rows["time"], CUTS, method="higher"))
    found = [items_by_user(rows, part) for part in (parts.train, parts.validation, parts.test)]
    for user, own in enumerate(times):
        own = sorted(own)
        before = [item for item, time in enumerate(own) if time < first]
        between = [item for item, time in enumerate(own) if first <= time < second]
        after = [item for item, time in enumerate(own) if time >= second]
        expected = [before, between[:1], after[:1]] if before else [[], [], []]
        assert [part.get(user, []) for part in found] == expected


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (np.arange(300) + np.zeros((40, 1), dtype=int), "no clock"),
        (1000 * np.arange(200)[:, None], "fewer than 10"),
    ],
)
def test_a_time_line_that_measures_nothing_is_refused(results, times, said):
    folder = results / "data" / "synthetic"
    kept = (folder / "interactions.parquet").read_bytes()
    rows = pd.DataFrame({"user": np.arange(len(times)).repeat(times.shape[1]), "item": 0, "time": times.ravel()})
    rows.to_parquet(folder / "interactions.parquet")
    about = read_json(folder / "data.json")
    changed = about["contents"] | contents(folder / "interactions.parquet")
    write_json(folder / "data.json", about | {"contents": changed})
    try:
        with pytest.raises(BadInput, match=said):
            make_split("synthetic.time", results)
    finally:
        (folder / "interactions.parquet").write_bytes(kept)
        write_json(folder / "data.json", about)


@given(histories, st.integers(0, 3))
def test_orders_keep_users_together_and_change_nothing_else(histories, seed):
    rows = rows_of(histories).assign(weight=lambda rows: rows["item"] % 4)
    shuffled = put_in_order(rows, Order("", seed=seed))
    assert shuffled.equals(put_in_order(rows, Order("", seed=seed)))
    assert shuffled["user"].is_monotonic_increasing and sorted(shuffled.index) == list(rows.index)
    weighted = put_in_order(rows, Order("", column="weight", descending=True))
    key = list(zip(weighted["user"], -weighted["weight"], weighted["order"], strict=True))
    assert key == sorted(key) and len(key) == len(rows)


def test_rows_without_a_value_to_order_by_are_left_out():
    rows = rows_of([[5, 6, 7], [8]]).assign(tagged=[9.0, None, 4.0, None])
    assert put_in_order(rows, Order("", column="tagged"))["item"].tolist() == [7, 5]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    prepare(card("synthetic"), folder)
    return folder


def test_splits_without_groups_have_the_digests_they_had_before_there_were_groups(results):
    assert make_split("synthetic.loo", results)["digest"][:12] == "4a3b1c5f6427"
    assert make_split("synthetic.time", results)["digest"][:12] == "a84b31ab1d6f"


@pytest.mark.parametrize("name", ["synthetic.loo", "synthetic.loo.shuffled", "synthetic.time"])
def test_files_of_a_split(results, name):
    about = make_split(name, results)
    folder = results / "splits" / name
    assert {file.name for file in folder.iterdir()} == {
        "train.csv", "validation.csv", "test.csv", "items.csv", "split.json",
    }  # fmt: skip
    assert read_json(folder / "split.json") == about
    assert about["digest"] == sha256(*(folder / f"{part}.csv" for part in ("train", "validation", "test", "items")))
    for part in ("train", "validation", "test"):
        assert (folder / f"{part}.csv").read_bytes().startswith(b"user,item\n")
        table = pd.read_csv(folder / f"{part}.csv")
        assert len(table) == about["rows"][part] and table["user"].is_monotonic_increasing
        assert part == "train" or table["user"].is_unique
    items = pd.read_csv(folder / "items.csv")
    assert items["item"].tolist() == list(range(about["items"])) and items["category"].nunique() == 10
    assert make_split(name, results) == about
