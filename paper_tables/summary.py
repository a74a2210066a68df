"""What came out, in one look: measured beside what was to be expected, and the files to open.

python -m paper_tables.summary --scale-file config/demo.yaml --results results/demo
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tabulate import tabulate

from paper_tables.casr import curves
from paper_tables.casr.accuracy import frame, reader, table2_lines, table3_lines
from paper_tables.casr.controls import frame as control_frame
from paper_tables.casr.labels import dataset_label, method_label
from paper_tables.casr.plan import Plan, read_plan
from paper_tables.casr.specification import TARGETS, augmented, cells, outputs
from paper_tables.cell import Cell
from paper_tables.command import answer, scale_parser
from paper_tables.results import FAILED, Result


@dataclass(frozen=True)
class Expectation:
    """One line of the summary. `holds` is None where what it rests on was not run."""

    what: str
    expected: str
    measured: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        return {True: "holds", False: "does not hold", None: "not run"}[self.holds]


def expectations(scale: Mapping, results: Path) -> list[Expectation]:
    """What any scale is expected to show, from its results."""
    plan, read = read_plan(scale), reader(scale, Path(results))
    table2 = frame(table2_lines(plan, read), 2).query("metric == 'ndcg' and status == 'done'")
    lines = table3_lines(plan, read)
    table3 = frame(lines, 3).query("metric == 'ndcg' and status == 'done'")
    beside = control_frame(lines, read).query("metric == 'ndcg' and status == 'done'")
    return [
        *(_above_popularity(table2, dataset) for dataset in plan.datasets),
        _kappa_one(plan, read),
        _labels(plan, read),
        _majority("D and M above the plain anchor", "all (printed: 324 of 324)", _gains(table3), share=1.0),
        _majority("D at least as good as H", "most (printed: 140 of 144)", _against(table3, "casr-d", "casr-h")),
        _majority("M at least as good as D", "most (printed: 137 of 144)", _against(table3, "casr-m", "casr-d")),
        _majority("treatment above its random control", "most", list(beside["difference"] > 0)),
    ]


def beside_printed(scale: Mapping, results: Path) -> list[list]:
    """Rows (data set, method, measured NDCG@5, printed, difference) of Table 2 where both are there; percent."""
    table2 = frame(table2_lines(read_plan(scale), reader(scale, Path(results))), 2)
    rows = table2.query("metric == 'ndcg' and status == 'done' and printed != ''")
    return [
        [dataset_label(row.dataset), row.row, f"{row.mean:.2f}", row.printed, f"{row.difference:+.2f}"]
        for row in rows.itertuples()
    ]


def status_counts(scale: Mapping, results: Path) -> tuple[Counter, list[Result]]:
    """How many cells are done, failed, not run; and the failed ones."""
    read = reader(scale, Path(results))
    found = [read(cell) for cell in cells(scale)]
    return Counter(result.status for result in found), [result for result in found if result.status == FAILED]


def _above_popularity(table2: pd.DataFrame, dataset: str) -> Expectation:
    rows = table2[table2["dataset"] == dataset].set_index("anchor").query("method == 'none'")["mean"]
    anchors = [name for name in ("narm", "stamp", "sasrec") if name in rows]
    what = f"sequential anchors above popularity, NDCG@5, {dataset_label(dataset)}"
    if "popularity" not in rows or not anchors:
        return Expectation(what, "all", "", None)
    numbers = ", ".join(f"{method_label(name)} {rows[name]:.2f}" for name in anchors)
    measured = f"{numbers}; {method_label('popularity')} {rows['popularity']:.2f}"
    return Expectation(what, "all", measured, bool((rows[anchors] > rows["popularity"]).all()))


def _kappa_one(plan: Plan, read: Callable[[Cell], Result]) -> Expectation:
    points = curves.frame("figure5", plan, read).query("x == 1 and status == 'done' and plain_mean.notna()")
    what = "kappa = 1 is the plain anchor, exactly"
    if points.empty:
        return Expectation(what, "equal", "", None)
    apart = (points["mean"] - points["plain_mean"]).abs().max()
    return Expectation(what, "equal", f"largest difference {apart:.3g}", bool(apart == 0))


def _labels(plan: Plan, read: Callable[[Cell], Result]) -> Expectation:
    """Where the structural model is known: how often a generated next item is the true one (H and D)."""
    found, chance = {}, []
    for cell in augmented(plan):
        result = read(cell)
        for seed in result.content.get("seeds", {}).values() if result.done else ():
            accuracy = seed["augmentation"].get("label_accuracy")
            if accuracy is not None and cell.treatment != "casr-m":
                found.setdefault(cell.sampler, []).append(accuracy)
                chance.append(1 / result.content["provenance"]["split"]["items"])
    what = "generated next items are the true ones more often than by chance"
    if not found:
        return Expectation(what, "above chance", "", None)
    means = {sampler: float(np.mean(values)) for sampler, values in found.items()}
    numbers = ", ".join(f"{method_label(sampler)} {100 * mean:.1f} %" for sampler, mean in means.items())
    return Expectation(what, f"above {100 * max(chance):.1f} %", numbers, min(means.values()) > max(chance))


def _gains(table3: pd.DataFrame) -> list[bool]:
    plain = table3.query("method == 'none'").set_index(["dataset", "anchor"])["mean"]
    rows = table3.query("method in ('casr-d', 'casr-m')")
    keys = [(row.dataset, row.anchor) for row in rows.itertuples()]
    return [mean > plain[key] for key, mean in zip(keys, rows["mean"], strict=True) if key in plain.index]


def _against(table3: pd.DataFrame, better: str, other: str) -> list[bool]:
    keys = ["dataset", "anchor", "sampler"]
    means = table3.query("method != 'none'").pivot_table(index=keys, columns="method", values="mean")
    if better not in means or other not in means:
        return []
    both = means[[better, other]].dropna()
    return list(both[better] >= both[other])


def _majority(what: str, expected: str, outcomes: Iterable[bool], share: float = 0.5) -> Expectation:
    outcomes = list(outcomes)
    if not outcomes:
        return Expectation(what, expected, "", None)
    count = sum(map(bool, outcomes))
    holds = count == len(outcomes) if share == 1.0 else count > share * len(outcomes)
    return Expectation(what, expected, f"{count} of {len(outcomes)}", holds)


def main(arguments: list[str] | None = None) -> int:
    chosen = scale_parser("paper_tables.summary", __doc__).parse_args(arguments)
    return answer(chosen, lambda scale, results: [report(scale, results)])


def report(scale: Mapping, results: Path) -> str:
    """The whole summary as text."""
    counts, failed = status_counts(scale, results)
    states = ", ".join(f"{count} {status}" for status, count in counts.items())
    parts = [f"CASR, scale '{scale['scale']}': {sum(counts.values())} cells, {states}."]
    parts += [f"  failed: {result.cell.identifier}: {result.reason}" for result in failed]
    lines = [[line.what, line.expected, line.measured, line.verdict] for line in expectations(scale, results)]
    parts += ["", tabulate(lines, headers=["what", "expected", "measured", ""], maxcolwidths=[44, 26, 44, None])]
    printed = beside_printed(scale, results)
    if printed:
        heads = ["data set", "method", "measured", "printed", "difference"]
        parts += ["", "NDCG@5 in percent", tabulate(printed, headers=heads, disable_numparse=True)]
    files = [file for target in (*TARGETS, "document") for file in outputs(target, results) if file.is_file()]
    readable = [str(file) for file in files if file.suffix in (".csv", ".png") or file.name == "casr.tex"]
    page = Path(results) / "report.html"
    readable = [str(page), *readable] if page.is_file() else readable
    parts += ["", "Open:", *(f"  {file}" for file in readable)]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
