"""Read delimited text and lines of JSON fast, and say where it is malformed (datasets/pipeline/lines.py).

Columns have a type: 'int', 'float', 'text', or 'name', the text of an identifier, which is never empty. A question mark
after it ('int?') says that a value may be missing; whole numbers with gaps stay whole numbers.

The index of what is read is the line of each row, from 1, as an editor counts it, and the index's name is the file: so
any later step can say where a row stands (`place`).
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute
import pyarrow.csv
import pyarrow.json

from datasets.pipeline import lines
from datasets.pipeline.errors import BadInput

SEPARATOR = "\x1f"  # stands for a delimiter of several characters, which the fast reader does not know
BLOCK = 1 << 24
MARK = "\ufeff".encode()  # some editors begin a file of UTF-8 with it
TYPES = {"int": pyarrow.int64(), "float": pyarrow.float64(), "text": pyarrow.string(), "name": pyarrow.string()}


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

    columns: name to type, all of them, in the file's order; with `header` the first line must hold just these names,
    but for capitals and signs between words. encoding: of a file that is not UTF-8. missing: texts that stand for no
    value. BadInput names file and line of the first fault: empty file, wrong encoding, wrong number of columns, a value
    that is not of its type or is missing.
    """
    content = _utf8(path, encoding)
    separator = delimiter
    if len(delimiter) > 1:
        content, separator = content.replace(delimiter.encode(), SEPARATOR.encode()), SEPARATOR
    layout = lines.Layout(columns, separator, header, quoted, tuple(missing))
    if header:
        _check_header(path, content, layout)
    try:
        table = pyarrow.csv.read_csv(
            pyarrow.BufferReader(content),
            pyarrow.csv.ReadOptions(column_names=list(columns), skip_rows=int(header), block_size=BLOCK),
            pyarrow.csv.ParseOptions(
                delimiter=separator,
                quote_char='"' if quoted else False,
                escape_char="\\" if quoted else False,
                newlines_in_values=quoted,
            ),
            pyarrow.csv.ConvertOptions(
                column_types={name: TYPES[kind.rstrip("?")] for name, kind in columns.items()},
                null_values=list(missing),
                strings_can_be_null=bool(missing),
            ),
        )
    except pyarrow.ArrowInvalid as error:
        lines.explain(path, content, layout)
        raise BadInput(f"{path}: not readable as a table of {', '.join(columns)}: {error}") from error
    if len(table) == 0:
        raise BadInput(f"{path}: holds no row; fetch it again")
    if _lacks_values(table, columns):
        lines.explain(path, content, layout)
    begins = lines.simple(content, len(table), header)
    return _frame(table, path, begins or lines.begins(path, content, layout))


def read_json_lines(path: Path, fields: Mapping[str, str]) -> pd.DataFrame:
    """Read `fields` (name to type, as in `read_table`) of a file with one JSON object a line; all must be there."""
    content = _content(path)
    schema = pyarrow.schema([(name, TYPES[kind]) for name, kind in fields.items()])
    try:
        table = pyarrow.json.read_json(
            pyarrow.BufferReader(content),
            pyarrow.json.ReadOptions(block_size=BLOCK),
            pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
        table.validate(full=True)  # the reader itself takes texts that are not UTF-8
    except pyarrow.ArrowInvalid as error:
        lines.explain_json(path, content, fields)
        raise BadInput(f"{path}: not readable as lines of JSON: {error}") from error
    if _lacks_values(table, fields):
        lines.explain_json(path, content, fields)
    begins = lines.simple(content, len(table))
    return _frame(table, path, begins or lines.explain_json(path, content, fields))


def place(rows: pd.DataFrame | pd.Series, fault: np.ndarray) -> str:
    """Where the first of `rows` stands of which `fault` is true: file and line, where its parser kept them."""
    where = rows.index[int(np.argmax(fault))]
    return f"row {where}" if rows.index.name is None else f"{rows.index.name}, line {where}"


def refuse_values(rows: pd.DataFrame, fault: np.ndarray, column: str, said: str) -> None:
    """BadInput for the first of `rows` of which `fault` is true, if there is one: where it stands, and its value of
    `column`, with what is `said` behind it, such as "; it must be 0 or 1"."""
    if fault.any():
        (value,) = rows[column].iloc[[int(fault.argmax())]].tolist()
        count = f"So in {fault.sum():,} of {len(rows):,} rows"
        raise BadInput(f"{place(rows, fault)}: {column} is {value!r}{said}. {count}: correct the file")


def first_line(path: Path) -> str:
    """The first line of a text file, to tell one form of it from another."""
    with open(path, "rb") as file:
        return file.readline().removeprefix(MARK).decode("iso-8859-1").rstrip("\r\n")


def _content(path: Path) -> bytes:
    if path.stat().st_size == 0:
        raise BadInput(f"{path}: the file is empty; fetch it again")
    return path.read_bytes().removeprefix(MARK)


def _utf8(path: Path, encoding: str) -> bytes:
    """The content in UTF-8. A file that is in UTF-8 already stays so, whatever its original is written in: text of
    another encoding with any letter beyond ASCII is hardly ever UTF-8 by chance."""
    content = _content(path)
    if content.isascii():
        return content
    for each in ("utf-8", encoding):
        try:
            return content.decode(each).encode()
        except UnicodeDecodeError as fault:
            error = fault
    line = content.count(b"\n", 0, error.start) + 1
    raise BadInput(f"{path}, line {line}: not in the encoding {encoding} ({error}); fetch the file again")


def _check_header(path: Path, content: bytes, layout: lines.Layout) -> None:
    first = content.split(b"\n", 1)[0].decode().rstrip("\r")
    found, expected = [name.strip('"') for name in first.split(layout.separator)], list(layout.columns)
    if list(map(_plain, found)) != list(map(_plain, expected)):
        raise BadInput(f"{path}, line 1: the columns are {found}, expected {expected}; is it the file the card names?")


def _plain(name: str) -> str:
    """`sessionId`, `session_id` and `SESSION-ID` are one name."""
    return "".join(filter(str.isalnum, name.casefold()))


def _lacks_values(table: pyarrow.Table, columns: Mapping[str, str]) -> bool:
    """Whether a column lacks a value that it must have."""
    return any(
        (table[name].null_count and not kind.endswith("?"))
        or (kind.startswith("name") and pyarrow.compute.any(_blank(table[name])).as_py())
        for name, kind in columns.items()
    )


def _blank(names: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    return pyarrow.compute.equal(pyarrow.compute.utf8_trim_whitespace(names), "")


def _frame(table: pyarrow.Table, path: Path, begins: Iterable[int]) -> pd.DataFrame:
    frame = table.to_pandas()
    for name, field in zip(table.column_names, table.schema, strict=True):
        if pyarrow.types.is_integer(field.type) and table[name].null_count:
            frame[name] = table[name].to_pandas(types_mapper={field.type: pd.Int64Dtype()}.get)
    return frame.set_axis(pd.Index(begins, name=str(path)))
