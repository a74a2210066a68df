"""The report's first screen: the best method of each data set, and whether the next one is significantly worse."""

import re
from pathlib import Path

import pytest

from datasets.pipeline.files import write_json
from paper_tables.cell import Cell
from paper_tables.report.__main__ import main
from paper_tables.report.best import best, method, places
from paper_tables.results import Result, read_result
from paper_tables.spec.specification import specification


@pytest.fixture
def found(scale, results):
    return best("casr", [read_result(cell, results) for cell in specification("casr").cells(scale)])


def column(shown, key: str) -> list[str]:
    place = [each.key for each in shown.columns].index(key)
    return [row[place].text for row in shown.rows]


def test_methods_stand_by_the_headline_metric_with_controls_and_without_other_settings(found):
    (one,) = found
    methods = column(one.shown, "method")
    assert methods[:2] == ["D-NARM, sampler NARM", "D-NARM, sampler STAMP"]  # 14 and 12 hits more
    assert "D-NARM, sampler STAMP, control" in methods and len(methods) == 8
    means = [float(mean) for mean in column(one.shown, "mean")]
    assert means == sorted(means, reverse=True)


def test_the_answer_names_the_best_and_what_the_test_says_of_the_next(found):
    answer = found[0].answer
    assert answer.startswith("Last.fm, leave-one-out: D-NARM, sampler NARM is best of 8 (")
    assert "NDCG@5, history kept" in answer and "not significantly worse" in answer
    assert column(found[0].shown, "told")[-1] == "yes"


def test_without_ranks_nothing_is_called_significant(scale, results):
    for file in results.rglob("*.ranks.parquet"):
        file.unlink()
    (one,) = best("casr", [read_result(cell, results) for cell in specification("casr").cells(scale)])
    assert "no test, because the ranks of each user are not here" in one.answer
    assert set(column(one.shown, "told")) == {"the best", "not tested"}


def test_all_stand_among_the_same_candidates_and_another_headline_is_named(found):
    named = dict(zip(column(found[0].shown, "method"), column(found[0].shown, "headline"), strict=True))
    assert named["Popularity"] == "history removed" and named["NARM"] == ""


def test_worlds_that_are_only_drawn_again_count_as_one_data_set():
    names = ("chain", "chain-w2", "chain-h150")
    found = [Result(Cell("casr", f"{name}.others", "narm"), "done", "", Path()) for name in names]
    drawn = {of: [len(each.results) for each in group] for of, group in places(found, {"seed", "world"})}
    assert drawn == {"histories 50": [2], "histories 150": [1]}


def test_an_oracle_is_named_as_one():
    assert method(Cell("casr", "chain.others", "narm", "oracle-next-t")) == "T-NARM (knows the truth)"


def test_a_data_set_with_one_method_asks_nothing(results):
    cell = Cell("casr", "amazon-beauty.loo", "narm")
    assert best("casr", [read_result(cell, results)]) == []


def test_published_results_are_shown_without_a_run(tmp_path, scale, results):
    config = tmp_path / "fixture.yaml"
    scale["papers"]["casr"]["figures"]["figure5"]["kappas"] = [0, 1.0]  # 1e-8 is no number to YAML
    write_json(config, scale)
    for folder in ("tables", "figures"):
        (results / folder).mkdir(exist_ok=True)
    before = {file for file in results.rglob("*")}
    assert main(["--scale-file", str(config), "--results", str(tmp_path / "mine"), "--source", str(results)]) == 0
    text = (tmp_path / "mine" / "published" / "report.html").read_text(encoding="utf-8")
    assert re.search(r"<summary>Last.fm, leave-one-out: D-NARM", text)
    assert {file for file in results.rglob("*")} == before


def test_a_folder_that_holds_nothing_published_is_refused(tmp_path, scale, capsys):
    config = tmp_path / "fixture.yaml"
    write_json(config, scale)
    chosen = ["--scale-file", str(config), "--results", str(tmp_path / "mine"), "--source", str(tmp_path)]
    assert main(chosen) == 2 and "name a folder that make publish wrote" in capsys.readouterr().err
