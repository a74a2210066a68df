"""What stays of a run: bench.csv with everything, accuracy.csv, bench.md to read, bench.png to see."""

import csv
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import whole_file
from workflow.benchmark.accuracy import beside_speed, gathered
from workflow.benchmark.page import ACCURACY, CSV, FITS, MARKDOWN, PICTURE, markdown
from workflow.benchmark.picture import draw


def read(file: Path) -> list[dict]:
    """The rows of an earlier run; none without one. BadInput for a line that has not every column."""
    if not file.is_file():
        return []
    with open(file, newline="", encoding="utf-8") as stream:
        reader, rows = csv.DictReader(stream), []
        for row in reader:
            if None in row or None in row.values():
                raise BadInput(
                    f"{file}, line {reader.line_num}: not {len(reader.fieldnames)} columns; did a merge go wrong?"
                )
            rows.append(row)
        return rows


def save(path: Path, rows: Sequence[dict]) -> None:
    """The rows with every column that one of them has; the file is whole at any time."""
    with whole_file(path) as file, open(file, "w", newline="", encoding="utf-8") as stream:
        names = dict.fromkeys(name for row in rows for name in row)
        table = csv.DictWriter(stream, names, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def write(folder: Path, rows: Sequence[dict], benchmarks: Sequence[str]) -> None:
    """Put `rows` of the `benchmarks` that ran beside those that an earlier run left of others, and show them all.

    Each row keeps the machine, versions and time of its own run. What whole fits reach is worked out anew.
    """
    with alone(folder):
        kept = [row for row in read(folder / CSV) if row["benchmark"] not in benchmarks]
        groups = gathered(read(folder / FITS))
        comparisons = [comparison for group in groups for comparison in group.comparisons]
        shown = [as_text(row) for row in beside_speed([*kept, *(as_text(row) for row in rows)], comparisons)]
        save(folder / CSV, shown)
        if comparisons:
            save(folder / ACCURACY, [as_text(comparison.flat()) for comparison in comparisons])
        else:
            (folder / ACCURACY).unlink(missing_ok=True)
        drawn = draw(shown, groups, folder / PICTURE)
        if not drawn:
            (folder / PICTURE).unlink(missing_ok=True)
        with whole_file(folder / MARKDOWN) as file:
            file.write_text(markdown(shown, comparisons, drawn), encoding="utf-8")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Other processes that want the folder's files wait."""
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def as_text(row: dict) -> dict[str, str]:
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
