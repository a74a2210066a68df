"""How the cost of an epoch grows with users, history length, catalogue, and that of a cell with its seeds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from workflow.benchmark.bench import Bench
from workflow.benchmark.data import Data, Shape, synthetic
from workflow.benchmark.measured import Measured, Row
from workflow.benchmark.turns import in_turn, sides

METHOD = "sasrec"
WHAT = "growth of training SASRec with "
MEAN_LENGTH = 20
BASE = Shape(1_000, 2_000, 1_000 * MEAN_LENGTH)
AXES = {
    "users": (500, 1_000, 2_000, 4_000, 8_000, 16_000),
    "items a history": (10, 20, 40, 80, 160),
    "items of the catalogue": (1_000, 4_000, 16_000, 64_000, 256_000),
    "seeds": (1, 2, 4, 8),
}
FEWEST = 3  # points that a slope needs


def growth(bench: Bench) -> Iterator[Row]:
    part = bench.seconds / sum(len(values) for values in AXES.values())
    for axis, values in AXES.items():
        points: dict[int, Measured] = {}
        for value in values[:FEWEST] if bench.quick else values:
            points[value] = point(bench, axis, value, part)
            yield Row("growth", f"{WHAT}{axis}", f"{value:,} {axis}", "synthetic", "s", points[value])
        yield Row("growth", f"exponent of {axis}", "", "synthetic", "exponent", slope(points))


def shape_of(axis: str, value: int, base: Shape = BASE) -> Shape:
    """The synthetic data of a point: only what the axis names differs."""
    if axis == "users":
        return Shape(value, base.items, value * MEAN_LENGTH)
    if axis == "items a history":
        return replace(base, interactions=base.users * value)
    return replace(base, items=value) if axis == "items of the catalogue" else base


def point(bench: Bench, axis: str, value: int, seconds: float) -> Measured:
    shape = shape_of(axis, value, Shape(100, 500, 100 * MEAN_LENGTH) if bench.quick else BASE)
    folder = bench.store / "growth" / f"{shape.users}-{shape.items}-{shape.interactions}"
    command = {"do": "seeds", "count": value, "epochs": 1} if axis == "seeds" else {"do": "epoch"}
    split = Data(synthetic(shape, folder), axis, "synthetic")
    with sides(bench.engine("train", split, METHOD, bench.settings(METHOD))) as (engine,):
        found = in_turn(
            {"ours": engine.player(**command)}, bench.runs, seconds, bench.told(f"{value:,} {axis}"),
            cost=lambda answer: answer["seconds"],
        )  # fmt: skip
    return found["ours"]


def slope(points: dict[int, Measured]) -> Measured:
    """The exponent b of cost = a x^b, by least squares on the logarithms of the medians."""
    known = {value: found.median for value, found in points.items() if found.median}
    if len(known) < FEWEST:
        return Measured(reason=f"only {len(known)} points were measured; a slope needs {FEWEST}")
    return Measured((exponent(list(known), list(known.values())),))


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])
