"""Every augmented cell against its plain anchor and against its random control: is there a difference, how large is it,
is it practically none, and what could this run have seen at all?
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from paper_tables import latex, marks, paired
from paper_tables.differences import Compared
from paper_tables.labels import setting_label
from paper_tables.lines import Line
from paper_tables.results import DONE, FAILED, NOT_RUN
from paper_tables.spec.paper import Metric
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
from paper_tables.study import Study

LEVEL = 0.05
PAGE = 40  # rows of a LaTeX table
# Sameness means a difference of less than this share of the other's mean: a quarter of the median gain that CASR prints
# for its weakest strategy (H, 20 % in its Table 2), half of the mean gain that CPR prints (10 % in its Table 1).
MARGIN = 0.05
COMPARISONS = {
    "plain": "the plain anchor",
    "control": "the random control",
}
DIFFERS, UNSEEN, BLIND = "differs", "not seen, though it could have been", "this run could not have seen it"
CORRECTED = ("p_value", "p_two_levels", "p_equivalence")
COLUMNS = (
    "dataset setting row anchor method sampler metric k comparison unit status reason mean other_mean difference "
    "low high p_value p_value_holm significant p_two_levels p_two_levels_holm p_wilcoxon family family_size "
    "effect_d effect_d_low effect_d_high relative relative_low relative_high common_language "
    "margin p_equivalence p_equivalence_holm detectable detectable_holm seeds_for_margin printed_gain answer "
    "seed_error user_error seeds users flags"
).split()


def frame(study: Study, target: str) -> pd.DataFrame:
    """One row for each augmented line, metric and comparison: treatment minus the other, in percentage points, over the
    users of the test and the seeds that both have, paired by their number.

    p_value, p_wilcoxon: paired over users, whose results are averaged over the seeds. low, high, p_two_levels,
    p_equivalence, detectable and the other intervals: users and seeds as two levels (statistics.two_levels); of several
    draws of a data set the draws, in whose spread that of users and seeds is held, and `seeds` counts draws. Corrected
    by Holm within a family: one comparison, both metrics, the settings that the line names. effect_d is a difference
    over its standard deviation between users, relative is in percent of the other's mean. margin, detectable: points.
    Of one seed, or one draw of several planned ones, what needs that level is not a number. answer: of the two levels,
    with the smallest difference that the corrected test could have seen, held against the printed gain.
    """
    rows, differences = [], []
    for line in study.compared(target):
        if line.result.cell.treatment:
            for metric in line.metrics:
                for comparison, other in line.against.items():
                    numbers, difference = _compared(line.result, other, metric.name, metric.k)
                    row = _described(line, other, metric, _words(study, comparison), comparison) | numbers
                    rows.append(row | {"printed_gain": study.printed_gain(line, metric)})
                    differences.append(difference)
    found = pd.DataFrame(rows, columns=COLUMNS)
    sizes = {}
    for name in CORRECTED:
        found[f"{name}_holm"], sizes[name] = holm_within(found[name], found["family"])
    found["family_size"], of_levels = sizes["p_value"], np.maximum(sizes["p_two_levels"], 1)
    found["significant"] = found["p_value_holm"] < LEVEL
    found["detectable_holm"] = [
        float("nan") if difference is None else difference.detectable(LEVEL / size)
        for difference, size in zip(differences, of_levels, strict=True)
    ]
    asked = zip(found.itertuples(), differences, of_levels, strict=True)
    found["answer"] = [answer(row, difference, LEVEL / size) for row, difference, size in asked]
    return found


def answer(row: object, difference: Difference | None, level: float) -> str:
    """What the two levels say, and what they could have said; "" where nothing was compared."""
    if difference is None:
        return ""
    if difference.seeds < 2:
        return "no answer: one seed; two at least have a spread"
    if row.p_two_levels_holm < LEVEL:
        return DIFFERS
    limit, gain = row.detectable_holm, abs(row.printed_gain)
    if np.isnan(gain):
        return f"not seen; from {limit:.2g} points on it could have been"
    if limit <= gain:
        return f"{UNSEEN} (from {limit:.2g} points on; printed {gain:.2g})"
    needed = seeds_needed(difference, gain, level)
    enough = f"{needed:.0f} seeds would" if np.isfinite(needed) else "no number of seeds would on as many users"
    return f"{BLIND} (from {limit:.2g} points on; printed {gain:.2g}); {enough}"


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """The selecting metric, one table a comparison, what was run only; the rest stands in the CSV."""
    shown = frame[(frame["metric"] == study.paper.shown.name) & (frame["status"] != NOT_RUN)]
    names = list(dict.fromkeys(name for names in study.paper.against.values() for name in names))
    return "\n".join(_tables(shown[shown["comparison"] == name], name, study) for name in names)


def _words(study: Study, comparison: str) -> str:
    return study.paper.comparisons.get(comparison, {}).get("words") or COMPARISONS[comparison]


def _tables(rows: pd.DataFrame, comparison: str, study: Study) -> str:
    pages = [rows.iloc[start : start + PAGE] for start in range(0, max(1, len(rows)), PAGE)]
    short = f"{study.paper.shown.head} of every augmented cell against {_words(study, comparison)}"
    captions = [f"{short}{_meaning(rows)}", *[f"{short}, continued."] * (len(pages) - 1)]
    heads = (
        "Data set & Cell & difference & 95\\,\\% interval & $p$ & $p$ two levels & $d$ & $p$ same & seen from & seeds"
    )
    empty = [r"\multicolumn{10}{c}{\textit{no augmented cell was run}}"]
    name = f"tab:{study.paper.name}-tests-{comparison}"
    return "\n".join(
        latex.table("llrlrrrrrr", [heads], _body(page) or empty, caption, name if number == 1 else f"{name}-{number}")
        for number, (page, caption) in enumerate(zip(pages, captions, strict=True), start=1)
    )


def _body(rows: pd.DataFrame) -> list[str]:
    body, previous = [], None
    for row in rows.itertuples():
        place = (row.dataset, row.setting or row.anchor)
        body += [latex.RULE] if previous not in (None, place) else []
        previous = place
        where = f", {latex.escape(setting_label(row.setting))}" if row.setting else ""
        name = f"{marks.marked_label(rows, row.dataset)}{where} & {latex.escape(row.row)}{marks.of_flags(row.flags)}"
        body.append(f"{name} & {_numbers(row)}")
    return body


def _meaning(rows: pd.DataFrame) -> str:
    families = [family.partition(": ")[2] for family in rows["family"].unique()]
    family = "; ".join(map(latex.escape, families)) or "both metrics, all data sets"
    return (
        r": difference in percentage points with a 95\,\% interval that counts users and seeds as two levels (of "
        "several draws of a data set the draws, counted under seeds); $p$ of a paired sign-flip permutation test over "
        f"users (averaged over seeds), with Holm's correction over the {_size(rows)} tests of this comparison "
        f"({family}); $p$ of the two levels, corrected alike; $d$, the difference over its standard deviation between "
        f"users; $p$ of equivalence within ${100 * MARGIN:g}\\,\\%$ of the other's mean, corrected alike; smallest "
        "difference that such a run finds in 80\\,\\% of cases, uncorrected. One seed has no spread: what counts seeds "
        "is a dash. "
        f"{marks.flags_legend(rows['flags'])} {marks.legend(rows)}"
    ).strip()


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
    interval = "--" if np.isnan(row.low) else rf"[${row.low:+.2f}$, ${row.high:+.2f}$]"
    seen = "--" if np.isnan(row.detectable) else f"{row.detectable:.2f}"
    return " & ".join([f"${row.difference:+.2f}$", interval, *p_values, seen, f"{row.seeds:.0f}"])


def _p(value: float) -> str:
    if np.isnan(value):
        return "--"
    return r"$<$0.001" if value < 0.001 else f"{value:.3f}"


def _size(rows: pd.DataFrame) -> int:
    return int(rows["family_size"].max()) if len(rows) else 0


def _described(line: Line, other: Compared, metric: Metric, words: str, comparison: str) -> dict:
    parts = {"treatment": line.result, words: other}
    missing = {name: part for name, part in parts.items() if not part.done}
    status = FAILED if any(part.status == FAILED for part in missing.values()) else NOT_RUN
    return line.head | {
        "metric": metric.name,
        "k": metric.k,
        "comparison": comparison,
        "family": f"against {words}: both metrics, {line.family}",
        "unit": "percentage points",
        "status": status if missing else DONE,
        "reason": "; ".join(f"{name} {part.status}: {part.reason}" for name, part in missing.items()),
        "seeds": float("nan"),
        "flags": "; ".join(sorted({flag for part in parts.values() for flag in part.flags})),
    }


def _compared(result: Compared, other: Compared, metric: str, cutoff: int) -> tuple[dict, Difference | None]:
    """(columns of the comparison, its difference); where there is nothing to compare, why."""
    if not (result.done and other.done):
        return {}, None
    found = paired.blocks(result, other, metric, cutoff)
    if isinstance(found, str):
        return {"status": NOT_RUN, "reason": found}, None
    ours, theirs = zip(*found, strict=True)
    return _numbers_of(result, ours, theirs)


def _numbers_of(result: Compared, ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> tuple[dict, Difference]:
    """From the metric in percent of the same seeds and users, shape (seeds, users), of each draw of the data."""
    apart = [own - its for own, its in zip(ours, theirs, strict=True)]
    found = paired.difference(result, apart)
    by_user = np.concatenate([each.mean(axis=0) for each in apart])
    level, base = (float(np.mean([each.mean() for each in side])) for side in (ours, theirs))
    spread, ratio = by_user.std(ddof=1), relative(level, base)
    low, high = found.interval()
    numbers = {
        "mean": level,
        "other_mean": base,
        "difference": found.mean,
        "low": low,
        "high": high,
        "p_value": sign_flip(by_user),
        "p_two_levels": found.p_value(),
        "p_wilcoxon": wilcoxon(by_user),
        "effect_d": paired_d(by_user),
        "common_language": common_language(by_user),
        "detectable": found.detectable(),
        "seed_error": found.seed_error,
        "user_error": found.user_error if len(ours) == 1 else float("nan"),
        "seeds": found.seeds,
        "users": found.users,
    }
    if spread > 0:
        numbers |= {"effect_d_low": low / spread, "effect_d_high": high / spread}
    if base > 0:
        # the ratio of two means, linear around what was found: both have errors, which go together
        both = zip(ours, theirs, strict=True)
        half = paired.difference(result, [(own - (1 + ratio) * its) / base for own, its in both]).interval()[1]
        numbers |= {
            "relative": 100 * ratio,
            "relative_low": 100 * (ratio - half),
            "relative_high": 100 * (ratio + half),
        }
        margin = MARGIN * base
        numbers |= {"margin": margin, "p_equivalence": found.p_equivalence(margin)}
        numbers["seeds_for_margin"] = seeds_needed(found, margin)
    return numbers, found
