"""What a cell's digest must notice, so that no table reads numbers that were made in another way."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from datasets.pipeline import code
from datasets.pipeline.card import cards
from datasets.pipeline.files import parse_yaml
from paper_tables.cell import Cell
from workflow.cells import graph, jobs, provenance
from workflow.scale import load_scale

PLAIN = Cell("casr", "synthetic.loo", "stamp")
TREATED = Cell("casr", "synthetic.loo", "stamp", "casr-d", "narm")


def test_the_reading_that_selects_is_part_of_the_code(monkeypatch):
    before = graph.code_of(PLAIN), graph.code_of(TREATED)
    cards = dict(graph.known_cards())
    cards["stamp"] = replace(cards["stamp"], exclude_seen=not cards["stamp"].exclude_seen)
    monkeypatch.setattr(graph, "known_cards", lambda: cards)
    assert graph.code_of(PLAIN) != before[0]
    assert graph.code_of(TREATED) != before[1]


def test_the_modules_that_train_retrain_and_search_are_covered(monkeypatch):
    read = []
    monkeypatch.setattr(provenance, "digest_of", lambda files: read.extend(map(Path, files)) or "")
    for cell, searched in ((PLAIN, False), (TREATED, True)):
        provenance.code_digest.cache_clear()
        graph.code_of(cell, searched)
    provenance.code_digest.cache_clear()
    assert {"steps.py", "seeds.py", "augment.py", "truth.py", "trials.py"} <= {file.name for file in read}


def test_a_cell_rests_on_its_own_treatment_and_anchor_alone(monkeypatch):
    def folders(cell):
        read = []
        monkeypatch.setattr(provenance, "digest_of", lambda files: read.extend(map(Path, files)) or "")
        provenance.code_digest.cache_clear()
        graph.code_of(cell)
        return {file.parent.name for file in read if file.parents[1].name == "methods"}

    listed = Cell("cpr", "cpr-synthetic.loo", "gmf", "cpr-l")
    assert folders(TREATED) == {"stamp", "narm", "casr"} and folders(listed) == {"gmf", "cpr"}
    provenance.code_digest.cache_clear()
    monkeypatch.undo()
    inside = code.closure([provenance.ROOT / "methods" / "cpr" / "treatment.py"])
    assert provenance.ROOT / "methods" / "cpr" / "policy.py" in inside
    assert not any(file.parent.name == "casr" for file in inside)


def test_the_metric_that_selects_is_part_of_the_code(monkeypatch):
    before = graph.code_of(PLAIN)
    monkeypatch.setattr(graph.specification("casr"), "SELECTION", "ndcg@10")
    assert graph.code_of(PLAIN) != before


def test_an_import_counts_wherever_a_statement_may_stand(tmp_path):
    file = tmp_path / "module.py"
    file.write_text(
        "def late():\n    try:\n        from methods.evaluation import metrics\n"
        "    except ImportError:\n        import datasets.pipeline.errors\n"
        "    match late:\n        case None:\n            from methods import cards\n"
    )
    found = {str(path.relative_to(provenance.ROOT)) for path in code.source(file).imports}
    assert {"methods/evaluation/metrics.py", "datasets/pipeline/errors.py", "methods/cards.py"} <= found


def test_another_number_of_threads_gives_other_bits_and_runs_everything_again(make_world):
    one, two = make_world("one", threads=1), make_world("two", threads=2)
    assert one.run("narm")["seeds"]["1"]["metrics"] != two.run("narm")["seeds"]["1"]["metrics"]
    for digest in (
        lambda world: jobs.cell_digest(world.scale, world.cell("narm")),
        lambda world: jobs.pool_digest(world.scale, world.pool("narm.casr-d.stamp")),
    ):
        assert digest(one) != digest(two) and digest(one) == digest(make_world(f"usual {id(digest)}"))
    before = one.run("narm")["seeds"]["1"]["digest"]
    one.file.write_text(one.file.read_text().replace("threads: 1", "threads: 2"))
    load_scale.cache_clear()
    assert one.run("narm")["seeds"]["1"]["digest"] != before
    assert one.run("narm")["seeds"]["1"]["metrics"] == two.run("narm")["seeds"]["1"]["metrics"]


PLAIN_CODE = "def twice(number: int) -> int:\n    return number * 2\n"


@pytest.mark.parametrize(
    ("edited", "same"),
    [
        (
            '"""A module."""\n\n\ndef twice(number: int) -> int:\n    """Of it."""\n    # so\n    return (number*2)\n',
            True,
        ),
        (PLAIN_CODE.replace("* 2", "* 2.0"), False),
        (PLAIN_CODE.replace("* 2", "* None"), False),
        (PLAIN_CODE.replace("* 2", "* 'None'"), False),
        (PLAIN_CODE.replace("int)", "int = 0)"), False),
        (PLAIN_CODE.replace("twice", "thrice"), False),
        (PLAIN_CODE + "LEFT = {**{1: 2}, 3: 4}\n", False),
        (PLAIN_CODE.replace("return", "yield"), False),
    ],
)
def test_the_checksum_of_a_module_is_that_of_its_syntax(tmp_path, edited, same):
    before, after = tmp_path / "before.py", tmp_path / "after.py"
    before.write_text(PLAIN_CODE)
    after.write_text(edited)
    assert (code.source(before).sum == code.source(after).sum) is same


@pytest.mark.parametrize("about", [*cards().values()], ids=lambda about: about.name)
def test_the_words_of_a_data_set_s_card_change_no_checksum_and_all_else_does(tmp_path, about):
    content = parse_yaml((about.folder / "card.yaml").read_text(encoding="utf-8"))

    def sum_of(name, **changes):
        file = tmp_path / name / "card.yaml"
        file.parent.mkdir()
        file.write_text(yaml.safe_dump(content | changes, sort_keys=False))
        return code.source(file).sum

    orders = {name: order | {"meaning": "another"} for name, order in content["orders"].items()}
    words = {"label": "x", "citation": {"key": "k", "text": "t"}, "about": "x", "default_order_reason": "x"}
    before = sum_of("before")
    assert sum_of("words", orders=orders, **words) == before == code.source(about.folder / "card.yaml").sum
    assert sum_of("recipe", recipe=[*content["recipe"], {"min_item_rows": 3}]) != before
    assert sum_of("orders", orders=content["orders"] | {"new": {"meaning": "x", "seed": 1}}) != before
    assert sum_of("candidates", candidates=content.get("candidates", 0) + 1) != before


def test_of_a_method_counts_what_its_model_imports_and_what_is_no_python(tmp_path):
    for name in ("model.py", "idle.py", "kernel.c", "README.md", "card.yaml", "__pycache__/model.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [file.name for file in provenance.code_files(tmp_path)] == ["model.py", "kernel.c"]
    (tmp_path / "model.py").unlink()
    assert [file.name for file in provenance.code_files(tmp_path)] == ["idle.py", "kernel.c"]  # it runs outside
