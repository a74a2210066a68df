"""What a search found becomes the settings of another scale, and is read by its cells."""

import pytest
import yaml

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import write_json
from tests.workflow.conftest import SPLIT
from workflow.adopt import adopt
from workflow.cells import graph

FOUND = {"status": "done", "reason": "", "seed": 100, "seconds": 1800.0}


@pytest.fixture
def world(make_world, monkeypatch):
    made = make_world(tuning={"budget": 2})
    monkeypatch.chdir(made.folder)
    return made


def search(world, **cells):
    for name, content in cells.items():
        write_json(world.scale.results / "tuning" / SPLIT / f"{name.replace('_', '.')}.json", content)


def test_found_settings_are_used(world):
    chosen = {"learning_rate": 0.003, "batch": 64}
    search(world, narm=FOUND | {"chosen": chosen, "trials": [{}, {}]})
    (file,) = adopt(world.scale, world.scale)
    assert yaml.safe_load(file.read_text()) == {"narm": chosen}
    assert "2 trials" in file.read_text() and "seed 100" in file.read_text() and "0.5 hours" in file.read_text()
    settings = graph.all_settings(world.scale, world.cell("narm"))["anchor"]
    assert {key: settings[key] for key in chosen} == chosen


def test_a_failed_search_is_refused(world):
    search(world, narm={"status": "failed", "reason": "no memory"})
    with pytest.raises(BadInput, match="narm .no memory"):
        adopt(world.scale, world.scale)


def test_nothing_found_is_refused(world):
    with pytest.raises(BadInput, match="no search has ended"):
        adopt(world.scale, world.scale)
