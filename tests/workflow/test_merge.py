"""Results of another machine: taken where data, split, configuration and code agree, refused with the reason else."""

import os

import pytest

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, write_json
from tests.workflow.conftest import SPLIT, results
from workflow.cells.graph import all_settings
from workflow.made_alike import reference_split
from workflow.merge import ADDED, KEPT, REFUSED, TAKEN, merge
from workflow.publish import publish

CELL = f"casr/{SPLIT}/popularity"
PLAIN = f"casr/{SPLIT}/narm"


def result(world, identifier=CELL):
    return results(world) / "cells" / identifier / "result.json"


def change(file, edit) -> None:
    content = read_json(file)
    edit(content)
    write_json(file, content)


def only(outcomes):
    (outcome,) = outcomes
    return outcome


def test_a_cell_is_taken_with_its_ranks_and_a_second_time_left_alone(here, there):
    assert only(merge(here.scale, results(there))).what == TAKEN
    taken, original = read_json(result(here)), read_json(result(there))
    (record,) = taken["provenance"].pop("merged")
    assert record["seeds"] == ["1", "2"] and record["from"] == results(there).name
    assert taken == original
    assert (result(here).parent / "seed-1.ranks.parquet").read_bytes() == (
        result(there).parent / "seed-1.ranks.parquet"
    ).read_bytes()
    before = result(here).read_bytes()
    assert only(merge(here.scale, results(there))).what == KEPT
    assert result(here).read_bytes() == before


def test_what_is_published_can_be_taken_elsewhere(here, there, tmp_path):
    os.chdir(there.folder)
    publish(there.scale, tmp_path / "published")
    text = (tmp_path / "published" / "cells" / CELL / "result.json").read_text()
    assert text == result(there).read_text() and max(map(len, text.splitlines())) < 200
    os.chdir(here.folder)
    assert only(merge(here.scale, tmp_path / "published")).what == TAKEN


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda made: made["split"].update(data_digest="another"), "other data"),
        (lambda made: made["split"].update(digest="another"), "another split"),
        (lambda made: made.update(code="another"), "other code"),
    ],
)
def test_other_data_splits_and_code_are_refused_and_named(here, there, edit, reason):
    change(result(there), lambda content: edit(content["provenance"]))
    refused = only(merge(here.scale, results(there)))
    assert refused.what == REFUSED and reason in refused.why
    assert not result(here).exists()


def test_another_configuration_is_refused_and_the_setting_named(here, there):
    settings = all_settings(here.scale, here.cell("narm"))
    settings["anchor"]["batch"] = 7
    write_json(result(there, PLAIN), read_json(result(there)) | {"settings": settings})
    refused = {outcome.identifier: outcome for outcome in merge(here.scale, results(there))}[PLAIN]
    assert refused.what == REFUSED and "another configuration: anchor.batch;" in refused.why


def test_seeds_that_are_missing_are_added_and_those_that_are_here_kept(here, there):
    merge(here.scale, results(there))
    change(result(here), lambda content: content["seeds"].pop("2"))
    change(result(here), lambda content: content["seeds"]["1"].update(train_seconds=123.0))
    outcome = only(merge(here.scale, results(there)))
    assert (outcome.what, outcome.why) == (ADDED, "seeds 2")
    seeds = read_json(result(here))["seeds"]
    assert list(seeds) == ["1", "2"] and seeds["1"]["train_seconds"] == 123.0


def test_a_seed_that_was_made_in_another_way_is_refused_with_the_whole_cell(here, there):
    merge(here.scale, results(there))
    change(result(here), lambda content: content["seeds"].pop("2"))
    change(result(there), lambda content: content["seeds"]["1"].update(digest="another"))
    outcome = only(merge(here.scale, results(there)))
    assert outcome.what == REFUSED and "seed 1 was made in another way" in outcome.why
    assert list(read_json(result(here))["seeds"]) == ["1"]


def test_a_cell_that_failed_here_is_replaced_by_one_that_is_done(here, there):
    write_json(result(here), {"status": "failed", "reason": "no memory", "seeds": {}})
    assert only(merge(here.scale, results(there))).what == TAKEN
    assert read_json(result(here))["status"] == "done"


def test_a_finished_seed_of_a_stopped_run_is_not_mixed_with_another_s(here, there):
    kept = {"digest": "of other settings"}
    write_json(result(here).parent / "seed-1.json", kept)
    outcome = only(merge(here.scale, results(there)))
    assert outcome.what == REFUSED and "seed 1 was made in another way" in outcome.why
    assert read_json(result(here).parent / "seed-1.json") == kept and not result(here).exists()


def test_a_cell_that_failed_there_and_one_of_no_scale_are_refused(here, there):
    change(result(there), lambda content: content.update(status="failed", reason="no memory", seeds={}))
    write_json(result(there, f"casr/{SPLIT}/mine"), {"status": "done", "seeds": {}})
    reasons = {outcome.identifier: outcome.why for outcome in merge(here.scale, results(there))}
    assert reasons == {CELL: "no memory", f"casr/{SPLIT}/mine": "no such cell at this scale"}


def test_without_the_split_here_what_was_merged_says_which_it_is(here, there):
    (here.splits / "split.json").unlink()
    assert reference_split(here.scale, here.cell("narm")) == {}
    merge(here.scale, results(there))
    assert reference_split(here.scale, here.cell("narm"))["digest"] == read_json(there.splits / "split.json")["digest"]


def test_data_that_was_not_prepared_here_brings_its_audit_along(here, there):
    write_json(results(there) / "data" / "synthetic" / "audit.json", {"findings": []})
    merge(here.scale, results(there))
    assert (results(here) / "data" / "synthetic" / "audit.json").is_file()


def test_a_folder_without_results_is_refused(here, tmp_path):
    with pytest.raises(BadInput, match=r"nowhere: no such folder; .*FROM=folder"):
        merge(here.scale, tmp_path / "nowhere")
    with pytest.raises(BadInput, match="no cells"):
        merge(here.scale, tmp_path)
    (result(here)).parent.mkdir(parents=True)
    result(here).write_text('{"status": "done", "seeds": {}}')
    with pytest.raises(BadInput, match="another folder"):
        merge(here.scale, results(here))
