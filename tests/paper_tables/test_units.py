"""One reader of what a result's units are: users, decisions, episodes."""

import numpy as np
import pandas as pd
import pytest

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import contents, write_json
from methods.evaluation import acceptance, episodes
from methods.evaluation.metrics import summary
from paper_tables.cell import Cell
from paper_tables.results import read_result
from paper_tables.units import unit_of

CELL = Cell("casr", "lastfm.loo", "narm")
USERS, ITEMS, SEEDS = 12, 20, ("1", "2")


@pytest.fixture
def results(tmp_path):
    """Two seeds with ranks, decisions and episodes; users of even number are core."""
    folder, split = CELL.folder(tmp_path), tmp_path / "splits" / CELL.split
    folder.mkdir(parents=True)
    split.mkdir(parents=True)
    groups = pd.DataFrame({"user": range(USERS), "group": ["core", "casual"] * (USERS // 2)})
    groups.to_csv(split / "users.csv", index=False)
    write_json(split / "split.json", {"contents": contents(split / "users.csv")})
    seeds = {}
    for seed in SEEDS:
        random = np.random.default_rng(int(seed))
        counts = {f"above_{view}": random.integers(ITEMS, size=USERS) for view in ("kept", "removed")}
        counts |= {f"ties_{view}": np.zeros(USERS, int) for view in ("kept", "removed")}
        ranks = pd.DataFrame({"user": range(USERS), "target": 0, "part": "test", **counts})
        decided = pd.DataFrame({"user": np.repeat(range(USERS), 2), "step": [7, 8] * USERS, "part": "test"})
        decided["decision"], decided["probability"] = random.random(24) < 0.5, random.random(24)
        decided["above"], decided["ties"] = random.integers(ITEMS, size=24), 0
        played = pd.DataFrame({"episode": range(5), "return": random.random(5), "steps": 3, "part": "test"})
        for name, table in (("ranks", ranks), ("decisions", decided), ("episodes", played)):
            table.to_parquet(folder / f"seed-{seed}.{name}.parquet")
        metrics = {view: summary(ranks[f"above_{view}"], ranks[f"ties_{view}"]) for view in ("kept", "removed")}
        metrics |= {"accepted": acceptance.summary(decided, ITEMS), "episodes": episodes.summary(played)}
        made = contents(*folder.glob(f"seed-{seed}.*.parquet"))
        seeds[seed] = {"metrics": {"test": metrics, "validation": metrics}, "contents": made}
    about = {"status": "done", "reason": "", "seeds": seeds, "provenance": {"split": {"items": ITEMS}}}
    write_json(folder / "result.json", about)
    return tmp_path


@pytest.mark.parametrize(
    ("metric", "view", "unit", "count"),
    [
        ("ndcg@5", "", "user", USERS),
        ("hr@10", "removed", "user", USERS),
        ("ahr_threshold@0.2", "accepted", "decision", 2 * USERS),
        ("log_loss", "accepted", "decision", 2 * USERS),
        ("return", "episodes", "episode", 5),
    ],
)
def test_the_mean_over_units_is_the_metric(results, metric, view, unit, count):
    result = read_result(CELL, results)
    assert result.done, result.reason
    found = result.per_unit(metric, view)
    said = [of["metrics"]["test"][view or result.reading][metric] for of in result.content["seeds"].values()]
    assert len(found) == count and unit_of(view) == unit and found.mean() == pytest.approx(np.mean(said))


def test_units_of_a_group_are_those_of_its_users(results):
    result = read_result(CELL, results)
    core = result.per_unit("brier", "accepted", "core")
    assert {*core.index.get_level_values("user")} == set(range(0, USERS, 2)) and len(core) == USERS
    whole = result.per_unit("ndcg@5")
    assert result.per_unit("ndcg@5", group="casual").equals(whole[whole.index % 2 == 1])
    with pytest.raises(BadInput, match="no group 'strangers'; its groups: casual, core"):
        result.per_unit("ndcg@5", group="strangers")


def test_without_a_seeds_file_there_are_no_units(results):
    (CELL.folder(results) / "seed-2.decisions.parquet").unlink()
    assert read_result(CELL, results).per_unit("brier", "accepted") is None


def test_seeds_of_other_units_are_refused(results):
    file = CELL.folder(results) / "seed-2.episodes.parquet"
    pd.read_parquet(file).iloc[1:].to_parquet(file)
    with pytest.raises(BadInput, match="its seeds are not of the same episodes"):
        read_result(CELL, results).per_unit("return", "episodes")
