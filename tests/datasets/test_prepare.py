import json

import numpy as np
import pandas as pd
import pytest

from datasets.pipeline.__main__ import main
from datasets.pipeline.card import Card, card
from datasets.pipeline.digest import content_digest
from datasets.pipeline.errors import BadInput
from datasets.pipeline.parsed import Parsed
from datasets.pipeline.prepare import build_tables, prepare

TIMED = {"has_time": True, "orders": {"time": {"meaning": "by time"}}, "default_order": "time"}


def test_rows_are_in_time_order_with_ties_as_in_the_file(make_card):
    rows = pd.DataFrame(
        {"user": ["b", "a", "b", "b", "a"], "item": [9, 7, 5, 8, 5], "time": [3, 2, 1, 1, 2], "rating": [1, 2, 3, 4, 5]}
    )
    tables, _ = build_tables(
        make_card(**TIMED), Parsed(rows, pd.DataFrame({"item": [5, 9, 99], "title": ["x", "y", "z"]}))
    )
    found = tables["interactions"]
    assert found["user"].tolist() == [0, 0, 1, 1, 1]
    assert found["item"].tolist() == [1, 0, 0, 2, 3]
    assert found["order"].tolist() == [0, 1, 0, 1, 2]
    assert found["time"].tolist() == [2, 2, 1, 1, 3]
    assert found["rating"].tolist() == [2, 5, 3, 4, 1]
    assert tables["users"]["original"].tolist() == ["a", "b"]
    assert tables["items"]["original"].tolist() == [5, 7, 8, 9]
    assert tables["items"]["title"].fillna("").tolist() == ["x", "", "", "y"]


def test_without_time_the_file_decides_and_time_is_null(make_card):
    tables, _ = build_tables(make_card(), Parsed(pd.DataFrame({"user": [2, 1, 2], "item": [3, 3, 1]})))
    assert tables["interactions"]["item"].tolist() == [1, 1, 0]
    assert tables["interactions"]["time"].isna().all()


def test_a_recipe_that_leaves_nothing_is_an_error(make_card):
    recipe = [{"min_rating": 2}, {"min_user_rows": 5}, {"deduplicate": "first"}]
    rows = pd.DataFrame({"user": [1, 2, 3], "item": [1, 1, 1], "rating": [1, 2, 3]})
    with pytest.raises(
        BadInput, match=r"step 2 of the recipe, min_user_rows: 5, leaves no row of 2 \(the parser gave 3"
    ):
        build_tables(make_card(recipe=recipe), Parsed(rows))
    with pytest.raises(BadInput, match="hold no interaction"):
        build_tables(make_card(recipe=recipe), Parsed(rows.iloc[:0]))


@pytest.mark.parametrize("column", ["user", "item"])
@pytest.mark.parametrize("recipe", [[], [{"deduplicate": "first"}], [{"k_core": {"users": 1, "items": 1}}]])
@pytest.mark.parametrize(
    "values", [["a", None, "b"], ["a", "", "b"], pd.array([2**53, None, 2**53 + 1], dtype="Int64")]
)
def test_rows_without_an_identifier_are_refused_or_dropped_by_the_recipe(make_card, column, recipe, values):
    rows = pd.DataFrame({"user": ["u", "v", "w"], "item": ["i", "j", "k"]}, index=pd.Index([4, 7, 9], name="a.csv"))
    rows[column] = values
    with pytest.raises(
        BadInput, match=f"tiny: a.csv, line 7: no {column}; so in 1 of 3 rows.*`drop_missing: {column}`"
    ):
        build_tables(make_card(recipe=recipe), Parsed(rows))
    tables, left = build_tables(make_card(recipe=[{"drop_missing": column}, *recipe]), Parsed(rows))
    assert left == [2] * (1 + len(recipe)) and tables["interactions"][column].tolist() == [0, 1]
    assert tables[f"{column}s"]["original"].tolist() == [values[0], values[2]]
    assert str(tables[f"{column}s"]["original"].dtype) in ("int64", "str")


@pytest.mark.parametrize("values", [[1.0, 2.0], [True, False], [1, "a"]])
def test_identifiers_that_may_fall_together_are_refused(make_card, values):
    rows = pd.DataFrame({"user": pd.Series(values), "item": [1, 2]})
    with pytest.raises(BadInput, match="tiny: the parser gives identifiers of kind"):
        build_tables(make_card(), Parsed(rows))


def test_an_item_that_is_known_twice_is_named_by_both_lines(make_card):
    known = pd.DataFrame({"item": [5, 7, 5], "title": ["x", "y", "z"]}, index=pd.Index([1, 2, 4], name="movies.dat"))
    with pytest.raises(
        BadInput, match="movies.dat, line 4: item '5' stands there once more, first in movies.dat, line 1"
    ):
        build_tables(make_card(), Parsed(pd.DataFrame({"user": [1], "item": [5]}), known))


def test_equal_bits_and_the_file_formats(tmp_path):
    for place in ("one", "two"):
        prepare(card("synthetic"), tmp_path / place)
    first, second = tmp_path / "one" / "data" / "synthetic", tmp_path / "two" / "data" / "synthetic"
    names = {"interactions.parquet", "users.parquet", "items.parquet", "data.json", "truth.npz"}
    assert {file.name for file in first.iterdir()} == names
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    about = json.loads((first / "data.json").read_text())
    rows = pd.read_parquet(first / "interactions.parquet")
    assert about["counts"]["interactions"] == len(rows)
    assert about["counts"]["users"] == rows["user"].nunique() == len(pd.read_parquet(first / "users.parquet"))
    assert about["counts"]["items"] == rows["item"].nunique() == len(pd.read_parquet(first / "items.parquet"))
    assert (np.diff(rows["user"] * 1000 + rows["order"]) > 0).all()


def test_arrays_get_the_numbers_of_the_prepared_data(make_card, tmp_path, monkeypatch):
    rows = pd.DataFrame({"user": [3, 0, 3], "item": [2, 2, 1]})  # users 1, 2 and item 0 are in no row
    table, noise = np.arange(12).reshape(4, 3), np.arange(8).reshape(2, 4)
    parsed = Parsed(
        rows,
        arrays={"truth": {"table": table, "noise": noise, "scale": np.ones(4)}},
        axes={"truth": {"table": ("user", "item"), "noise": ("step", "user")}},
    )
    monkeypatch.setattr(Card, "parse", lambda self, files: parsed)
    prepare(make_card(), tmp_path)
    with np.load(tmp_path / "data" / "tiny" / "truth.npz") as truth:
        assert truth["table"].tolist() == [[1, 2], [10, 11]]
        assert truth["noise"].tolist() == [[0, 3], [4, 7]] and truth["scale"].tolist() == [1] * 4


def test_the_digest_follows_the_content(make_card, tmp_path):
    rows = pd.DataFrame({"user": [1, 1, 2], "item": [1, 2, 2]})
    tables = [
        build_tables(make_card(), Parsed(changed))[0] for changed in (rows, rows.copy(), rows.assign(item=[1, 2, 1]))
    ]
    digests = [content_digest(table) for table in tables]
    assert digests[0] == digests[1] != digests[2]


def test_the_commands_run_one_after_another(tmp_path, capsys):
    results = ["--results", str(tmp_path / "results")]
    dataset = ["--dataset", "synthetic"]
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert "\nsynthetic        Synthetic\n" in listed and "CPR synthetic  [-linear][-d32][-noisy][-printed|" in listed
    assert main(["fetch", *dataset, "--store", str(tmp_path / "store")]) == 0
    assert main(["prepare", *dataset, *results, "--store", str(tmp_path / "store")]) == 0
    assert main(["audit", *dataset, *results]) == 0
    assert main(["split", "--split", "synthetic.loo.shuffled", *results]) == 0
    about = json.loads((tmp_path / "results" / "splits" / "synthetic.loo.shuffled" / "split.json").read_text())
    assert about["order"] == "shuffled"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["prepare", "--dataset", "nothing"], "unknown data set 'nothing'"),
        (["prepare", "--dataset", "lastmf"], "unknown data set 'lastmf'; did you mean 'lastfm'? Known: "),
        (["split", "--split", "lastfm"], "expected <dataset>.<protocol>"),
        (["split", "--split", "lastfm.loo.time"], "offers the orders file, weight"),
        (["split", "--split", "lastfm.time"], "has no time"),
        (["split", "--split", "synthetic.half"], "unknown protocol 'half'"),
        (["split", "--split", "synthetic.time.shuffled"], "one order"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_ones(tmp_path, capsys, arguments, said):
    assert main([*arguments, "--results", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
