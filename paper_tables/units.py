"""A metric of every unit of a result: of each user, each decision or each episode, from what its seeds kept. What is
paired, tested or put into an interval is read here, whatever its unit is."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from pyarrow import compute, parquet

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import record_of, unchanged
from methods.evaluation.acceptance import per_decision
from methods.evaluation.episodes import per_episode
from methods.evaluation.metrics import per_user

if TYPE_CHECKING:
    from paper_tables.results import Result

UNITS = {"accepted": ["user", "step"], "episodes": ["episode"]}  # all other views: of ranks, ["user"]
KEPT_IN = {"accepted": "decisions", "episodes": "episodes"}


def unit_of(view: str) -> str:
    """`user`, `decision` or `episode`: what an interval or a test of a view is over."""
    return {"accepted": "decision", "episodes": "episode"}.get(view, "user")


def per_unit(result: "Result", metric: str, view: str = "", group: str = "", part: str = "test") -> pd.Series | None:
    """The metric (`ndcg@5`, `ahr_rank@0.2`, `return`) of every unit of a part, averaged over the seeds first, by the
    unit. None where a seed's file is missing. view: the headline's candidates unless it is named; group: of users.

    Raises BadInput where seeds have other units, or the split has no such group.
    """
    view = view or result.reading
    names, found = UNITS.get(view, ["user"]), []
    for seed in result.seeds:
        file = result.folder / f"seed-{seed}.{KEPT_IN.get(view, 'ranks')}.parquet"
        if not file.is_file():
            return None
        table = pd.read_parquet(file)
        table = table[table["part"] == part].set_index(names)
        found.append(pd.Series(_values(result, metric, view, table), index=table.index))
    if not found:
        return None
    if not all(found[0].index.equals(other.index) for other in found):
        raise BadInput(f"{result.folder}: its seeds are not of the same {unit_of(view)}s; run the cell again")
    mean = sum(found) / len(found)
    return mean[mean.index.get_level_values("user").isin(members(result, group))] if group else mean


def _values(result: "Result", metric: str, view: str, table: pd.DataFrame):
    if view == "episodes":
        return per_episode(metric, table)
    if view == "accepted":
        return per_decision(metric, table, result.content["provenance"]["split"]["items"])
    name, _, cutoff = metric.partition("@")
    return per_user(name, int(cutoff), table[f"above_{view}"].to_numpy(), table[f"ties_{view}"].to_numpy())


def has_episodes(folder: Path, seeds: list[str]) -> bool:
    """Whether every seed kept episodes, which stand where others have ranks."""
    return all((folder / f"seed-{seed}.episodes.parquet").is_file() for seed in seeds)


def members(result: "Result", group: str) -> set[int]:
    """The users of a group, as the split of the cell says."""
    results = result.folder.parents[len(result.cell.identifier.split("/"))]
    file = Path(results, "splits", result.cell.split, "users.csv")
    if not file.is_file():
        raise BadInput(f"{file}: missing; the split has no groups of users, or was not made here")
    users = pd.read_csv(unchanged(file, record_of(file.parent)))
    if group not in set(users["group"]):
        raise BadInput(f"{file}: no group '{group}'; its groups: {', '.join(sorted(set(users['group'])))}")
    return set(users.loc[users["group"] == group, "user"])


def part_of(file: Path, part: str) -> pd.DataFrame:
    """The rows of test or validation, read without what pandas' own reader costs for many small files."""
    rows = parquet.ParquetFile(file).read()
    return rows.filter(compute.equal(rows["part"], part)).drop_columns(["part"]).to_pandas()
