"""Booktabs tables as text."""

from collections.abc import Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}
RULE = r"\midrule"


def escape(text: object) -> str:
    """Text from outside (titles, reasons of failures) as LaTeX; what pdfLaTeX's fonts lack becomes a question mark."""
    plain = "".join(
        letter if ord(letter) < 0x180 or letter in "–—‘’“”…" else "?" for letter in " ".join(str(text).split())
    )
    return "".join(_SPECIAL.get(letter, letter) for letter in plain)


def table(columns: str, head: Sequence[str], body: Sequence[str], caption: str, label: str) -> str:
    """A table environment that shrinks to the text's width if it must. Rows are LaTeX, without the closing `\\\\`.

    A row that is RULE becomes a rule. `caption` is LaTeX, too.
    """
    lines = [row if row.startswith((RULE, r"\cmidrule")) else rf"{row} \\" for row in (*head, RULE, *body)]
    return "\n".join(
        [
            r"\begin{table}[p]",
            r"\centering\footnotesize",
            rf"\caption{{{caption}}}",
            rf"\label{{{label}}}",
            r"\medskip",
            r"\resizebox{\ifdim\width>\textwidth\textwidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table}",
            "",
        ]
    )


def number(mean: float, deviation: float, bold: bool = False, marks: str = "", digits: int = 2) -> str:
    """`12.34 ± 0.12`; no deviation where it is not a number (one seed)."""
    text = rf"\textbf{{{mean:.{digits}f}}}" if bold else f"{mean:.{digits}f}"
    spread = "" if deviation != deviation else rf"{{\scriptsize$\pm${deviation:.{digits}f}}}"
    return text + spread + marks
