"""Ranking every user's target over all items."""

from collections.abc import Iterator

from workflow.benchmark.bench import Bench
from workflow.benchmark.measured import Bar, Row
from workflow.benchmark.training import METHODS, RECBOLE
from workflow.benchmark.turns import in_turn, sides

PRODUCT = "one product of users and items"
BARS = {"product": Bar("floor", 1.3), "recbole": Bar("ratio", 5)}


def ranking(bench: Bench) -> Iterator[Row]:
    datasets = ("movielens-1m", "amazon-beauty")
    part = bench.seconds / len(datasets) / 2
    for dataset in datasets:
        split = bench.data(dataset)
        # BPR has a vector for each user: what is left is the product and the counting
        with sides(bench.engine("ranking", split, "bpr", bench.settings("bpr"))) as (engine,):
            found = in_turn(
                {"ours": engine.player(do="rank"), PRODUCT: engine.player(do="product")},
                bench.runs, part, bench.told(f"ranking, BPR on {dataset}"),
            )  # fmt: skip
        found = {name: side.each(lambda cost: 1 / cost) for name, side in found.items()}
        yield Row(
            "ranking", "ranking with BPR", dataset, split.source, "users/s", found["ours"], floor=found[PRODUCT],
            floor_name=PRODUCT, more=True, bar=BARS["product"],
        )  # fmt: skip

        method, settings = "sasrec", bench.settings("sasrec")
        made = (bench.engine("ranking", split, method, settings), bench.recbole(split, method, settings))
        with sides(*made) as (engine, peer):
            found = in_turn(
                {
                    "ours": engine.player(do="rank"), RECBOLE: peer.player(do="rank"),
                    PRODUCT: engine.player(do="product"),
                },
                bench.runs, part, bench.told(f"ranking, SASRec on {dataset}"),
            )  # fmt: skip
        found = {name: side.each(lambda cost: 1 / cost) for name, side in found.items()}
        yield Row(
            "ranking", f"ranking with {METHODS[method]}", dataset, split.source, "users/s", found["ours"],
            found[RECBOLE], f"{RECBOLE}'s evaluation", found[PRODUCT], PRODUCT, more=True, bar=BARS["recbole"],
        )  # fmt: skip
