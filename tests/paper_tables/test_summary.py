"""The summary at the end of a run, the printed numbers, and what the tables may not import."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from paper_tables.reported import tables
from paper_tables.study import Study
from paper_tables.summary import claimed, report

ROOT = Path(__file__).parents[2]


def test_what_the_text_claims_is_answered_from_the_results(scale, results):
    found = {wording: answers for wording, *answers in claimed(Study.of("casr", scale, results))}
    # of D's three samplers one gains nothing over the plain anchor
    raised = found["The strategies D and M raise every anchor, whatever the sampler."]
    assert raised[0] == "supported" and raised[2] == "6 comparisons"
    assert found["Every sequential anchor is above popularity."][2] == "1 comparisons"
    assert not any("M is at least as good" in wording for wording in found)  # M was not run


def test_the_report_counts_cells_names_failures_and_files(scale, results):
    text = report(scale, results)
    assert "2 failed" in text and "failed: casr/lastfm.loo/bpr: out of memory" in text
    assert "5.53" in text and "+29.47" in text  # measured beside printed


def test_tables_are_made_without_torch():
    code = "import sys, paper_tables.__main__, paper_tables.summary; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def pairs():
    """(F1, NDCG) of every cell of Tables 2 and 3, in percent."""
    keys = ["dataset", "anchor", "method", "sampler"]
    frames = [tables("casr")[number].assign(value=lambda rows: rows["value"].astype(float)) for number in (2, 3)]
    return [frame.pivot(index=keys, columns="metric", values="value") for frame in frames]


def test_casr_3_the_only_printed_pair_that_cannot_be():
    outside = []
    for frame in pairs():
        hits = 3 * frame["f1"]
        # printed to two digits: F1 and NDCG each carry half a unit of the last one
        wrong = (frame["ndcg"] + 0.005 < (hits - 0.015) / np.log2(6)) | (frame["ndcg"] - 0.005 > hits + 0.015)
        outside += list(frame.index[wrong])
    assert outside == [("foursquare", "fpmc", "none", "")]


def test_casr_9_every_printed_f1_is_a_multiple_of_a_sixtieth():
    values = np.concatenate([frame["f1"].to_numpy() for frame in pairs()])
    assert len(values) == 396
    assert (np.abs(np.round(values * 60) / 60 - values) <= 0.005 + 1e-9).all()


def test_casr_4_pairs_of_table_2_that_are_not_the_best_of_table_3():
    second, third = pairs()
    augmented = second[second.index.get_level_values("method") != "none"].droplevel("sampler")
    best = third.groupby(["dataset", "anchor", "method"]).max().reindex(augmented.index)
    higher = (best - augmented) > 1e-9
    assert (len(augmented), int(higher.any(axis=1).sum()), int(higher.all(axis=1).sum())) == (81, 28, 1)
