"""Write the paper's tables and figures of one scale: pure functions of results, printed numbers and the scale."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pandas as pd

from datasets.pipeline.files import whole_file
from paper_tables.casr import (
    audit,
    case_study,
    controls,
    curves,
    draw,
    heatmap,
    ledger,
    marks,
    ranks,
    readings,
    render,
    sets,
    significance,
    sizes,
    splits,
    tuning,
    verdict_table,
)
from paper_tables.casr.accuracy import frame, reader, share_note, shown_datasets, table2_lines, table3_lines
from paper_tables.casr.plan import FIGURES, read_plan
from paper_tables.casr.specification import TARGETS, outputs
from paper_tables.cell import Cell
from paper_tables.comparison import paper_comparison
from paper_tables.results import Result

TITLES = {
    "figure3": "NDCG@5 over the share r of the training samples that are augmented",
    "figure4": "NDCG@5 over the rounds L, each on the newest generated sequences",
    "figure5": r"NDCG@5 over the confidence $\kappa$; $\kappa=0$ filters nothing, $\kappa=1$ leaves the plain anchor",
    "figure6": "NDCG@5 over the index d of the replaced item, from the end",
}


def write(targets: Iterable[str], scale: Mapping, results: Path) -> list[Path]:
    """Make the files of the targets below `results`; gives their paths."""
    results, read = Path(results), reader(scale, Path(results))
    files = []
    for target in targets:
        if target == "document":
            _text(outputs(target, results)[0], document(scale))
        elif target in FIGURES:
            _figure(target, scale, results, read)
        elif target == "agreement":
            _agreement(scale, results)
        elif target == "ranks":
            _ranks(scale, results, read)
        else:
            rows, text = _table(target, scale, results, read)
            csv, tex = outputs(target, results)
            _csv(csv, rows, scale)
            _text(tex, text)
        files += outputs(target, results)
    return files


def _table(target: str, scale: Mapping, results: Path, read: Callable[[Cell], Result]) -> tuple[pd.DataFrame, str]:
    """(frame, LaTeX) of a target that is a table."""
    plan, name = read_plan(scale), scale["scale"]
    if target == "audit":
        rows = audit.frame(plan.datasets, results)
        return rows, audit.render(rows)
    if target == "claims":
        rows = ledger.frame(plan, read)
        return rows, ledger.render(rows)
    if target == "table2":
        rows = marks.with_marks(frame(table2_lines(plan, read), 2), results)
        note = "H, D, M: the sampler of best validation NDCG@5."
        return rows, render.accuracy_tables(rows, f"CASR's Table 2, scale \\textit{{{name}}}", "casr-2", note)
    if target == "table3":
        lines = table3_lines(plan, read)
        rows, beside = marks.with_marks(frame(lines, 3), results), controls.frame(lines, read)
        keys = ["dataset", "anchor", "method", "sampler", "metric"]
        extra = beside.rename(columns={"difference": "control_difference"})
        rows = rows.merge(extra[[*keys, "control_mean", "control_std", "control_difference"]], on=keys, how="left")
        # no subscript: its rows name the sampler
        shown = rows.assign(sampler="")
        return rows, render.accuracy_tables(shown, f"CASR's Table 3, scale \\textit{{{name}}}", "casr-3")
    module, rows = {
        "table1": lambda: (sizes, sizes.frame(shown_datasets(plan), results)),
        "controls": lambda: (controls, controls.frame(table3_lines(plan, read), read)),
        "splits": lambda: (splits, splits.frame(plan, read)),
        "sets": lambda: (sets, sets.frame(plan, read)),
        "tuning": lambda: (tuning, tuning.frame(plan, results)),
        "verdicts": lambda: (verdict_table, verdict_table.frame(paper_comparison("casr", scale, results))),
        "tests": lambda: (significance, significance.frame(table3_lines(plan, read), read)),
        "readings": lambda: (readings, readings.frame(plan, read, results)),
        "figure7": lambda: (case_study, case_study.frame(plan, read, results)),
    }[target]()
    rows = marks.with_marks(rows, results)
    return rows, module.render(rows)


def _figure(target: str, scale: Mapping, results: Path, read: Callable[[Cell], Result]) -> None:
    rows = marks.with_marks(curves.frame(target, read_plan(scale), read), results)
    folder = results / "figures"
    caption = (
        f"CASR's Figure {target[-1]}, scale \\textit{{{scale['scale']}}}: {TITLES[target]}. Bars: one standard "
        "deviation over seeds. Dotted: the random control of each strategy's main cell. "
    )
    note = "" if target == "figure3" else share_note(rows)  # Figure 3 varies it
    caption = " ".join(filter(None, [caption.strip(), note, marks.legend(rows)]))
    # pgfplots reads the file: it takes nan, but no empty cell, and stumbles over a comma or a per cent sign in a text
    texts = ("reason", "flags", "audit_errors")
    plain = rows.assign(**{name: rows[name].str.replace(r"[^\w .;:()/+-]|_", " ", regex=True) for name in texts})
    _csv(folder / f"casr_{target}.csv", plain, scale, missing="nan")
    _text(folder / f"casr_{target}.tex", draw.pgfplots(target, rows, caption))
    draw.picture(target, rows, folder, scale["scale"])


def _agreement(scale: Mapping, results: Path) -> None:
    rows, folder = heatmap.frame(paper_comparison("casr", scale, results)), results / "figures"
    _csv(folder / "casr_agreement.csv", rows, scale)
    _text(folder / "casr_agreement.tex", heatmap.latex_figure(scale["scale"]))
    heatmap.picture(rows, folder, scale["scale"])


def _ranks(scale: Mapping, results: Path, read: Callable[[Cell], Result]) -> None:
    plan, folder = read_plan(scale), results / "figures"
    rows = ranks.frame(line for line in table2_lines(plan, read) if line.dataset in plan.datasets)
    _csv(folder / "casr_ranks.csv", rows, scale)
    _text(folder / "casr_ranks.tex", ranks.latex_figure(rows, scale["scale"]))
    ranks.picture(rows, folder, scale["scale"])


def document(scale: Mapping) -> str:
    """A LaTeX document of its own that shows every table and figure there is; compile it in its folder."""
    parts = [file.as_posix() for target in TARGETS for file in outputs(target, Path("..")) if file.suffix == ".tex"]
    return "\n".join(
        [
            r"\documentclass[a4paper,landscape,10pt]{article}",
            r"\usepackage[T1]{fontenc}",
            r"\usepackage[utf8]{inputenc}",
            r"\usepackage{lmodern}",
            r"\usepackage[margin=15mm]{geometry}",
            r"\usepackage{booktabs,graphicx,xcolor,textcomp,pgfplots}",
            r"\pgfplotsset{compat=1.16}",
            r"\newcommand{\casrfigures}{../figures}",
            r"\begin{document}",
            rf"\section*{{CASR, measured beside printed, scale \textit{{{scale['scale']}}}}}",
            *(rf"\IfFileExists{{{part}}}{{\input{{{part}}}\clearpage}}{{}}" for part in parts),
            r"\end{document}",
            "",
        ]
    )


def _csv(file: Path, rows: pd.DataFrame, scale: Mapping, missing: str = "") -> None:
    with whole_file(file) as temporary:
        labelled = rows.assign(scale=scale["scale"])
        labelled.to_csv(temporary, index=False, na_rep=missing, float_format="%.6g", lineterminator="\n")


def _text(file: Path, text: str) -> None:
    with whole_file(file) as temporary:
        temporary.write_text(text, encoding="utf-8")
