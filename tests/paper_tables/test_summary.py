"""The summary at the end of a run, the printed numbers, and what the tables may not import."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from paper_tables.casr.expectations import expectations
from paper_tables.casr.printed import table
from paper_tables.summary import report

ROOT = Path(__file__).parents[2]


def verdicts(scale, results):
    return {line.what: (line.verdict, line.measured) for line in expectations(scale, results)}


def test_expectations_come_from_the_results(scale, results):
    found = verdicts(scale, results)
    verdict, measured = found["sequential anchors above popularity, NDCG@5, Last.fm"]
    assert verdict == "holds" and measured == "NARM 35.00; Popularity 10.00"
    assert found["kappa = 1 is the plain anchor, exactly"] == ("holds", "largest difference 0")
    # of D's three samplers one gains nothing over the plain anchor
    assert found["D and M above the plain anchor"] == ("does not hold", "2 of 3")
    assert found["D at least as good as H"] == ("holds", "1 of 1")
    assert found["M at least as good as D"] == ("not run", "")
    assert found["treatment above its random control"] == ("holds", "1 of 1")
    assert found["generated next items are the true ones more often than by chance"] == (
        "holds",
        "STAMP 40.0 %, NARM 40.0 %, SASRec 40.0 %",
    )


def test_the_report_counts_cells_names_failures_and_files(scale, results):
    text = report(scale, results)
    assert "2 failed" in text and "failed: casr/lastfm.loo/bpr: out of memory" in text
    assert "5.53" in text and "+29.47" in text  # measured beside printed


def test_tables_are_made_without_torch():
    code = "import sys, paper_tables.casr.__main__, paper_tables.summary; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def pairs():
    """(F1, NDCG) of every cell of Tables 2 and 3, in percent."""
    keys = ["dataset", "anchor", "method", "sampler"]
    frames = [table(number).assign(value=lambda rows: rows["value"].astype(float)) for number in (2, 3)]
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
