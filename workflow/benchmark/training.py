"""Training: speed beside RecBole and the softmax's products, a large catalogue, several seeds."""

import json
from collections.abc import Iterator

from workflow.benchmark import data
from workflow.benchmark.bench import Bench
from workflow.benchmark.measured import Bar, Measured, Row
from workflow.benchmark.turns import in_turn, sides, whole_process
from workflow.lease import ENVIRONMENT

METHODS = {"sasrec": "SASRec", "narm": "NARM", "stamp": "STAMP"}
RECBOLE, PRODUCTS = "RecBole", "three products of the softmax"
LONG, LARGE = ("movielens-100k", "movielens-1m"), ("amazon-beauty",)
BARS = {"sasrec": Bar("ratio", 30), "narm": Bar("ratio", 8), "stamp": Bar("ratio", 3)}
OF_FLOOR = Bar("floor", 1.5)
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


def augmented(bench: Bench) -> Iterator[Row]:
    """Targets a second with a counterfactual sequence for each observed pair, beside those without."""
    for method, label in METHODS.items():
        split, settings = bench.data(LONG[0]), bench.settings(method)
        with sides(*bench.engines(3, "train", split, method, settings)) as (augmenting, plain, bare):
            sides_of = {
                "ours": augmenting.player(do="augmented"), "plain": plain.player(do="epoch"),
                PRODUCTS: bare.player(do="products"),
            }  # fmt: skip
            told = bench.told(f"{label} with counterfactual sequences")
            found = in_turn(sides_of, bench.runs, bench.seconds / len(METHODS), told)
        rates = {name: side.each(lambda cost: 1 / cost) for name, side in found.items()}
        what = f"training {label} with a counterfactual sequence for each pair"
        yield Row(
            "augmented", what, split.name, split.source, "targets/s", rates["ours"], rates["plain"],
            "the observed pairs alone", rates[PRODUCTS], PRODUCTS, more=True,
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
    made = (*bench.engines(2, "train", split, method, settings), bench.recbole(split, method, settings))
    with sides(*made) as (engine, bare, peer):
        found = in_turn(
            {
                "ours": engine.player(do="epoch"),
                RECBOLE: peer.player(do="epoch", seconds=stretch),
                PRODUCTS: bare.player(do="products"),
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
        process = [bench.python, "-m", "workflow.benchmark.engine_side", json.dumps(job)]
        return whole_process(process, given=command, environment=ENVIRONMENT)

    found = in_turn({"five": seeds_of(5), "one": seeds_of(1)}, bench.runs, bench.seconds, bench.told("seeds"))
    yield Row(
        "seeds", "five seeds of SASRec in one process", split.name, split.source, "s", found["five"],
        found["one"].each(lambda cost: 5 * cost), "five processes of one seed",
    )  # fmt: skip
