"""The benchmark to read: bench.md."""

from collections.abc import Sequence

from tabulate import tabulate

from workflow.benchmark.accuracy import CONFIDENCE, WITHIN, Comparison
from workflow.benchmark.training import METHODS

CSV, MARKDOWN, PICTURE = "bench.csv", "bench.md", "bench.png"
FITS = "fits.csv"  # what fits.py keeps
ACCURACY = "accuracy.csv"  # what follows from it
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
OF_ACCURACY = ("method", "data", "here", "reaches", "beside", "reaches", "difference", "equivalent")


def markdown(rows: Sequence[dict], comparisons: Sequence[Comparison], drawn: bool) -> str:
    """The table for a person, what whole fits reach, and where each line was measured. rows: as `read` gives them;
    drawn: the picture is."""
    text = ["# Benchmarks", "", "Made by `make bench`.", ""]
    if drawn:
        text += [f"![Ratios and floors beside what is wanted, accuracy, growth]({PICTURE})", ""]
    if rows:
        text += _speed(rows)
    if comparisons:
        text += _accuracy(comparisons)
    return "\n".join(text + _origins(rows))


def _speed(rows: Sequence[dict]) -> list[str]:
    machines = _machines(rows)
    lines = [[*(_shown(row, name) for name in COLUMNS), 1 + machines.index(_machine_of(row))] for row in rows]
    return [
        "## Speed and memory",
        "",
        "Medians of several runs, in turns A B A B, and their spread (largest less smallest, in percent of "
        "the median). `times as good` compares the medians: a rate here over the other side's, a cost there over the "
        "one here. The floor is the bare products, as torch multiplies with the tables as they are stored, in the "
        f"chunks with which that is fastest. `{CSV}` has all columns.",
        "",
        tabulate(lines, headers=[*COLUMNS.values(), "machine"], tablefmt="github", disable_numparse=True),
        "",
    ]


def _origins(rows: Sequence[dict]) -> list[str]:
    """Where the data came from, and what measured."""
    known = {(row["data"], row["source"]) for row in rows if row["data"] and row["source"] not in ("synthetic", "")}
    return [
        "## Data",
        "",
        *(f"- {name}: {source}" for name, source in sorted(known)),
        "",
        "## Machines and versions",
        "",
        *(f"{number}. {_machine(machine)}; load average when a benchmark began: {_loads(rows, machine)}"
          for number, machine in enumerate(_machines(rows), 1)),
        "",
    ]  # fmt: skip


def _accuracy(comparisons: Sequence[Comparison]) -> list[str]:
    return [
        "## Accuracy",
        "",
        "Test NDCG@5 in percent of whole fits: mean and standard deviation over seeds, whose number stands behind. "
        "They have shorter windows, smaller batches and a lower rate than where speed is measured, and settings that "
        f"are not the cards' where they are named. Difference: the interval of {100 * CONFIDENCE:g} % (Welch) of "
        f"`here` less `beside`. Equivalent is what has it within {WITHIN:g} points, `no` what has it outside; of what "
        "is not shown, `not worse` has no end of it lower than that, and `lower` has it below 0. Each fit is a line of "
        f"`{FITS}`, with its settings and the machine that made it; `{ACCURACY}` has all columns.",
        "",
        tabulate(map(_compared, comparisons), headers=OF_ACCURACY, tablefmt="github", disable_numparse=True),
        "",
    ]


def _compared(comparison: Comparison) -> list[str]:
    row = comparison.flat()
    fits = f"{row['epochs']} epochs of length {row['max_length']}"
    method = METHODS[row["method"]] + _changed(row["changed"])
    low, high = comparison.interval or (None, None)
    return [
        method, f"{row['data']}, {fits}", row["ours_name"], _reached(row, "ours"), row["other_name"],
        _reached(row, "other"), "" if low is None else f"{low:+.2f} to {high:+.2f}", row["equivalent"],
    ]  # fmt: skip


def _reached(row: dict, side: str) -> str:
    deviation = row[f"{side}_deviation"]
    spread = "" if deviation is None else f" ± {deviation:.2f}"
    return f"{row[side]:.2f}{spread} ({row[f'{side}_seeds']})"


def _shown(row: dict, name: str) -> str:
    if name == "ours" and row["status"] == "failed":
        return f"failed: {_plain(row['reason'])}"
    if name in ("ours", "other"):
        return _side(row, name)
    if name == "runs":
        alike = not row["other"] or row["other_runs"] == row["ours_runs"]
        return row["ours_runs"] if alike else f"{row['ours_runs']} / {row['other_runs']}"
    if name == "memory":
        return _pair(row["ours_memory_mb"], row["other_memory_mb"])
    if name == "parity":
        return _pair(row["parity_ours"], row["parity_other"]) + _changed(row["parity_changed"])
    return _number(row[name]) if name in ("ratio", "of_floor", "busy_elsewhere") else _plain(row[name])


def _side(row: dict, name: str) -> str:
    whose = f", {_plain(row['other_name'])}" if name == "other" and row["other_name"] else ""
    if row[name]:
        spread = f" ({100 * float(row[f'{name}_spread']):.0f} %)" if row[f"{name}_spread"] else ""
        return f"{_number(row[name])}{spread}{whose}"
    return f"failed{whose}: {_plain(row['reason'])}" if whose and row["reason"] else ""


def _pair(ours: str, other: str) -> str:
    if ours == other == "not measured":
        return ours
    return f"{_number(ours) or '–'} / {_number(other) or '–'}" if ours or other else ""


def _changed(settings: str) -> str:
    return f" ({settings})" if settings else ""


def _machine(machine: Sequence[str]) -> str:
    processor, cores, memory, device, threads, versions, code = machine
    return (
        f"{processor}, {cores} cores, {_number(memory)} GiB, device {device}, {threads} threads; {versions}; "
        f"code {code or 'of no repository'}"
    )


def _machines(rows: Sequence[dict]) -> list[tuple[str, ...]]:
    """The machines that measured, in the order in which they come."""
    return list(dict.fromkeys(map(_machine_of, rows)))


def _machine_of(row: dict) -> tuple[str, ...]:
    return tuple(row[name] for name in MACHINE)


def _loads(rows: Sequence[dict], machine: tuple) -> str:
    loads = [row["load_average"] for row in rows if _machine_of(row) == machine]
    known = sorted(float(load) for load in loads if load)
    return f"{known[0]:g} to {known[-1]:g}" if known else "not known"


def _number(text: str) -> str:
    """Three figures that count, and thousands apart."""
    try:
        value = float(text)
    except ValueError:
        return text
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _plain(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
