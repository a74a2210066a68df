"""The benchmark as a picture: how many times as good as the other side, and what grows with what."""

import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from datasets.pipeline.files import whole_file
from workflow.benchmark.growth import AXES, WHAT

OURS, WANTED = "#4477aa", "#cc3311"
TICKS = [10**power * step for power in range(-2, 5) for step in (1, 2, 5)]
LINE = 0.34  # inches that a bar takes


def compared(rows: Sequence[dict]) -> list[dict]:
    """The rows that have another side, but those of accuracy, whose sides are meant to be alike."""
    return [row for row in rows if row["ratio"] and row["unit"] != "%"]


def grown(rows: Sequence[dict]) -> dict[str, list[tuple[int, float]]]:
    """Size and cost along each axis."""
    found = {
        axis: [(_size(row), float(row["ours"])) for row in rows if row["what"] == f"{WHAT}{axis}" and row["ours"]]
        for axis in AXES
    }
    return {axis: points for axis, points in found.items() if points}


def has_picture(rows: Sequence[dict]) -> bool:
    """Whether there is anything to draw."""
    return bool(compared(rows) or grown(rows))


def draw(rows: Sequence[dict], file: Path) -> None:
    """A panel for ratios, one for growth; a panel without rows is left out."""
    ratios, growth = compared(rows), grown(rows)
    panels = [bool(ratios), bool(growth)]
    height = max(4.0 if growth else 0.0, 1.0 + LINE * len(ratios))
    drawing, axes = plt.subplots(1, sum(panels), figsize=(1 + 6.5 * sum(panels), height), layout="constrained")
    axes = [axes] if sum(panels) == 1 else list(axes)
    if ratios:
        _draw_ratios(axes[0], ratios[::-1])
    if growth:
        _draw_growth(axes[-1], growth, rows)
    with whole_file(file) as temporary:
        drawing.savefig(temporary, format="png", dpi=160, metadata={"Software": None})
    plt.close(drawing)


def _draw_ratios(axis: Axes, rows: Sequence[dict]) -> None:
    values = [float(row["ratio"]) for row in rows]
    axis.barh(range(len(rows)), values, color=OURS, height=0.7)
    axis.set_yticks(range(len(rows)), [_name(row) for row in rows], fontsize=8)
    axis.set_xscale("log")
    wanted = {place: limit for place, row in enumerate(rows) if (limit := _wanted(row))}
    for place, limit in wanted.items():
        axis.plot([limit, limit], [place - 0.42, place + 0.42], color=WANTED, linewidth=2)
    for place, value in enumerate(values):
        missed = wanted.get(place, 0.0) > value  # then its mark stands behind the bar, and the value within
        axis.annotate(
            f"{value:.3g} ×", (value, place), (-3 if missed else 3, 0), textcoords="offset points", va="center",
            ha="right" if missed else "left", color="white" if missed else "black", fontsize=8,
        )  # fmt: skip
    everything = [*values, *wanted.values(), 1.0]
    axis.set_xlim(min(everything) / 1.3, max(everything) * 1.8)
    axis.xaxis.set_major_locator(FixedLocator(TICKS))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.axvline(1, color="black", linewidth=0.8)
    axis.set_xlabel("times as good as the other side" + (" (red: what is wanted at least)" if wanted else ""))
    axis.spines[["top", "right"]].set_visible(False)


def _draw_growth(axis: Axes, growth: dict[str, list[tuple[int, float]]], rows: Sequence[dict]) -> None:
    for name, points in growth.items():
        axis.loglog(*zip(*points, strict=True), marker="o", label=f"{name}{_exponent(rows, name)}")
    axis.legend(fontsize=8)
    axis.set_xlabel("size")
    axis.set_ylabel("seconds of an epoch (of seeds: of a cell's training)")
    axis.spines[["top", "right"]].set_visible(False)


def _name(row: dict) -> str:
    what = f"{row['what']}, {row['data']}" if row["data"] else row["what"]
    return f"{what}\nbeside {row['other_name']}"


def _wanted(row: dict) -> float | None:
    found = re.fullmatch(r"at least (\S+) times as good", row["bar"])
    return float(found[1]) if found else None


def _exponent(rows: Sequence[dict], axis: str) -> str:
    found = [row["ours"] for row in rows if row["what"] == f"exponent of {axis}" and row["ours"]]
    return f": exponent {float(found[0]):.2f}" if found else ""


def _size(row: dict) -> int:
    return int(row["data"].split()[0].replace(",", ""))
