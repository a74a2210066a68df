"""Tables 1 to 4 as LaTeX, from their tidy frames: methods down, settings across."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from paper_tables import latex, marks
from paper_tables.cpr.accuracy import LEVEL
from paper_tables.cpr.plan import HEADLINE, MEASURES, PRINTED
from paper_tables.results import DONE, FAILED

DIGITS = 4
REASON = 160  # letters of a failure's reason in a caption; the CSV has all
READINGS = {
    HEADLINE: "the closed, mirrored reading of the generator's formulas, our default",
    PRINTED: "the generator's formulas as printed, where both feedbacks are the same function and share their cells",
}
CANDIDATES = {
    "all": "all items ranked, those of the user's history left out",
    "sampled": "ranked among 99 sampled items, the labelled twin: no headline",
}


@dataclass(frozen=True)
class Column:
    """head: LaTeX; cells: the values that pick its rows out of the frame."""

    head: str
    cells: dict


def grid(frame: pd.DataFrame, columns: Sequence[Column], caption: str, label: str) -> str:
    """One table environment: a pair of metrics for each column, printed numbers in parentheses."""
    metrics = MEASURES.metrics
    own = {name: _picked(frame, column) for name, column in enumerate(columns)}
    rows = frame[["block", "row"]].drop_duplicates()
    body = []
    for number, (_, block) in enumerate(rows.groupby("block", sort=False)):
        body += [latex.RULE] if number else []
        for name in block["row"]:
            numbers = [_number(own[column].get((name, metric))) for column in own for metric in metrics]
            body.append(" & ".join([latex.escape(name), *numbers]))
    width = len(metrics)
    starts = range(2, 2 + width * len(columns), width)
    heads = [rf"\multicolumn{{{width}}}{{c}}{{{column.head}}}" for column in columns]
    rules = [rf"\cmidrule(lr){{{start}-{start + width - 1}}}" for start in starts]
    names = [MEASURES.head(metric) for _ in columns for metric in metrics]
    head = [" & ".join(["", *heads]), " ".join(rules), " & ".join(["", *names])]
    return latex.table("l" + "r" * width * len(columns), head, body, f"{caption} {legend(frame)}".strip(), label)


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
    failed = frame[(frame["status"] == FAILED) & (frame["metric"] == MEASURES.metrics[0])]
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
    printed = rf" {{\color{{gray}}({latex.escape(row.printed)})}}" if row.printed else ""
    if row.status != DONE:
        return rf"\textit{{{row.status}}}{printed}"
    signs = r"$\downarrow$" if row.lowered else ""
    signs += "*" if row.significant else ""
    signs += marks.of_flags(row.flags)
    signs += r"$^\circ$" if " draws (" in row.flags else ""
    gain = rf" {{\scriptsize ${row.gain_percent:+.1f}$\,\%}}" if row.gain_percent == row.gain_percent else ""
    spread = row.std_draws if row.std_draws == row.std_draws else row.std_seeds
    return latex.number(row.mean, spread, bold=row.best, marks=signs, digits=DIGITS) + gain + printed


def settings_tables(frame: pd.DataFrame, title: str, name: str, columns: Sequence[Column]) -> str:
    """One table for each reading of the generator and kind of candidates that there is; `columns` for either."""
    tables = []
    for reading in frame["reading"].unique():
        for candidates, meaning in CANDIDATES.items():
            rows = frame[(frame["reading"] == reading) & (frame["candidates"] == candidates)]
            if len(rows):
                told = READINGS.get(reading, f"reading {reading} of the generator's formulas")
                caption = f"{title}; {latex.escape(told)}; {meaning}."
                there = [column for column in columns if _picked(rows, column)]
                tables.append(grid(rows, there, caption, f"tab:{name}-{reading}-{candidates}"))
    return "\n".join(tables)


def table1(frame: pd.DataFrame, scale: str) -> str:
    sizes = " or ".join(f"{k:.0f}" for k in sorted(frame["k_filter"].dropna().unique()))
    note = f" ($k={sizes}$; the printed numbers are mostly those of the best $k$ of Table 2)" if sizes else ""
    title = rf"CPR's Table 1, synthetic data, scale \textit{{{scale}}}{note}"
    columns = [
        Column(rf"{feedback}, $d={dim}$", {"feedback": feedback, "dim": dim})
        for feedback, dim in frame[["feedback", "dim"]].drop_duplicates().itertuples(index=False)
    ]
    return settings_tables(frame, title + _tested(frame), "cpr-1", columns)


def _tested(frame: pd.DataFrame) -> str:
    """How many users of all draws are tested, by setting: those with at least three distinct items taken."""
    counts = frame.dropna(subset="n_users").groupby(["reading", "feedback", "dim"], sort=False)["n_users"].max()
    told = [rf"{reading}, {feedback}, $d={dim}$: {users:,.0f}" for (reading, feedback, dim), users in counts.items()]
    return f". Users tested (at least three distinct items taken), all draws: {'; '.join(told)}" if told else ""


def table2(frame: pd.DataFrame, scale: str) -> str:
    title = rf"CPR's Table 2, size $k$ of the noise filter, non-linear feedback, scale \textit{{{scale}}}"
    columns = [
        Column(
            rf"{'no noise' if not noise else rf'noise of deviation ${noise:g}$'}, $d={dim}$",
            {"noise": noise, "dim": dim},
        )
        for noise, dim in frame[["noise", "dim"]].drop_duplicates().itertuples(index=False)
    ]
    return settings_tables(frame, title, "cpr-2", columns)


def table3(frame: pd.DataFrame, scale: str) -> str:
    name = marks.marked_label(frame, frame["dataset"].iloc[0])
    columns = [Column(f"{name}, {key} items ranked", {"candidates": key}) for key in frame["candidates"].unique()]
    caption = (
        rf"CPR's Table 3, scale \textit{{{scale}}}. All items: those of the user's history left out; sampled: 99 of "
        "them, the labelled twin, which is no headline. The paper does not say which of them it ranks."
    )
    return grid(frame, columns, caption, "tab:cpr-3")


def table4(frame: pd.DataFrame, scale: str) -> str:
    name = marks.marked_label(frame, frame["dataset"].iloc[0])
    tables = []
    for candidates, meaning in CANDIDATES.items():
        rows = frame[frame["candidates"] == candidates]
        if len(rows):
            heads = rows.drop_duplicates("popularity")
            columns = [
                Column(
                    f"{row.popularity} ({latex.escape(row.interactions)}; {_users(rows, row.popularity)})",
                    {"popularity": row.popularity},
                )
                for row in heads.itertuples()
            ]
            caption = (
                rf"CPR's Table 4, {name}, scale \textit{{{scale}}}: users by the training interactions of their test "
                f"item; {meaning}. The same cells as Table 3's."
            )
            tables.append(grid(rows, columns, caption, f"tab:cpr-4-{candidates}"))
    return "\n".join(tables)


def _users(rows: pd.DataFrame, popularity: str) -> str:
    counts = rows.loc[rows["popularity"] == popularity, "n_users"].dropna()
    return f"{counts.iloc[0]:,.0f} users" if len(counts) else "not run"
