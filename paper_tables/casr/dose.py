"""CASR's part of the dose curves: worlds of a chain with few and many histories (paper_tables/dose.py)."""

from collections.abc import Mapping, Sequence

from datasets.pipeline.card import variant_name
from paper_tables.dose import Dose, rates
from paper_tables.scale_part import choice, known, whole_numbers

CHAIN, HISTORIES = "chain", (50, 150, 600)
FEW = (50, 150)  # of which a model knows so little that true answers must help


def read_dose(where: str, part: Mapping | None, anchors: Sequence[str], strategies: Sequence[str]) -> Dose | None:
    """The scale's `papers: casr: dose:`, checked; None where it says nothing."""
    if part is None:
        return None
    known(where, part, {"histories", "worlds", "etas", "anchors", "strategies"})
    worlds = whole_numbers(where, part.get("worlds"), "worlds")
    return Dose(
        paper="casr",
        oracle="oracle-next-t",
        setting="eta",
        rates=rates(where, part, "etas"),
        worlds={
            f"{count} histories": tuple(f"{variant_name(CHAIN, histories=count, world=w)}.others" for w in worlds)
            for count in choice(where, part, "histories", HISTORIES)
        },
        anchors=choice(where, part, "anchors", anchors),
        treatments=choice(where, part, "strategies", strategies),
        sampled=True,
        error="noise",
        must=tuple(f"{count} histories" for count in FEW),
    )
