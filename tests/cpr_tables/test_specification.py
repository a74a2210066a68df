"""Which cells of CPR a scale has."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from datasets.pipeline.errors import BadInput
from paper_tables.spec.grid import other_methods, places
from paper_tables.spec.plan import read_plan
from paper_tables.spec.specification import specification

CPR = specification("cpr")
TARGETS, cells, seeds_of, target_cells = CPR.TARGETS, CPR.cells, CPR.seeds_of, CPR.target_cells
CONFIG = Path(__file__).parents[2] / "config"
WHOLE = {"scale": "whole", "seeds": [1], "papers": {"cpr": {"data_seeds": [1, 2], "mind": "mind-small"}}}


def names(found):
    return [cell.identifier for cell in found]


def test_the_whole_paper_has_every_anchor_strategy_control_and_filter():
    kinds = Counter((cell.treatment, cell.variant) for cell in cells(WHOLE) if cell.anchor == "gmf")
    # feedbacks x dims x draws, of which the reading as printed has one feedback, and MIND; readings x dims x draws
    main, noisy = (2 + 1) * 2 * 2 + 1, 2 * 2 * 2
    assert kinds == {
        ("", ""): main + noisy,
        ("cpr-l", ""): main + noisy,
        ("cpr-r", ""): main,
        ("cpr-l", "control"): main,
        ("cpr-l", "k2"): 2 * noisy,
        ("cpr-l", "k3"): 2 * noisy,
    }


@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_every_cell_of_a_shipped_scale_stands_once_and_belongs_to_a_target(scale):
    content = yaml.safe_load((CONFIG / f"{scale}.yaml").read_text(encoding="utf-8"))
    found = names(cells(content))
    assert len(found) == len(set(found)) > 5
    assert set(found) == {name for target in TARGETS for name in names(target_cells(target, content))}


def test_the_demo_stays_small():
    content = yaml.safe_load((CONFIG / "demo.yaml").read_text(encoding="utf-8"))
    own = [cell for cell in cells(content) if cell.dataset != "tastes"]
    assert len(own) <= 14 and len(cells(content)) - len(own) <= 6  # and the world in which a gain can be seen


def test_table_1_asks_for_every_draw_of_every_setting(scale):
    splits = {cell.split for cell in target_cells("table1", scale)}
    assert len(splits) == (2 + 1) * 3  # feedbacks of either reading x draws, one dimension
    assert "cpr-synthetic-linear-s3.loo" in splits and "cpr-synthetic-printed.loo" in splits


def test_as_printed_one_set_of_cells_serves_both_feedbacks(scale):
    settings = [place for place in places(read_plan(scale, "cpr"), "synthetic") if place.planned]
    data = {(each.values["reading"], each.values["feedback"]): each.datasets for each in settings}
    assert data["printed", "linear"] == data["printed", "nonlinear"]
    assert data["closed-mirrored", "linear"] != data["closed-mirrored", "nonlinear"]
    assert len(settings) == 4 and len({each.family for each in settings}) == 3  # same cells are tested apart


def test_settings_are_searched_on_the_first_draw_of_a_setting(scale):
    assert CPR.searched_on(scale, "cpr-synthetic-linear-s3.loo") == "cpr-synthetic-linear.loo"
    assert CPR.searched_on(scale, "cpr-synthetic-noisy-s2.loo") == "cpr-synthetic-noisy.loo"
    assert CPR.searched_on(scale, "mind-small.loo") == "mind-small.loo"
    tuned = {cell.split for cell in target_cells("tuning", scale)}
    assert tuned and not any("-s2" in split or "-s3" in split for split in tuned)


def test_methods_that_need_an_order_stay_out_and_others_can_be_named(scale):
    assert "markov-chain" not in other_methods(read_plan(scale, "cpr"))
    scale["papers"]["cpr"]["others"] = ["nais"]
    assert "nais" in other_methods(read_plan(scale, "cpr"))
    scale["papers"]["cpr"]["others"] = ["bpr"]  # stands there anyway
    with pytest.raises(BadInput, match="papers.cpr.others: unknown method 'bpr'"):
        other_methods(read_plan(scale, "cpr"))


def test_where_k_is_searched_or_set_table_2_has_cells_of_its_own(scale):
    def variants():
        return {cell.variant: cell.settings for cell in target_cells("table2", scale) if cell.treatment}

    assert variants() == {"": {}, "k2": {"k": 2}}
    scale["settings"] = {"cpr": {"k": 3}}
    assert variants() == {"k1": {"k": 1}, "k2": {"k": 2}}
    scale["settings"] = {"cpr": {"k": 3}, "bpr.cpr-l": {"k": 2}, "gmf.cpr-l": {"k": 1}}
    assert set(variants()) == {"", "k1", "k2"}
    scale["settings"], scale["tuning"] = {}, {"budget": 4}
    assert set(variants()) == {"k1", "k2"}


def test_seeds_are_the_papers_own_or_the_scales(scale):
    [cell, *_] = cells(scale)
    assert seeds_of(scale, cell.dataset) == (1, 2)
    scale["papers"]["cpr"]["seeds"] = [7]
    assert seeds_of(scale, cell.dataset) == (7,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"feedback": ["linear"]}, "unknown key 'feedback'; did you mean 'feedbacks'"),
        ({"feedbacks": ["cubic"]}, "feedbacks.0: unknown value 'cubic'"),
        ({"dims": [64]}, "dims.0 is 64; it must be 16 or 32"),
        ({"anchors": "bpr"}, "anchors is 'bpr'; it must be a list"),
        ({"data_seeds": []}, "data_seeds is"),
        ({"readings": []}, r"readings is \[\]; it must be a list"),
        ({"mind": "mind-large"}, "mind: unknown value 'mind-large'; did you mean 'mind-small'"),
    ],
)
def test_a_fault_in_the_scale_names_its_key(scale, change, message):
    scale["papers"]["cpr"] |= change
    with pytest.raises(BadInput, match=message):
        cells(scale)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"readings": ["upside-down"]}, "readings.0: unknown value"), ({"data_seeds": [99]}, "data_seeds.0 is 99; .*20")],
)
def test_what_the_data_does_not_come_with_is_refused(scale, change, message):
    scale["papers"]["cpr"] |= change
    with pytest.raises(BadInput, match=message):
        cells(scale)


def test_an_unknown_target_is_refused(scale):
    with pytest.raises(ValueError, match="table9"):
        target_cells("table9", scale)
