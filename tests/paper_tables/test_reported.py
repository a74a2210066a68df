"""The printed numbers of all papers, and the anomalies that touch them."""

import numpy as np
import pytest

from datasets.pipeline.errors import BadInput
from paper_tables.printed_rows import printed_rows
from paper_tables.reported import KEYS, LOST, UNUSABLE, anomalies, matches, papers, reported, tables, touches

# printed numbers of the result tables, the lost ones included
NUMBERS = {"casr": 270 + 522 + 18, "cpr": 360, "csrec": 152, "l2aug": 240, "macs": 240}


def test_every_paper_is_here_with_every_number():
    assert {paper: len(reported(paper)) for paper in papers()} == NUMBERS


@pytest.mark.parametrize("paper", NUMBERS)
def test_a_number_is_named_once_and_read_as_printed(paper):
    rows = reported(paper)
    assert not rows.duplicated(list(KEYS)).any() and set(rows["paper"]) == {paper}
    printed = rows[rows["value"] != ""]
    assert (printed["printed"] == printed["value"].astype(float)).all()
    assert rows.loc[rows["value"] == "", "suspect"].all()
    assert set(rows["unit"]) <= {"percent", "fraction"}


@pytest.mark.parametrize("paper", NUMBERS)
def test_every_anomaly_of_a_result_table_touches_what_it_names(paper):
    found, rows = anomalies(paper), reported(paper)
    assert len({entry["id"] for entry in found}) == len(found)
    for entry in found:
        assert entry["severity"] in ("high", "mid", "low")
        assert bool(entry["cells"]) == touches(entry, rows).any(), entry["id"]
        for cell in entry["cells"]:
            assert (matches(cell, rows) & touches(entry, rows)).any(), (entry["id"], cell)
        if entry["consequence"] in (LOST, UNUSABLE):
            assert entry["severity"] == "high"


@pytest.mark.parametrize("paper", NUMBERS)
def test_what_names_the_cells_knows_every_method_that_is_printed(paper):
    """Rows that the text has lost are of methods that have others."""
    assert {row["anchor"] for row in printed_rows(paper)} == set(reported(paper)["anchor"])


def test_the_lost_row_of_casr_is_in_the_frame():
    lost = reported("casr").query("anchor == 'narm' and method == 'casr-h' and sampler == 'stamp'")
    assert len(lost) == 18 and lost["suspect"].all() and lost["printed"].isna().all()
    assert lost["footnote"].str.contains("casr-1").all()


def test_a_number_can_have_several_anomalies():
    rows = reported("casr").query("table == '2' and dataset == 'foursquare' and anchor == 'fpmc'")
    assert dict(zip(rows["metric"], rows["anomalies"], strict=True)) == {"f1": "casr-9", "ndcg": "casr-3"}
    assert list(rows["suspect"]) == [False, True]


def test_tables_of_counts_are_no_results():
    assert "metric" not in tables("casr")[1] and "metric" not in tables("l2aug")[1]
    assert np.array_equal(reported("l2aug")["table"].unique(), ["2"])


def test_an_unknown_paper_is_named():
    with pytest.raises(BadInput, match="casr, cpr"):
        tables("nothing")
