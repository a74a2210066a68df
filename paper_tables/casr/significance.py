"""Every augmented cell against its plain anchor and against its random control: is there a difference, how large is it,
is it practically none, and what could this run have seen at all?
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from datasets.pipeline.errors import BadInput
from paper_tables import latex
from paper_tables.casr import marks
from paper_tables.casr.accuracy import CUTOFF, LEVEL, METRICS, Line
from paper_tables.cell import Cell
from paper_tables.results import DONE, FAILED, NOT_RUN, Result
from paper_tables.statistics import (
    Difference,
    common_language,
    holm_within,
    paired_d,
    relative,
    seeds_needed,
    sign_flip,
    wilcoxon,
)

# Sameness means a difference of less than this share of the other's mean: a quarter of the median gain that the paper
# prints for its weakest strategy (H, 20 % in Table 2).
MARGIN = 0.05
COMPARISONS = {"plain": "the plain anchor", "control": "the random control"}
CORRECTED = ("p_value", "p_two_levels", "p_equivalence")
COLUMNS = (
    "dataset row anchor method sampler metric k comparison unit status reason mean other_mean difference low high "
    "p_value p_value_holm significant p_two_levels p_two_levels_holm p_wilcoxon family family_size "
    "effect_d effect_d_low effect_d_high relative relative_low relative_high common_language "
    "margin p_equivalence p_equivalence_holm detectable detectable_holm seeds_for_margin "
    "seed_error user_error seeds users flags"
).split()


def frame(lines: Iterable[Line], read: Callable[[Cell], Result]) -> pd.DataFrame:
    """One row for each augmented line of Table 3, metric and comparison: treatment minus the other, in percentage
    points, over the users of the test and the seeds that both have, paired by their number.

    p_value, p_wilcoxon: paired over users, whose results are averaged over the seeds. low, high, p_two_levels,
    p_equivalence, detectable and the other intervals: users and seeds as two levels (statistics.two_levels). Corrected
    by Holm within a family: one comparison, both metrics, all data sets of the scale. effect_d is a difference over its
    standard deviation between users, relative is in percent of the other's mean. margin, detectable: percentage points.
    """
    rows, differences = [], []
    for line in lines:
        if line.result.cell.treatment:
            others = {"plain": line.plain, "control": read(replace(line.result.cell, variant="control"))}
            for metric in METRICS:
                for comparison, other in others.items():
                    numbers, difference = _compared(line.result, other, metric)
                    rows.append(_described(line, other, metric, comparison) | numbers)
                    differences.append(difference)
    found = pd.DataFrame(rows, columns=COLUMNS)
    for name in CORRECTED:
        found[f"{name}_holm"], found["family_size"] = holm_within(found[name], found["family"])
    found["significant"] = found["p_value_holm"] < LEVEL
    found["detectable_holm"] = [
        float("nan") if difference is None else difference.detectable(LEVEL / size)
        for difference, size in zip(differences, found["family_size"], strict=True)
    ]
    return found


def render(frame: pd.DataFrame) -> str:
    """NDCG@5, one table a comparison, what was run only; the rest stands in the CSV."""
    shown = frame[(frame["metric"] == "ndcg") & (frame["status"] != NOT_RUN)]
    return "\n".join(_table(shown[shown["comparison"] == name], name) for name in COMPARISONS)


def _table(rows: pd.DataFrame, comparison: str) -> str:
    body, previous = [], None
    for row in rows.itertuples():
        body += [latex.RULE] if previous not in (None, (row.dataset, row.anchor)) else []
        previous = (row.dataset, row.anchor)
        name = f"{marks.marked_label(rows, row.dataset)} & {latex.escape(row.row)}"
        body.append(f"{name} & {_numbers(row)}")
    other = COMPARISONS[comparison]
    caption = (
        f"NDCG@5 of every augmented cell against {other}: difference in percentage points with a 95\\,\\% interval "
        "that counts users and seeds as two levels; $p$ of a paired sign-flip permutation test over users (averaged "
        f"over seeds), with Holm's correction over the {_size(rows)} tests of this comparison (both metrics, all data "
        "sets); $p$ of the two levels, corrected alike; $d$, the difference over its standard deviation between users; "
        f"$p$ of equivalence within ${100 * MARGIN:g}\\,\\%$ of the other's mean, corrected alike; smallest difference "
        "that such a run finds in 80\\,\\% of cases, uncorrected. One seed: its interval holds for that training "
        f"alone. {marks.legend(rows)}"
    )
    heads = (
        "Data set & Cell & difference & 95\\,\\% interval & $p$ & $p$ two levels & $d$ & $p$ same & seen from & seeds"
    )
    empty = [r"\multicolumn{10}{c}{\textit{no augmented cell was run}}"]
    return latex.table("llrlrrrrrr", [heads], body or empty, caption.strip(), f"tab:casr-tests-{comparison}")


def _numbers(row: object) -> str:
    if row.status != DONE:
        return rf"\multicolumn{{8}}{{l}}{{\textit{{{row.status}}}}}"
    star = "*" if row.significant else ""
    p_values = [
        _p(row.p_value_holm) + star,
        _p(row.p_two_levels_holm),
        f"{row.effect_d:.3f}",
        _p(row.p_equivalence_holm),
    ]
    interval = rf"[${row.low:+.2f}$, ${row.high:+.2f}$]"
    return " & ".join([f"${row.difference:+.2f}$", interval, *p_values, f"{row.detectable:.2f}", f"{row.seeds:.0f}"])


def _p(value: float) -> str:
    return r"$<$0.001" if value < 0.001 else f"{value:.3f}"


def _size(rows: pd.DataFrame) -> int:
    return int(rows["family_size"].max()) if len(rows) else 0


def _described(line: Line, other: Result, metric: str, comparison: str) -> dict:
    parts = {"treatment": line.result, COMPARISONS[comparison]: other}
    missing = {name: part for name, part in parts.items() if not part.done}
    status = FAILED if any(part.status == FAILED for part in missing.values()) else NOT_RUN
    return {
        "dataset": line.dataset,
        "row": line.row,
        "anchor": line.result.cell.anchor,
        "method": line.result.cell.treatment,
        "sampler": line.result.cell.sampler,
        "metric": metric,
        "k": CUTOFF,
        "comparison": comparison,
        "family": f"against {COMPARISONS[comparison]}: both metrics, all data sets",
        "unit": "percentage points",
        "status": status if missing else DONE,
        "reason": "; ".join(f"{name} {part.status}: {part.reason}" for name, part in missing.items()),
        "flags": "; ".join(sorted({flag for part in parts.values() for flag in part.flags})),
    }


def _compared(result: Result, other: Result, metric: str) -> tuple[dict, Difference | None]:
    """(columns of the comparison, its difference); where there is nothing to compare, why."""
    if not (result.done and other.done):
        return {}, None
    ours, theirs = result.per_seed(metric, CUTOFF), other.per_seed(metric, CUTOFF)
    if ours is None or theirs is None:
        return {"status": NOT_RUN, "reason": "ranks missing"}, None
    if not ours.index.equals(theirs.index):
        raise BadInput(f"{result.folder} and {other.folder} rank other users; run the older of the two again")
    seeds = [seed for seed in ours.columns if seed in theirs.columns]
    if not seeds or len(ours) < 2:
        return {"status": NOT_RUN, "reason": "no seed in common" if not seeds else "a single user"}, None
    return _numbers_of(100 * ours[seeds].to_numpy().T, 100 * theirs[seeds].to_numpy().T)


def _numbers_of(ours: np.ndarray, theirs: np.ndarray) -> tuple[dict, Difference]:
    """From the metric in percent of the same seeds and users, shape (seeds, users)."""
    difference = Difference.of(ours - theirs)
    by_user, base = (ours - theirs).mean(axis=0), theirs.mean()
    spread, ratio = by_user.std(ddof=1), relative(ours, theirs)
    low, high = difference.interval()
    numbers = {
        "mean": ours.mean(),
        "other_mean": base,
        "difference": difference.mean,
        "low": low,
        "high": high,
        "p_value": sign_flip(by_user),
        "p_two_levels": difference.p_value(),
        "p_wilcoxon": wilcoxon(by_user),
        "effect_d": paired_d(by_user),
        "common_language": common_language(by_user),
        "detectable": difference.detectable(),
        "seed_error": difference.seed_error if difference.seeds > 1 else float("nan"),
        "user_error": difference.user_error,
        "seeds": difference.seeds,
        "users": difference.users,
    }
    if spread > 0:
        numbers |= {"effect_d_low": low / spread, "effect_d_high": high / spread}
    if base > 0:
        # the ratio of two means, linear around what was found: both have errors, which go together
        half = Difference.of((ours - (1 + ratio) * theirs) / base).interval()[1]
        numbers |= {
            "relative": 100 * ratio,
            "relative_low": 100 * (ratio - half),
            "relative_high": 100 * (ratio + half),
        }
        margin = MARGIN * base
        numbers |= {"margin": margin, "p_equivalence": difference.p_equivalence(margin)}
        numbers["seeds_for_margin"] = seeds_needed(difference, margin)
    return numbers, difference
