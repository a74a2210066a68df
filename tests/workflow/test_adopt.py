"""What a search found becomes the settings of another scale, and is read by its cells."""

import pytest
import yaml

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import write_json
from tests.workflow.conftest import SPLIT
from workflow.adopt import adopt
from workflow.cells import graph

FOUND = {"status": "done", "reason": "", "selection": "ndcg@5", "seed": 100, "seconds": 1800.0}


@pytest.fixture
def world(make_world, monkeypatch):
    made = make_world(tuning={"budget": 2})
    monkeypatch.chdir(made.folder)
    return made


def search(world, **cells):
    for name, content in cells.items():
        write_json(world.scale.results / "tuning" / "casr" / SPLIT / f"{name.replace('_', '.')}.json", content)


def beside_what_the_search_sets(world, section, found):
    """What the file must hold: the search's own settings, with what was found over them."""
    return {**world.scale.settings, section: {**world.scale.settings.get(section, {}), **found}}


def test_found_settings_are_used(world):
    chosen = {"learning_rate": 0.003, "batch": 64}
    points = [{"learning_rate": 0.1, "batch": 32}, chosen]
    trials = [{"settings": p, "validation": v, "seconds": 1.0} for p, v in zip(points, (None, 0.1), strict=True)]
    search(world, narm=FOUND | {"chosen": chosen, "trials": trials})
    (file,) = adopt(world.scale, world.scale)
    assert yaml.safe_load(file.read_text()) == beside_what_the_search_sets(world, "narm", chosen)
    assert "2 trials" in file.read_text() and "seed 100" in file.read_text() and "0.5 hours" in file.read_text()
    settings = graph.all_settings(world.scale, world.cell("narm"))["anchor"]
    assert {key: settings[key] for key in chosen} == chosen


@pytest.mark.parametrize("together", [False, True])
def test_a_combination_gets_its_own_point_or_that_which_is_best_over_all_of_its_strategy(world, together):
    points = [{"kappa": 0.0, "index": -1}, {"kappa": 0.1, "index": -2}, {"kappa": 0.2, "index": -3}]
    for name, values in {"narm_casr-h_stamp": (0.3, 0.2, 0.1), "stamp_casr-h_stamp": (0.1, 0.3, None)}.items():
        trials = [{"settings": p, "validation": v, "seconds": 1.0} for p, v in zip(points, values, strict=True)]
        search(world, **{name: FOUND | {"chosen": points[0], "trials": trials}})
    (file,) = adopt(world.scale, world.scale, together)
    if together:
        assert yaml.safe_load(file.read_text()) == beside_what_the_search_sets(world, "casr-h", points[1])
        return
    own = {"narm.casr-h.stamp": points[0], "stamp.casr-h.stamp": points[1]}
    assert yaml.safe_load(file.read_text()) == {**world.scale.settings, **own}
    settings = graph.all_settings(world.scale, world.cell("narm.casr-h.stamp"))["treatment"]
    assert {key: settings[key] for key in points[0]} == points[0]


def test_variants_of_a_data_set_share_what_is_best_over_all(world):
    points = [{"batch": 64}, {"batch": 128}]
    for split, values in {"cpr-synthetic.loo": (0.3, 0.2), "cpr-synthetic-d32.loo": (0.1, 0.3)}.items():
        trials = [{"settings": p, "validation": v, "seconds": 1.0} for p, v in zip(points, values, strict=True)]
        search = FOUND | {"selection": "ndcg@10", "chosen": points[0], "trials": trials}
        write_json(world.scale.results / "tuning" / "cpr" / split / "gmf.json", search)
    (file,) = adopt(world.scale, world.scale)
    assert file.name == "cpr-synthetic.yaml"
    assert yaml.safe_load(file.read_text()) == beside_what_the_search_sets(world, "gmf", points[1])
    assert "NDCG@10" in file.read_text()


def test_a_search_that_did_not_write_its_metric_down_chose_by_the_only_one_there_was(world):
    points = [{"batch": 64}]
    before = {key: value for key, value in FOUND.items() if key != "selection"}
    search(world, narm=before | {"chosen": points[0], "trials": [{"settings": points[0], "validation": 0.1}]})
    (file,) = adopt(world.scale, world.scale)
    assert "NDCG@5" in file.read_text()


def test_two_papers_searches_for_one_method_are_not_mixed(world):
    for paper in ("casr", "cpr"):
        write_json(world.scale.results / "tuning" / paper / SPLIT / "bpr.json", FOUND | {"trials": []})
    with pytest.raises(BadInput, match="bpr on synthetic was searched by casr, too"):
        adopt(world.scale, world.scale)


def test_a_failed_search_is_refused(world):
    search(world, narm={"status": "failed", "reason": "no memory"})
    with pytest.raises(BadInput, match="narm .no memory"):
        adopt(world.scale, world.scale)


def test_nothing_found_is_refused(world):
    with pytest.raises(BadInput, match="no search has ended"):
        adopt(world.scale, world.scale)
