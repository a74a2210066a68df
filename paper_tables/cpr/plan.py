"""The `papers: cpr:` part of a scale (config/<scale>.yaml), checked: what of the paper is run at that scale."""

from collections.abc import Mapping
from dataclasses import dataclass

from datasets.pipeline.errors import BadInput
from paper_tables.cpr.dose import read_dose
from paper_tables.dose import Dose
from paper_tables.measures import Measures
from paper_tables.scale_part import choice, part_of, whole_numbers

MEASURES = Measures("cpr", "CPR", ("hr", "ndcg"), 10)
SYNTHETIC, MIND = "cpr-synthetic", "mind-small"
# The order of the paper's tables. A scale may run fewer; what it leaves out stands in the tables as not run.
FEEDBACKS = ("nonlinear", "linear")
DIMS = (16, 32)
NOISES = (0, 0.2)  # standard deviation
KS = (1, 2, 3)
BASELINES = ("popularity", "item-knn", "cdae")
ANCHORS = ("bpr", "gmf", "mlp", "neumf", "lightgcn")
LEARNED, RANDOM = "cpr-l", "cpr-r"
STRATEGIES = (RANDOM, LEARNED)
HEADLINE, PRINTED = "closed-mirrored", "printed"  # readings of the generator's formulas (its card says why)
_KEYS = {
    "feedbacks",
    "dims",
    "noises",
    "readings",
    "data_seeds",
    "ks",
    "baselines",
    "others",
    "anchors",
    "mind",
    "seeds",
    "dose",
    "targets",
}


@dataclass(frozen=True)
class Plan:
    """readings: of the generator, the headline's first; data_seeds: draws of each synthetic setting; ks: of the noise
    filter; others: recommenders of other papers that stand in Table 1, too; mind: the data set of Tables 3 and 4, or
    ""; seeds: of training; settings: the scale's settings by section; searched: whether settings are tuned; dose:
    worlds whose truth is known.
    """

    feedbacks: tuple[str, ...]
    dims: tuple[int, ...]
    noises: tuple[float, ...]
    readings: tuple[str, ...]
    data_seeds: tuple[int, ...]
    ks: tuple[int, ...]
    baselines: tuple[str, ...]
    others: tuple[str, ...]
    anchors: tuple[str, ...]
    mind: str
    seeds: tuple[int, ...]
    settings: Mapping[str, Mapping]
    searched: bool
    dose: Dose | None


def read_plan(scale: Mapping) -> Plan:
    """Check the scale's `papers: cpr:` and fill in the paper's own lists where it says nothing.

    Raises BadInput with the key that is unknown or malformed.
    """
    where, part = part_of(scale, "cpr", _KEYS)
    readings = part.get("readings", (HEADLINE, PRINTED))
    if isinstance(readings, str) or not readings:
        raise BadInput(f"{where}.readings: expected a list, the headline's first, got {readings!r}")
    mind = part.get("mind", "")
    if mind not in ("", MIND):
        raise BadInput(f"{where}.mind: unknown '{mind}'; expected {MIND}, or nothing where it is not run")
    anchors = choice(where, part, "anchors", ANCHORS)
    return Plan(
        feedbacks=choice(where, part, "feedbacks", FEEDBACKS),
        dims=choice(where, part, "dims", DIMS),
        noises=choice(where, part, "noises", NOISES),
        readings=tuple(readings),
        data_seeds=whole_numbers(where, part.get("data_seeds"), "data_seeds"),
        ks=choice(where, part, "ks", KS),
        baselines=choice(where, part, "baselines", BASELINES),
        others=tuple(part.get("others") or ()),
        anchors=anchors,
        mind=mind,
        seeds=whole_numbers(where, part.get("seeds", scale.get("seeds"))),
        settings=scale.get("settings") or {},
        searched=bool(scale.get("tuning")),
        dose=read_dose(f"{where}.dose", part.get("dose"), anchors, STRATEGIES),
    )
