"""One's own method against the others: every number can be worked out by hand from made-up ranks."""

import numpy as np
import pandas as pd
import pytest

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from paper_tables.standing import standing, write
from paper_tables.statistics import detectable, holm, interval, sign_flip
from tests.paper_tables.made_results import USERS, lastfm, ranks_with_hits, write_cell, write_failed


@pytest.fixture
def world(tmp_path, cards):
    """`repeat-last` hits 30 of 60 in both seeds; NARM 20 and 22; FPMC all; NARM with D is no plain method."""

    def make(name: str, hits: list[int], *treated: str, seconds: float = 2.0) -> None:
        cell = lastfm(name, *treated)
        seed = {"train_seconds": seconds, "rank_seconds": 0.5, "peak_memory_mb": 100.0}
        write_cell(tmp_path, cell, {str(n): ranks_with_hits(each) for n, each in enumerate(hits, 1)}, seed=seed)
        file = cell.folder(tmp_path) / "result.json"
        parts = ("paper", "split", "anchor", "treatment", "sampler", "variant")
        write_json(file, read_json(file) | {"cell": {part: getattr(cell, part) for part in parts}})

    make("repeat-last", [30, 30])
    make("narm", [20, 22], seconds=8.0)
    make("fpmc", [60, 60])
    make("narm", [25, 25], "casr-d", "stamp")
    make("narm", [24, 24], "casr-d", "stamp", "control")
    return tmp_path


def test_differences_intervals_and_tests_are_over_users_with_seeds_averaged_first(world):
    rows = standing("repeat-last", world).rows.set_index("other")
    assert set(rows.index) == {"narm", "fpmc"}
    users = np.arange(USERS)
    pair = (users < 30) - ((users < 20) * 0.5 + (users < 22) * 0.5)
    narm = rows.loc["narm"]
    assert narm["difference"] == pytest.approx(100 * pair.mean()) and narm["users"] == USERS
    assert (narm["low"], narm["high"]) == pytest.approx(interval(100 * pair))
    p_values = [sign_flip(pair), sign_flip((users < 30) - 1.0)]
    assert list(rows.loc[["narm", "fpmc"], "p_value"]) == pytest.approx(p_values)
    assert list(rows.loc[["narm", "fpmc"], "p_value_holm"]) == pytest.approx(holm(np.array(p_values)))
    assert (narm["train_seconds"], narm["other_train_seconds"], narm["memory_mb"]) == (2.0, 8.0, 100.0)


def test_the_sentence_names_winners_and_losers_the_test_the_unit_and_the_correction(world):
    text = standing("repeat-last", world).sentence
    assert "It was significantly better than NARM (1 of 2); worse than FPMC (1 of 2)." in text
    for part in ("NDCG@5", "paired sign-flip permutation test", "Holm's correction", "unit: the user", "seeds: 2"):
        assert part in text
    assert "the history kept for both" in text and "four of five" not in text


def test_what_is_not_told_apart_says_what_would_have_been_seen(world):
    rows = standing("narm.casr-d.stamp", world)
    users = np.arange(USERS)
    apart = 100 * ((users < 25) - 1.0 * (users < 24))
    limit = rows.rows.set_index("other").loc["narm.casr-d.stamp.control", "detectable"]
    assert limit == pytest.approx(detectable(apart, 0.05 / len(rows.rows)))
    assert "not told apart from" in rows.sentence and "would have been seen in four of five cases" in rows.sentence


def test_a_treated_method_meets_its_own_control_too(world):
    rows = standing("narm.casr-d.stamp", world).rows
    assert set(rows["other"]) == {"narm", "fpmc", "repeat-last", "narm.casr-d.stamp.control"}


def test_without_ranks_nothing_is_tested_and_it_says_so(world):
    (lastfm("narm").folder(world) / "seed-1.ranks.parquet").unlink()
    found = standing("repeat-last", world)
    row = found.rows.set_index("other").loc["narm"]
    assert np.isnan(row["p_value"]) and np.isnan(row["low"]) and row["difference"] > 0
    assert "(1 of 1)" in found.sentence and "1 comparisons could not be tested" in found.sentence
    assert all(file.is_file() for file in write(found, world))


def test_every_pair_is_compared_on_equal_candidates(world):
    """BPR's headline has the history removed, the other's has not. Without it every rank is one place better."""
    above = np.where(np.arange(USERS) < 10, 0, 5)  # places 1 and 6; without the history 1 and 5
    write_cell(world, lastfm("bpr"), {"1": above, "2": above})
    file = lastfm("bpr").folder(world) / "result.json"
    about = dict.fromkeys(("treatment", "sampler", "variant"), "")
    write_json(file, read_json(file) | {"cell": {"paper": "casr", "split": "lastfm.loo", "anchor": "bpr"} | about})
    kept = standing("repeat-last", world).rows.set_index("other").loc["bpr"]
    assert kept["candidates"] == "history kept" and kept["other_mean"] == pytest.approx(100 * 10 / USERS)
    assert kept["p_value"] == pytest.approx(sign_flip((np.arange(USERS) < 30) - 1.0 * (np.arange(USERS) < 10)))
    assert kept["difference"] == pytest.approx(100 * 20 / USERS)
    assert kept["flags"] == "bpr has its headline with the history removed"
    removed = standing("bpr", world)
    row = removed.rows.set_index("other").loc["repeat-last"]
    assert row["candidates"] == "history removed" and "the history removed for both" in removed.sentence
    at_five = 1 / np.log2(6)
    assert row["mean"] == pytest.approx(100 * (10 + 50 * at_five) / USERS)
    pair = np.where(np.arange(USERS) < 10, 1, at_five) - (np.arange(USERS) < 30)
    assert row["difference"] == pytest.approx(100 * pair.mean()) and row["p_value"] == pytest.approx(sign_flip(pair))


def test_seconds_of_a_program_that_runs_outside_are_a_dash(world, cards):
    card = cards / "fpmc" / "card.yaml"
    card.write_text(card.read_text().replace("kind: recommender", "kind: external"))
    found = standing("repeat-last", world)
    row = found.rows.set_index("other").loc["fpmc"]
    assert np.isnan(row["other_train_seconds"]) and row["train_seconds"] == 2.0
    html, tex, csv = write(found, world)
    assert "2.0 / --" in tex.read_text() and "2.0 / 0.0" not in tex.read_text() and "–" in html.read_text()


def test_page_table_and_numbers_are_written(world):
    html, tex, csv = write(standing("repeat-last", world), world)
    assert html.name == "repeat-last.html" and "Copy the sentence" in html.read_text()
    assert r"\toprule" in tex.read_text() and tex.read_text().count("*") >= 2
    assert len(pd.read_csv(csv)) == 2


def test_a_failed_method_says_why_and_is_not_among_the_finished(world):
    write_failed(world, lastfm("bpr"), "out of memory")
    with pytest.raises(BadInput, match="no finished cell 'bpr', it failed: out of memory; there are: (?!.*bpr)"):
        standing("bpr", world)


def test_an_unknown_method_names_those_that_there_are(world):
    with pytest.raises(BadInput, match="no finished cell 'mine'.*fpmc"):
        standing("mine", world)
    with pytest.raises(BadInput, match="unknown metric 'auc'"):
        standing("narm", world, "auc")


def test_a_scale_that_was_not_run_names_those_that_have_the_method(results):
    other = results.parent / "paper"
    with pytest.raises(BadInput, match=rf"nor any other; name a scale .* SCALE={results.name}$"):
        standing("narm", other)
