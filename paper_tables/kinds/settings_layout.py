"""An accuracy table as LaTeX, from its tidy frame: methods down, settings across."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from paper_tables import latex, marks
from paper_tables.kinds.layout import layout, printed_beside
from paper_tables.results import DONE, FAILED
from paper_tables.spec.paper import Paper
from paper_tables.statistics import LEVEL
from paper_tables.study import Study

DIGITS = 4
REASON = 160  # letters of a failure's reason in a caption; the CSV has all
CANDIDATES = {
    "all": "all items ranked, those of the user's history left out",
    "sampled": "ranked among 99 sampled items, the labelled twin: no headline",
}


@dataclass(frozen=True)
class Column:
    """head: LaTeX; cells: the values that pick its rows out of the frame."""

    head: str
    cells: dict


def grid(paper: Paper, frame: pd.DataFrame, columns: Sequence[Column], caption: str, label: str) -> str:
    """One table environment: a pair of metrics for each column, printed numbers in parentheses."""
    metrics, own = paper.metrics, [_picked(frame, column) for column in columns]

    def number(row: str, column: int, metric: int) -> str:
        return _number(own[column].get((row, metrics[metric].name)))

    heads = [column.head for column in columns]
    caption = f"{caption} {legend(frame)}".strip()
    return layout(frame, heads, [metric.head for metric in metrics], number, caption, label)


def legend(frame: pd.DataFrame) -> str:
    """What the marks mean, and only the marks that occur."""
    done = frame[frame["status"] == DONE]
    parts = [
        r"Mean $\pm$ standard deviation over "
        + ("draws of the data" if (done["draws"] > 1).any() else "training seeds")
        + "; in parentheses the printed number. Bold: best of its block."
    ]
    if done["gain_percent"].notna().any():
        parts.append(r"In per cent: gain over the plain anchor. $\downarrow$: lower than it.")
    if done["significant"].any():
        parts.append(
            "*: differs from the plain anchor, paired sign-flip permutation tests over the users of all draws "
            rf"(averaged over training seeds), Holm's correction within the settings of one reading, $p<{LEVEL}$."
        )
    parts.append(marks.flags_legend(done["flags"]))
    if done["flags"].str.contains(r"\d of \d+ draws \(", regex=True).any():
        parts.append(r"$\circ$: not all draws are done.")
    failed = frame[(frame["status"] == FAILED) & (frame["metric"] == frame["metric"].iloc[0])]
    for reason, rows in failed.groupby("reason", sort=False):
        parts.append(latex.escape(f"Failed, {', '.join(rows['row'].unique())}: {reason[:REASON]}."))
    parts.append(marks.legend(frame))
    return " ".join(filter(None, parts))


def _picked(frame: pd.DataFrame, column: Column) -> dict[tuple[str, str], object]:
    inside = pd.Series(True, index=frame.index)
    for key, value in column.cells.items():
        inside &= frame[key] == value
    return {(row.row, row.metric): row for row in frame[inside].itertuples()}


def _number(row: object) -> str:
    if row is None:
        return ""
    printed = printed_beside(row)
    if row.status != DONE:
        return rf"\textit{{{row.status}}}{printed}"
    signs = r"$\downarrow$" if row.lowered else ""
    signs += "*" if row.significant else ""
    signs += marks.of_flags(row.flags)
    signs += r"$^\circ$" if " draws (" in row.flags else ""
    gain = rf" {{\scriptsize ${row.gain_percent:+.1f}$\,\%}}" if row.gain_percent == row.gain_percent else ""
    spread = row.std_draws if row.std_draws == row.std_draws else row.std_seeds
    return latex.number(row.mean, spread, bold=row.best, marks=signs, digits=DIGITS) + gain + printed


def render(study: Study, target: str, frame: pd.DataFrame) -> str:
    """Of synthetic data one table for each reading of the generator and kind of candidates that there is; of real data
    one, with the kinds of candidates side by side. The paper's file has `title`, what stands `after`, `head`.
    """
    paper, content, scale = study.paper, study.paper.targets[target], study.scale["scale"]
    title = rf"{paper.label}'s Table {content['printed']}"
    vary = list(paper.data[content["data"]].get("vary", ()))
    if not vary:
        name = marks.marked_label(frame, frame["dataset"].iloc[0])
        columns = [Column(f"{name}, {key} items ranked", {"candidates": key}) for key in frame["candidates"].unique()]
        caption = rf"{title}, scale \textit{{{scale}}}. {content.get('note', '')}".strip()
        return grid(paper, frame, columns, caption, f"tab:{paper.name}-{content['printed']}")
    after = content.get("after", "")
    sizes = " or ".join(f"{k:.0f}" for k in sorted(frame["k_filter"].dropna().unique()))
    title = rf"{title}, {content['title']}, scale \textit{{{scale}}}{after.format(k=sizes) if sizes else ''}"
    title += _tested(frame) if content.get("tested") else ""
    keys = [key for key in study.paper.targets[target]["columns"]]
    columns = [
        Column(_head(content, dict(zip(keys, values, strict=True))), dict(zip(keys, values, strict=True)))
        for values in frame[keys].drop_duplicates().itertuples(index=False)
    ]
    tables = []
    for reading in frame["reading"].unique():
        for candidates, meaning in CANDIDATES.items():
            rows = frame[(frame["reading"] == reading) & (frame["candidates"] == candidates)]
            if len(rows):
                told = paper.formulas.get(reading, f"reading {reading} of the generator's formulas")
                caption = f"{title}; {latex.escape(told)}; {meaning}."
                there = [column for column in columns if _picked(rows, column)]
                label = f"tab:{paper.name}-{content['printed']}-{reading}-{candidates}"
                tables.append(grid(paper, rows, there, caption, label))
    return "\n".join(tables)


def _head(content: dict, values: dict) -> str:
    """The head of a column, from the words that the paper's file has for each value."""
    words = {key: content["columns"][key].get(value, "{}").format(value) for key, value in values.items()}
    return content["head"].format(**words)


def _tested(frame: pd.DataFrame) -> str:
    """How many users of all draws are tested, by setting: those with at least three distinct items taken."""
    counts = frame.dropna(subset="n_users").groupby(["reading", "feedback", "dim"], sort=False)["n_users"].max()
    told = [rf"{reading}, {feedback}, $d={dim}$: {users:,.0f}" for (reading, feedback, dim), users in counts.items()]
    return f". Users tested (at least three distinct items taken), all draws: {'; '.join(told)}" if told else ""
