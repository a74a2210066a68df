"""What stays of a run: bench.csv with everything, bench.md to read, bench.png to see."""

import csv
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from datasets.pipeline.files import whole_file
from workflow.benchmark.measured import with_parity
from workflow.benchmark.picture import draw

CSV, MARKDOWN, PICTURE = "bench.csv", "bench.md", "bench.png"
FITS = "fits.csv"  # what fits.py keeps
MACHINE = ("processor", "cores", "memory_gib", "device", "threads", "versions", "code")
COLUMNS = {
    "what": "benchmark",
    "data": "data",
    "unit": "unit",
    "ours": "here",
    "other": "other side",
    "ratio": "times as good",
    "of_floor": "times the floor's cost",
    "bar": "wanted",
    "met": "reached",
    "memory": "peak MiB, here / other",
    "parity": "NDCG@5 of whole fits, here / other",
    "runs": "runs",
    "busy_elsewhere": "cores busy elsewhere",
}


def read(file: Path) -> list[dict]:
    """The rows of an earlier run; none without one."""
    if not file.is_file():
        return []
    with open(file, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def save(path: Path, rows: Sequence[dict]) -> None:
    """The rows with every column that one of them has; the file is whole at any time."""
    with whole_file(path) as file, open(file, "w", newline="", encoding="utf-8") as stream:
        names = dict.fromkeys(name for row in rows for name in row)
        table = csv.DictWriter(stream, names, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def write(folder: Path, rows: Sequence[dict], benchmarks: Sequence[str]) -> None:
    """Put `rows` of the `benchmarks` that ran beside those that an earlier run left of others, and show them all.

    Each row keeps the machine, versions and time of its own run.
    """
    kept = [row for row in read(folder / CSV) if row["benchmark"] not in benchmarks]
    shown = with_parity([*kept, *(as_text(row) for row in rows)])
    save(folder / CSV, shown)
    (folder / PICTURE).unlink(missing_ok=True)
    drawn = draw(shown, read(folder / FITS), folder / PICTURE)
    with whole_file(folder / MARKDOWN) as file:
        file.write_text(markdown(shown, drawn), encoding="utf-8")


def as_text(row: dict) -> dict[str, str]:
    return {name: _cell(value) for name, value in row.items()}


def markdown(rows: Sequence[dict], drawn: bool) -> str:
    """The table for a person, then where each line was measured. rows: as `read` gives them; drawn: the picture is."""
    machines = list(dict.fromkeys(tuple(row[name] for name in MACHINE) for row in rows))
    lines = [[*(_shown(row, name) for name in COLUMNS), _machine_number(row, machines)] for row in rows]
    real = [row for row in rows if row["data"] and row["source"] not in ("synthetic", "")]
    sources = sorted({(row["data"], row["source"]) for row in real})
    text = [
        "# Benchmarks",
        "",
        "Made by `make bench`. Medians of several runs, in turns A B A B, with their spread (largest less smallest, in "
        "percent of the median). `times as good` compares the medians: a rate here over the other side's, a cost there "
        "over the one here. The floor is the bare products, as torch multiplies with the tables as they are stored, in "
        "the chunks with which that is fastest. The engine lays its operands out so that the products themselves take "
        "some 10 % less. A run of accuracy (NDCG@5) is a whole fit with a seed of its own, with shorter windows, "
        "smaller batches and a lower rate than where speed is measured; each stands in "
        f"`{FITS}`, with its settings and the machine that made it. `bench.csv` has all columns.",
        "",
        tabulate(lines, headers=[*COLUMNS.values(), "machine"], tablefmt="github", disable_numparse=True),
        "",
        "## Data",
        "",
        *(f"- {name}: {source}" for name, source in sources),
        "",
        "## Machines and versions",
        "",
        *(f"{number}. {_machine(machine)}; load average when a benchmark began: {_loads(rows, machine)}"
          for number, machine in enumerate(machines, 1)),
        "",
        *([f"![Ratios and floors beside what is wanted, accuracy, growth]({PICTURE})", ""] if drawn else []),
    ]  # fmt: skip
    return "\n".join(text)


def _shown(row: dict, name: str) -> str:
    if name == "ours" and row["status"] == "failed":
        return f"failed: {_plain(row['reason'])}"
    if name in ("ours", "other"):
        return _side(row, name)
    if name == "runs":
        alike = not row["other"] or row["other_runs"] == row["ours_runs"]
        return row["ours_runs"] if alike else f"{row['ours_runs']} / {row['other_runs']}"
    if name in ("memory", "parity"):
        sides = [
            row[key]
            for key in (("ours_memory_mb", "other_memory_mb") if name == "memory" else ("parity_ours", "parity_other"))
        ]
        if sides[0] == sides[1] == "not measured":
            return sides[0]
        return " / ".join(_number(side) for side in sides) if any(sides) else ""
    return _number(row[name]) if name in ("ratio", "of_floor", "busy_elsewhere") else _plain(row[name])


def _side(row: dict, name: str) -> str:
    whose = f" ({_plain(row['other_name'])})" if name == "other" and row["other_name"] else ""
    if row[name]:
        spread = f" ± {100 * float(row[f'{name}_spread']):.0f} %" if row[f"{name}_spread"] else ""
        return f"{_number(row[name])}{spread}{whose}"
    return f"failed{whose}: {_plain(row['reason'])}" if whose and row["reason"] else ""


def _machine(machine: Sequence[str]) -> str:
    processor, cores, memory, device, threads, versions, code = machine
    return (
        f"{processor}, {cores} cores, {_number(memory)} GiB, device {device}, {threads} threads; {versions}; "
        f"code {code or 'of no repository'}"
    )


def _machine_number(row: dict, machines: list[tuple]) -> str:
    return str(1 + machines.index(tuple(row[name] for name in MACHINE)))


def _loads(rows: Sequence[dict], machine: tuple) -> str:
    loads = [row["load_average"] for row in rows if tuple(row[name] for name in MACHINE) == machine]
    known = sorted(float(load) for load in loads if load)
    return f"{known[0]:g} to {known[-1]:g}" if known else "not known"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _number(text: str) -> str:
    """Three figures that count, and thousands apart."""
    try:
        value = float(text)
    except ValueError:
        return text
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _plain(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
