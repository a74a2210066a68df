"""CASR's part of the dose curves: worlds of a chain with few and many histories (paper_tables/dose.py)."""

from collections.abc import Mapping, Sequence

from datasets.pipeline.card import variant_name
from paper_tables.dose import RATES, TEXTS, Dose, chosen, rates
from paper_tables.scale_part import SEEDS, keys, some_of

CHAIN, HISTORIES = "chain", (50, 150, 600)
FEW = (50, 150)  # of which a model knows so little that true answers must help


DOSE = keys(
    histories=some_of(HISTORIES, at_least=1),
    worlds=SEEDS,
    etas=RATES,
    anchors=TEXTS,
    strategies=TEXTS,
) | {"required": ["worlds"]}


def read_dose(part: Mapping | None, anchors: Sequence[str], strategies: Sequence[str]) -> Dose | None:
    """The scale's `papers: casr: dose:`, which DOSE allows; None where it says nothing."""
    if part is None:
        return None
    return Dose(
        paper="casr",
        oracle="oracle-next-t",
        setting="eta",
        rates=rates("casr", "etas", part),
        worlds={
            f"{count} histories": tuple(
                f"{variant_name(CHAIN, histories=count, world=world)}.others" for world in part["worlds"]
            )
            for count in part.get("histories", HISTORIES)
        },
        anchors=chosen("casr", "anchors", part, anchors),
        treatments=chosen("casr", "strategies", part, strategies),
        sampled=True,
        error="noise",
        must=tuple(f"{count} histories" for count in FEW),
    )
