"""CPR's part of the dose curves: a world with tastes to learn, and the paper's own (paper_tables/dose.py)."""

from collections.abc import Mapping, Sequence

from datasets.pipeline.card import variant_name
from paper_tables.dose import RATES, TEXTS, Dose, chosen, rates
from paper_tables.scale_part import SEEDS, keys, some_of

WORLDS = {"tastes": "a world of tastes", "cpr-synthetic": "the paper's world"}


DOSE = keys(
    worlds=some_of(WORLDS, at_least=1),
    data_seeds=SEEDS,
    zetas=RATES,
    anchors=TEXTS,
    strategies=TEXTS,
) | {"required": ["data_seeds"]}


def read_dose(part: Mapping | None, anchors: Sequence[str], strategies: Sequence[str]) -> Dose | None:
    """The scale's `papers: cpr: dose:`, which DOSE allows; None where it says nothing."""
    if part is None:
        return None
    return Dose(
        paper="cpr",
        oracle="oracle-choice-t",
        setting="zeta",
        rates=rates("cpr", "zetas", part),
        worlds={
            WORLDS[name]: tuple(f"{variant_name(name, seed=seed)}.loo" for seed in part["data_seeds"])
            for name in part.get("worlds", tuple(WORLDS))
        },
        anchors=chosen("cpr", "anchors", part, anchors),
        treatments=chosen("cpr", "strategies", part, strategies),
        sampled=False,
        error="zeta_decided",
        must=(WORLDS["tastes"],),  # in the paper's own world a model knows nearly all that can be known
    )
