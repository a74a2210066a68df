"""Table 4: the users of the test, grouped by how often their test item was taken in training. No cells of its own."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.files import record_of, unchanged
from paper_tables.cpr.accuracy import CANDIDATES, LEVEL
from paper_tables.cpr.lines import Read, SettingLine, main_lines, mind_setting
from paper_tables.cpr.plan import ANCHORS, LEARNED, MEASURES, Plan
from paper_tables.cpr.printed import printed, printed_setting
from paper_tables.results import DONE, NOT_RUN, Result, same_users
from paper_tables.statistics import Difference, holm, sign_flip

# group -> (interactions of the item in training from, to), as the paper cuts them
GROUPS = {"low": (0, 4), "middle": (5, 15), "high": (16, np.inf)}
NAMES = {"low": "< 5", "middle": "5 to 15", "high": "> 15"}
COLUMNS = (
    *"dataset popularity interactions candidates row block anchor method metric k unit status reason".split(),
    *"mean std_seeds std_draws draws seeds printed difference printed_footnote".split(),
    *"plain gain_percent printed_gain_percent lowered best p_value p_value_holm significant n_users flags cell".split(),
)
Counts = Callable[[str], pd.Series | None]


def frame(plan: Plan, read: Read, results: Path) -> pd.DataFrame:
    """One row for each group, candidates, anchor alone or with learned interventions, and metric; fractions.

    std_seeds: over training seeds. p_value: paired sign flip over the users of the group against the plain anchor,
    Holm's correction within the table. Without ranks, or the split's training part, a row says so.
    """
    counts = counts_below(results)
    rows = pd.DataFrame(
        [
            _row(line, counts, group, candidates, metric)
            for candidates, reading in CANDIDATES.items()
            for line in shown_lines(plan, read)
            if not reading or line.result.has(reading)
            for group in GROUPS
            for metric in MEASURES.metrics
        ],
        columns=COLUMNS,
    )
    rows["p_value_holm"] = holm(rows["p_value"].to_numpy())
    rows["significant"] = rows["p_value_holm"] < LEVEL
    blocks = rows.groupby(["popularity", "candidates", "block", "metric"])["mean"]
    rows["best"] = (rows["mean"] == blocks.transform("max")) & (blocks.transform("count") > 1)
    return rows


def shown_lines(plan: Plan, read: Read) -> list[SettingLine]:
    """Each anchor alone and with learned interventions."""
    lines = main_lines(plan, read, [mind_setting()])
    return [
        line for line in lines if line.result.cell.anchor in ANCHORS and line.result.cell.treatment in ("", LEARNED)
    ]


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


def in_group(result: Result, counts: Counts, group: str, candidates: str, metric: str) -> pd.DataFrame | str:
    """The metric of the group's users (rows) and seeds (columns), as fractions; or why there is none."""
    values, taken = result.per_seed(metric, MEASURES.cutoff, CANDIDATES[candidates]), counts(result.cell.split)
    if values is None or taken is None:
        return "ranks missing" if values is None else "training part of the split missing"
    targets = next(iter(result.ranks("test").values())).set_index("user")["target"]
    number = targets.map(taken).fillna(0)
    low, high = GROUPS[group]
    return values[number.between(low, high).reindex(values.index).to_numpy()]


def units(line: SettingLine, counts: Counts, group: str, candidates: str, metric: str) -> dict:
    """by_unit ({seed: number}) and user_error (of the difference from the plain anchor) of a number of the table."""
    found = [
        in_group(side.results[0], counts, group, candidates, metric) if side is not None and side.done else ""
        for side in (line.result, line.plain)
    ]
    own, base = (None if isinstance(values, str) or len(values) < 2 else values for values in found)
    both = [] if own is None or base is None else [seed for seed in own if seed in base]
    error = Difference.of((own[both] - base[both]).to_numpy().T).user_error if both else np.nan
    return {"by_unit": {} if own is None else own.mean().to_dict(), "user_error": error}


def _row(line: SettingLine, counts: Counts, group: str, candidates: str, metric: str) -> dict:
    [result], cell = line.result.results, line.result.cell
    setting = printed_setting(4, line.of, popularity=group)
    value, footnote, printed_gain = printed(4, setting, cell.anchor, cell.treatment, metric)
    row = {
        "dataset": line.dataset,
        "popularity": group,
        "interactions": NAMES[group],
        "candidates": candidates,
        "row": line.row,
        "block": line.block,
        "anchor": cell.anchor,
        "method": cell.treatment or "none",
        "metric": metric,
        "k": MEASURES.cutoff,
        "unit": "fraction",
        "status": result.status,
        "reason": result.reason,
        "seeds": len(result.seeds) if result.done else 0,
        "printed": value,
        "printed_footnote": footnote,
        "printed_gain_percent": printed_gain,
        "lowered": False,
        "flags": "; ".join(result.flags),
        "cell": cell.identifier,
    }
    own = in_group(result, counts, group, candidates, metric) if result.done else result.reason
    if isinstance(own, str) or own.empty:
        missing = "no user in this group" if not isinstance(own, str) else own
        return row | {"status": NOT_RUN if row["status"] == DONE else row["status"], "reason": missing}
    means = own.mean()
    row |= {"mean": means.mean(), "std_seeds": means.std(ddof=1), "n_users": len(own)}
    row["difference"] = row["mean"] - float(value) if value else np.nan
    [plain] = line.plain.results if line.plain else [None]
    base = in_group(plain, counts, group, candidates, metric) if plain is not None and plain.done else ""
    if isinstance(base, str):
        return row
    same_users(result, own.index, plain, base.index)
    apart, level = (own.mean(axis=1) - base.mean(axis=1)).to_numpy(), base.mean().mean()
    row |= {"plain": level, "gain_percent": 100 * (row["mean"] / level - 1) if level else np.nan}
    return row | {"lowered": row["mean"] < level, "p_value": sign_flip(apart)}
