"""Through the whole workflow: a gain that is there is seen, and one that is not there is not."""

import pytest
import torch
import yaml

from datasets.pipeline.card import card
from datasets.pipeline.prepare import prepare
from datasets.pipeline.split import make_split
from workflow.cells import graph
from workflow.cells.pool import draw
from workflow.cells.pools import pool_of, pools
from workflow.cells.run import run_cell
from workflow.scale import load_scale

CONTENT = {
    "scale": "mini",
    "seeds": [1],
    "papers": {
        "casr": {
            "targets": ["dose"],
            "dose": {"histories": [50], "worlds": [1], "etas": [0, 1], "anchors": ["stamp"], "strategies": []},
        },
        "cpr": {
            "targets": ["dose"],
            "data_seeds": [1],
            "feedbacks": [],
            "dose": {"worlds": ["tastes"], "data_seeds": [1], "zetas": [0, 1], "anchors": ["bpr"], "strategies": []},
        },
    },
    "settings": {
        "all": {"embedding": 32, "learning_rate": 0.01, "batch": 128, "epochs": 40, "patience": 8, "max_length": 30},
        "oracle-next": {"retrain_epochs": 40, "retrain_patience": 8},
        "bpr": {"batch": 1024},
    },
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Every cell of a scale with one world of either kind, by name."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("worlds")
    file = folder / "config" / "mini.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(CONTENT))
    patch = pytest.MonkeyPatch()
    patch.chdir(folder)
    scale = load_scale(file)
    for split in dict.fromkeys(cell.split for cell in graph.all_cells(scale).values()):
        prepare(card(split.split(".")[0]), scale.results)
        make_split(split, scale.results)
    results, drawn = {}, set()
    for cell in graph.all_cells(scale).values():
        if cell.treatment and pool_of(scale, cell).name not in drawn:
            drawn.add(pool_of(scale, cell).name)
            draw(scale, pool_of(scale, cell))
        results[cell.name] = run_cell(scale, cell)["seeds"]["1"]
    assert drawn == {pool.name for pool in pools(scale).values()} == {"oracle-next-t", "oracle-choice-t"}
    patch.undo()
    return results


def points(run, name: str, metric: str, reading: str) -> float:
    return 100 * run[name]["metrics"]["test"][reading][metric]


@pytest.mark.parametrize(
    ("anchor", "oracle", "rate", "metric", "reading", "least"),
    [
        ("stamp", "oracle-next-t", "eta1", "ndcg@5", "kept", 5),
        ("bpr", "oracle-choice-t", "zeta1", "ndcg@10", "removed", 1),
    ],
)
def test_true_answers_are_seen_and_wrong_ones_are_not(run, anchor, oracle, rate, metric, reading, least):
    alone = points(run, anchor, metric, reading)
    true = points(run, f"{anchor}.{oracle}", metric, reading)
    assert true > alone + least
    assert true > points(run, f"{anchor}.{oracle}.control", metric, reading) + least
    assert points(run, f"{anchor}.{oracle}.{rate}", metric, reading) < alone + 0.3


def test_the_cards_say_how_much_is_wrong(run):
    about = [run[f"stamp.oracle-next-t{rate}"]["augmentation"] for rate in ("", ".eta1")]
    assert [each["noise"] for each in about] == [0, 1] and [each["label_accuracy"] for each in about] == [1, 0]
    assert about[0]["theorem1"]["samples"] > 0 and about[1]["theorem1"]["samples"] is None
    assert about[0]["size"] == about[0]["trained"] == run["stamp.oracle-next-t.control"]["augmentation"]["trained"]
    lists = [run[f"bpr.oracle-choice-t{rate}"]["augmentation"] for rate in ("", ".zeta1")]
    assert [each["zeta_decided"] for each in lists] == [0, 1]
    for part in ("validation", "test"):  # withheld, as from the data
        assert lists[0]["heldout_overlap"][part] == {"positives": 0, "others": 0}


def test_a_control_trains_as_many_epochs(run):
    for name in ("stamp.oracle-next-t", "bpr.oracle-choice-t"):
        assert run[f"{name}.control"]["epochs"] == run[name]["epochs"]
