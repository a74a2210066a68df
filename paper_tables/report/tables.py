"""Tables of the page: which columns of a file are shown, under which head, and how a value is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from paper_tables.labels import setting_label
from paper_tables.report.read import label

# kind of a column -> how its numbers are written; a kind that is not here is text
NUMBERS = {
    "fixed": "{:.2f}",
    "signed": "{:+.2f}",
    "fraction": "{:.4f}",
    "signed fraction": "{:+.4f}",
    "figures": "{:.3g}",
    "plain": "{:,.7g}",
    "count": "{:,.0f}",
    "share": "{:.1%}",
}
# sign and letter beside the colour, so that no verdict is told by colour alone
VERDICTS = {
    "cannot tell": ("~", "≈"),
    "reproduced": ("R", "✓"),
    "direction only": ("D", "↗"),
    "contradicted": ("C", "✗"),
    "printed value suspect": ("S", "?"),
    "not comparable": ("N", "≠"),
    "not run": ("–", "·"),
    "not printed": ("–", "·"),
    "supported": ("S", "✓"),
    "not supported": ("N", "○"),
    "undecided": ("U", "~"),
    "done": ("D", "✓"),
    "failed": ("F", "✗"),
    "error": ("E", "‼"),
    "warning": ("W", "!"),
    "note": ("N", "i"),
    "ok": ("", "✓"),
}
# kind of a column -> what its text becomes
_SAID = {"name": label, "setting": setting_label}
SAID_ONCE = ("k", "unit", "metric")  # a column of these that has one value is a remark above the table
LABELLED = ("dataset", "anchor", "method", "sampler", "other")


@dataclass(frozen=True)
class Column:
    """kind: text, name (a label is looked up), setting (`name=value;…` in words), verdict, cell (links to the
    provenance of the cells that are named, joined by "; "), yes (written where it is true), or one of NUMBERS."""

    key: str
    head: str
    kind: str = "text"


@dataclass(frozen=True)
class Value:
    """One field: `text` is shown (of cells, what it links to), `order` sorts, `kind` styles."""

    text: str
    order: str
    kind: str

    @property
    def cells(self) -> list[str]:
        """The cells that the field links to."""
        return self.text.split("; ") if self.text else []

    @property
    def width(self) -> str:
        """How much room the text needs that is shown: a link says no more than `cell` or its number."""
        letters = 0 if self.kind == "cell" else len(self.text)
        return "longest" if letters > 120 else "long" if letters > 24 else "short"

    @property
    def sign(self) -> str:
        return VERDICTS.get(self.text, ("", "·"))[1]


@dataclass(frozen=True)
class Table:
    """A table that can be sorted and filtered. `filters`: keys whose values can be chosen. Rows are in the order of
    `columns`; `quiet` are the indices of rows that are shown only on demand (not run)."""

    name: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: list[list[Value]]
    filters: tuple[str, ...] = ()
    quiet: frozenset[int] = frozenset()

    def choices(self, key: str) -> list[str]:
        place = [column.key for column in self.columns].index(key)
        return list(dict.fromkeys(row[place].text for row in self.rows if row[place].text))


def table(
    name: str, title: str, frame: pd.DataFrame, columns: Iterable[Column], note: str = "", quiet: str = ""
) -> Table:
    """The columns of `frame` that it has, but for the empty ones. `quiet`: the column that says `not run` of a row that
    may be left out."""
    known = tuple(column for column in columns if column.key in frame) or guessed(frame)
    told = [column for column in known if column.key in SAID_ONCE and frame[column.key].nunique() == 1]
    once = "; ".join(f"{column.head.lower()}: {frame[column.key].iloc[0]}" for column in told)
    note = " ".join(filter(None, [note, f"In all rows {once}." if once else ""]))
    shown = tuple(column for column in known if column not in told and _filled(frame[column.key]))
    rows = [[value(record[column.key], column.kind) for column in shown] for record in frame.to_dict("records")]
    filters = tuple(
        column.key
        for column in shown
        if column.kind in ("name", "verdict", "yes") or column.key in ("metric", "setting", "candidates")
        if 1 < frame[column.key].nunique() <= 40
    )
    state = frame[quiet].tolist() if quiet in frame else []
    hidden = frozenset(place for place, each in enumerate(state) if each == "not run")
    return Table(name, title, note, shown, rows, filters, hidden if len(hidden) < len(rows) else frozenset())


def finer(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns for numbers that are fractions and not percent."""
    kinds = {"fixed": "fraction", "signed": "signed fraction"}
    return tuple(Column(column.key, column.head, kinds.get(column.kind, column.kind)) for column in columns)


def guessed(frame: pd.DataFrame) -> tuple[Column, ...]:
    """Columns of a file of which nothing is known here: all of them, as they are named."""
    kinds = {
        key: "name" if key in LABELLED else "figures" if _numeric(frame[key]) else "text"
        for key in frame.columns
        if key != "scale"
    }
    return tuple(Column(key, key.replace("_", " ").capitalize(), kind) for key, kind in kinds.items())


def value(given: object, kind: str) -> Value:
    number = pd.to_numeric(given, errors="coerce") if kind in NUMBERS else None
    if kind in NUMBERS and not pd.isna(number):
        return Value(NUMBERS[kind].format(number), repr(float(number)), kind)
    if kind == "yes":
        given = "yes" if str(given) == "True" else ""
    given = "" if str(given) == "nan" else str(given)
    text = _SAID.get(kind, str)(given) if given else given
    return Value(text, text.lower(), kind)


def records(found: Iterable[Mapping]) -> pd.DataFrame:
    return pd.DataFrame(list(found)).astype(object).fillna("")


def _filled(column: pd.Series) -> bool:
    return column.map(lambda given: bool(given) and str(given) != "nan").any()


def _numeric(column: pd.Series) -> bool:
    filled = column[(column != "") & (column != "nan")]
    return len(filled) > 0 and bool(pd.to_numeric(filled, errors="coerce").notna().all())
