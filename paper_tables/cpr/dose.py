"""CPR's part of the dose curves: a world with tastes to learn, and the paper's own (paper_tables/dose.py)."""

from collections.abc import Mapping, Sequence

from datasets.pipeline.card import variant_name
from paper_tables.dose import Dose, rates
from paper_tables.scale_part import choice, known, whole_numbers

WORLDS = {"tastes": "a world of tastes", "cpr-synthetic": "the paper's world"}


def read_dose(where: str, part: Mapping | None, anchors: Sequence[str], strategies: Sequence[str]) -> Dose | None:
    """The scale's `papers: cpr: dose:`, checked; None where it says nothing."""
    if part is None:
        return None
    known(where, part, {"worlds", "data_seeds", "zetas", "anchors", "strategies"})
    seeds = whole_numbers(where, part.get("data_seeds"), "data_seeds")
    return Dose(
        paper="cpr",
        oracle="oracle-choice-t",
        setting="zeta",
        rates=rates(where, part, "zetas"),
        worlds={
            WORLDS[name]: tuple(f"{variant_name(name, seed=seed)}.loo" for seed in seeds)
            for name in choice(where, part, "worlds", tuple(WORLDS))
        },
        anchors=choice(where, part, "anchors", anchors),
        treatments=choice(where, part, "strategies", strategies),
        sampled=False,
        error="zeta_decided",
        must=(WORLDS["tastes"],),  # in the paper's own world a model knows nearly all that can be known
    )
