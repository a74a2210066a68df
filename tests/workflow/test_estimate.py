"""`make plan`: what a scale would cost, told also where little is known."""

import pytest

from datasets.pipeline.files import write_json
from workflow.estimate import duration, plan, size_of


@pytest.mark.parametrize(("seconds", "said"), [(7200 * 1.7, "3.4 h"), (725, "12 min"), (40.2, "40 s"), (0, "0 s")])
def test_times_are_said_as_a_person_would(seconds, said):
    assert duration(seconds) == said


def test_data_that_nobody_has_counted_are_named_and_the_rest_is_planned(world):
    world.run("popularity")
    (world.splits.parents[1] / "data").mkdir(exist_ok=True)
    said = plan(world.scale, world.folder / "results")
    assert "Nobody has counted synthetic yet" in said and "time, cpu" not in said
    about = {"data": {"counts": {"users": 40, "items": 15, "interactions": 240}}}
    write_json(world.folder / "results/published/old/data.json", {"synthetic": about})
    said = plan(world.scale, world.folder / "results")
    assert "Nobody has counted" not in said and "time, cpu" in said and " s " in said


def test_published_cells_tell_what_a_scale_costs(world, tmp_path):
    world.run("popularity")
    results = world.folder / "results"
    about = {"data": {"counts": {"users": 40, "items": 15, "interactions": 240}}}
    write_json(results / "published/old/data.json", {"synthetic": about})
    assert size_of("synthetic", results).interactions == 240
    here = plan(world.scale, results)
    (results / "mini" / "cells").rename(results / "published/old/cells")
    assert plan(world.scale, results) == here and "Not measured, counted as nothing: narm on cpu" in here
