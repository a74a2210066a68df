"""CASR's counterfactual search: batched beside sample by sample, and a whole pass beside training epochs."""

from collections.abc import Iterator

from workflow.benchmark.bench import Bench
from workflow.benchmark.measured import Bar, Row
from workflow.benchmark.turns import in_turn, sides

SAMPLER, ANCHOR = "stamp", "narm"
EPOCHS = 30
PRODUCTS = "the softmax's products of all gradients"
LITERAL = "literal transcription, sample by sample"
BARS = {"literal": Bar("ratio", 50), "epochs": Bar("ratio", 1)}


def search(bench: Bench) -> Iterator[Row]:
    split = bench.data("lastfm")
    # one set of settings serves both models: what a card does not know is left out by its own `build`
    settings = {**bench.settings(ANCHOR), **bench.settings(SAMPLER)}
    pretrain, count = (1, 4) if bench.quick else (5, 50)
    for strategy in ("d", "m"):
        treatment = bench.settings("casr", steps=10, share=0.05)
        job = {"strategy": strategy, "treatment": treatment, "anchor": ANCHOR, "pretrain": pretrain}
        with sides(*bench.engines(3, "search", split, SAMPLER, settings, **job)) as (engine, literal, bare):
            found = in_turn(
                {
                    "ours": engine.player(do="pool"), LITERAL: literal.player(do="one_by_one", count=count),
                    PRODUCTS: bare.player(do="products"),
                },
                bench.runs, bench.seconds / 3, bench.told(f"search {strategy.upper()}"),
            )  # fmt: skip
        rates = {name: side.each(lambda cost: 1 / cost) for name, side in found.items()}
        yield Row(
            "search", f"search {strategy.upper()}, 10 steps", split.name, split.source, "samples/s", rates["ours"],
            rates[LITERAL], LITERAL, rates[PRODUCTS], PRODUCTS, more=True, bar=BARS["literal"],
        )  # fmt: skip

    treatment = bench.settings("casr", steps=EPOCHS, share=0.1 if bench.quick else 1.0)
    job = {"strategy": "d", "treatment": treatment, "anchor": ANCHOR, "pretrain": pretrain}
    with sides(*bench.engines(2, "search", split, SAMPLER, settings, **job)) as (engine, training):
        found = in_turn(
            {"ours": engine.player(do="pass"), "epoch": training.player(do="epoch")},
            bench.runs, bench.seconds / 3, bench.told("a pass of D"),
        )  # fmt: skip
    yield Row(
        "search", f"a pass of D over all samples, {EPOCHS} steps", split.name, split.source, "s", found["ours"],
        found["epoch"].each(lambda cost: EPOCHS * cost), f"{EPOCHS} epochs of the sampler", bar=BARS["epochs"],
    )  # fmt: skip
