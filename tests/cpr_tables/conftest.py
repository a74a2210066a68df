"""A small results tree of CPR with made-up numbers, so that every number of a table can be worked out by hand."""

import shutil
from copy import deepcopy

import pytest

from datasets.pipeline.card import variant_name
from paper_tables.cell import Cell
from paper_tables.judge.comparison import paper_comparison
from paper_tables.spec.specification import specification
from paper_tables.study import Study
from paper_tables.write import write
from tests.cpr_tables.made import KNOWN, write_cell, write_data, write_failed

SCALE = {
    "scale": "fixture",
    "seeds": [1, 2],
    "papers": {
        "cpr": {
            "dims": [16],
            "readings": ["closed-mirrored", "printed"],
            "data_seeds": [1, 2, 3],
            "ks": [1, 2],
            "baselines": ["popularity"],
            "anchors": ["bpr", "gmf"],
            "mind": "mind-small",
        }
    },
}


@pytest.fixture
def scale():
    return deepcopy(SCALE)


def drawn(seed: int, **values) -> str:
    return variant_name("cpr-synthetic", seed=seed, **values)


def cell(dataset: str, anchor: str, treatment: str = "", variant: str = "", **settings) -> Cell:
    return Cell("cpr", f"{dataset}.loo", anchor, treatment, "", variant, settings)


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """Non-linear feedback, d = 16. BPR has 19, 21 and 23 hits of 60 on the three draws (means over two seeds); random
    interventions add 3, learned ones 6 (k = 1) and 9 (k = 2), the control 1; with noise all lose 4. Popularity has 5.
    Linear feedback: BPR on the first draw only; on the second it failed. The printed reading: BPR has 40 hits. MIND:
    BPR 30, CPR-BPR 33 hits. The rest was not run.
    """
    folder = tmp_path_factory.mktemp("cpr") / "results"
    for seed in (1, 2, 3):
        base, name, noisy = 16 + 2 * seed, drawn(seed), drawn(seed, noise=0.2)
        write_cell(folder, cell(name, "popularity"), 4)
        write_cell(folder, cell(name, "bpr"), base)
        write_cell(folder, cell(name, "bpr", "cpr-r"), base + 3, **KNOWN)
        write_cell(folder, cell(name, "bpr", "cpr-l"), base + 6, **KNOWN)
        write_cell(folder, cell(name, "bpr", "cpr-l", "control"), base + 1)
        write_cell(folder, cell(name, "bpr", "cpr-l", "k2", k=2), base + 9, **KNOWN)
        write_cell(folder, cell(noisy, "bpr"), base - 4)
        write_cell(folder, cell(noisy, "bpr", "cpr-l"), base + 2, **KNOWN)
        write_cell(folder, cell(noisy, "bpr", "cpr-l", "k2", k=2), base + 5, **KNOWN)
        write_cell(folder, cell(drawn(seed, reading="printed"), "bpr"), 40)
        for dataset in (name, noisy):
            write_data(folder, dataset)
    write_cell(folder, cell(drawn(1, feedback="linear"), "bpr"), 30)
    write_failed(folder, cell(drawn(2, feedback="linear"), "bpr"), "out of memory & 100 %")
    write_cell(folder, cell("mind-small", "bpr"), 30)
    write_cell(folder, cell("mind-small", "bpr", "cpr-l"), 33)
    counts = {"counts": {"users": 5000, "items": 7}, "printed": {"cpr": {"users": 50000, "items": 7}}}
    write_data(folder, "mind-small", verified=False, **counts)
    return folder


@pytest.fixture
def results(tree, tmp_path):
    """A copy of the tree, to be changed."""
    return shutil.copytree(tree, tmp_path / "results")


@pytest.fixture(scope="session")
def written(tree, tmp_path_factory):
    """The tree with all that is made of it; read it, never change it."""
    folder = shutil.copytree(tree, tmp_path_factory.mktemp("written") / "results")
    write("cpr", [*specification("cpr").TARGETS, "document"], SCALE, folder)
    paper_comparison(Study.of("cpr", SCALE, folder)).to_csv(folder / "comparison.csv", index=False)
    return folder
