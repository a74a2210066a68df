"""The dose curves, and the section of the report that asks whether a gain could have been seen."""

import numpy as np
import pandas as pd
import pytest
import yaml

from datasets.pipeline.errors import BadInput
from methods.evaluation.metrics import per_user
from paper_tables.cell import Cell
from paper_tables.kinds.dose import break_even, falls, frame, held
from paper_tables.report import page, seen
from paper_tables.scale_part import asked
from paper_tables.spec.paper import paper
from paper_tables.spec.plan import read_plan
from paper_tables.study import Study
from paper_tables.write import write
from tests.paper_tables.made_results import ranks_with_hits, write_cell
from workflow.cells.provenance import ROOT

SCALE = {
    "scale": "fixture",
    "seeds": [1],
    "papers": {
        "casr": {
            "targets": ["audit", "dose"],
            "dose": {"histories": [50, 150], "worlds": [1, 2, 3], "anchors": ["narm"], "strategies": ["casr-h"]},
        }
    },
}
HITS = {"": 20, "0": 32, "0.25": 29, "0.5": 24, "0.75": 16, "1": 8, "control": 17, "casr-h": 19}


@pytest.fixture
def plan():
    return read_plan(SCALE, "casr")


@pytest.fixture
def published(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("published")
    monkeypatch.setattr(seen, "PUBLISHED", folder)
    return folder


@pytest.fixture
def made(tmp_path, plan, published):
    """Three draws of 50 histories, one hit more in each; the gain is gone between 1/2 and 3/4. 150 were not run."""
    for number, split in enumerate(plan.dose.worlds["50 histories"]):
        points = {rate: plan.dose.point(split, "narm", float(rate)) for rate in HITS if rate[:1].isdigit()}
        points |= {"": Cell("casr", split, "narm"), "control": plan.dose.control(split, "narm")}
        points["casr-h"] = plan.dose.treated(split, "narm", "casr-h")
        for name, cell in points.items():
            card = {"noise": 0.9} if name == "casr-h" else {}
            write_cell(tmp_path, cell, {"1": ranks_with_hits(HITS[name] + number * (name == "0"))}, card=card)
    return tmp_path


@pytest.fixture
def rows(made, plan):
    return frame(Study.of("casr", SCALE, made), "dose")


def points(rows, kind, setting="50 histories"):
    return rows[(rows["kind"] == kind) & (rows["setting"] == setting)]


def test_gains_are_over_the_anchor_with_the_draw_as_upper_level(rows):
    curve = points(rows, "oracle")
    one = 100 / 60 * per_user("ndcg", 5, np.array([0]), np.array([0]))[0]  # a hit more of sixty users
    assert curve["gain"].tolist() == pytest.approx([13 * one, 9 * one, 4 * one, -4 * one, -12 * one])
    first = curve.iloc[0]
    half = 4.302653 * one / np.sqrt(3)  # t of two degrees of freedom; gains of 12, 13 and 14 hits
    assert (first["low"], first["high"]) == pytest.approx((13 * one - half, 13 * one + half))
    assert first["over_control"] == pytest.approx(16 * one) and first["draws"] == 3
    assert points(rows, "control")["gain"].item() == pytest.approx(-3 * one)
    mark = points(rows, "treatment").iloc[0]
    assert (mark["x"], mark["gain"], mark["sampler"]) == (0.9, pytest.approx(-one), "narm")


def test_the_gain_is_gone_where_the_mean_curve_meets_the_anchor(rows):
    curve = points(rows, "oracle")
    assert curve["break_even"].unique() == pytest.approx([0.625])
    assert break_even((0, 0.5, 1), (2, 1, -1)) == 0.75
    assert break_even((0, 1), (-1, -2)) == 0 and break_even((0, 1), (2, 1)) == np.inf


def test_what_was_not_run_says_so(rows):
    assert set(points(rows, "oracle", "150 histories")["status"]) == {"not run"}


def test_the_bars_are_held_against_every_panel_of_a_world_where_true_answers_must_help(rows, plan):
    assert [tuple(line[2:]) for line in held(plan.dose, rows)] == 4 * [("1 of 1", "holds")]
    worse = rows.assign(low=rows["low"] - 100)
    assert [line[3] for line in held(plan.dose, worse)] == ["does not hold", "holds", "holds", "holds"]
    elsewhere = worse.assign(setting="600 histories")
    assert [line[3] for line in held(plan.dose, elsewhere)] == 4 * ["not run"]
    level = rows.assign(gain=rows["gain"].abs())
    assert [line[3] for line in held(plan.dose, level)][2:] == ["does not hold", "does not hold"]


def test_a_curve_falls_unless_it_rises_beyond_its_interval():
    def curve(*gains):
        return pd.DataFrame({"gain": gains, "low": np.array(gains) - 1, "high": np.array(gains) + 1})

    assert falls(curve(5, 3, 3.5, -2)) and not falls(curve(5, 1, 4, -2)) and not falls(curve(5, 4, 5.1))


def test_the_figure_is_drawn_of_what_there_is_and_of_nothing(made, plan):
    nothing = {"scale": "fixture", "seeds": [1], "papers": {"casr": {}}}
    for scale in (SCALE, nothing):
        write("casr", ["dose"], scale, made)
        for ending in ("csv", "tex", "png", "pdf"):
            assert (made / "figures" / f"casr_dose.{ending}").stat().st_size > 100


def test_the_report_asks_whether_it_could_have_been_seen(made, plan):
    write("casr", ["dose"], SCALE, made)
    shown = seen.tables("casr", made)
    assert [each.name for each in shown] == ["casr-seen-controls"]
    text = {column.key: value.text for column, value in zip(shown[0].columns, shown[0].rows[0], strict=True)}
    assert (text["seen"], text["break_even"], text["treatments"]) == ("yes", "0.62", "H 0.90")
    html = page.html(SCALE, made)
    assert "Could this harness have seen it?" in html and 'id="casr-seen-controls"' in html
    assert "casr_table2" not in html  # the scale does not ask for it, so that it is not missing


def test_a_scale_without_worlds_shows_those_that_are_published(made, plan, published):
    write("casr", ["dose"], SCALE, published / "worlds")
    assert "Of the published scale worlds." in seen.tables("casr", made)[0].note


def test_published_runs_stand_beside_the_printed_gain(tmp_path):
    """CASR's Table 3 prints 5.53 for NARM on Last.fm: against its cells a run sees enough, too little, or no spread."""
    gains = seen.printed_gains("casr")
    gain = gains["lastfm", "", "narm", "casr-d", "stamp", "ndcg"]
    assert 2 < gain < 6
    rows = [
        {"dataset": "lastfm", "setting": "", "anchor": "narm", "method": "casr-d", "sampler": sampler, "metric": "ndcg"}
        | {"comparison": "plain", "status": "done", "seeds": seeds, "detectable": 1, "detectable_holm": smallest}
        for sampler, seeds, smallest in (("stamp", 3, gain - 0.01), ("sasrec", 3, 50), ("narm", 1, 0.1))
    ]
    file = tmp_path / "quick" / "tables" / "casr_tests.csv"
    file.parent.mkdir(parents=True)
    answers = ("in 1 of 3 cells", "this run could not have seen it", "one seed")
    for some, said in zip((rows, rows[1:2], rows[2:]), answers, strict=True):
        pd.DataFrame(some).to_csv(file, index=False)
        (found,) = seen.runs_of("casr", file)
        assert found["answer"].startswith(said) and found["scale"] == "quick"


def test_fractions_are_printed_gains_in_points():
    gain = seen.printed_gains("cpr")["cpr-synthetic", "feedback=nonlinear;dim=16", "bpr", "cpr", "", "ndcg"]
    assert -5 < gain < 10 and abs(gain) > 0.05


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"etas": [0.5, 1]}, "etas is .*begin with 0"),
        ({"etas": [0, 1, 0.5]}, "rates that rise"),
        ({"etas": [0, 2]}, r"config/fixture.yaml: papers.casr.dose.etas.1 is 2; it must be a number from 0 to 1"),
        ({"histories": [70]}, "histories.0 is 70; it must be 50 or 150 or 600"),
        ({"worlds": []}, "worlds is"),
        ({"strategy": []}, "unknown key 'strategy'; did you mean 'strategies'"),
        ({"anchors": ["nram"]}, "dose: anchors: unknown value 'nram'; did you mean 'narm'"),
    ],
)
def test_a_wrong_part_of_the_scale_is_named(changed, said):
    with pytest.raises(BadInput, match=said):
        read_plan(SCALE | {"papers": {"casr": {"dose": {"worlds": [1]} | changed}}}, "casr")


def test_only_a_scale_that_names_worlds_makes_the_figure():
    targets = ("table1", "audit", "dose")
    assert asked(SCALE, "casr", targets) == ("audit", "dose")
    assert asked({"papers": {"casr": {"datasets": {}}}}, "casr", targets) == ("table1", "audit")


def test_the_shipped_scale_has_every_anchor_and_the_papers_own_treatments():
    content = yaml.safe_load((ROOT / "config" / "worlds.yaml").read_text(encoding="utf-8"))
    casr, cpr = (read_plan(content, name).dose for name in ("casr", "cpr"))
    lists = paper("casr").lists
    assert casr.anchors == lists["anchors"] and casr.treatments == lists["strategies"] and len(cpr.anchors) == 5
    assert list(casr.worlds) == ["50 histories", "150 histories", "600 histories"]
    assert casr.rates == cpr.rates == (0, 0.25, 0.5, 0.75, 1)
    assert all(len(splits) == 5 for splits in (*casr.worlds.values(), *cpr.worlds.values()))
