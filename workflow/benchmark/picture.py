"""The benchmark as a picture: times as good as the other side, times the floor's cost, accuracy, and growth."""

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from datasets.pipeline.files import whole_file
from workflow.benchmark.accuracy import Group
from workflow.benchmark.growth import AXES, WHAT
from workflow.benchmark.training import RECBOLE

OURS, OTHER, WANTED = "#4477aa", "#ee9933", "#cc3311"
TICKS = [10**power * step for power in range(-2, 5) for step in (1, 2, 5)]
WIDTH = 46  # letters of a label that leave room for bars
LINE, GROWTH, FRAME = 0.34, 3.6, 0.8  # inches: of a bar, of the panel of growth, of what stands around a panel

Panel = tuple[float, Callable[[Axes], None]]  # its height in inches, and what draws it


def floored(rows: Sequence[dict]) -> list[dict]:
    """The rows that have a floor; of two of one measurement, the one that says what is wanted."""
    found: dict[tuple[str, ...], dict] = {}
    for row in rows:
        measurement = row["data"], row["method"], row["ours"], row["of_floor"]
        if row["of_floor"] and ("floor" in row["bar"] or measurement not in found):
            found[measurement] = row
    return list(found.values())


def grown(rows: Sequence[dict]) -> dict[str, list[tuple[int, float]]]:
    """Size and cost along each axis."""
    found = {
        axis: [(_size(row), float(row["ours"])) for row in rows if row["what"] == f"{WHAT}{axis}" and row["ours"]]
        for axis in AXES
    }
    return {axis: points for axis, points in found.items() if points}


def panels(rows: Sequence[dict], groups: Sequence[Group]) -> list[list[Panel]]:
    """Columns of panels; without rows for it there is no panel."""
    ratios, floors, growth = [row for row in rows if row["ratio"]], floored(rows), grown(rows)
    accuracy = [group for group in groups if len(group.sides) > 1]
    lines = sum(len(group.sides) for group in accuracy)
    left: list[Panel] = [(FRAME + LINE * len(ratios), lambda axis: _draw_ratios(axis, ratios[::-1]))] if ratios else []
    right: list[Panel] = []
    if floors:
        right.append((FRAME + LINE * len(floors), lambda axis: _draw_floors(axis, floors[::-1])))
    if accuracy:
        right.append((FRAME + LINE * lines, lambda axis: _draw_accuracy(axis, accuracy)))
    if growth:
        right.append((FRAME + GROWTH, lambda axis: _draw_growth(axis, growth, rows)))
    return [column for column in (left, right) if column]


def draw(rows: Sequence[dict], groups: Sequence[Group], file: Path) -> bool:
    """Whether there was anything to draw. rows: of the table, as text; groups: of whole fits."""
    columns = panels(rows, groups)
    if not columns:
        return False
    height = max(sum(height for height, _ in column) for column in columns)
    drawing = plt.figure(figsize=(1 + 6.5 * len(columns), height), layout="constrained")
    for part, column in zip(drawing.subfigures(1, len(columns), squeeze=False)[0], columns, strict=True):
        axes = part.subplots(len(column), squeeze=False, height_ratios=[height for height, _ in column])[:, 0]
        for axis, (_, draw_panel) in zip(axes, column, strict=True):
            draw_panel(axis)
            axis.spines[["top", "right"]].set_visible(False)
    with whole_file(file) as temporary:
        drawing.savefig(temporary, format="png", dpi=130, metadata={"Software": None})
    plt.close(drawing)
    return True


def _draw_ratios(axis: Axes, rows: Sequence[dict]) -> None:
    values = [float(row["ratio"]) for row in rows]
    wanted = [_limit(row, r"at least (\S+) times as good") for row in rows]
    _draw_bars(axis, values, wanted)
    axis.set_yticks(range(len(rows)), [f"{_name(row)}\nbeside {row['other_name']}" for row in rows], fontsize=8)
    axis.set_xlabel("times as good as the other side" + (" (red: what is wanted at least)" if any(wanted) else ""))


def _draw_floors(axis: Axes, rows: Sequence[dict]) -> None:
    values = [float(row["of_floor"]) for row in rows]
    wanted = [_limit(row, r"at most (\S+) times the floor") for row in rows]
    _draw_bars(axis, values, wanted)
    labels = [textwrap.fill(_name(row), WIDTH, break_on_hyphens=False) for row in rows]
    axis.set_yticks(range(len(rows)), labels, fontsize=8)
    axis.set_xlabel("times the floor's cost" + (" (red: what is wanted at most)" if any(wanted) else ""))


def _draw_bars(axis: Axes, values: Sequence[float], wanted: Sequence[float | None]) -> None:
    """Bars on a logarithmic scale, each with its value and a mark at what is wanted of it."""
    axis.barh(range(len(values)), values, color=OURS, height=0.7)
    axis.set_xscale("log")
    axis.set_ylim(-0.6, len(values) - 0.4)
    for place, (value, limit) in enumerate(zip(values, wanted, strict=True)):
        if limit:
            axis.plot([limit, limit], [place - 0.42, place + 0.42], color=WANTED, linewidth=2)
        behind = max(value, limit or value)
        axis.annotate(f"{value:.3g} ×", (behind, place), (4, 0), textcoords="offset points", va="center", fontsize=8)
    everything = [*values, *filter(None, wanted), 1.0]
    axis.set_xlim(min(everything) / 1.3, max(everything) * 1.8)
    axis.xaxis.set_major_locator(FixedLocator(TICKS))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.axvline(1, color="black", linewidth=0.8)


def _draw_accuracy(axis: Axes, groups: Sequence[Group]) -> None:
    """A dot for each seed, a line for their mean."""
    lines = [(group.name, side, values) for group in groups for side, values in group.sides.items()][::-1]
    for place, (_, side, values) in enumerate(lines):
        colour = OTHER if side == RECBOLE else OURS
        axis.scatter(values, [place] * len(values), color=colour, alpha=0.5, linewidth=0)
        axis.plot([mean(values)] * 2, [place - 0.35, place + 0.35], color=colour, linewidth=2)
    labels = [f"{name}\n{side}, {len(values)} seed{'s' * (len(values) > 1)}" for name, side, values in lines]
    axis.set_yticks(range(len(lines)), labels, fontsize=8)
    axis.set_ylim(-0.6, len(lines) - 0.4)
    axis.set_xlabel("test NDCG@5 of whole fits, percent (line: mean)")


def _draw_growth(axis: Axes, growth: Mapping[str, list[tuple[int, float]]], rows: Sequence[dict]) -> None:
    """Each axis from its smallest size on, beside what grows in proportion."""
    largest = 1.0
    for name, points in growth.items():
        sizes, costs = zip(*sorted(points), strict=True)
        largest = max(largest, sizes[-1] / sizes[0])
        label = f"{name}, from {sizes[0]:,}{_exponent(rows, name)}"
        axis.loglog([size / sizes[0] for size in sizes], [cost / costs[0] for cost in costs], marker="o", label=label)
    axis.loglog([1, largest], [1, largest], color="black", linewidth=0.8, linestyle="--", label="in proportion")
    axis.legend(fontsize=8)
    axis.set_xlabel("times the smallest size")
    axis.set_ylabel("times the cost of an epoch\n(of seeds: of a cell's training)")


def _name(row: dict) -> str:
    return f"{row['what']}, {row['data']}" if row["data"] else row["what"]


def _limit(row: dict, bar: str) -> float | None:
    found = re.fullmatch(bar, row["bar"])
    return float(found[1]) if found else None


def _exponent(rows: Sequence[dict], axis: str) -> str:
    found = [row["ours"] for row in rows if row["what"] == f"exponent of {axis}" and row["ours"]]
    return f": exponent {float(found[0]):.2f}" if found else ""


def _size(row: dict) -> int:
    return int(row["data"].split()[0].replace(",", ""))
