"""Write the paper's tables of one scale: pure functions of results, printed numbers and the scale."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from paper_tables import dose_picture, marks, sets, shared
from paper_tables.cpr import accuracy, coldness, readings, recovery, render
from paper_tables.cpr.evidence import measured_evidence
from paper_tables.cpr.lines import (
    Read,
    compared_lines,
    filter_lines,
    main_lines,
    mind_setting,
    reader,
    table1_settings,
)
from paper_tables.cpr.plan import MEASURES, Plan, read_plan
from paper_tables.cpr.printed import printed_gain
from paper_tables.cpr.specification import TARGETS, filter_settings, main_settings, mind_settings, outputs, target_cells
from paper_tables.files import document, write_csv, write_text

# head of a column -> (key of a set's card, format of a value); what they mean stands in the caption
SETS = {
    "k": ("k", "{:.0f}"),
    "lists": ("sets", "{:,.0f}"),
    "rounds": ("rounds", "{:.1f}"),
    "observed, of $s^{(k+)}$": ("observed.positives", "{:.1%}"),
    "of $s^{(k-)}$": ("observed.others", "{:.1%}"),
    "the test item, of $s^{(k+)}$": ("heldout_overlap.test.positives", "{:.2%}"),
    "of $s^{(k-)}$ ": ("heldout_overlap.test.others", "{:.2%}"),
    "true label": ("label_accuracy", "{:.1%}"),
    r"$\zeta$": ("zeta", "{:.2f}"),
}
SETS_MEANING = (
    "Lists: of the first round. Observed, test item: shares of the two sides of a set that the user's training history "
    "holds, or that is the test item of the same user, looked at after all training. True label, where the truth is "
    r"known: one minus the noise; $\zeta$: share of the pairs in the wrong order."
)


def write(targets: Iterable[str], scale: Mapping, results: Path) -> list[Path]:
    """Make the files of the targets below `results`; gives their paths."""
    results, read = Path(results), reader(scale, Path(results))
    source, files = _source(scale, results, read), []
    for target in targets:
        made = outputs(target, results)
        if target == "document":
            write_text(made[0], _document(scale))
        elif target == "agreement":
            shared.write_agreement(source)
        elif target == "dose":
            dose_picture.write(read_plan(scale).dose, read, MEASURES, scale, results)
        else:
            rows, text = _table(target, source, read)
            csv, tex = made
            write_csv(csv, rows, scale)
            write_text(tex, text)
        files += made
    return files


def _table(target: str, source: shared.Source, read: Read) -> tuple[pd.DataFrame, str]:
    """(frame, LaTeX) of a target that is a table."""
    plan, name = read_plan(source.scale), source.scale["scale"]
    if target in shared.TARGETS:
        return shared.table(target, source)
    rows = marks.with_marks(_frame(target, plan, source.results, read), source.results, source.data)
    if target == "sets":
        return rows, sets.render(rows, MEASURES.paper, SETS, SETS_MEANING)
    if target in ("recovery", "readings"):
        return rows, {"recovery": recovery, "readings": readings}[target].render(rows)
    return rows, getattr(render, target)(rows, name)


def _frame(target: str, plan: Plan, results: Path, read: Read) -> pd.DataFrame:
    main = [*table1_settings(plan), mind_setting()]
    return {
        "table1": lambda: accuracy.frame(1, main_lines(plan, read, table1_settings(plan))),
        "table2": lambda: accuracy.frame(2, filter_lines(plan, read)),
        "table3": lambda: accuracy.frame(3, main_lines(plan, read, [mind_setting()])),
        "table4": lambda: coldness.frame(plan, read, results),
        "recovery": lambda: recovery.frame(line for line in compared_lines(plan, read) if line.of.reading),
        "sets": lambda: sets.frame(compared_lines(plan, read), MEASURES),
        "readings": lambda: readings.frame(main_lines(plan, read, main)),
    }[target]()


def _source(scale: Mapping, results: Path, read: Read) -> shared.Source:
    """What the tables of all papers ask for."""
    plan = read_plan(scale)
    data: dict[str, list[str]] = {}
    for setting in (*main_settings(plan), *filter_settings(plan), *mind_settings(plan)):
        known = data.setdefault(setting.base, [])
        known += [name for name in setting.datasets if name not in known]
    return shared.Source(
        MEASURES,
        scale,
        results,
        lines=lambda: compared_lines(plan, read),
        searched=lambda: target_cells("tuning", scale),
        evidence=lambda: measured_evidence(plan, read, results),
        data=data,
        printed_gain=printed_gain,
    )


def _document(scale: Mapping) -> str:
    every = (file for target in TARGETS for file in outputs(target, Path("..")))
    return document(MEASURES.paper, MEASURES.label, scale, every)
