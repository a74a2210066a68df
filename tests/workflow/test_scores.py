"""A program's scores do not stay in its cell once the ranks are made of them."""

import pytest

from paper_tables.cell import Cell
from workflow.cells.run import drop_scores


@pytest.mark.parametrize(("anchor", "left"), [("shell-popularity", {"ranks.csv"}), ("popularity", None)])
def test_only_an_outside_methods_scores_are_removed(tmp_path, anchor, left):
    names = {"validation.scores.csv", "seed-1.test.scores.csv", "ranks.csv"}
    for name in names:
        (tmp_path / name).write_text("user,0\n", encoding="utf-8")
    drop_scores(Cell("casr", "lastfm.loo", anchor), tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == (left or names)
