"""Which reading of the protocol comes nearest to the printed numbers? The paper does not say which held-out item it
ranks, whether items of the history are candidates, how ties count, in which order items without a time stand, or how
long a history may be. Nearness is resemblance and nothing more: among many readings one lies near almost any number, so
their span stands beside the nearest.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd

from paper_tables import latex, marks
from paper_tables.kinds.rank_readings import Reading, history_lengths, readings
from paper_tables.labels import method_label, row_label
from paper_tables.reported import printed_numbers
from paper_tables.results import DONE, NOT_RUN, Result
from paper_tables.spec.specification import reading_cells
from paper_tables.statistics import bootstrap_means, percentiles
from paper_tables.study import Study

DRAWS, SEED = 1000, 1
TABLE = "2"  # whose printed numbers are looked for
HEAD = (
    *"dataset anchor target method sampler split order part history ties counted".split(),
    *"status reason users seeds unit".split(),
)
END = (*"distance distance_low distance_high nearest nearest_share nearest_of_all share_of_all readings flags".split(),)


def frame(study: Study, target: str) -> pd.DataFrame:
    """One row for each target and reading; percent. A target is a pair of printed numbers of Table 2, F1@5 and NDCG@5:
    those of the plain anchor (`none`), beside readings of the plain anchor; those of a strategy, beside readings of the
    plain anchor and of the strategy with any sampler. distance: mean over both metrics of |measured / printed - 1|.

    nearest, nearest_share: among the readings of one method (`readings` of them), and in which share of the bootstrap's
    draws of users and seeds; nearest_of_all, share_of_all: among all readings beside the target. Intervals are of 95 %.
    A choice that changes nothing is no choice: `any` (protocol.py).
    """
    rows, plan = [], study.plan
    printed = {key[1] for key in printed_numbers(study.paper.name) if key[0] == TABLE}
    for dataset in (one for one in plan.datasets if one in printed):
        lengths = cache(lambda split, part: history_lengths(study.results / "splits" / split, part))
        for anchor in plan.lists["anchors"]:
            cells = [study.read(cell) for cell in reading_cells(plan, dataset, anchor)]
            rows += _rows(study, dataset, anchor, cells, lengths)
    metrics = [metric.name for metric in study.paper.metrics]
    numbers = [f"{metric}{end}" for metric in metrics for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=[*HEAD, *numbers, *(f"printed_{metric}" for metric in metrics), *END])


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """The nearest reading for each target and method; all of them stand in the CSV."""
    done = frame[frame["status"] == DONE]
    body, previous = [], None
    for (dataset, anchor, target, method), rows in done.groupby(["dataset", "anchor", "target", "method"], sort=False):
        body += [latex.RULE] if previous not in (None, (dataset, anchor)) else []
        previous = (dataset, anchor)
        [row] = rows[rows["nearest"]].itertuples()
        cell = latex.escape(row_label(anchor, "" if method == "none" else method))
        cell += rf"\textsubscript{{{latex.escape(method_label(row.sampler)[:2])}}}" if row.sampler else ""
        cell += marks.of_flags(row.flags)
        printed_row = latex.escape(row_label(anchor, "" if target == "none" else target))
        choices = ", ".join(f"{text}" for text in _choices(row))
        body.append(
            f"{marks.marked_label(frame, dataset)} & {printed_row} & {row.printed_ndcg:.2f} & {cell} & "
            f"{latex.escape(choices)} & {row.ndcg:.2f} [{row.ndcg_low:.2f}, {row.ndcg_high:.2f}] & "
            rf"{row.distance:.0f}\,\% & {100 * row.nearest_share:.0f}\,\%{'*' if row.nearest_of_all else ''} & "
            f"{rows['ndcg'].min():.2f}--{rows['ndcg'].max():.2f} ({row.readings:.0f})"
        )
    caption = (
        "The reading of the protocol that comes nearest to each printed pair of numbers of Table 2 (NDCG@5 shown), "
        r"among readings of the plain anchor and of the strategy's cells: measured with its 95\,\% interval, mean "
        "relative distance of F1@5 and NDCG@5, share of bootstrap draws (users and seeds) in which this reading is the "
        "nearest of its cell's, span of all readings (their number). *: nearer than all of the other rows of the same "
        "printed number. This shows resemblance only; it does not say what the authors did. "
        f"{marks.flags_legend(done['flags'])} {marks.legend(done)}"
    )
    head = ["Data set & Printed & NDCG@5 & Cell & Nearest reading & measured & distance & share & span"]
    empty = [r"\multicolumn{9}{c}{\textit{no cell with ranks and printed numbers}}"]
    return latex.table("llrllrrrr", head, body or empty, caption.strip(), f"tab:{study.paper.name}-readings")


def _choices(row: object) -> list[str]:
    texts = [f"{row.part} item", f"history {row.history}", f"order {row.order}" if row.order else ""]
    texts += [] if row.ties == "any" else [f"ties {row.ties}"]
    return [text for text in [*texts, "" if row.counted == "any" else row.counted] if text]


def _rows(study: Study, dataset: str, anchor: str, cells: list[Result], lengths: Callable) -> list[dict]:
    usable = [result for result in cells if result.done and result.ranks("test") is not None]
    found = [reading for result in usable for reading in readings(result, study.paper.metrics, lengths)]
    measured, draws = _measured(found) if found else (pd.DataFrame(), {})
    treatments = np.array([reading.result.cell.treatment for reading in found], dtype=object)
    rows = []
    for target in ("", *study.plan.lists["strategies"]):
        head = {"dataset": dataset, "anchor": anchor, "target": target or "none", "unit": "percent"}
        key = (TABLE, dataset, "", anchor, target or "none", "")
        numbers = printed_numbers(study.paper.name)
        values = {metric.name: numbers[*key, metric.name, metric.k][0] for metric in study.paper.metrics}
        head |= {f"printed_{metric}": float(value) for metric, value in values.items()}
        for result in cells:
            if result not in usable and result.cell.treatment in ("", target):
                cell = {"method": result.cell.treatment or "none", "sampler": result.cell.sampler}
                state = {"status": result.status, "reason": result.reason}
                state = {"status": NOT_RUN, "reason": "ranks missing"} if result.done else state
                rows.append(head | cell | {"split": result.cell.split} | state)
        beside = np.flatnonzero((treatments == "") | (treatments == target))
        if len(beside):
            distances = _distances(head, measured.iloc[beside], draws, beside, treatments[beside])
            for place, apart in zip(beside, distances, strict=True):
                rows.append(head | found[place].choices | {"status": DONE} | measured.iloc[place].to_dict() | apart)
    return rows


def _measured(found: list[Reading]) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """(mean and interval of each metric, one row a reading; metric -> its bootstrap means, shape (draws, readings))."""
    users = 1 + max(int(reading.users.max()) for reading in found)
    metrics = list(found[0].values)
    seeds = [len(reading.values[metrics[0]]) for reading in found]
    groups = np.repeat(np.arange(len(found)), seeds)
    columns, draws = {}, {}
    for metric in metrics:
        values = np.full((len(groups), users), np.nan, dtype=np.float32)
        for place, reading in enumerate(found):
            values[np.ix_(groups == place, reading.users)] = reading.values[metric]
        # the same seed for either metric: the same draws of users and seeds
        draws[metric] = bootstrap_means(values, groups, DRAWS, SEED)
        low, high = percentiles(draws[metric])
        means = [reading.values[metric].mean() for reading in found]
        columns |= {metric: means, f"{metric}_low": low, f"{metric}_high": high}
    return pd.DataFrame(columns), draws


def _distances(
    head: dict, measured: pd.DataFrame, draws: dict[str, np.ndarray], beside: np.ndarray, treatments: np.ndarray
) -> list[dict]:
    """The columns from `distance` on, for each reading beside a target."""

    def distance(values: Callable[[str], np.ndarray]) -> np.ndarray:
        apart = [np.abs(values(metric) / head[f"printed_{metric}"] - 1) for metric in draws]
        return 100 * np.mean(apart, axis=0)

    here = distance(lambda metric: measured[metric].to_numpy())
    drawn = distance(lambda metric: draws[metric][:, beside])
    low, high = percentiles(drawn)
    columns = {"distance": here, "distance_low": low, "distance_high": high}
    columns["nearest_of_all"], columns["share_of_all"] = _nearest(here, drawn)
    nearest, share, number = np.zeros(len(here), dtype=bool), np.zeros(len(here)), np.zeros(len(here), dtype=int)
    for treatment in dict.fromkeys(treatments):
        own = treatments == treatment
        nearest[own], share[own] = _nearest(here[own], drawn[:, own])
        number[own] = own.sum()
    columns |= {"nearest": nearest, "nearest_share": share, "readings": number}
    return pd.DataFrame(columns).to_dict("records")


def _nearest(here: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(is it the nearest, in which share of the draws is it) of each reading."""
    first = np.arange(len(here)) == np.argmin(here)
    shares = np.bincount(np.nanargmin(drawn, axis=1), minlength=len(here)) / len(drawn)
    return first, shares
