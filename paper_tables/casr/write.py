"""Write the paper's tables and figures of one scale: pure functions of results, printed numbers and the scale."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pandas as pd

from paper_tables import controls, dose_picture, latex, marks, sets, shared
from paper_tables.casr import case_study, curves, draw, ranks, readings, render, sizes, splits
from paper_tables.casr.accuracy import frame, reader, share_note, shown_datasets, table2_lines, table3_lines
from paper_tables.casr.evidence import measured_evidence
from paper_tables.casr.plan import FIGURES, MEASURES, Plan, read_plan
from paper_tables.casr.printed import printed_gain
from paper_tables.casr.specification import TARGETS, augmented, outputs, target_cells
from paper_tables.cell import Cell
from paper_tables.files import document, write_csv, write_text
from paper_tables.labels import cell_label
from paper_tables.lines import Line
from paper_tables.results import Result

TITLES = {
    "figure3": "NDCG@5 over the share r of the training samples that are augmented",
    "figure4": "NDCG@5 over the rounds L, each on the newest generated sequences",
    "figure5": r"NDCG@5 over the confidence $\kappa$; $\kappa=0$ filters nothing, $\kappa=1$ leaves the plain anchor",
    "figure6": "NDCG@5 over the index d of the replaced item, from the end",
}


# head of a column -> (key of a set's card, format of a value); what they mean stands in the caption
SETS = {
    "sequences": ("size", "{:,.0f}"),
    "refused": ("refused_share", "{:.1%}"),
    r"by $\kappa$": ("refused_confidence_share", "{:.1%}"),
    "duplicates": ("duplicates", "{:,.0f}"),
    "distance": ("distance_mean", "{:.2f}"),
    "observed label": ("observed_label", "{:.1%}"),
    "same category": ("same_category", "{:.1%}"),
    "label is the test item": ("heldout_overlap.test.labels", "{:.2%}"),
    "true label": ("label_accuracy", "{:.1%}"),
}
SETS_MEANING = (
    r"Refused: of what was generated, by $\kappa$ or because the next item did not change (D). Distance: from the "
    "observed item, in the sampler's embedding. Observed label: share of sequences whose generated next item is the "
    "observed one. Label is the test item: of the same user, looked at after all training. True label, where the "
    r"structural model is known: one minus the noise $\eta$ of the paper's Theorem 1."
)


def write(targets: Iterable[str], scale: Mapping, results: Path) -> list[Path]:
    """Make the files of the targets below `results`; gives their paths."""
    results, read = Path(results), reader(scale, Path(results))
    files = []
    for target in targets:
        if target == "document":
            write_text(outputs(target, results)[0], _document(scale))
        elif target in FIGURES:
            _figure(target, scale, results, read)
        elif target == "agreement":
            shared.write_agreement(_source(scale, results, read))
        elif target == "ranks":
            _ranks(scale, results, read)
        elif target == "dose":
            dose_picture.write(read_plan(scale).dose, read, MEASURES, scale, results)
        else:
            rows, text = _table(target, scale, results, read)
            csv, tex = outputs(target, results)
            write_csv(csv, rows, scale)
            write_text(tex, text)
        files += outputs(target, results)
    return files


def _document(scale: Mapping) -> str:
    return document("casr", "CASR", scale, (file for target in TARGETS for file in outputs(target, Path(".."))))


def _table(target: str, scale: Mapping, results: Path, read: Callable[[Cell], Result]) -> tuple[pd.DataFrame, str]:
    """(frame, LaTeX) of a target that is a table."""
    plan, name = read_plan(scale), scale["scale"]
    if target in shared.TARGETS:
        return shared.table(target, _source(scale, results, read))
    if target == "sets":
        rows = marks.with_marks(sets.frame(_augmented(plan, read), MEASURES), results)
        return rows, sets.render(rows, "casr", SETS, SETS_MEANING)
    if target == "table2":
        rows = marks.with_marks(frame(table2_lines(plan, read), 2), results)
        note = "H, D, M: the sampler of best validation NDCG@5."
        return rows, render.accuracy_tables(rows, f"CASR's Table 2, scale \\textit{{{name}}}", "casr-2", note)
    if target == "table3":
        lines = table3_lines(plan, read)
        rows, beside = marks.with_marks(frame(lines, 3), results), controls.frame(lines, MEASURES)
        keys = ["dataset", "anchor", "method", "sampler", "metric"]
        extra = beside.rename(columns={"difference": "control_difference"})
        rows = rows.merge(extra[[*keys, "control_mean", "control_std", "control_difference"]], on=keys, how="left")
        # no subscript: its rows name the sampler
        shown = rows.assign(sampler="")
        return rows, render.accuracy_tables(shown, f"CASR's Table 3, scale \\textit{{{name}}}", "casr-3")
    module, rows = {
        "table1": lambda: (sizes, sizes.frame(shown_datasets(plan), results)),
        "splits": lambda: (splits, splits.frame(plan, read)),
        "readings": lambda: (readings, readings.frame(plan, read, results)),
        "figure7": lambda: (case_study, case_study.frame(plan, read, results)),
    }[target]()
    rows = marks.with_marks(rows, results)
    return rows, module.render(rows)


def _augmented(plan: Plan, read: Callable[[Cell], Result]) -> list[Line]:
    """The augmented cells of the scale."""
    return [
        Line(cell_label(cell), "", cell.dataset, read(cell), {"plain": read(Cell(cell.paper, cell.split, cell.anchor))})
        for cell in augmented(plan)
    ]


def _source(scale: Mapping, results: Path, read: Callable[[Cell], Result]) -> shared.Source:
    """What the tables of all papers ask for."""
    plan = read_plan(scale)
    return shared.Source(
        MEASURES,
        scale,
        results,
        lines=lambda: table3_lines(plan, read),
        searched=lambda: target_cells("tuning", scale),
        evidence=lambda: measured_evidence(plan, read),
        data={dataset: [dataset] for dataset in plan.datasets},
        printed_gain=printed_gain,
    )


def _figure(target: str, scale: Mapping, results: Path, read: Callable[[Cell], Result]) -> None:
    rows = marks.with_marks(curves.frame(target, read_plan(scale), read), results)
    folder = results / "figures"
    caption = (
        f"CASR's Figure {target[-1]}, scale \\textit{{{scale['scale']}}}: {TITLES[target]}. Bars: one standard "
        "deviation over seeds. Dotted: the random control of each strategy's main cell. "
    )
    note = "" if target == "figure3" else share_note(rows)  # Figure 3 varies it
    near = latex.escape(curves.near_note(rows))
    caption = " ".join(filter(None, [caption.strip(), note, near, marks.legend(rows)]))
    # pgfplots reads the file: it takes nan, but no empty cell, and stumbles over a comma or a per cent sign in a text
    texts = ("reason", "flags", "audit_errors")
    plain = rows.assign(**{name: rows[name].str.replace(r"[^\w .;:()/+-]|_", " ", regex=True) for name in texts})
    write_csv(folder / f"casr_{target}.csv", plain, scale, missing="nan")
    write_text(folder / f"casr_{target}.tex", draw.pgfplots(target, rows, caption))
    draw.picture(target, rows, folder, scale["scale"])


def _ranks(scale: Mapping, results: Path, read: Callable[[Cell], Result]) -> None:
    plan, folder = read_plan(scale), results / "figures"
    rows = ranks.frame(line for line in table2_lines(plan, read) if line.dataset in plan.datasets)
    write_csv(folder / "casr_ranks.csv", rows, scale)
    write_text(folder / "casr_ranks.tex", ranks.latex_figure(rows, scale["scale"]))
    ranks.picture(rows, folder, scale["scale"])
