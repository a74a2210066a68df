"""Which line of a text file a row stands in, and which is at fault: read slowly, when the fast reader cannot say.

Lines are counted as editors and `sed -n 5p` count them: they end with a line feed, also within quotes. A carriage
return alone ends none.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from datasets.pipeline.errors import BadInput

WHOLE = re.compile(r"[ \t]*-?[0-9]+[ \t]*")
LARGEST = 2**63
SHOWN = 120  # letters of a faulty line


@dataclass(frozen=True)
class Layout:
    """How a delimited text is written; `columns` as in `datasets.pipeline.tables`."""

    columns: Mapping[str, str]
    separator: str
    header: bool
    quoted: bool
    missing: tuple[str, ...]


def simple(content: bytes, rows: int, header: bool = False) -> range | None:
    """The line of each row where every line holds one row; None where some do not."""
    text = content.rstrip(b"\r\n")
    count = text.count(b"\n") + 1
    empty = b"\n\n" in text or b"\n\r\n" in text or text[:1] in (b"\n", b"\r")
    return range(1 + header, 1 + count) if count == rows + header and not empty else None


def begins(path: Path, content: bytes, layout: Layout) -> list[int]:
    """The line in which each row begins."""
    return [line for line, _ in _records(path, content, layout)]


def explain(path: Path, content: bytes, layout: Layout) -> None:
    """Raise BadInput for the first faulty row, if there is one."""
    for line, values in _records(path, content, layout):
        where = f"{path}, line {line}"
        if len(values) != len(layout.columns):
            shown = layout.separator.join(values)[:SHOWN]
            raise BadInput(f"{where}: {len(values)} columns, expected {len(layout.columns)}: {shown!r}")
        for value, (name, kind) in zip(values, layout.columns.items(), strict=True):
            absent = value in layout.missing or (kind.startswith("name") and not value.strip())
            if absent and not kind.endswith("?"):
                raise BadInput(f"{where}: {name} is missing ({value!r}); correct the line or take it out of the file")
            if not absent and not _fits(value, kind):
                raise BadInput(f"{where}: {name} is {value!r}, not of type {_in_words(kind)}")


def explain_json(path: Path, content: bytes, fields: Mapping[str, str]) -> list[int]:
    """Raise BadInput for the first faulty line, if there is one; else the lines that are not empty."""
    found = []
    for number, text in enumerate(content.split(b"\n"), start=1):
        where, line = f"{path}, line {number}", text.decode("utf-8", "surrogateescape").strip()
        if not line:
            continue
        found.append(number)
        try:
            record = json.loads(line)
        except ValueError as error:
            raise BadInput(f"{where}: not a JSON object ({error}): {_shown(line)}") from None
        for name, kind in fields.items():
            value = record.get(name) if isinstance(record, dict) else None
            if not _fits_json(value, kind):
                raise BadInput(f"{where}: no field '{name}' of type {_in_words(kind)}: {_shown(line)}")
    return found


def _records(path: Path, content: bytes, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, as texts, with the line in which it begins."""
    marks = {"quotechar": '"', "escapechar": "\\"} if layout.quoted else {"quoting": csv.QUOTE_NONE}
    text = io.StringIO(content.decode(), newline="\n")
    reader = csv.reader(text, delimiter=layout.separator, strict=True, **marks)
    begin = 1
    try:
        for values in reader:
            if values and begin > layout.header:
                yield begin, values
            begin = reader.line_num + 1
    except csv.Error as error:
        stray = "new-line character" in str(error)
        reason = "a carriage return stands within the line; take it out" if stray else f"not readable ({error})"
        raise BadInput(f"{path}, line {begin}: {reason}") from None


def _fits(value: str, kind: str) -> bool:
    if kind.startswith("int"):
        return bool(WHOLE.fullmatch(value)) and -LARGEST <= int(value) < LARGEST
    try:
        return not kind.startswith("float") or float(value) is not None
    except ValueError:
        return False


def _fits_json(value: object, kind: str) -> bool:
    if kind == "int":
        return type(value) is int and -LARGEST <= value < LARGEST
    if kind == "float":
        return type(value) in (int, float)
    return isinstance(value, str) and _is_utf8(value) and (kind == "text" or bool(value.strip()))


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _shown(line: str) -> str:
    return line[:SHOWN].encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _in_words(kind: str) -> str:
    kind = kind.rstrip("?")
    return {"int": "int (a whole number of 64 bits)", "name": "text (in UTF-8, not empty)"}.get(kind, kind)
