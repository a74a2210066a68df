"""Tables from a small results tree whose numbers are worked out by hand (conftest.py says what lies in it)."""

import shutil

import pandas as pd
import pytest

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from paper_tables import marks
from paper_tables.cell import Cell
from paper_tables.kinds import mean_ranks, sizes
from paper_tables.nearly_observed import nearly_observed
from paper_tables.results import read_result
from paper_tables.study import Study
from paper_tables.write import write
from tests.paper_tables.made_results import lastfm, ranks_with_hits, write_cell


def made(target, scale, results, name):
    write("casr", [target], scale, results)
    rows = pd.read_csv(
        results / "tables" / f"{name}.csv", dtype={"printed": str}, keep_default_na=False, na_values=[""]
    )
    return rows, (results / "tables" / f"{name}.tex").read_text(encoding="utf-8")


def row(rows, name, metric="ndcg", dataset="lastfm"):
    [found] = rows[(rows["row"] == name) & (rows["metric"] == metric) & (rows["dataset"] == dataset)].to_dict("records")
    return found


def test_mean_and_deviation_over_seeds(scale, results):
    rows, _ = made("table2", scale, results, "casr_table2")
    narm = row(rows, "NARM")  # 20 and 22 hits at rank 1, of 60
    assert narm["mean"] == pytest.approx(100 * 21 / 60)
    assert narm["std"] == pytest.approx(100 * (2 / 60) / 2**0.5, rel=1e-5)
    assert (narm["seeds"], narm["n_users"], narm["candidates"]) == (2, 60, "kept")
    assert row(rows, "NARM", "f1")["mean"] == pytest.approx(100 * 21 / 60 / 3, rel=1e-5)


def test_printed_value_and_difference(scale, results):
    rows, _ = made("table2", scale, results, "casr_table2")
    narm = row(rows, "NARM")
    assert narm["printed"] == "5.53" and narm["difference"] == pytest.approx(35 - 5.53)
    assert row(rows, "BPR")["printed"] == "0.67"  # printed, though ours failed
    assert "2.78" in row(rows, "FPMC", dataset="foursquare")["printed_footnote"]


def test_the_headline_follows_the_methods_card(scale, results):
    """A method whose card excludes seen items is read from `removed`, where a miss at place 51 stands at 50."""
    write_cell(results, lastfm("nais"), {"1": ranks_with_hits(0) - 45, "2": ranks_with_hits(0) - 45})
    write_cell(results, lastfm("stamp"), {"1": ranks_with_hits(0) - 45, "2": ranks_with_hits(0) - 45})
    rows, _ = made("table2", scale, results, "casr_table2")
    assert row(rows, "NAIS", "f1")["mean"] == pytest.approx(100 / 3, rel=1e-5)  # place 5 of those left
    assert row(rows, "STAMP", "f1")["mean"] == 0  # place 6 of all


def test_table_2_takes_the_sampler_of_best_validation_not_of_best_test(scale, results):
    rows, text = made("table2", scale, results, "casr_table2")
    chosen = row(rows, "D-NARM")
    assert chosen["sampler"] == "stamp"  # on the test NARM's sampler is ahead, with 35 hits
    assert chosen["mean"] == pytest.approx(100 * 33 / 60)
    assert r"\textsubscript{ST}" in text


def test_every_planned_cell_shows_a_number_failed_or_not_run(scale, results):
    for target, name in (("table2", "casr_table2"), ("table3", "casr_table3")):
        rows, _ = made(target, scale, results, name)
        assert set(rows["status"]) == {"done", "failed", "not run"}
        assert rows.loc[rows["status"] == "done", "mean"].notna().all()
        assert rows.loc[rows["status"] != "done", "mean"].isna().all()
        assert rows.loc[rows["status"] != "done", "reason"].notna().all()


def test_failed_and_not_run_are_written_out(scale, results):
    rows, text = made("table2", scale, results, "casr_table2")
    [bpr] = [line for line in text.splitlines() if line.startswith("BPR &")]
    assert r"\textit{failed} {\color{gray}(0.35)}" in bpr and r"\textit{not run}" in bpr
    assert r"out of memory \& 100\% of \$HOME\_x used" in text
    assert row(rows, "M-NARM")["reason"] == "embeddings of different sizes"
    assert row(rows, "NARM", dataset="jester")["reason"] == "not part of this scale"


def test_a_users_own_method_stands_in_table_2_and_is_escaped(scale, results):
    _, text = made("table2", scale, results, "casr_table2")
    assert r"Mine\_100\% & \textit{not run}" in text


def test_best_of_its_block_is_bold_and_lowered_is_marked(scale, results):
    rows, text = made("table2", scale, results, "casr_table2")
    assert row(rows, "D-NARM")["best"] and not row(rows, "NARM")["best"]
    assert row(rows, "ItemKNN")["best"] and not row(rows, "Popularity")["best"]
    assert row(rows, "H-NARM")["lowered"] and not row(rows, "D-NARM")["lowered"]
    lines = {line.split(" & ")[0]: line for line in text.splitlines()}
    assert r"\textbf{55.00}" in lines["D-NARM"] and r"\downarrow" not in lines["D-NARM"]
    assert r"28.33{\scriptsize$\pm$2.36}$\downarrow$" in lines["H-NARM"] and "textbf" not in lines["H-NARM"]


def test_significance_is_paired_over_users_and_corrected_within_the_table(scale, results):
    rows, text = made("table2", scale, results, "casr_table2")
    better, worse = row(rows, "D-NARM"), row(rows, "H-NARM")
    # H loses 4 hits in either seed: users 16 to 21, six of one sign, whatever the number of seeds
    assert worse["p_value"] == pytest.approx(2 / 2**6)
    assert better["significant"] and not worse["significant"]
    assert worse["p_value_holm"] == pytest.approx(2 * 2 / 2**6)  # four tests: two metrics of H, two of D
    assert "4 paired sign-flip permutation tests, unit: the user" in text
    assert "55.00}{\\scriptsize$\\pm$2.36}*" in text


def test_marks_for_sources_and_budgets(scale, results):
    rows, text = made("table2", scale, results, "casr_table2")
    assert row(rows, "ItemKNN")["flags"] == "last epoch reached"
    assert row(rows, "NARM", dataset="amazon-beauty")["flags"] == "unverified source"
    assert r"Amazon Beauty$^\dagger$" in text and "unverified source" in text
    assert pd.isna(row(rows, "NARM", dataset="amazon-beauty")["std"])  # one seed has no deviation
    assert "10.00 {" in text


def test_table_3_has_every_combination_and_says_which_printed_row_is_lost(scale, results):
    rows, text = made("table3", scale, results, "casr_table3")
    assert len(rows) == 9 * 2 * 3 * (1 + 9)
    assert "textsubscript" not in text  # its rows name the sampler
    lost = rows.query("anchor == 'narm' and method == 'casr-h' and sampler == 'stamp'")
    assert (lost["printed"] == "missing").all() and lost["difference"].isna().all()
    assert lost["printed_footnote"].str.contains("casr-1").all()
    assert (rows["printed"] == "missing").sum() == 18
    assert row(rows, "D-NARM, sampler NARM")["printed"] == "9.82"


def test_the_matched_control_stands_beside_its_cell(scale, results):
    rows, _ = made("table3", scale, results, "casr_table3")
    treated = row(rows, "D-NARM, sampler STAMP")
    assert treated["control_mean"] == pytest.approx(100 * 23 / 60, rel=1e-5)
    beside, text = made("controls", scale, results, "casr_controls")
    gains = row(beside, "D-NARM, sampler STAMP")
    assert gains["gain"] == pytest.approx(20) and gains["gain_control"] == pytest.approx(100 * 2 / 60, rel=1e-5)
    assert gains["difference"] == pytest.approx(100 * 10 / 60, rel=1e-5)
    assert 0 < gains["low"] < gains["difference"] < gains["high"]
    assert row(beside, "H-NARM, sampler STAMP")["status"] == "not run"
    assert "control not run" in row(beside, "H-NARM, sampler STAMP")["reason"]
    assert row(beside, "M-NARM, sampler NARM")["status"] == "failed"
    assert "$+20.00$ & $+3.33$ & $+16.67$ [" in text


def test_other_orders_stand_beside_the_headline(scale, results):
    rows, text = made("splits", scale, results, "casr_splits")
    narm = row(rows, "NARM")
    assert (narm["split"], narm["change"]) == ("lastfm.loo.shuffled", pytest.approx(-30))
    assert row(rows, "BPR", dataset="amazon-beauty")["status"] == "not run"
    assert "Last.fm, loo.shuffled & NARM & 5.00" in text


@pytest.mark.parametrize(
    ("count", "measured", "printed", "expected"),
    [
        ("users", (1860, 2823, 71355), "1860", "exact"),
        ("users", (1859, 2823, 71355), "1860", "off by padding only"),
        ("items", (1859, 2823, 71355), "2824", "off by padding only"),
        ("users", (1861, 2823, 71355), "1860", "differs"),
        ("interactions", (1859, 2823, 71354), "71355", "differs"),
        ("interactions", (1859, 2823, 71355), "71355", "exact"),
        ("density_percent", (1859, 2823, 71355), "1.36", "exact"),
        ("density_percent", (73421, 100, 4136360), "55.78", "off by padding only"),
        ("density_percent", (73422, 101, 4136360), "55.78", "exact"),
        ("density_percent", (73421, 100, 4136360), "55.79", "differs"),
        ("density_percent", (22816, 319198, 1028948), "0.02", "differs"),
        ("users", (600, 200, 9932), "", "not in the paper"),
    ],
)
def test_verdict_on_a_count(count, measured, printed, expected):
    counts = dict(zip(("users", "items", "interactions"), measured, strict=True))
    assert sizes.verdict(count, counts, printed) == expected


def test_table_1_puts_measured_beside_printed(scale, results):
    rows, text = made("table1", scale, results, "casr_table1")
    found = {(r.dataset, r.count_): r for r in rows.rename(columns={"count": "count_"}).itertuples()}
    assert len(found) == 9 * 4
    assert found["lastfm", "users"].verdict == "off by padding only"
    assert found["lastfm", "interactions"].verdict == "exact"
    assert found["amazon-beauty", "items"].verdict == "differs"
    assert found["amazon-beauty", "items"].verified == "no"
    assert found["jester", "users"].verdict == "not run"
    [beauty] = [line for line in text.splitlines() if line.startswith("Amazon Beauty")]
    assert r"$^\dagger$" in beauty and "closest known" in beauty
    [music] = [line for line in text.splitlines() if line.startswith("Last.fm")]
    assert "1,859 & 1,860 & $+1$" in music and "reproduces" in music


@pytest.mark.parametrize("target", ["table2", "table3"])
def test_a_share_below_one_is_said(scale, results, target):
    rows, text = made(target, scale, results, f"casr_{target}")
    assert set(rows.loc[rows["method"] != "none", "share"].dropna()) == {1.0} and "training samples" not in text
    treated = lastfm("narm", "casr-m", "stamp")
    write_cell(results, treated, {"1": ranks_with_hits(5)}, settings={"share": 0.2, "kappa": 0.3, "index": -4})
    rows, text = made(target, scale, results, f"casr_{target}")
    found = row(rows, "M-NARM" if target == "table2" else "M-NARM, sampler STAMP")
    assert [found[key] for key in ("share", "kappa", "index", "alpha", "beta")] == [0.2, 0.3, -4, 1.0, 1.0]
    assert r"$r=20\,\%$ of the training samples" in text


def test_a_control_trains_as_long_as_its_cell_by_design(results):
    cells = lastfm("stamp", "casr-d", "stamp"), lastfm("stamp", "casr-d", "stamp", "control")
    for cell in cells:
        write_cell(results, cell, {"1": ranks_with_hits(5)}, seed={"stopped_early": False})
    assert [read_result(cell, results).flags for cell in cells] == [["last epoch reached"], []]


def test_what_a_scale_leaves_out_is_not_read(scale, results):
    write_cell(results, Cell("casr", "jester.loo", "narm"), {"1": ranks_with_hits(5)})
    assert Study.of("casr", scale, results).read(Cell("casr", "jester.loo", "narm")).status == "not run"


def test_an_error_of_the_audit_is_marked_wherever_the_data_is_named(scale, results):
    for target in ("table1", "table2", "table3", "controls"):
        rows, text = made(target, scale, results, f"casr_{target}")
        [errors] = rows.loc[rows["dataset"] == "lastfm", "audit_errors"].unique()
        assert errors == "monotone identifiers (1.00 of users only rise & 5 %)"
        assert r"Last.fm\textsuperscript{\textcolor{red}{\textbf{!!}}}" in text
        assert r"Last.fm: monotone identifiers (1.00 of users only rise \& 5 \%)" in text
        assert rows.loc[rows["dataset"] == "amazon-beauty", "audit_errors"].isna().all()
    _, text = made("splits", scale, results, "casr_splits")
    assert "Last.fm, loo.shuffled" in text  # the error is of the default order


def test_the_audit_shows_what_is_worse_than_ok(scale, results):
    rows, text = made("audit", scale, results, "casr_audit")
    assert list(zip(rows["dataset"], rows["level"], strict=True)) == [
        ("lastfm", "ok"),
        ("lastfm", "error"),
        ("amazon-beauty", "ok"),
    ]
    assert r"Last.fm & monotone identifiers & \textcolor{red}{\textbf{error}} & 0.998" in text
    assert "repeated pairs" not in text and "Beauty" not in text
    (results / "data" / "lastfm" / "audit.json").unlink()
    rows, text = made("audit", scale, results, "casr_audit")
    assert list(rows["status"]) == ["not run", "done"] and r"\textit{not run}" in text


@pytest.mark.parametrize("target", ["table1", "table2", "table3", "controls", "splits"])
def test_an_unverified_source_is_marked_wherever_the_data_is_named(scale, results, target):
    scale["papers"]["casr"]["datasets"]["amazon-beauty"] = {"seeds": [1]}
    for variant in ("", "control"):
        treated = Cell("casr", "amazon-beauty.loo", "narm", "casr-d", "stamp", variant)
        write_cell(results, treated, {"1": ranks_with_hits(8)}, verified=False)
    _, text = made(target, scale, results, f"casr_{target}")
    named = [line for line in text.splitlines() if "Amazon Beauty" in line and "caption" not in line]
    assert named and all(r"Amazon Beauty$^\dagger$" in line for line in named)
    assert r"$\dagger$: unverified source" in text


@pytest.mark.parametrize("content", ["{", "[]", '{"status": "maybe"}', "{}"])
def test_a_broken_result_has_failed_and_names_its_file(tmp_path, content):
    cell = Cell("casr", "lastfm.loo", "narm")
    cell.folder(tmp_path).mkdir(parents=True)
    (cell.folder(tmp_path) / "result.json").write_text(content)
    found = read_result(cell, tmp_path)
    assert found.status == "failed" and "lastfm.loo/narm/result.json" in found.reason and not found.seeds


def test_results_that_rank_other_users_are_not_paired(scale, results):
    folder = lastfm("narm").folder(results)
    for seed in (1, 2):
        ranks = pd.read_parquet(folder / f"seed-{seed}.ranks.parquet")
        ranks["user"] += 1
        ranks.to_parquet(folder / f"seed-{seed}.ranks.parquet")
    with pytest.raises(BadInput, match="rank other users"):
        write("casr", ["table2"], scale, results)


def test_without_ranks_there_is_a_number_but_no_test(scale, results):
    (lastfm("narm").folder(results) / "seed-1.ranks.parquet").unlink()
    rows, _ = made("table2", scale, results, "casr_table2")
    assert row(rows, "D-NARM")["mean"] == pytest.approx(55) and pd.isna(row(rows, "D-NARM")["p_value"])
    assert row(rows, "NARM")["flags"] == "ranks missing: not checkable"


def test_a_cell_that_is_older_than_what_it_builds_on_says_so(tmp_path):
    plain, sampler = lastfm("narm"), lastfm("stamp")
    treated, control = lastfm("narm", "casr-d", "stamp"), lastfm("narm", "casr-d", "stamp", "control")
    for cell, finished in (plain, "12:00"), (sampler, "09:00"), (treated, "10:00"), (control, "12:30"):
        write_cell(tmp_path, cell, {"1": ranks_with_hits(5)})
        file = cell.folder(tmp_path) / "result.json"
        content = read_json(file)
        content["provenance"]["finished"] = f"2026-01-01T{finished}:00+00:00"
        write_json(file, content)
    flags = {cell.name: read_result(cell, tmp_path).flags for cell in (plain, sampler, treated, control)}
    assert flags.pop("narm.casr-d.stamp") == ["made before narm was run again"]
    assert not any(flags.values())


@pytest.mark.parametrize(
    ("cards", "flagged"),
    [
        ([{"candidates": 100, "size": 90, "observed_label": 0.5}], True),
        ([{"candidates": 100, "size": 90, "observed_label": 0.49}], False),
        ([{"candidates": 100, "size": 20, "observed_label": 0.1}], True),
        ([{"candidates": 100, "size": 21, "observed_label": 0.1}], False),
        ([{"candidates": 100, "size": 90, "observed_label": x} for x in (0.3, 0.8)], True),  # the seeds' mean
        ([{"candidates": 100, "size": 0, "observed_label": None}], False),  # the plain anchor, which has its own flag
        ([{"strategy": "l", "sets": 3000}], False),
        ([{"control": True, "trained": 7}], False),
        ([], False),
    ],
)
def test_when_a_set_is_nearly_the_observed_data(cards, flagged):
    assert nearly_observed(cards) is flagged


@pytest.fixture
def near_results(results):
    """A sampler for D whose set repeats the data, the best in validation, with its control; and a figure's point."""
    card = {"candidates": 100, "size": 12, "observed_label": 0.63}
    other, point = lastfm("narm", "casr-d", "sasrec"), lastfm("narm", "casr-d", "stamp", "r40")
    for cell, share in ((other, 1.0), (point, 0.4)):
        shutil.rmtree(cell.folder(results), ignore_errors=True)
        test, validation = {"1": ranks_with_hits(40)}, {"1": ranks_with_hits(60)}
        write_cell(results, cell, test, validation, card=card, settings={"share": share})
    write_cell(results, lastfm("narm", "casr-d", "sasrec", "control"), {"1": ranks_with_hits(20)})
    return results


@pytest.mark.parametrize("target", ["table2", "table3", "controls", "sets", "tests"])
def test_a_set_that_is_nearly_the_observed_data_is_marked_in_every_table(scale, near_results, target):
    rows, text = made(target, scale, near_results, f"casr_{target}")
    marked = [line for line in text.splitlines() if r"$^\approx$" in line]
    assert len(marked) == {"tests": 2}.get(target, 1), marked
    assert r"$\approx$: trained on a set that is nearly the observed data: at least 50\% of" in text
    assert rows["flags"].str.contains("nearly the observed data").any()


def test_a_method_whose_set_is_nearly_the_observed_data_is_marked_among_mean_ranks():
    flags = ["nearly the observed data", "", "nearly the observed data"]
    rows = pd.DataFrame({"row": ["D-NARM", "D-NARM", "NARM"], "ranked": [True, True, False], "flags": flags})
    assert [mean_ranks._named(rows, name) for name in ("D-NARM", "NARM")] == ["D-NARM ≈", "NARM"]


def test_a_point_that_is_nearly_the_observed_data_is_named_in_its_figure(scale, near_results):
    write("casr", ["figure3"], scale, near_results)
    text = (near_results / "figures" / "casr_figure3.tex").read_text(encoding="utf-8")
    assert "Hollow: nearly the observed data" in text and "D at 40." in text


def test_the_sets_say_how_many_trainings_would_have_stayed_where_they_began(scale, results):
    """Seeds of which no epoch exceeded the plain anchor's validation value: NDCG@5 of 0.5 and of 1 here."""
    cells = lastfm("sasrec"), lastfm("sasrec", "casr-m", "narm")
    for cell in cells:
        shutil.rmtree(cell.folder(results), ignore_errors=True)
    test, validation = (
        {seed: ranks_with_hits(hits) for seed, hits in (("1", a), ("2", b))} for a, b in ((5, 5), (30, 60))
    )
    write_cell(results, cells[0], test, validation)
    write_cell(results, cells[1], test, validation, seed={"curve": [0.4, 0.7]})
    rows, text = made("sets", scale, results, "casr_sets")
    found = rows[rows["row"] == "M-SASRec, sampler NARM"]
    assert found["would_have_stayed"].tolist() == [0.5]
    assert r"would have stayed" in text and r"Would have stayed: share of the trainings" in text
    assert rows.loc[rows["row"] != "M-SASRec, sampler NARM", "would_have_stayed"].isna().all()  # no curve is known


def test_no_row_has_no_sign_to_explain():
    """A column of no rows holds no texts: `make tables` at a scale of which nothing is run."""
    assert marks.flags_legend(pd.Series([], dtype=float)) == ""
