"""The targets `tests`, `ranks` and `readings` from a small results tree whose numbers are worked out by hand."""

import shutil

import numpy as np
import pandas as pd
import pytest

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from methods.evaluation.ranks import metrics_of
from paper_tables.cell import Cell
from paper_tables.kinds import mean_ranks as rank_table
from paper_tables.statistics import holm
from paper_tables.write import write
from tests.paper_tables.made_results import USERS, lastfm, ranks_with_hits, write_cell


def made(target, scale, results):
    files = write("casr", [target], scale, results)
    return pd.read_csv(files[0], dtype={"printed": str}), files[1].read_text(encoding="utf-8")


def compared(rows, method, sampler, comparison, metric="ndcg"):
    found = rows.query("anchor == 'narm' and dataset == 'lastfm'")
    found = found.query("method == @method and sampler == @sampler and comparison == @comparison and metric == @metric")
    [row] = found.to_dict("records")
    return row


def test_a_treatment_stands_against_its_anchor_and_its_control(scale, results):
    rows, text = made("tests", scale, results)
    plain = compared(rows, "casr-d", "stamp", "plain")
    assert plain["difference"] == pytest.approx(100 * 12 / USERS)  # twelve hits more with either seed
    assert (plain["seeds"], plain["users"], plain["seed_error"]) == (2, USERS, pytest.approx(0, abs=1e-9))
    assert plain["low"] < plain["difference"] < plain["high"]
    assert plain["relative"] == pytest.approx(100 * 12 / 21, rel=1e-5)
    assert plain["relative_low"] < plain["relative"] < plain["relative_high"]
    assert plain["margin"] == pytest.approx(0.05 * 35) and plain["p_equivalence"] > 0.5
    assert plain["common_language"] == pytest.approx(0.5 + 14 / USERS / 2)  # users 20 to 33 gain with a seed
    control = compared(rows, "casr-d", "stamp", "control")
    assert control["difference"] == pytest.approx(100 * 10 / USERS, rel=1e-5)
    assert r"H-NARM, sampler STAMP" in text and "tab:casr-tests-control" in text


def test_a_loss_has_the_other_sign(scale, results):
    rows, _ = made("tests", scale, results)
    lowered = compared(rows, "casr-h", "stamp", "plain")
    assert lowered["difference"] == pytest.approx(-100 * 4 / USERS) and lowered["effect_d"] < 0
    assert lowered["common_language"] < 0.5


def test_the_stars_of_table_3_and_of_the_tests_agree(scale, results):
    rows, _ = made("tests", scale, results)
    write("casr", ["table3"], scale, results)
    table3 = pd.read_csv(results / "tables" / "casr_table3.csv").query("p_value == p_value")
    keys = ["dataset", "anchor", "method", "sampler", "metric"]
    both = table3.merge(rows.query("comparison == 'plain'"), on=keys, suffixes=("", "_tests"))
    assert len(both) == len(table3) > 4
    assert np.allclose(both["p_value"], both["p_value_tests"], rtol=1e-4)
    assert np.allclose(both["p_value_holm"], both["p_value_holm_tests"], rtol=1e-4)
    assert set(both["family_size"]) == {len(table3)}


def test_one_family_holds_the_tests_of_all_data_sets(scale, results):
    """Tests of two data sets: corrected together, and not each data set by itself."""
    scale["papers"]["casr"]["datasets"] = {"lastfm": {}, "amazon-baby": {}}
    for treated, hits in ((), 20), (("casr-d", "stamp"), 27), (("casr-h", "stamp"), 22):
        write_cell(results, Cell("casr", "amazon-baby.loo", "narm", *treated), {"1": ranks_with_hits(hits)})
    rows, _ = made("tests", scale, results)
    plain = rows.query("comparison == 'plain'")
    assert plain.loc[plain["p_value"].notna(), "dataset"].nunique() == 2
    assert np.allclose(plain["p_value_holm"], holm(plain["p_value"].to_numpy()), rtol=1e-4, equal_nan=True)
    write("casr", ["table3"], scale, results)
    table3 = pd.read_csv(results / "tables" / "casr_table3.csv")
    assert np.allclose(table3["p_value_holm"], holm(table3["p_value"].to_numpy()), rtol=1e-4, equal_nan=True)


def test_a_non_finding_stands_beside_what_could_have_been_found(scale, results):
    """Two seeds: large differences only. NARM with D is printed 4.29 points above NARM, sampler NARM."""
    hits = {"1": 21, "2": 25}, {"1": 22, "2": 20}
    for anchor, counts in zip(((), ("casr-d", "narm")), hits, strict=True):
        shutil.rmtree(lastfm("narm", *anchor).folder(results))
        write_cell(results, lastfm("narm", *anchor), {seed: ranks_with_hits(count) for seed, count in counts.items()})
    rows, _ = made("tests", scale, results)
    found = compared(rows, "casr-d", "narm", "plain")
    assert found["printed_gain"] == pytest.approx(4.29) and found["p_two_levels_holm"] > 0.05
    assert found["detectable"] > found["printed_gain"]
    assert found["answer"].startswith("this run could not have seen it (from ") and "printed 4.3); " in found["answer"]
    assert "seeds would" in found["answer"] or "no number of seeds would" in found["answer"]
    control = compared(rows, "casr-d", "stamp", "control")
    assert control["answer"] != ""


def test_one_seed_gives_no_number_of_two_levels(scale, results):
    write_cell(results, lastfm("stamp"), {"1": ranks_with_hits(10)})
    write_cell(results, lastfm("stamp", "casr-d", "stamp"), {"1": ranks_with_hits(30)})
    rows, text = made("tests", scale, results)
    [found] = rows.query(
        "anchor == 'stamp' and comparison == 'plain' and metric == 'ndcg' and status == 'done'"
    ).to_dict("records")
    assert found["p_value_holm"] < 0.05 and found["answer"] == "no answer: one seed; two at least have a spread"
    for name in "low high p_two_levels p_equivalence detectable relative_low effect_d_low seed_error".split():
        assert np.isnan(found[name]), name
    assert "& -- &" in text


def test_a_comparison_that_cannot_be_made_says_why(scale, results):
    rows, _ = made("tests", scale, results)
    failed = compared(rows, "casr-m", "narm", "plain")
    assert failed["status"] == "failed" and "embeddings of different sizes" in failed["reason"]
    missing = compared(rows, "casr-h", "stamp", "control")
    assert missing["status"] == "not run" and missing["reason"].startswith("the random control not run")
    assert rows.loc[rows["status"] != "done", "p_value"].isna().all()


def test_seeds_are_paired_by_their_number(scale, results):
    write_cell(results, lastfm("stamp"), {"1": ranks_with_hits(10), "3": ranks_with_hits(60)})
    write_cell(results, lastfm("stamp", "casr-d", "narm"), {"1": ranks_with_hits(13), "2": ranks_with_hits(0)})
    write_cell(results, lastfm("stamp", "casr-d", "stamp"), {"2": ranks_with_hits(13)})
    rows, _ = made("tests", scale, results)
    rows = rows.query(
        "dataset == 'lastfm' and anchor == 'stamp' and comparison == 'plain' and metric == 'ndcg'"
    ).set_index(["method", "sampler"])
    shared = rows.loc["casr-d", "narm"]
    assert shared["seeds"] == 1 and shared["difference"] == pytest.approx(100 * 3 / USERS)
    assert np.isnan(shared["seed_error"]) and np.isnan(shared["seeds_for_margin"])
    assert rows.loc["casr-d", "stamp"]["reason"] == "no seed in common"


def test_other_users_are_not_compared(scale, results):
    write_cell(results, lastfm("stamp"), {"1": ranks_with_hits(10)})
    write_cell(results, lastfm("stamp", "casr-d", "narm"), {"1": ranks_with_hits(13)[1:]})
    with pytest.raises(BadInput, match="other users"):
        write("casr", ["tests"], scale, results)


def test_too_few_data_sets_are_not_ranked(scale, results):
    rows, _ = made("ranks", scale, results)
    assert rows["rank"].isna().all() and rows["mean_rank"].isna().all()
    assert "too few" in rank_table.too_few(rows)


def test_methods_are_ranked_on_the_data_sets_that_have_all_of_them(scale, results):
    scale["papers"]["casr"]["datasets"] = {"lastfm": {}, "amazon-baby": {}, "amazon-video": {}, "jester": {}}
    hits = {"amazon-baby": (5, 10, 20), "amazon-video": (5, 30, 20)}
    for dataset, counts in hits.items():
        for method, count in zip(("popularity", "item-knn", "narm"), counts, strict=True):
            write_cell(results, Cell("casr", f"{dataset}.loo", method), {"1": ranks_with_hits(count)})
    write_cell(results, Cell("casr", "jester.loo", "stamp"), {"1": ranks_with_hits(4)})
    rows, _ = made("ranks", scale, results)
    ranked = rows[rows["ranked"]]
    assert set(ranked["dataset"]) == {"lastfm", *hits} and set(ranked["anchor"]) == {"popularity", "item-knn", "narm"}
    means = ranked.drop_duplicates("anchor").set_index("anchor")["mean_rank"]
    assert means.to_dict() == pytest.approx({"popularity": 3, "item-knn": 5 / 3, "narm": 4 / 3}, rel=1e-4)
    [difference] = ranked["critical_difference"].unique()
    assert difference == pytest.approx(2.343 * np.sqrt(12 / 18), rel=1e-3)
    assert rows.query("dataset == 'jester'")["rank"].isna().all()


def test_the_complete_block_holds_most_numbers():
    gap = float("nan")
    values = pd.DataFrame(
        {"a": [1, 1, 1, gap], "b": [2, 2, 2, gap], "c": [3, 3, 3, gap], "d": [4, gap, gap, 4]}, index=list("wxyz")
    )
    assert rank_table.complete_block(values).shape == (3, 3)
    assert rank_table.complete_block(values.iloc[:0]).empty


def test_the_nearest_reading_is_named(scale, results):
    """Printed NARM is 2.75 / 5.53; on the file's order it has 35 % of hits, shuffled 5 %."""
    rows, text = made("readings", scale, results)
    narm = rows.query("anchor == 'narm' and dataset == 'lastfm' and status == 'done'")
    assert set(narm["printed_ndcg"][narm["target"] == "none"]) == {5.53}
    [nearest] = narm.query("target == 'none' and nearest").to_dict("records")
    assert nearest["split"] == "lastfm.loo.shuffled" and nearest["nearest_of_all"]
    assert nearest["ndcg"] == pytest.approx(5) and nearest["f1"] == pytest.approx(5 / 3, rel=1e-5)
    expected = 50 * (abs(5 / 5.53 - 1) + abs(5 / 3 / 2.75 - 1))
    assert nearest["distance"] == pytest.approx(expected, rel=1e-4)
    assert nearest["ndcg_low"] < 5 < nearest["ndcg_high"]
    shares = narm.query("target == 'none'").groupby("split")["nearest_share"].sum()
    assert shares["lastfm.loo.shuffled"] > 0.99 and shares.sum() == pytest.approx(1)
    assert "resemblance only" in text


def test_a_treatments_target_meets_plain_and_augmented_readings(scale, results):
    rows, _ = made("readings", scale, results)
    beside = rows.query("anchor == 'narm' and dataset == 'lastfm' and target == 'casr-d' and status == 'done'")
    assert set(beside["method"]) == {"none", "casr-d"} and beside["nearest_of_all"].sum() == 1
    assert beside.groupby("method")["nearest"].sum().tolist() == [1, 1]
    assert beside["share_of_all"].sum() == pytest.approx(1)
    missing = rows.query("anchor == 'narm' and dataset == 'lastfm' and target == 'casr-m' and status != 'done'")
    assert "embeddings of different sizes" in set(missing["reason"]) and missing["ndcg"].isna().all()


def test_users_whose_history_is_cut_can_be_left_out(scale, results):
    """The model sees 8 items. Users 0 to 29 have 8 for training, and one more when the test is ranked."""
    split = results / "splits" / "lastfm.loo"
    split.mkdir(parents=True)
    lengths = np.where(np.arange(USERS) < 30, 8, 4)
    pd.DataFrame({"user": np.repeat(np.arange(USERS), lengths), "item": 0}).to_csv(split / "train.csv", index=False)
    pd.DataFrame({"user": np.arange(USERS), "item": 0}).to_csv(split / "validation.csv", index=False)
    rows, _ = made("readings", scale, results)
    narm = rows.query("anchor == 'narm' and target == 'none' and split == 'lastfm.loo' and history == 'kept'")
    counted = {(row.part, row.counted): (row.users, row.ndcg) for row in narm.itertuples()}
    assert set(counted) == {("test", "all users"), ("test", "whole history seen"), ("validation", "any")}
    assert counted["test", "all users"] == (60, pytest.approx(35))
    assert counted["test", "whole history seen"] == (30, 0)  # the hits are users 0 to 21
    assert counted["validation", "any"] == (60, pytest.approx(35))


def test_ties_are_a_choice_only_where_they_matter(scale, results):
    rows, _ = made("readings", scale, results)
    assert set(rows.query("status == 'done'")["ties"]) == {"any"}
    result = lastfm("narm").folder(results) / "result.json"
    about = read_json(result)
    for file in result.parent.glob("*.parquet"):
        ranks = pd.read_parquet(file)
        ranks.loc[ranks["above_kept"] == 0, "ties_kept"] = 9  # ten at the top
        ranks.to_parquet(file, index=False)
        about["seeds"][file.name.split(".")[0].removeprefix("seed-")]["metrics"] = metrics_of(ranks)
    write_json(result, about)
    rows, _ = made("readings", scale, results)
    tied = rows.query("anchor == 'narm' and target == 'none' and split == 'lastfm.loo' and history == 'kept'")
    values = tied.query("part == 'test'").set_index("ties")["f1"].to_dict()
    expected = {"expected": 35 / 3 / 2, "optimistic": 35 / 3, "pessimistic": 0}
    assert values == pytest.approx(expected, rel=1e-5)


def test_without_ranks_there_is_no_reading(scale, results):
    for file in lastfm("narm").folder(results).glob("*.parquet"):
        file.unlink()
    rows, _ = made("readings", scale, results)
    [row] = rows.query("anchor == 'narm' and target == 'none' and split == 'lastfm.loo'").to_dict("records")
    assert (row["status"], row["reason"]) == ("not run", "ranks missing")
