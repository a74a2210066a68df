"""The users of the test, grouped by how often their test item was taken in training."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.files import record_of, unchanged
from paper_tables import latex, marks
from paper_tables.differences import same_users
from paper_tables.kinds.settings_layout import CANDIDATES, Column, grid
from paper_tables.lines import Line
from paper_tables.results import DONE, NOT_RUN, Result
from paper_tables.spec.paper import Metric
from paper_tables.statistics import LEVEL, Difference, holm, sign_flip
from paper_tables.study import Study

# group -> (interactions of the item in training from, to), as the paper cuts them
GROUPS = {"low": (0, 4), "middle": (5, 15), "high": (16, np.inf)}
NAMES = {"low": "< 5", "middle": "5 to 15", "high": "> 15"}
COLUMNS = (
    *"dataset popularity interactions candidates row block anchor method metric k unit status reason".split(),
    *"mean std_seeds std_draws draws seeds printed difference printed_footnote".split(),
    *"plain gain_percent printed_gain_percent lowered best p_value p_value_holm significant n_users flags cell".split(),
)
Counts = Callable[[str], pd.Series | None]


def frame(study: Study, target: str) -> pd.DataFrame:
    """One row for each group, candidates, anchor alone or treated, and metric; fractions.

    std_seeds: over training seeds. p_value: paired sign flip over the users of the group against the plain anchor,
    Holm's correction within the table. Without ranks, or the split's training part, a row says so.
    """
    counts, lines = counts_below(study.results), list(study.lines(target))
    rows = pd.DataFrame(
        [
            _row(study, line, counts, group, metric)
            for view in study.paper.views
            for line in (one for one in lines if one.view == view)
            for group in GROUPS
            for metric in line.metrics
        ],
        columns=COLUMNS,
    )
    rows["p_value_holm"] = holm(rows["p_value"].to_numpy())
    rows["significant"] = rows["p_value_holm"] < LEVEL
    blocks = rows.groupby(["popularity", "candidates", "block", "metric"])["mean"]
    rows["best"] = (rows["mean"] == blocks.transform("max")) & (blocks.transform("count") > 1)
    return rows


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    paper, scale = study.paper, study.scale["scale"]
    name = marks.marked_label(frame, frame["dataset"].iloc[0])
    tables = []
    for candidates, meaning in CANDIDATES.items():
        rows = frame[frame["candidates"] == candidates]
        if len(rows):
            columns = [
                Column(
                    f"{row.popularity} ({latex.escape(row.interactions)}; {_users(rows, row.popularity)})",
                    {"popularity": row.popularity},
                )
                for row in rows.drop_duplicates("popularity").itertuples()
            ]
            caption = (
                rf"{paper.label}'s Table {paper.targets[target]['printed']}, {name}, scale \textit{{{scale}}}: users "
                f"by the training interactions of their test item; {meaning}. The same cells as Table 3's."
            )
            tables.append(grid(paper, rows, columns, caption, f"tab:{paper.name}-4-{candidates}"))
    return "\n".join(tables)


def _users(rows: pd.DataFrame, popularity: str) -> str:
    counts = rows.loc[rows["popularity"] == popularity, "n_users"].dropna()
    return f"{counts.iloc[0]:,.0f} users" if len(counts) else "not run"


def counts_below(results: Path) -> Counts:
    """A function that gives, of a split, how many users took each item in training, by item; None where its files are
    not there."""

    @cache
    def counts(split: str) -> pd.Series | None:
        file = Path(results) / "splits" / split / "train.csv"
        if not file.is_file():
            return None
        return pd.read_csv(unchanged(file, record_of(file.parent)), usecols=["item"])["item"].value_counts()

    return counts


def in_group(result: Result, counts: Counts, group: str, metric: Metric) -> pd.DataFrame | str:
    """The metric of the group's users (rows) and seeds (columns), as fractions; or why there is none."""
    values, taken = result.per_seed(metric.name, metric.k), counts(result.cell.split)
    if values is None or taken is None:
        return "ranks missing" if values is None else "training part of the split missing"
    targets = next(iter(result.ranks("test").values())).set_index("user")["target"]
    number = targets.map(taken).fillna(0)
    low, high = GROUPS[group]
    return values[number.between(low, high).reindex(values.index).to_numpy()]


def units(line: Line, counts: Counts, group: str, metric: Metric) -> dict:
    """by_unit ({seed: number}) and user_error (of the difference from the plain anchor) of a number of the table."""
    found = [
        in_group(side.results[0], counts, group, metric) if side is not None and side.done else ""
        for side in (line.result, line.plain)
    ]
    own, base = (None if isinstance(values, str) or len(values) < 2 else values for values in found)
    both = [] if own is None or base is None else [seed for seed in own if seed in base]
    error = Difference.of((own[both] - base[both]).to_numpy().T).user_error if both else np.nan
    return {"by_unit": {} if own is None else own.mean().to_dict(), "user_error": error}


def _row(study: Study, line: Line, counts: Counts, group: str, metric: Metric) -> dict:
    [result], cell = line.result.results, line.result.cell
    value, footnote, printed_gain = study.printed(_of(line, group), metric)
    row = line.head | {
        "popularity": group,
        "interactions": NAMES[group],
        "candidates": line.view,
        "metric": metric.name,
        "k": metric.k,
        "unit": study.paper.unit,
        "printed": value,
        "printed_footnote": footnote,
        "printed_gain_percent": printed_gain,
        "lowered": False,
        "cell": cell.identifier,
    }
    own = in_group(result, counts, group, metric) if result.done else result.reason
    if isinstance(own, str) or own.empty:
        missing = "no user in this group" if not isinstance(own, str) else own
        return row | {"status": NOT_RUN if row["status"] == DONE else row["status"], "reason": missing}
    means = own.mean()
    row |= {"mean": means.mean(), "std_seeds": means.std(ddof=1), "n_users": len(own)}
    row["difference"] = row["mean"] - float(value) if value else np.nan
    [plain] = line.plain.results if line.plain else [None]
    base = in_group(plain, counts, group, metric) if plain is not None and plain.done else ""
    if isinstance(base, str):
        return row
    same_users(result, own.index, plain, base.index)
    apart, level = (own.mean(axis=1) - base.mean(axis=1)).to_numpy(), base.mean().mean()
    row |= {"plain": level, "gain_percent": 100 * (row["mean"] / level - 1) if level else np.nan}
    return row | {"lowered": row["mean"] < level, "p_value": sign_flip(apart)}


def _of(line: Line, group: str) -> Line:
    """The line as the printed table has it for the group."""
    return replace(line, printed_setting=f"popularity={group}")
