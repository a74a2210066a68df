"""What the report's page holds, read as HTML; tests in a browser: test_report_browser.py."""

import os
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from paper_tables.report import page
from paper_tables.report.tables import Column, table
from paper_tables.write import write as write_tables
from tests.paper_tables.made_comparison import CELL, write_comparison

VOID = {"meta", "link", "br", "input", "img", "hr"}


class Structure(HTMLParser):
    """Collects identifiers and links, and complains of a tag that is closed out of turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.identifiers, self.links = [], [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.identifiers += [given["id"]] if "id" in given else []
        self.links += [given[key] for key in ("href", "src") if key in given]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> at line {self.getpos()[0]}"


def parsed(text: str) -> Structure:
    found = Structure()
    found.feed(text)
    assert found.open == []
    return found


@pytest.fixture
def whole(scale, results):
    """Some tables, the comparison and the claims of the made-up results."""
    write_tables("casr", ["audit"], scale, results)
    write_comparison(results)
    return results


def test_without_any_table_every_section_says_what_is_missing(scale, results):
    text = page.html(scale, results)
    parsed(text)
    for name in ("comparison.csv", "casr_claims.csv", "casr_audit.csv", "casr_tests.csv", "figures"):
        assert re.search(rf'class="absent">[^<]*{name}[^<]*make (tables|compare) SCALE=fixture', text), name
    assert "They are not compared with the printed numbers yet." in text


def test_until_they_are_compared_measured_tables_are_shown(scale, results):
    write_tables("casr", ["table2"], scale, results)
    text = page.html(scale, results)
    assert 'id="casr-table2"' in text and f'href="#{CELL}"' in text


def test_every_link_leads_somewhere_and_nothing_comes_from_a_network(scale, whole):
    found = parsed(page.html(scale, whole))
    assert len(found.identifiers) == len(set(found.identifiers))
    inside = [link[1:] for link in found.links if link.startswith("#")]
    assert CELL in inside and set(inside) <= set(found.identifiers)
    assert all(link.startswith(("#", "data:")) for link in found.links)


def test_the_first_sentence_counts_cells_and_verdicts(scale, whole):
    text = page.html(scale, whole)
    assert "2 failed" in text
    compared = "Of 6 printed numbers 3 could be compared: 1 reproduced, 1 in direction only, 1 contradicted."
    aside = "Besides: 1 not comparable, 1 printed value suspect."
    assert f"{compared} {aside} What is not comparable would by its numbers alone be: 1 reproduced." in text
    alone = "1 not comparable, by value alone reproduced"
    assert f"1 reproduced, 1 direction only, 1 contradicted, 1 printed value suspect, {alone}, 1 not" in text


def test_what_speaks_against_the_numbers_stands_before_them(scale, whole):
    """Why some are not comparable, and that files are older than cells."""
    rows = pd.read_csv(whole / "comparison.csv", dtype=str, keep_default_na=False)
    aside = rows["verdict"] == "not comparable"
    rows.loc[aside, "verdict_reason"] = "audit: identifiers rise; by the numbers reproduced: off by 1"
    rows.to_csv(whole / "comparison.csv", index=False)
    text = page.html(scale, whole)
    caution = "Last.fm, not comparable in 1 of its numbers: audit: identifiers rise."
    assert text.index(caution) < text.index("<table>") and "were made after comparison.csv" not in text
    os.utime(whole / "comparison.csv", (1, 1))
    assert "cells were made after comparison.csv" in page.html(scale, whole)


def test_the_nearest_reading_says_so_and_the_others_nothing():
    shown = table("t", "T", pd.DataFrame({"nearest": ["True", "False"]}), (Column("nearest", "Nearest", "yes"),))
    assert [row[0].text for row in shown.rows] == ["yes", ""] and shown.filters == ("nearest",)


def test_what_comes_from_files_is_escaped(scale, whole):
    text = page.html(scale, whole)
    assert "&lt;b&gt;because&lt;/b&gt; &amp; so on" in text and "<b>because" not in text
    assert "out of memory &amp; 100% of $HOME_x used" in text


def test_a_figure_stands_beside_what_the_paper_claims_of_it(scale, whole):
    (whole / "figures").mkdir()
    (whole / "figures" / "casr_figure5.png").write_bytes(b"a picture")
    (whole / "figures" / "casr_figure5.csv").write_text("x,mean\n0,1\n", encoding="utf-8")
    text = page.html(scale, whole)
    figure = text[text.index("<figcaption>Figure 5") :]
    assert "A moderate κ is best." in figure[: figure.index("</figure>")]
    assert 'src="data:image/png;base64,' in figure


def test_failed_and_missing_cells_are_named_with_reasons(scale, whole):
    text = page.html(scale, whole)
    missing = text[text.index('id="casr-missing"') : text.index('id="casr-cells"')]
    assert "embeddings of different sizes" in missing and "narm.casr-m.stamp" in missing


def test_costs_are_summed_by_kind_and_a_gpu_s_hours_apart(scale, results):
    file = results / "cells" / CELL / "result.json"
    content = read_json(file)
    for seed in content["seeds"].values():
        seed["train_seconds"] = 1800.0
    content["provenance"]["device"] = "NVIDIA H200"
    write_json(file, content)
    (costs,) = page.paper("casr", scale, results).tables["costs"]
    heads = [column.key for column in costs.columns]
    rows = [dict(zip(heads, (value.text for value in row), strict=True)) for row in costs.rows]
    (gpu,) = [row for row in rows if row["device"] == "NVIDIA H200"]
    assert (gpu["kind"], gpu["seeds"], gpu["hours"], gpu["gpu_hours"]) == ("plain", "2", "1.00", "1.00")
    assert all(row["gpu_hours"] == "0.00" for row in rows if row is not gpu)


def test_a_table_leaves_out_empty_columns_and_says_once_what_is_the_same():
    frame = pd.DataFrame({"k": ["5", "5"], "mean": ["1.005", ""], "gone": ["", "nan"], "metric": ["f1", "ndcg"]})
    made = table(
        "t",
        "T",
        frame,
        (Column("k", "k"), Column("mean", "Mean", "fixed"), Column("gone", "Gone"), Column("metric", "Metric")),
    )
    assert [column.key for column in made.columns] == ["mean", "metric"]
    assert made.note == "In all rows k: 5." and made.filters == ("metric",)
    assert [value.text for value in made.rows[0]] == ["1.00", "f1"] and made.rows[1][0].order == ""


def test_a_file_that_nothing_is_known_of_is_shown_whole():
    frame = pd.DataFrame({"dataset": ["lastfm"], "p_value": ["0.00012"], "family": ["all of Table 2"]})
    made = table("t", "T", frame, ())
    assert [value.text for value in made.rows[0]] == ["Last.fm", "0.00012", "all of Table 2"]
    assert [column.head for column in made.columns] == ["Dataset", "P value", "Family"]


def test_a_broken_file_is_named(scale, results):
    (results / "comparison.csv").write_text('a,b\n"1,2\n', encoding="utf-8")
    with pytest.raises(BadInput, match="comparison.csv"):
        page.html(scale, results)
