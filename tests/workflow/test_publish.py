"""What is published of a scale on which one cell is done, one failed, and the others were not run."""

import shutil

import pandas as pd
import pytest

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from tests.workflow.conftest import SPLIT
from workflow.publish import publish


@pytest.fixture
def world(make_world):
    """One cell is done, one failed, one search has ended and one failed."""
    world = make_world()
    world.run("popularity")
    write_json(world.path("narm") / "result.json", {"status": "failed", "reason": "killed", "seeds": {}})
    trial = {"settings": {"learning_rate": 0.01}, "validation": 0.25, "reason": "", "seconds": 1.5}
    search = {"status": "done", "reason": "", "trials": [trial, trial | {"validation": None, "reason": "not finite"}]}
    tuning = world.folder / "results/mini/tuning/casr" / SPLIT
    write_json(tuning / "narm.json", search)
    write_json(tuning / "stamp.json", {"status": "failed", "reason": "no memory"})
    return world


@pytest.fixture
def target(world, tmp_path):
    """Where the small world's results were published."""
    publish(world.scale, tmp_path / "published")
    return tmp_path / "published"


def tree(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


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


def test_publishing_again_replaces_what_stands_there_and_leaves_nothing_beside_it(world, target):
    before = tree(target)
    publish(world.scale, target)
    assert tree(target) == before and not list(target.parent.glob(".published*"))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda world, results: shutil.rmtree(results), "nothing to publish"),
        (lambda world, results: shutil.rmtree(world.path("popularity")), "popularity seed 1, .*FEWER=1"),
        (lambda world, results: (results / f"tuning/casr/{SPLIT}/narm.json").unlink() or (
            results / f"tuning/casr/{SPLIT}/stamp.json").unlink(), "tuning.csv"),
        (lambda world, results: one_seed(world.path("popularity") / "result.json"), "popularity seed 2"),
        (lambda world, results: cut(world.path("popularity") / "result.json"), "damaged:\n.*popularity/result.json"),
        (lambda world, results: cut(world.path("narm") / "result.json"), "damaged:\n.*narm/result.json"),
        (lambda world, results: cut(results / f"tuning/casr/{SPLIT}/narm.json"), "narm.json: cut or damaged"),
        (lambda world, results: cut(results / "data/synthetic/audit.json"), "audit.json: cut or damaged"),
        (lambda world, results: nan(world.path("popularity") / "result.json"), "NaN is no finite number"),
    ],
)  # fmt: skip
def test_what_is_published_stays_where_less_or_something_broken_would_replace_it(world, target, broken, said):
    results = world.folder / "results/mini"
    before = tree(target)
    write_json(results / "data/synthetic/audit.json", {"findings": []})
    broken(world, results)
    with pytest.raises(BadInput, match=said):
        publish(world.scale, target)
    assert tree(target) == before and not list(target.parent.glob(".published*"))


def test_fewer_are_published_where_that_is_said(world, target):
    shutil.rmtree(world.path("popularity"))
    publish(world.scale, target, fewer=True)
    assert [file.parent.name for file in target.glob("cells/*/*/*/result.json")] == ["narm"]


def one_seed(file):
    content = read_json(file)
    del content["seeds"]["2"]
    write_json(file, content)


def cut(file):
    file.write_bytes(file.read_bytes()[:40])


def nan(file):
    file.write_text(file.read_text().replace('"train_seconds": ', '"train_seconds": NaN, "was": '))
