"""A paper and its methods, added as folders to a copy of the tree without an edit elsewhere: from data to results."""

import textwrap
from pathlib import Path

import pytest
import yaml

from datasets.pipeline.files import read_json
from tests.workflow.test_workflow import copy_tree, snakemake

PAPER = """
label: Made up
unit: percent
metrics: [ndcg@5]
selection: ndcg@5
split: loo
data: {all: {datasets: [synthetic]}}
lists: {anchors: [stamp], strategies: [thin, none, idle], samplers: [narm]}
against: {thin: [again], none: [plain], idle: [plain]}
comparisons: {again: {words: the same again, variant: again}}
rows: {main: [{anchor: anchors, treatment: strategies, sampler: samplers}]}
targets: {table1: {kind: accuracy, rows: main}, tests: {kind: tests, of: [table1]}}
"""
# A treatment of one strategy, without a pool: histories thinned at random; its second pretrained model is an expert.
THIN_CARD = """
name: thin
label: Thin
kind: treatment
second: expert
looks_at: [expert]
controls: [again]
settings:
  rate: {default: 0.5, type: number, minimum: 0, maximum: 1}
"""
THIN = """
from dataclasses import replace

import torch

from methods.engine.ragged import offsets_of
from methods.engine.treatment import Retrained


def retrain(task):
    assert task.pool is None and task.strategy == "" and {*task.others} == {"expert"}
    expert = task.others["expert"]()
    rate = task.settings["treatment"]["rate"] if task.treated is None else task.treated["augmentation"]["rate"]
    split, generator = task.split, torch.Generator().manual_seed(task.seed)
    kept = torch.rand(len(split.items), generator=generator) >= rate / 2
    lengths = torch.bincount(split.owners[kept], minlength=split.users)
    thinned = replace(split, items=split.items[kept], offsets=offsets_of(lengths))
    model = task.pretrained()
    fitted = task.anchor.fit(model, thinned, dict(task.settings["anchor"]), task.run)
    return Retrained(model, fitted, int(kept.sum()), (rate, len(list(expert.parameters())), task.control))


def describe(task, done, held_out, truth):
    rate, parameters, control = done.details
    return {"rate": rate, "expert": parameters, "follows": control}
"""


def add(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip())


def scale_of(folder: Path, **part) -> None:
    usual = {"all": {"embedding": 8, "max_length": 30, "epochs": 1, "learning_rate": 0.01}}
    content = {"scale": "mini", "seeds": [1], "settings": usual, "papers": {"made": part}}
    (folder / "config" / "mini.yaml").write_text(yaml.safe_dump(content))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = copy_tree(tmp_path_factory.mktemp("made-up"))
    add(folder / "paper_tables/papers/made", {"paper.yaml": PAPER})
    return folder


def made(folder: Path, split: str, *names: str, **part) -> dict[str, dict]:
    """The results of cells, in a run of Snakemake."""
    scale_of(folder, **part)
    files = {name: Path("results/mini/cells/made", split, name, "result.json") for name in names}
    snakemake(folder, *map(str, files.values()))
    return {name: read_json(folder / file, sealed=True) for name, file in files.items()}


def test_a_treatment_of_one_strategy_without_a_pool(tree):
    """And beside it two that do not have the functions that their card asks for."""
    add(tree / "methods/thin", {"__init__.py": "", "card.yaml": THIN_CARD, "treatment.py": THIN})
    for name, text in (("none", "def describe(*given): ...\n"), ("idle", "def save(*given): ...\n" + THIN)):
        card = THIN_CARD.replace("name: thin", f"name: {name}")
        add(tree / f"methods/{name}", {"__init__.py": "", "card.yaml": card, "treatment.py": text})
    names = ("stamp.thin.narm", "stamp.thin.narm.again", "stamp.none.narm", "stamp.idle.narm")
    found = made(tree, "synthetic.loo", *names, datasets={"synthetic": {}})
    treated, again = found["stamp.thin.narm"], found["stamp.thin.narm.again"]
    assert treated["status"] == again["status"] == "done" and treated["pool"] == ""
    assert {*treated["settings"]} == {"anchor", "treatment", "expert"}
    about, its = (each["seeds"]["1"]["augmentation"] for each in (treated, again))
    assert about["rate"] == its["rate"] == 0.5 and about["expert"] > 0
    assert (about["follows"], its["follows"]) == ("", "again")
    assert not (tree / "results/mini/pools").exists()
    assert "no function retrain" in found["stamp.none.narm"]["reason"]
    assert "save would not be called: idle has no key generation" in found["stamp.idle.narm"]["reason"]
