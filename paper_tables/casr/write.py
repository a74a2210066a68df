"""Write the paper's tables and figures of one scale: pure functions of results, printed numbers and the scale."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pandas as pd

from datasets.pipeline.files import whole_file
from paper_tables.casr import case_study, controls, curves, draw, render, sets, sizes, splits
from paper_tables.casr.accuracy import frame, reader, shown_datasets, table2_lines, table3_lines
from paper_tables.casr.plan import FIGURES, read_plan
from paper_tables.casr.specification import TARGETS
from paper_tables.cell import Cell
from paper_tables.results import Result

NAMES = {
    "table1": ("tables/casr_table1",),
    "table2": ("tables/casr_table2",),
    "table3": ("tables/casr_table3", "tables/casr_table3_controls"),
    "splits": ("tables/casr_splits",),
    "sets": ("tables/casr_sets",),
    **{figure: (f"figures/casr_{figure}",) for figure in FIGURES},
    "figure7": ("tables/casr_figure7",),
}
ENDINGS = {figure: ("csv", "tex", "pdf", "png") for figure in FIGURES}
TITLES = {
    "figure3": "NDCG@5 over the share r of the training samples that are augmented",
    "figure4": "NDCG@5 over the rounds L, each on the newest generated sequences",
    "figure5": r"NDCG@5 over the confidence $\kappa$; $\kappa=0$ filters nothing, $\kappa=1$ leaves the plain anchor",
    "figure6": "NDCG@5 over the index d of the replaced item, from the end",
}


def outputs(target: str, results: Path) -> list[Path]:
    """The files that `write` makes of a target; for `document` the LaTeX file that includes all of them."""
    if target == "document":
        return [Path(results) / "tables" / "casr.tex"]
    endings = ENDINGS.get(target, ("csv", "tex"))
    return [Path(results) / f"{name}.{ending}" for name in NAMES[target] for ending in endings]


def write(targets: Iterable[str], scale: Mapping, results: Path) -> list[Path]:
    """Make the files of the targets below `results`; gives their paths."""
    results, read = Path(results), reader(scale, Path(results))
    files = []
    for target in targets:
        if target == "document":
            _text(outputs(target, results)[0], document(scale))
        elif target in FIGURES:
            _figure(target, scale, results, read)
        else:
            for name, (rows, text) in zip(NAMES[target], _tables(target, scale, results, read), strict=True):
                _csv(results / f"{name}.csv", rows, scale)
                _text(results / f"{name}.tex", text)
        files += outputs(target, results)
    return files


def _tables(
    target: str, scale: Mapping, results: Path, read: Callable[[Cell], Result]
) -> list[tuple[pd.DataFrame, str]]:
    """(frame, LaTeX) of each of a target's tables."""
    plan, name = read_plan(scale), scale["scale"]
    if target == "table1":
        rows = sizes.frame(shown_datasets(plan), results)
        return [(rows, sizes.render(rows))]
    if target == "table2":
        rows = frame(table2_lines(plan, read), 2)
        note = "H, D, M: the sampler of best validation NDCG@5."
        return [(rows, render.accuracy_tables(rows, f"CASR's Table 2, scale \\textit{{{name}}}", "casr-2", note))]
    if target == "table3":
        lines = table3_lines(plan, read)
        rows, beside = frame(lines, 3), controls.frame(lines, read)
        keys = ["dataset", "anchor", "method", "sampler", "metric"]
        extra = beside.rename(columns={"difference": "control_difference"})
        rows = rows.merge(extra[[*keys, "control_mean", "control_std", "control_difference"]], on=keys, how="left")
        # no subscript: its rows name the sampler
        text = render.accuracy_tables(rows.assign(sampler=""), f"CASR's Table 3, scale \\textit{{{name}}}", "casr-3")
        return [(rows, text), (beside, controls.render(beside))]
    if target == "splits":
        rows = splits.frame(plan, read)
        return [(rows, splits.render(rows))]
    if target == "sets":
        rows = sets.frame(plan, read)
        return [(rows, sets.render(rows))]
    rows = case_study.frame(plan, read, results)
    return [(rows, case_study.render(rows))]


def _figure(target: str, scale: Mapping, results: Path, read: Callable[[Cell], Result]) -> None:
    rows = curves.frame(target, read_plan(scale), read)
    folder = results / "figures"
    caption = (
        f"CASR's Figure {target[-1]}, scale \\textit{{{scale['scale']}}}: {TITLES[target]}. Bars: one standard "
        "deviation over seeds. Dotted: the random control of each strategy's main cell."
    )
    # pgfplots reads the file: it takes nan, but no empty cell, and stumbles over a comma or a per cent sign in a text
    plain = rows.assign(
        **{name: rows[name].str.replace(r"[^\w .;:()/+-]|_", " ", regex=True) for name in ("reason", "flags")}
    )
    _csv(folder / f"casr_{target}.csv", plain, scale, missing="nan")
    _text(folder / f"casr_{target}.tex", draw.pgfplots(target, rows, caption))
    draw.picture(target, rows, folder, scale["scale"])


def document(scale: Mapping) -> str:
    """A LaTeX document of its own that shows every table and figure there is; compile it in its folder."""
    parts = [f"{name}.tex" for target in TARGETS for name in NAMES[target]]
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
            *(rf"\IfFileExists{{../{part}}}{{\input{{../{part}}}\clearpage}}{{}}" for part in parts),
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
