"""Ranking every user's target over all items."""

from collections.abc import Iterator

from workflow.benchmark.bench import Bench
from workflow.benchmark.measured import Bar, Row
from workflow.benchmark.training import METHODS, RECBOLE
from workflow.benchmark.turns import in_turn, sides

PRODUCT = "one product of users and items"
AT_MOST, AT_LEAST = Bar("floor", 1.3), Bar("ratio", 5)
LABELS = {**METHODS, "bpr": "BPR"}  # BPR has a vector for each user: what is left is the product and the counting


def ranking(bench: Bench) -> Iterator[Row]:
    datasets, methods = ("movielens-1m", "amazon-beauty"), ("bpr", "sasrec")
    part = bench.seconds / len(datasets) / len(methods)
    for dataset in datasets:
        split = bench.data(dataset)
        for method in methods:
            settings, label = bench.settings(method), LABELS[method]
            made = (*bench.engines(2, "ranking", split, method, settings), bench.recbole(split, method, settings))
            with sides(*made) as (engine, bare, peer):
                found = in_turn(
                    {
                        "ours": engine.player(do="rank"), RECBOLE: peer.player(do="rank"),
                        PRODUCT: bare.player(do="product"),
                    },
                    bench.runs, part, bench.told(f"ranking, {label} on {dataset}"),
                )  # fmt: skip
            ours, theirs, floor = (found[name].each(lambda cost: 1 / cost) for name in ("ours", RECBOLE, PRODUCT))
            about = (dataset, split.source, "users/s", ours)
            if method == "bpr":
                beside = "ranking with BPR, beside its product"
                yield Row("ranking", beside, *about, floor=floor, floor_name=PRODUCT, more=True, bar=AT_MOST)
            yield Row(
                "ranking", f"ranking with {label}", *about, theirs, f"{RECBOLE}'s evaluation", floor, PRODUCT,
                more=True, bar=AT_LEAST,
            )  # fmt: skip
