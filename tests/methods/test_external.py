"""Scores and ranks that come from outside, and the method that is written in awk."""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import write_json
from methods.cards import load_card
from methods.engine.data.split import load_split, load_targets
from methods.evaluation import external
from methods.evaluation.external import COUNTS, PARTS, external_ranks
from methods.evaluation.ranking import rank
from tests.methods.support import CPU, fitted

CATALOGUE = 8
ROWS = [([0, 1, 2], 3, 4), ([1, 1], 1, 0), ([5], 2, None), ([2, 4, 1], None, None)]


def write_split(folder, rows):
    """rows: (training history, validation item or None, test item or None) of each user."""
    folder.mkdir(exist_ok=True)
    parts = {
        "train": [(user, item) for user, (history, _, _) in enumerate(rows) for item in history],
        "validation": [(user, row[1]) for user, row in enumerate(rows) if row[1] is not None],
        "test": [(user, row[2]) for user, row in enumerate(rows) if row[2] is not None],
    }
    for part, pairs in parts.items():
        pd.DataFrame(pairs, columns=["user", "item"]).to_csv(folder / f"{part}.csv", index=False)
    pd.DataFrame({"item": range(CATALOGUE), "category": -1}).to_csv(folder / "items.csv", index=False)
    write_json(folder / "split.json", {"name": "made.loo", "users": len(rows), "items": CATALOGUE, "digest": "0"})
    return folder


def ranked(folder, name):
    """Ranks of a Python method, the way a cell makes them."""
    split, validation = load_split(folder), load_targets(folder / "validation.csv")
    model, _ = fitted(name, split)
    return model, {
        "validation": rank(model, split, validation, CPU),
        "test": rank(model, split.extended(validation), load_targets(folder / "test.csv"), CPU),
    }


def assert_same(found, expected):
    for part in PARTS:
        for name in ("users", "targets", *COUNTS):
            assert getattr(found[part], name).tolist() == getattr(expected[part], name).tolist(), (part, name)


def write_scores(folder, file, users, values):
    table = pd.DataFrame(values, columns=[str(item) for item in range(CATALOGUE)])
    table.insert(0, "user", users)
    table.to_csv(folder / file, index=False)


@pytest.fixture
def made(tmp_path):
    """A split and a folder with valid scores."""
    split = write_split(tmp_path / "split", ROWS)
    write_scores(tmp_path, "validation.scores.csv", [2, 0, 1], np.arange(24.0).reshape(3, 8))
    write_scores(tmp_path, "test.scores.csv", [0, 1], np.arange(16.0).reshape(2, 8))
    return split, tmp_path


def test_scores_become_ranks(made, monkeypatch):
    split, folder = made
    model, expected = ranked(split, "popularity")
    write_scores(folder, "validation.scores.csv", [2, 0, 1], model.counts.repeat(3, 1).numpy())
    write_scores(folder, "test.scores.csv", [0, 1], model.counts.repeat(2, 1).numpy())
    assert_same(external_ranks(split, folder, 1), expected)
    monkeypatch.setattr(external, "SCORES_AT_ONCE", 1)  # one row at a time
    assert_same(external_ranks(split, folder, 1), expected)


def test_scores_are_ranked_among_the_splits_candidates_too(made):
    split, folder = made
    (split / "candidates.csv").write_text("user,item\n0,5\n0,7\n1,2\n2,0\n")
    ranks = external_ranks(split, folder, 1)  # scores rise with the item
    assert ranks["validation"].above_sampled.tolist() == [2, 1, 0]
    assert ranks["test"].above_sampled.tolist() == [2, 1] and ranks["test"].ties_sampled.tolist() == [0, 0]


def test_given_ranks_may_hold_sampled_ones(made):
    split, folder = made
    lines = RANKS.splitlines()
    whole = "\n".join([f"{lines[0]},above_sampled,ties_sampled", *(f"{line},0,0" for line in lines[1:])])
    (folder / "ranks.csv").write_text(whole)
    assert external_ranks(split, folder, 1)["test"].above_sampled.tolist() == [0, 0]
    spoiled(folder, "ranks.csv", lambda text: text.replace("0,test,1,1,0,0,0,0", "0,test,1,1,0,0,2,0"))
    with pytest.raises(BadInput, match="line 5: counts"):
        external_ranks(split, folder, 1)


def test_a_seeds_own_file_goes_first(made):
    split, folder = made
    write_scores(folder, "seed-2.test.scores.csv", [0, 1], -np.arange(16.0).reshape(2, 8))
    assert external_ranks(split, folder, 1)["test"].above_kept.tolist() == [3, 7]
    assert external_ranks(split, folder, 2)["test"].above_kept.tolist() == [4, 0]


def spoiled(folder, file, change):
    text = (folder / file).read_text()
    assert change(text) != text
    (folder / file).write_text(change(text))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("user,0,", "user,00,"), "9 columns, expected user and the items 0, 1, .., 7"),
        (lambda text: text.replace(",15.0", ",nan"), "score of user 1 for item 7 is not a finite number"),
        (lambda text: text.replace(",15.0", ",inf"), "score of user 1 for item 7 is not a finite number"),
        (lambda text: text.replace(",15.0", ",high"), "high"),
        (lambda text: text.replace("\n1,", "\n3,"), "user 3 has no target"),
        (lambda text: text.replace("\n1,", "\n9,"), "user 9 has no target"),
        (lambda text: text.replace("\n1,", "\n0,"), "user 1 stands here or has a target"),
        (lambda text: text + text.splitlines()[-1] + "\n", "user 1 stands here more than once"),
        (lambda text: "\n".join(text.splitlines()[:-1]) + "\n", "user 1 stands here or has a target"),
    ],
)
def test_bad_scores_are_refused(made, change, message):
    split, folder = made
    spoiled(folder, "test.scores.csv", change)
    with pytest.raises(BadInput, match=message) as caught:
        external_ranks(split, folder, 1)
    assert "test.scores.csv" in str(caught.value)


def test_missing_files_are_named(made):
    split, folder = made
    (folder / "test.scores.csv").unlink()
    with pytest.raises(BadInput, match="neither ranks.csv nor test.scores.csv"):
        external_ranks(split, folder, 1)


RANKS = """user,part,above_kept,ties_kept,above_removed,ties_removed
0,validation,1,2,1,1
1,validation,0,7,0,6
2,validation,7,0,6,0
0,test,1,1,0,0
1,test,2,0,2,0
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0,test,1,1,0,0", "0,test,1,1,2,0", "line 5: counts"),
        ("0,test,1,1,0,0", "0,test,-1,1,-1,0", "line 5: counts"),
        ("0,test,1,1,0,0", "0,test,6,2,0,0", "line 5: counts.*8 items"),
        ("0,test,", "0,best,", "part best"),
        ("0,test,1,", "0,test,1.5,", "ranks.csv"),
        ("ties_kept", "ties", "ranks.csv"),
        ("1,test,2,0,2,0\n", "", "user 1"),
    ],
)
def test_given_ranks_are_checked(made, old, new, message):
    split, folder = made
    (folder / "ranks.csv").write_text(RANKS)
    assert external_ranks(split, folder, 1)["validation"].ties_removed.tolist() == [1, 6, 0]
    spoiled(folder, "ranks.csv", lambda text: text.replace(old, new))
    with pytest.raises(BadInput, match=message):
        external_ranks(split, folder, 1)


AWK = shutil.which("awk")
ITEM = st.integers(0, CATALOGUE - 1)
USERS = st.lists(
    st.tuples(st.lists(ITEM, min_size=1, max_size=6), st.none() | ITEM, st.none() | ITEM), min_size=1, max_size=6
).filter(lambda rows: all(any(row[part] is not None for row in rows) for part in (1, 2)))


@pytest.mark.skipif(AWK is None, reason="no awk here")
@given(USERS)
@settings(max_examples=25)
def test_awk_ranks_as_the_python_method_does(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("awk")
    split = write_split(folder / "split", rows)
    arguments = [word for part in ("train", "items", *PARTS) for word in (f"part={part}", str(split / f"{part}.csv"))]
    script = load_card("shell-popularity").folder / "popularity.awk"
    with open(folder / "ranks.csv", "w") as output:
        subprocess.run([AWK, "-f", str(script), *arguments], stdout=output, check=True)
    _, expected = ranked(split, "popularity")
    assert_same(external_ranks(split, folder, 1), expected)


def test_the_command_prints_a_summary(made, capsys, monkeypatch):
    split, folder = made
    monkeypatch.setattr("sys.argv", ["external", "--split", str(split), "--results", str(folder)])
    external.main()
    assert "2 users" in capsys.readouterr().out
    (folder / "test.scores.csv").unlink()
    with pytest.raises(SystemExit, match="1"):
        external.main()
    assert capsys.readouterr().err.startswith(f"error: {folder}: neither")


@pytest.mark.parametrize("content", ["", "\n\n"])
@pytest.mark.parametrize("name", ["ranks.csv", "test.scores.csv"])
def test_an_empty_file_is_called_empty(tmp_path, name, content):
    write_split(tmp_path / "split", ROWS)
    write_scores(tmp_path, "validation.scores.csv", [0, 1, 2], np.zeros((3, CATALOGUE)))
    (tmp_path / name).write_text(content)
    with pytest.raises(BadInput, match=f"{name}: the file is empty; did the program that writes it end well?"):
        external_ranks(tmp_path / "split", tmp_path, 1)


def test_bytes_that_are_no_text_are_named_with_their_file(tmp_path):
    write_split(tmp_path / "split", ROWS)
    (tmp_path / "ranks.csv").write_bytes(b"user,part\n0,\xff\n")
    with pytest.raises(BadInput, match="ranks.csv: .*utf-8"):
        external_ranks(tmp_path / "split", tmp_path, 1)
