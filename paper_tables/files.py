"""How tables are written."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from datasets.pipeline.files import whole_file


def write_csv(file: Path, rows: pd.DataFrame, scale: Mapping, missing: str = "") -> None:
    """The rows and the scale's name; missing: what stands where there is no number."""
    with whole_file(file) as temporary:
        labelled = rows.assign(scale=scale["scale"])
        labelled.to_csv(temporary, index=False, na_rep=missing, float_format="%.6g", lineterminator="\n")


def write_text(file: Path, text: str) -> None:
    with whole_file(file) as temporary:
        temporary.write_text(text, encoding="utf-8")


def document(paper: str, label: str, scale: Mapping, outputs: Iterable[Path]) -> str:
    r"""A LaTeX document of its own that shows every table and figure there is; compile it in its folder.

    outputs: files that the targets make, below `..`. The pictures' folder is \<paper>figures.
    """
    parts = [file.as_posix() for file in outputs if file.suffix == ".tex"]
    return "\n".join(
        [
            r"\documentclass[a4paper,landscape,10pt]{article}",
            r"\usepackage[T1]{fontenc}",
            r"\usepackage[utf8]{inputenc}",
            r"\usepackage{lmodern}",
            r"\usepackage[margin=15mm]{geometry}",
            r"\usepackage{booktabs,graphicx,xcolor,textcomp,pgfplots}",
            r"\pgfplotsset{compat=1.16}",
            rf"\newcommand{{\{paper}figures}}{{../figures}}",
            r"\begin{document}",
            rf"\section*{{{label}, measured beside printed, scale \textit{{{scale['scale']}}}}}",
            *(rf"\IfFileExists{{{part}}}{{\input{{{part}}}\clearpage}}{{}}" for part in parts),
            r"\end{document}",
            "",
        ]
    )
