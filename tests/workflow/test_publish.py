"""What is published of a scale on which one cell is done, one failed, and the others were not run."""

import pandas as pd
import pytest

from datasets.pipeline.files import read_json, write_json
from tests.workflow.conftest import SPLIT
from workflow.publish import publish


@pytest.fixture
def target(make_world, tmp_path):
    """Where the small world's results were published."""
    world = make_world()
    world.run("popularity")
    write_json(world.path("narm") / "result.json", {"status": "failed", "reason": "killed", "seeds": {}})
    trial = {"settings": {"learning_rate": 0.01}, "validation": 0.25, "reason": "", "seconds": 1.5}
    search = {"status": "done", "reason": "", "trials": [trial, trial | {"validation": None, "reason": "not finite"}]}
    tuning = world.folder / "results/mini/tuning" / SPLIT
    write_json(tuning / "narm.json", search)
    write_json(tuning / "stamp.json", {"status": "failed", "reason": "no memory"})
    publish(world.scale, tmp_path / "published")
    return tmp_path / "published"


def test_done_and_failed_cells_have_rows_and_others_none(target):
    rows = pd.read_csv(target / "cells.csv", keep_default_na=False)
    assert set(rows["cell"]) == {"popularity", "narm"}
    done, failed = rows[rows["cell"] == "popularity"], rows[rows["cell"] == "narm"]
    assert list(done["status"]) == ["done", "done"] and list(done["reason"]) == ["", ""]
    assert (done["test kept ndcg@5"].astype(float) > 0).all() and done["code"].str.len().eq(64).all()
    assert list(failed["status"]) == ["failed"] and list(failed["reason"]) == ["killed"]


def test_provenance_rests_on_what_is_done(target):
    about = read_json(target / "provenance.json")
    assert about["cells"]["done"] == 1 and about["cells"]["failed"] == 1 and about["cells"]["planned"] > 2
    assert list(about["splits"]) == [SPLIT] and len(about["finished"]) == 2
    assert len(about["commit"]) in (0, 40)


def test_every_trial_of_a_search_has_a_row(target):
    rows = pd.read_csv(target / "tuning.csv", keep_default_na=False)
    assert list(rows["cell"]) == ["narm", "narm", "stamp"] and set(rows["split"]) == {SPLIT}
    assert list(rows["settings"])[:2] == ['{"learning_rate": 0.01}'] * 2
    assert list(rows["validation"]) == ["0.250000", "", ""] and list(rows["seconds"]) == ["1.500000", "1.500000", ""]
    assert list(rows["reason"]) == ["", "not finite", "no memory"]
