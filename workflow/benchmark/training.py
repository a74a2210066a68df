"""Training: speed beside RecBole and the softmax's products, a large catalogue, several seeds, and accuracy."""

import json
from collections.abc import Iterator

from scipy.stats import ttest_ind

from workflow.benchmark import data
from workflow.benchmark.bench import Bench
from workflow.benchmark.measured import PARITY, Bar, Measured, Row
from workflow.benchmark.turns import in_turn, sides, whole_process

METHODS = {"sasrec": "SASRec", "narm": "NARM", "stamp": "STAMP"}
RECBOLE, PRODUCTS = "RecBole", "three products of the softmax"
LONG, LARGE = ("movielens-100k", "movielens-1m"), ("amazon-beauty",)
BARS = {"sasrec": Bar("ratio", 30), "narm": Bar("ratio", 8), "stamp": Bar("ratio", 3)}
OF_FLOOR = Bar("floor", 1.5)
ROWS = "a row for each target"
EQUIVALENT = Bar("value", 0.5)  # points of NDCG@5, a tenth of what such a fit reaches: fixed before the first run
EPOCHS = 30  # of a fit whose accuracy is compared
BY_ACCURACY = {
    "cost": lambda answer: 100 * answer["ndcg"],
    "told": lambda answer: f", NDCG@5 {100 * answer['ndcg']:.2f} %",
    "warm_up": False,
}
LARGE_CATALOGUE = Bar("value", 8 * 1024)  # MiB


def training(bench: Bench) -> Iterator[Row]:
    """Targets a second of each anchor; RecBole is given a stretch of an epoch at a time."""
    for dataset in (*LONG, *LARGE):
        for method, label in METHODS.items():
            part = bench.seconds / (len(METHODS) * len(LONG + LARGE))
            bar = BARS[method] if dataset in LONG else OF_FLOOR
            found, split = speeds(bench, dataset, method, part)
            yield Row(
                "training", f"training {label}", dataset, split.source, "targets/s", found["ours"], found[RECBOLE],
                RECBOLE, found[PRODUCTS], PRODUCTS, more=True, bar=bar, method=method,
            )  # fmt: skip


def catalogue(bench: Bench) -> Iterator[Row]:
    """Memory and speed of training with as many items as Book-Crossing has, on a few users."""
    found, split = speeds(bench, "book-crossing", "stamp", bench.seconds, users=40)
    items = f"{data.counts(split.folder).items:,} items"
    memory = {name: in_memory(side) for name, side in found.items()}
    yield Row(
        "catalogue", f"peak memory of training STAMP, {items}", split.name, split.source, "MiB", memory["ours"],
        memory[RECBOLE], RECBOLE, bar=LARGE_CATALOGUE,
    )  # fmt: skip
    yield Row(
        "catalogue", f"training STAMP, {items}", split.name, split.source, "targets/s", found["ours"], found[RECBOLE],
        RECBOLE, found[PRODUCTS], PRODUCTS, more=True,
    )  # fmt: skip


def speeds(
    bench: Bench, dataset: str, method: str, seconds: float, users: int | None = None
) -> tuple[dict[str, Measured], data.Data]:
    """Targets a second of this project, of RecBole, and of the bare products."""
    split, settings = bench.data(dataset, users), bench.settings(method)
    stretch = 2.0 if bench.quick else min(30.0, seconds / 3 / (bench.runs + 1))
    made = (bench.engine("train", split, method, settings), bench.recbole(split, method, settings))
    with sides(*made) as (engine, peer):
        found = in_turn(
            {
                "ours": engine.player(do="epoch"),
                RECBOLE: peer.player(do="epoch", seconds=stretch),
                PRODUCTS: engine.player(do="products"),
            },
            bench.runs, seconds, bench.told(f"{METHODS[method]} on {dataset}"),
        )  # fmt: skip
    return {name: side.each(lambda cost: 1 / cost) for name, side in found.items()}, split


def in_memory(side: Measured) -> Measured:
    values = () if side.memory_mb is None else (side.memory_mb,)
    return Measured(values, None, side.busy_elsewhere, side.reason)


def seeds(bench: Bench) -> Iterator[Row]:
    """Five seeds in one process beside five processes of one seed, start and ranking included, as cells do it."""
    split, settings = bench.data("lastfm"), bench.settings("sasrec")
    epochs = 1 if bench.quick else 3

    def seeds_of(count: int):
        job = {"task": "train", "split": str(split.folder.resolve()), "method": "sasrec", "settings": settings}
        command = json.dumps({"do": "seeds", "count": count, "epochs": epochs})
        job |= {"threads": bench.threads}
        return whole_process([bench.python, "-m", "workflow.benchmark.engine_side", json.dumps(job)], given=command)

    found = in_turn({"five": seeds_of(5), "one": seeds_of(1)}, bench.runs, bench.seconds, bench.told("seeds"))
    yield Row(
        "seeds", "five seeds of SASRec in one process", split.name, split.source, "s", found["five"],
        found["one"].each(lambda cost: 5 * cost), "five processes of one seed",
    )  # fmt: skip


def parity(method: str, bench: Bench) -> Iterator[Row]:
    """Test NDCG@5 after whole fits of both sides with the method's card as it stands, a run being a seed."""
    epochs = 1 if bench.quick else EPOCHS
    datasets = ("movielens-100k", "lastfm")
    for dataset in datasets:
        split, settings = bench.data(dataset), bench.defaults(method)
        made = (bench.engine("train", split, method, settings), bench.recbole(split, method, settings))
        with sides(*made) as (engine, peer):
            found = in_turn(
                {name: seeded(side, epochs) for name, side in (("ours", engine), (RECBOLE, peer))}, bench.runs,
                bench.seconds / len(datasets), bench.told(f"{METHODS[method]} on {dataset}"),
                **BY_ACCURACY,
            )  # fmt: skip
        about = (f"test NDCG@5 of {METHODS[method]}, {epochs} epochs", dataset, split.source)
        yield Row(
            f"{PARITY}{method}", *about, "%", found["ours"], found[RECBOLE], RECBOLE, more=True, method=method
        )  # fmt: skip
        yield from difference(f"{PARITY}{method}", about, found["ours"], found[RECBOLE])


def windows(bench: Bench) -> Iterator[Row]:
    """Test NDCG@5 after whole fits with windows that overlap by half, and with a row for each target, a run being a
    seed; and whether they are equivalent: two one-sided tests, each at 5 %."""
    epochs, length = (1 if bench.quick else EPOCHS), 20
    split, settings = bench.data("movielens-100k"), bench.defaults("sasrec", max_length=length)
    with sides(bench.engine("train", split, "sasrec", settings)) as (engine,):
        found = in_turn(
            {"ours": seeded(engine, epochs), ROWS: seeded(engine, epochs, do="expanded")}, bench.runs, bench.seconds,
            bench.told("windows"), **BY_ACCURACY,
        )  # fmt: skip
    about = (f"test NDCG@5 of SASRec, {epochs} epochs of length {length}", split.name, split.source)
    yield Row("windows", *about, "%", found["ours"], found[ROWS], ROWS, more=True)
    yield from difference("windows", about, found["ours"], found[ROWS], EQUIVALENT)


def difference(
    benchmark: str, about: tuple[str, str, str], ours: Measured, other: Measured, bar: Bar | None = None
) -> Iterator[Row]:
    """How far the means of both sides' seeds may lie apart: the far end of Welch's interval of 90 %."""
    if min(len(ours.values), len(other.values)) < 2:
        return
    interval = ttest_ind(ours.values, other.values, equal_var=False).confidence_interval(0.9)
    ends = f"{interval.low:+.2f} to {interval.high:+.2f}"
    what = f"{about[0]}: the far end of the 90 % interval of the difference, {ends}"
    yield Row(benchmark, what, *about[1:], "points", Measured((max(-interval.low, interval.high),)), bar=bar)


def seeded(side, epochs: int, do: str = "fit"):
    """A player whose every turn is a whole fit with the next seed."""
    turns = iter(range(1, 1_000))
    return lambda seconds: side.ask(seconds, do=do, seed=next(turns), epochs=epochs)
