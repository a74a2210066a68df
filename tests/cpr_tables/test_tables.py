"""Tables 1 to 4, controls and tests, against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from datasets.pipeline.errors import BadInput
from paper_tables.kinds import accuracy, coldness, controls, tests
from paper_tables.study import Study
from tests.cpr_tables.conftest import cell, drawn
from tests.cpr_tables.made import write_cell, write_failed


@pytest.fixture
def table1(scale, results):
    return accuracy.frame(Study.of("cpr", scale, results), "table1")


def row(rows: pd.DataFrame, **wanted) -> pd.Series:
    inside = np.logical_and.reduce([rows[name] == value for name, value in wanted.items()])
    [found] = rows[inside].to_dict("records")
    return found


HERE = {"feedback": "nonlinear", "dim": 16, "reading": "closed-mirrored", "candidates": "all", "metric": "hr"}


def test_a_number_is_the_mean_over_draws_and_spreads_are_kept_apart(table1):
    found = row(table1, **HERE, anchor="bpr", method="none")
    assert (found["status"], found["draws"], found["seeds"]) == ("done", 3, 2)
    assert found["mean"] == pytest.approx(21 / 60)
    assert found["std_draws"] == pytest.approx(2 / 60)  # 19, 21, 23 hits
    assert found["std_seeds"] == pytest.approx(np.sqrt(2) / 60)  # two more in the second seed of each
    assert (found["printed"], found["history"], found["n_users"]) == ("0.3799", "removed", 180)
    assert found["difference"] == pytest.approx(21 / 60 - 0.3799)


def test_gains_are_over_the_plain_anchor_and_the_tests_unit_is_the_user_of_a_draw(table1):
    random, learned = (row(table1, **HERE, anchor="bpr", method=name) for name in ("cpr-r", "cpr-l"))
    assert random["gain_percent"] == pytest.approx(100 * 3 / 21) and not random["lowered"]
    assert learned["gain_percent"] == pytest.approx(100 * 6 / 21)
    assert learned["best"] and learned["significant"]
    assert learned["p_value"] < 1e-4  # eighteen users of three draws gain, none loses
    assert learned["p_value_holm"] > learned["p_value"]
    assert learned["row"] == "CPR-BPR" and random["row"] == "CPR-BPR-r"


def test_the_sampled_twin_stands_beside_and_is_not_tested(table1):
    found = row(table1, **(HERE | {"candidates": "sampled", "metric": "ndcg"}), anchor="bpr", method="cpr-l")
    assert found["mean"] == pytest.approx(27 / 60 + (1 - 27 / 60) / np.log2(7))  # the others stand at place 5
    assert np.isnan(found["p_value"]) and found["history"] == "sampled"


def test_both_readings_are_shown_and_the_second_is_no_third_draw(table1):
    found = row(table1, **(HERE | {"reading": "printed"}), anchor="bpr", method="none")
    assert found["mean"] == pytest.approx(41 / 60) and found["draws"] == 3


def test_every_row_is_done_failed_or_not_run_and_says_which_draws_are_there(table1):
    assert set(table1["status"]) == {"done", "not run"}
    partly = row(table1, **(HERE | {"feedback": "linear"}), anchor="bpr", method="none")
    assert partly["mean"] == pytest.approx(31 / 60) and np.isnan(partly["std_draws"])
    assert "1 of 3 draws" in partly["flags"] and "out of memory" in partly["flags"]
    other = row(table1, **(HERE | {"dim": 32}), anchor="bpr", method="none")
    assert (other["status"], other["reason"]) == ("not run", "not part of this scale")
    assert len(table1[table1["reading"] == "printed"].drop_duplicates(["feedback", "dim"])) == 4


def test_where_every_draw_fails_the_row_failed(scale, results):
    for seed in (1, 3):
        write_failed(results, cell(drawn(seed, feedback="linear"), "bpr"), "diverged")
    rows = accuracy.frame(Study.of("cpr", scale, results), "table1")
    found = row(rows, **(HERE | {"feedback": "linear"}), anchor="bpr", method="none")
    assert (found["status"], found["reason"]) == ("failed", "diverged")


def test_table_2_has_every_size_of_the_filter(scale, results):
    rows = accuracy.frame(Study.of("cpr", scale, results), "table2")
    here = {"dim": 16, "reading": "closed-mirrored", "candidates": "all", "metric": "hr", "anchor": "bpr"}
    means = {(n, k): row(rows, **here, noise=n, method="cpr-l", k_filter=k)["mean"] for n in (0, 0.2) for k in (1, 2)}
    assert means == pytest.approx({(0, 1): 27 / 60, (0, 2): 30 / 60, (0.2, 1): 23 / 60, (0.2, 2): 26 / 60})
    assert row(rows, **here, noise=0.2, method="cpr-l", k_filter=2)["printed"] == "0.3609"
    assert row(rows, **here, noise=0.2, method="cpr-l", k_filter=3)["status"] == "not run"
    assert row(rows, **here, noise=0.2, method="none")["mean"] == pytest.approx(17 / 60)


def test_a_cell_of_another_k_is_refused(scale, results):
    other = cell(drawn(1), "gmf", "cpr-l", "k2", k=2)
    write_cell(results, other, 20, {"k": 3})
    with pytest.raises(BadInput, match="k is 3, but table2 wants 2"):
        list(Study.of("cpr", scale, results).lines("table2"))


def test_table_4_groups_the_users_by_their_test_items_training_interactions(scale, results):
    rows = coldness.frame(Study.of("cpr", scale, results), "table4")
    here = {"anchor": "bpr", "method": "cpr-l", "candidates": "all", "metric": "hr"}
    low, middle, high = (row(rows, **here, popularity=name) for name in ("low", "middle", "high"))
    # users 0 to 32 and 0 to 34 hit; items 0 to 6, 7 to 13, 14 to 19 of every twenty are low, middle, high
    assert [each["n_users"] for each in (low, middle, high)] == [21, 21, 18]
    assert [each["mean"] for each in (low, middle, high)] == pytest.approx([14 / 21, 13.5 / 21, 6.5 / 18])
    assert (low["printed"], low["printed_gain_percent"]) == ("0.0380", "3.54")
    assert middle["gain_percent"] == pytest.approx(100 * (13.5 / 11 - 1))  # 13 and 14 hits instead of 10 and 12
    assert low["gain_percent"] == pytest.approx(0) and low["p_value"] == 1
    assert row(rows, **(here | {"anchor": "gmf"}), popularity="low")["status"] == "not run"


def test_table_4_says_where_the_split_is_missing(scale, results):
    (results / "splits" / "mind-small.loo" / "train.csv").unlink()
    rows = coldness.frame(Study.of("cpr", scale, results), "table4")
    found = row(rows, anchor="bpr", method="none", candidates="all", metric="hr", popularity="low")
    assert (found["status"], found["reason"]) == ("not run", "training part of the split missing")


def test_a_gain_stands_beside_the_controls(scale, results):
    rows = controls.frame(Study.of("cpr", scale, results), "controls")
    setting = "feedback=nonlinear;dim=16;reading=closed-mirrored"
    found = row(rows, setting=setting, anchor="bpr", metric="hr", method="cpr-l")
    points = 100 / 60
    assert found["gain"] == pytest.approx(6 * points) and found["gain_control"] == pytest.approx(points)
    assert found["difference"] == pytest.approx(5 * points) and found["n_users"] == 180
    assert found["low"] < 5 * points < found["high"]
    assert set(rows["method"]) == {"cpr-l"}  # random interventions have no control


def test_tests_take_the_draw_as_upper_level(scale, results):
    rows = tests.frame(Study.of("cpr", scale, results), "tests")
    setting = "feedback=nonlinear;dim=16;reading=closed-mirrored"
    here = {"setting": setting, "anchor": "bpr", "metric": "hr", "method": "cpr-l"}
    found = {name: row(rows, **here, comparison=name) for name in ("plain", "control", "random")}
    assert [each["difference"] for each in found.values()] == pytest.approx([10, 500 / 60, 5])
    assert {(each["seeds"], each["users"]) for each in found.values()} == {(3, 180)}
    assert found["plain"]["low"] == pytest.approx(10)  # every draw gains alike
    assert found["plain"]["printed_gain"] == pytest.approx(100 * (0.4024 - 0.3799))
    assert found["plain"]["answer"] == "differs"
    assert "reading closed-mirrored" in found["plain"]["family"]
    assert row(rows, **(here | {"method": "cpr-r"}), comparison="plain")["difference"] == pytest.approx(5)
    mind = row(rows, setting="", anchor="bpr", metric="hr", method="cpr-l", comparison="plain")
    assert (mind["seeds"], mind["users"]) == (2, 60)  # one draw: users and training seeds


def test_training_seeds_do_not_stand_in_for_draws_that_are_missing(scale, results):
    """One of three draws, with two training seeds: the level of draws has one unit, and so no number."""
    for seed in (2, 3):
        (cell(drawn(seed), "bpr", "cpr-l").folder(results) / "result.json").unlink()
    rows = tests.frame(Study.of("cpr", scale, results), "tests")
    here = {"setting": "feedback=nonlinear;dim=16;reading=closed-mirrored", "anchor": "bpr", "metric": "hr"}
    found = row(rows, **here, method="cpr-l", comparison="plain")
    assert found["difference"] == pytest.approx(10) and found["seeds"] == 1
    numbers = "low high p_two_levels p_equivalence detectable detectable_holm seed_error seeds_for_margin".split()
    assert all(np.isnan(found[name]) for name in numbers) and found["answer"].startswith("no answer: one seed")
    others = rows[(rows["setting"] == here["setting"]) & rows["p_two_levels"].notna()]
    assert len(others) and not np.isnan(found["p_value"])  # the users' own test is there


def test_a_pair_that_lacks_draws_is_compared_on_those_it_has(scale, results):
    (cell(drawn(3), "bpr", "cpr-l", "control").folder(results) / "result.json").unlink()
    rows = controls.frame(Study.of("cpr", scale, results), "controls")
    found = row(rows, setting="feedback=nonlinear;dim=16;reading=closed-mirrored", anchor="bpr", metric="hr")
    assert found["difference"] == pytest.approx(500 / 60) and found["n_users"] == 120
    assert "2 of 3 draws" in found["flags"]


def test_mind_is_one_data_set_without_a_setting(scale, results):
    rows = accuracy.frame(Study.of("cpr", scale, results), "table3")
    found = row(rows, anchor="bpr", method="cpr-l", metric="hr", candidates="all")
    assert found["mean"] == pytest.approx(34 / 60) and found["printed"] == "0.3526"
    assert found["std_seeds"] == pytest.approx(np.sqrt(2) / 60) and np.isnan(found["std_draws"])
