"""Read delimited text and lines of JSON fast, and say where it is malformed."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.csv
import pyarrow.json

from datasets.pipeline.errors import BadInput

SEPARATOR = "\x1f"  # stands for a delimiter of several characters, which the fast reader does not know
BLOCK = 1 << 24
TYPES = {"int": pyarrow.int64(), "float": pyarrow.float64(), "text": pyarrow.string()}
CONVERTERS = {"int": int, "float": float, "text": str}


def read_table(
    path: Path,
    columns: Mapping[str, str],
    delimiter: str,
    header: bool = False,
    encoding: str = "utf-8",
    quoted: bool = False,
    missing: Sequence[str] = (),
) -> pd.DataFrame:
    """Read a delimited text file.

    columns: name to type ('int', 'float' or 'text'), all of them, in the file's order; with `header` the first line
    must hold just these names. missing: texts that stand for no value. BadInput names file and line of the first
    fault: empty file, wrong encoding, wrong number of columns, a value that is not of its type.
    """
    content = _content(path)
    separator = delimiter
    if len(delimiter) > 1:
        content, separator = content.replace(delimiter.encode(), SEPARATOR.encode()), SEPARATOR
    if header:
        _check_header(path, content, list(columns), separator, encoding)
    try:
        table = pyarrow.csv.read_csv(
            pyarrow.BufferReader(content),
            pyarrow.csv.ReadOptions(
                column_names=list(columns), skip_rows=int(header), encoding=encoding, block_size=BLOCK
            ),
            pyarrow.csv.ParseOptions(
                delimiter=separator, quote_char='"' if quoted else False, escape_char="\\" if quoted else False
            ),
            pyarrow.csv.ConvertOptions(
                column_types={name: TYPES[kind] for name, kind in columns.items()},
                null_values=list(missing),
                strings_can_be_null=bool(missing),
            ),
        )
    except (pyarrow.ArrowInvalid, UnicodeError) as error:
        _explain(path, content, columns, separator, header, encoding, quoted, missing)
        raise BadInput(f"{path}: not readable as a table of {', '.join(columns)}: {error}") from error
    if len(table) == 0:
        raise BadInput(f"{path}: holds no row; fetch it again")
    return table.to_pandas()


def read_json_lines(path: Path, fields: Mapping[str, str]) -> pd.DataFrame:
    """Read `fields` (name to type, as in `read_table`) of a file with one JSON object a line; all must be there."""
    _check_not_empty(path)
    schema = pyarrow.schema([(name, TYPES[kind]) for name, kind in fields.items()])
    try:
        table = pyarrow.json.read_json(
            path,
            pyarrow.json.ReadOptions(block_size=BLOCK),
            pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pyarrow.ArrowInvalid as error:
        _explain_json(path, fields)
        raise BadInput(f"{path}: not readable as lines of JSON: {error}") from error
    if any(table[name].null_count for name in fields):
        _explain_json(path, fields)
    return table.to_pandas()


def _content(path: Path) -> bytes:
    _check_not_empty(path)
    return path.read_bytes()


def _check_not_empty(path: Path) -> None:
    if path.stat().st_size == 0:
        raise BadInput(f"{path}: the file is empty; fetch it again")


def _check_header(path: Path, content: bytes, expected: list[str], separator: str, encoding: str) -> None:
    first = content.split(b"\n", 1)[0].decode(encoding, errors="replace").lstrip("\ufeff").rstrip("\r")
    found = [name.strip('"') for name in first.split(separator)]
    if found != expected:
        raise BadInput(f"{path}, line 1: the columns are {found}, expected {expected}; is it the file the card names?")


def _explain(
    path: Path,
    content: bytes,
    columns: Mapping[str, str],
    separator: str,
    header: bool,
    encoding: str,
    quoted: bool,
    missing: Sequence[str],
) -> None:
    """Raise BadInput for the first faulty line, found by reading slowly."""
    for number, line in _lines(path, content, encoding, skip=int(header)):
        values = next(csv.reader([line], delimiter=separator, escapechar="\\")) if quoted else line.split(separator)
        if len(values) != len(columns):
            raise BadInput(f"{path}, line {number}: {len(values)} columns, expected {len(columns)}: {line[:120]!r}")
        for value, (name, kind) in zip(values, columns.items(), strict=True):
            try:
                if value not in missing:
                    CONVERTERS[kind](value)
            except ValueError:
                raise BadInput(f"{path}, line {number}: {name} is {value!r}, not of type {kind}") from None


def _explain_json(path: Path, fields: Mapping[str, str]) -> None:
    for number, line in _lines(path, path.read_bytes(), "utf-8"):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise BadInput(f"{path}, line {number}: not a JSON object ({error}): {line[:120]!r}") from None
        for name, kind in fields.items():
            wanted = (int, float) if kind == "float" else CONVERTERS[kind]
            if not isinstance(record, dict) or not isinstance(record.get(name), wanted):
                raise BadInput(f"{path}, line {number}: no field '{name}' of type {kind}: {line[:120]!r}")


def _lines(path: Path, content: bytes, encoding: str, skip: int = 0) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        if number > skip and line.strip():
            try:
                yield number, line.rstrip(b"\r").decode(encoding)
            except UnicodeDecodeError as error:
                raise BadInput(f"{path}, line {number}: not in the encoding {encoding} ({error})") from None
