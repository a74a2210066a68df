"""No file is used that is not as it was written: each kind of damage to each kind of file, and how it heals."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datasets.pipeline.audit import audit
from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput, Damaged
from datasets.pipeline.files import read_json, write_json
from datasets.pipeline.prepare import prepare
from datasets.pipeline.split import make_split
from methods.engine.data.split import load_candidates, load_lists, load_split, load_targets
from paper_tables.cell import Cell
from paper_tables.findings import findings
from paper_tables.results import read_result
from tests.workflow.conftest import SPLIT, World, results
from workflow.cells import failed, files
from workflow.cells.truth import known_truth
from workflow.estimate import measured
from workflow.retry import take_failed_away

TREATED, LISTS = "narm.casr-d.stamp", "cpr-synthetic-s2"


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A world in which a treated cell is done, with real prepared data of both kinds beside it."""
    before, world = Path.cwd(), World(tmp_path_factory.mktemp("made") / "world")
    try:
        world.run(TREATED)
    finally:
        os.chdir(before)
    for dataset in ("synthetic", LISTS):
        prepare(card(dataset), results(world))
    audit(card("synthetic"), results(world))
    make_split(f"{LISTS}.loo", results(world))
    write_json(results(world) / "tuning" / "casr" / SPLIT / "narm.json", {"status": "done", "chosen": {"batch": 32}})
    return world


@pytest.fixture
def copy(made, tmp_path, monkeypatch):
    """A copy of it that may be damaged."""
    shutil.copytree(made.folder, tmp_path / "copy")
    world = World.__new__(World)
    world.folder, world.file = tmp_path / "copy", tmp_path / "copy/config/mini.yaml"
    monkeypatch.chdir(world.folder)
    return world


CELL, POOL = f"cells/casr/{SPLIT}/narm", f"pools/casr/{SPLIT}/stamp.casr-d"
LIST_SPLIT, DATA = f"splits/{LISTS}.loo", "data/synthetic"


def status(world) -> str:
    """Of a result as the tables see it; a result without its checksum is marked."""
    found = read_result(world.cell("narm"), results(world))
    if found.status == "failed" or "no checksum: not checkable" in found.flags:
        raise Damaged(world.path("narm") / "result.json", found.reason)
    return found.status


USES = {  # file -> how the program reads it
    f"splits/{SPLIT}/train.csv": lambda world, file: load_split(file.parent),
    f"{LIST_SPLIT}/train.csv": lambda world, file: load_split(file.parent),
    f"{LIST_SPLIT}/items.csv": lambda world, file: load_split(file.parent),
    f"{LIST_SPLIT}/validation.csv": lambda world, file: load_targets(file),
    f"{LIST_SPLIT}/test.csv": lambda world, file: load_targets(file),
    f"{LIST_SPLIT}/candidates.csv": lambda world, file: load_candidates(file.parent),
    f"{LIST_SPLIT}/lists.parquet": lambda world, file: load_lists(file.parent),
    f"{LIST_SPLIT}/split.json": lambda world, file: read_json(file, sealed=True),
    f"{DATA}/interactions.parquet": lambda world, file: make_split("synthetic.loo", results(world)),
    f"{DATA}/items.parquet": lambda world, file: make_split("synthetic.loo", results(world)),
    f"{DATA}/data.json": lambda world, file: make_split("synthetic.loo", results(world)),
    f"{DATA}/audit.json": lambda world, file: findings("synthetic", results(world)),
    f"data/{LISTS}/lists.parquet": lambda world, file: make_split(f"{LISTS}.loo", results(world)),
    f"data/{LISTS}/truth.npz": lambda world, file: known_truth(file.parent, LISTS),
    f"{CELL}/seed-1.safetensors": lambda world, file: files.as_made(file),
    f"{CELL}/seed-1.ranks.parquet": lambda world, file: status(world),
    f"{CELL}/seed-1.json": lambda world, file: files.built_on(file.parent, 1, "narm"),
    f"{CELL}/result.json": lambda world, file: status(world),
    f"{POOL}/seed-1.safetensors": lambda world, file: files.as_made(file),
    f"{POOL}/seed-1.json": lambda world, file: files.built_on(file.parent, 1, "the pool"),
    f"{POOL}/pool.json": lambda world, file: files.built_on(file.parent, 1, "the pool"),
    f"tuning/casr/{SPLIT}/narm.json": lambda world, file: read_json(file, sealed=True),
}


def flipped(content: bytes) -> bytes:
    place = int(len(content) * 0.6)
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def rows_swapped(content: bytes) -> bytes:
    """Two stretches of a binary file, two lines of a text."""
    lines = content.splitlines(keepends=True)
    if len(lines) > 5 and content.isascii():
        place = next(place for place in range(3, len(lines)) if lines[place] != lines[place - 1])
        return b"".join([*lines[: place - 1], lines[place], lines[place - 1], *lines[place + 1 :]])
    third = len(content) // 3
    return content[:third] + content[2 * third :] + content[third : 2 * third]


def number_changed(content: bytes) -> bytes:
    place = max(place for place, byte in enumerate(content) if byte in b"012345678")
    return content[:place] + bytes([content[place] + 1]) + content[place + 1 :]


DAMAGES = {
    "a bit": flipped,
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "zeroed": lambda content: bytes(len(content)),
    "rows swapped": rows_swapped,
    "a number": number_changed,
    "longer": lambda content: content + content[-40:],
}


@pytest.mark.parametrize("place", [place for place in USES if not place.startswith(f"splits/{SPLIT}")])
def test_no_damage_is_used_silently(copy, place):
    file, use = results(copy) / place, USES[place]
    use(copy, file)
    content, silent = file.read_bytes(), []
    for name, damage in DAMAGES.items():
        file.write_bytes(damage(content))
        assert file.read_bytes() != content, name
        if name == "rows swapped" and file.suffix == ".json":  # the order of keys says nothing
            continue
        try:
            use(copy, file)
            silent.append(name)
        except BadInput as error:
            assert file.name in str(error) or file.parent.name in str(error), error
    assert not silent
    file.write_bytes(content)
    use(copy, file)


@pytest.mark.parametrize("place", [place for place in USES if place.endswith(".json")])
def test_every_value_of_a_json_file_is_noticed(copy, place):
    """Each value replaced in turn, by hand, in the layout of the file; and the checksum taken away."""
    file, use = results(copy) / place, USES[place]
    content = json.loads(file.read_text())
    for keys in [*leaves(content)][:150]:
        changed = json.loads(json.dumps(content))
        inner = changed
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = 0.9 if inner[keys[-1]] != 0.9 else None
        file.write_text(json.dumps(changed, indent=1, sort_keys=True))
        with pytest.raises(BadInput):
            use(copy, file)


def leaves(value, keys=()):
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(each, (*keys, key))
    else:
        yield keys


def test_metrics_that_the_ranks_disprove_have_failed_in_a_result_of_older_code(copy):
    """As before there were checksums: nothing but the ranks tells."""
    file = results(copy) / CELL / "result.json"
    content = read_json(file)
    for seed in content["seeds"].values():
        del seed["contents"]
    file.write_text(json.dumps(content))
    found = read_result(copy.cell("narm"), results(copy))
    assert found.done and "no checksum: not checkable" in found.flags
    content["seeds"]["2"]["metrics"]["test"]["kept"]["ndcg@5"] = 0.9
    file.write_text(json.dumps(content))
    found = read_result(copy.cell("narm"), results(copy))
    assert found.status == "failed" and "seed 2: test kept ndcg@5 is 0.9, its ranks give 0." in found.reason
    ranks = file.with_name("seed-1.ranks.parquet")
    pd.read_parquet(ranks).assign(above_kept=0).to_parquet(ranks)
    assert "seed 1: test kept" in read_result(copy.cell("narm"), results(copy)).reason


def test_a_forged_metric_is_found_by_tables_retry_and_the_next_run_although_all_checksums_fit(copy):
    file = results(copy) / CELL / "result.json"
    wanted, forged = read_json(file), read_json(file)
    forged["seeds"]["2"]["metrics"]["test"]["kept"]["ndcg@5"] = 0.9
    write_json(file, forged)
    write_json(file.with_name("seed-2.json"), forged["seeds"]["2"])
    found = read_result(copy.cell("narm"), results(copy))
    assert found.done and found.per_user("hr", 10) is not None
    with pytest.raises(BadInput, match=r"narm/result\.json: seed 2: test kept ndcg@5 is 0\.9, its ranks give 0\."):
        found.per_user("ndcg", 5, "kept")
    assert take_failed_away(results(copy)) == [file]
    one, other = ([seed["metrics"] for seed in each["seeds"].values()] for each in (copy.run("narm"), wanted))
    assert one == other


def test_ranks_that_were_changed_are_found_by_a_retry_where_nothing_failed(copy):
    ranks = results(copy) / CELL / "seed-1.ranks.parquet"
    ranks.write_bytes(flipped(ranks.read_bytes()))
    take_failed_away(results(copy))
    assert not ranks.with_name("result.json").exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 7.5, -0.1, None, "0.3", True])
def test_a_metric_is_a_fraction_or_the_result_has_failed(copy, value):
    file = results(copy) / CELL / "result.json"
    content = read_json(file)
    content["seeds"]["1"]["metrics"]["test"]["kept"]["ndcg@5"] = value
    file.write_text(json.dumps(content))
    found = read_result(copy.cell("narm"), results(copy))
    assert found.status == "failed" and "narm/result.json" in found.reason
    with pytest.raises(BadInput, match="not written"):
        write_json(file, {"x": np.nan})


@pytest.mark.parametrize(
    ("place", "heals"),
    [
        (f"{CELL}/seed-1.json", [f"{CELL}/result.json"]),
        (f"{CELL}/seed-1.safetensors", [f"{CELL}/result.json"]),
        (f"{POOL}/seed-1.safetensors", [f"{POOL}/pool.json"]),
        (f"{POOL}/pool.json", [f"{POOL}/pool.json"]),
        (f"cells/casr/{SPLIT}/{TREATED}/seed-1.json", []),
        (f"cells/casr/{SPLIT}/{TREATED}/result.json", []),
        (f"splits/{LISTS}.loo/train.csv", None),
    ],
)
def test_what_is_damaged_is_made_anew_after_a_retry(copy, made, place, heals, monkeypatch):
    wanted = read_json(results(made) / f"cells/casr/{SPLIT}/{TREATED}/result.json")
    own = results(copy) / f"cells/casr/{SPLIT}/{TREATED}"
    if place != f"cells/casr/{SPLIT}/{TREATED}/result.json":
        fail(copy, own, monkeypatch)
    file = results(copy) / place
    file.write_bytes(file.read_bytes()[:-30])
    if heals:  # the next run cannot use it, and says so
        for seed in own.glob("seed-1.json"):
            seed.unlink()
        with pytest.raises(BadInput, match=Path(place).name):
            files.built_on(file.parent, 1, "x") and files.as_made(file)
    removed = {str(each.relative_to(results(copy))) for each in take_failed_away(results(copy))}
    assert removed == {f"cells/casr/{SPLIT}/{TREATED}/result.json", *(heals or [])}
    copy.run(TREATED)
    again = read_json(own / "result.json")
    assert again["digest"] == wanted["digest"]
    one, other = ([seed["metrics"] for seed in result["seeds"].values()] for result in (again, wanted))
    assert one == other


def fail(world, folder, monkeypatch):
    """What the workflow calls after a job that failed; it must not stumble over what made the job fail."""
    (folder / "seed-2.json").write_text('{"cut')
    log = world.folder / "log"
    log.write_text("error: damaged")
    options = ["--scale-file", world.file, "--cell", f"casr/{SPLIT}/{folder.name}", "--output", folder / "result.json"]
    options += ["--log", log, "--code", 3, "--attempt", 1, "--attempts", 3]
    monkeypatch.setattr("sys.argv", ["failed", *map(str, options)])
    failed.main()
    assert list(read_json(folder / "result.json")["seeds"]) == ["1"]


def test_a_damaged_split_goes_with_what_failed_on_it(copy):
    write_json(results(copy) / f"cells/cpr/{LISTS}.loo/gmf/result.json", {"status": "failed", "reason": "damaged"})
    train = results(copy) / LIST_SPLIT / "train.csv"
    train.write_bytes(rows_swapped(train.read_bytes()))
    removed = {file.name for file in take_failed_away(results(copy))}
    assert removed == {"result.json", "split.json"}


def test_a_plan_leaves_out_what_is_damaged(copy):
    whole = len(list(measured(copy.folder / "results")))
    (results(copy) / CELL / "result.json").write_text('{"status"')
    (results(copy) / POOL / "pool.json").write_text("")
    assert 0 < len(list(measured(copy.folder / "results"))) < whole


def test_what_older_code_published_is_read_and_marked():
    published = Path(__file__).parents[2] / "results/published/quick"
    for file in sorted(published.glob("cells/*/*/*/result.json"))[::100]:
        about = read_json(file)["cell"]
        cell = Cell(*(about[name] for name in ("paper", "split", "anchor", "treatment", "sampler", "variant")))
        found = read_result(cell, published)
        assert found.done and "ranks missing: not checkable" in found.flags
