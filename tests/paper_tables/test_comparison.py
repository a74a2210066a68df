"""Measured beside printed for a small results tree (conftest.py)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import yaml

from paper_tables.judge.comparison import COLUMNS, comparison, main
from paper_tables.judge.measured import incomparable
from paper_tables.kinds import agreement as heatmap
from paper_tables.reported import KEYS, reported
from paper_tables.spec.paper import paper
from paper_tables.study import Study
from paper_tables.write import write


@pytest.fixture
def rows(scale, results):
    return comparison(scale, results)


def one(rows, **wanted):
    [found] = rows.loc[(rows[list(wanted)] == pd.Series(wanted)).all(axis=1)].to_dict("records")
    return found


def test_every_printed_number_has_one_row_and_keeps_its_text(rows):
    printed = rows[rows["verdict"] != ""]
    assert list(rows.columns) == COLUMNS and not rows.duplicated(list(KEYS)).any()
    both = reported("casr").merge(printed, on=list(KEYS), how="outer", validate="1:1")
    assert (both["value"] == both["printed_text"]).all() and len(both) == 810


def test_measured_stands_beside_printed(rows):
    found = one(rows, table="2", anchor="narm", method="none", dataset="lastfm", metric="ndcg")
    # 20 and 22 of 60 users at the top
    assert found["measured"] == pytest.approx(35) and found["printed"] == 5.53 and found["seeds"] == 2
    assert found["difference"] == pytest.approx(29.47) and found["cell"] == "casr/lastfm.loo/narm"
    assert found["verdict"] == "not comparable" and "audit: monotone identifiers" in found["verdict_reason"]
    # Table 2 does not name its samplers
    found = one(rows, table="2", anchor="narm", method="casr-d", dataset="lastfm", metric="ndcg")
    assert found["reason"] == "sampler stamp, best in validation" and found["sampler"] == ""
    # what is not printed is there, too
    control = one(rows, setting="variant=control", method="casr-d", anchor="narm", sampler="stamp", metric="ndcg")
    assert control["verdict"] == "" and control["measured"] == pytest.approx(100 * 23 / 60)
    own = one(rows, table="2", anchor="popularity", dataset="lastfm", metric="f1")
    assert pd.isna(own["printed"]) and own["status"] == "done"
    assert one(rows, setting="split=loo.shuffled", anchor="narm", metric="ndcg")["status"] == "done"
    # a failed and a missing cell say why
    failed = one(rows, table="2", anchor="bpr", dataset="lastfm", metric="f1")
    assert failed["verdict"] == "not run" and failed["verdict_reason"].startswith("failed: out of memory")
    missing = one(rows, table="2", anchor="bpr", dataset="jester", metric="f1")
    assert missing["verdict_reason"] == "not part of this scale"
    lost = rows.query("table == '3' and anchor == 'narm' and method == 'casr-h' and sampler == 'stamp'")
    assert set(lost["verdict"]) == {"printed value suspect"} and len(lost) == 18


def test_other_counts_and_errors_of_the_audit_forbid_a_verdict(scale, results):
    study = Study.of("casr", scale, results)
    assert incomparable(study, "amazon-beauty") == "12,000 items instead of 12,102"
    assert incomparable(study, "lastfm") == "audit: monotone identifiers"
    assert incomparable(study, "jester") == ""


def test_command_prints_the_short_form_and_writes_every_number(scale, results, tmp_path, capsys):
    file = tmp_path / "scale.yaml"
    file.write_text(yaml.safe_dump(scale), encoding="utf-8")
    arguments = ["--scale-file", str(file), "--results", str(results)]
    assert main(arguments) == 0
    written = results / "so_far" / "comparison.csv"
    text, first = capsys.readouterr().out, written.read_bytes()
    assert "of its numbers: audit: monotone identifiers. By the numbers alone: " in text
    assert "failed: casr/lastfm.loo/bpr: out of memory" in text
    assert "Not run, or nothing to compare with: amazon-baby, amazon-video," in text
    assert main(arguments) == 0 and written.read_bytes() == first
    assert main(["--scale-file", str(tmp_path / "none.yaml"), "--results", str(results)]) == 2
    assert "error: " in capsys.readouterr().err


def test_targets_of_the_comparison_are_written(scale, results):
    assert all(file.stat().st_size for file in write("casr", ["verdicts", "agreement"], scale, results))
    counts = pd.read_csv(results / "tables" / "casr_verdicts.csv")
    assert counts["numbers"].sum() == 810 and len(counts) == 36
    heat = pd.read_csv(results / "figures" / "casr_agreement.csv", dtype=str, keep_default_na=False)
    assert len(heat) == 810 and set(heat.loc[heat["verdict"] == "not run", "sign"]) == {"-"}
    third = heat[heat["table"] == "3"]["row"].unique()
    assert list(third[:4]) == ["NARM", "H-NARM, NARM", "H-NARM, SASRec", "H-NARM, STAMP"]  # the lost row among its like


@pytest.mark.parametrize(("name", "printed"), [("l2aug", 240), ("csrec", 152), ("macs", 240)])
def test_a_paper_of_which_nothing_is_run_shows_all_that_it_prints_as_not_run(tmp_path, name, printed):
    scale = {"scale": "paper", "seeds": [1], "papers": {name: {}}}
    rows = comparison(scale, tmp_path)
    assert len(rows) == printed and set(rows["status"]) == {"not run"}
    keys = list(rows[list(KEYS)].itertuples(index=False, name=None))
    assert sorted(keys) == sorted(reported(name)[list(KEYS)].itertuples(index=False, name=None))
    assert set(rows["reason"]) == {"not part of this scale"} and rows["cell"].ne("").all()
    for file in write(name, [*paper(name).targets, "document"], scale, tmp_path):
        assert file.stat().st_size, file
    shown = sum(
        pd.read_csv(tmp_path / "tables" / f"{name}_{target}.csv", dtype=str)["printed"].notna().sum()
        for target, about in paper(name).targets.items()
        if about["kind"] == "accuracy" and "printed" in about
    )
    assert shown == printed


def test_what_cannot_tell_has_no_shade_and_a_sign(monkeypatch):
    """Of a number that is not comparable the picture shows, behind its sign, the verdict that it would get."""
    shades = []
    monkeypatch.setattr("matplotlib.axes.Axes.pcolormesh", lambda axes, values, **look: shades.append(values))
    about = {
        "table": "1",
        "dataset": "lastfm",
        "setting": "",
        "anchor": "x",
        "method": "y",
        "sampler": "",
        "metric": "ndcg",
    }
    heat = pd.DataFrame({"row": list("abcd")}).assign(**about, k="5", unit="percent", printed=1.0, measured=1.5)
    heat["relative_difference"] = 0.5
    heat["verdict"] = ["cannot tell", "not comparable", "not comparable", "reproduced"]
    heat["by_numbers"] = ["", "cannot tell", "contradicted", ""]
    monkeypatch.setattr(heatmap, "_label", lambda paper, row: row.row)
    rows = heatmap.of_comparison(paper("casr"), heat)
    assert list(rows["sign"]) == ["~", "#~", "#!", "="]
    _, axes = plt.subplots()
    heatmap._panel(axes, rows)
    assert np.isnan(shades[0].ravel()[:2]).all() and list(shades[0].ravel()[2:]) == [0.5, 0.5]
    assert sum(patch.get_hatch() == "...." for patch in axes.patches) == 2
    plt.close("all")
