"""Data that were made by hand, as datasets/README.md teaches, are made anew where what made them has changed."""

import os
import re

import pytest

from datasets.pipeline.card import card
from datasets.pipeline.files import read_json, write_json
from datasets.pipeline.prepare import prepare
from datasets.pipeline.split import make_split
from tests.workflow.test_workflow import copy_tree, snakemake


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory):
    """A tree in which no run has been, with data and a split that were made by commands."""
    folder = copy_tree(tmp_path_factory.mktemp("by_hand"))
    prepare(card("synthetic"), folder / "results/mini")
    make_split("synthetic.loo", folder / "results/mini")
    return folder


def planned(folder) -> set[str]:
    """The rules from raw file to split that a run would follow."""
    output = snakemake(folder, "casr_table2", "--dry-run")
    return set(re.findall(r"^(?:local)?rule (\w+):", output, flags=re.MULTILINE)) & {"fetch", "prepare", "split"}


def remark(file):
    file.write_text(file.read_text() + "\n# edited\n")


def edit(file):
    file.write_text(file.read_text() + "\nEDITED = 1\n")


def relabel(file):
    file.write_text(re.sub("^label: ", "label: Another ", file.read_text(), flags=re.MULTILINE))


def add_candidates(file):
    file.write_text(file.read_text() + "\ncandidates: 7\n")


def flip(file):
    """One digit of a JSON file."""
    file.write_text(re.sub(r'("users": \d*)(\d)', lambda found: f"{found[1]}{9 - int(found[2])}", file.read_text()))


def old(file):
    """As code without checksums wrote it."""
    content = read_json(file)
    write_json(file, {key: value for key, value in content.items() if key != "made_with"})


@pytest.mark.parametrize(
    ("place", "change", "rerun"),
    [
        ("README.md", lambda file: file.write_text("read"), set()),
        ("datasets/synthetic/parse.py", edit, {"prepare", "split"}),
        ("datasets/synthetic/parse.py", remark, set()),
        ("datasets/synthetic/card.yaml", relabel, set()),
        ("datasets/synthetic/card.yaml", add_candidates, {"prepare", "split"}),
        ("datasets/pipeline/candidates.py", edit, {"split"}),
        ("results/mini/data/synthetic/data.json", flip, {"prepare", "split"}),
        ("results/mini/splits/synthetic.loo/split.json", old, {"split"}),
    ],
)
def test_a_run_makes_data_anew_that_are_of_other_code_or_damaged(by_hand, place, change, rerun):
    file = by_hand / place
    before, made = (file.read_bytes(), file.stat().st_mtime_ns) if file.exists() else (b"", 0)
    try:
        change(file)
        os.utime(file, ns=(made, made))  # only what it holds tells
        assert planned(by_hand) == rerun
    finally:
        file.write_bytes(before)
        os.utime(file, ns=(made, made))
