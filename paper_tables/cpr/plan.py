"""The `papers: cpr:` part of a scale (config/<scale>.yaml), checked: what of the paper is run at that scale."""

from collections.abc import Mapping
from dataclasses import dataclass

from datasets.pipeline.card import card
from paper_tables.cpr.dose import DOSE, read_dose
from paper_tables.dose import Dose
from paper_tables.measures import Measures
from paper_tables.scale_part import SEEDS, keys, part_of, seeds_of, some_of

MEASURES = Measures("cpr", "CPR", ("hr", "ndcg"), 10)
SYNTHETIC, MIND = "cpr-synthetic", "mind-small"
# The order of the paper's tables. A scale may run fewer; what it leaves out stands in the tables as not run.
FEEDBACKS = ("nonlinear", "linear")
DIMS = (16, 32)
NOISES = (0, 0.2)  # standard deviation
KS = (1, 2, 3)
DRAWS = tuple(card(SYNTHETIC).variants["seed"].values())
BASELINES = ("popularity", "item-knn", "cdae")
ANCHORS = ("bpr", "gmf", "mlp", "neumf", "lightgcn")
LEARNED, RANDOM = "cpr-l", "cpr-r"
STRATEGIES = (RANDOM, LEARNED)
HEADLINE, PRINTED = "closed-mirrored", "printed"  # readings of the generator's formulas (its card says why)
SCHEMA = keys(
    feedbacks=some_of(FEEDBACKS),
    dims=some_of(DIMS),
    noises=some_of(NOISES),
    readings=some_of(card(SYNTHETIC).variants["reading"].values(), at_least=1),
    data_seeds=SEEDS | {"items": {"type": "integer", "minimum": min(DRAWS), "maximum": max(DRAWS)}},
    ks=some_of(KS),
    baselines=some_of(BASELINES),
    others={"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    anchors=some_of(ANCHORS),
    mind={"enum": [MIND, ""]},  # nothing where it is not run
    seeds=SEEDS,
    dose=DOSE,
    targets={"type": "array", "items": {"type": "string"}, "uniqueItems": True},
) | {"required": ["data_seeds"]}


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
    file, part = part_of(scale, "cpr", SCHEMA)
    return Plan(
        feedbacks=tuple(part.get("feedbacks", FEEDBACKS)),
        dims=tuple(part.get("dims", DIMS)),
        noises=tuple(part.get("noises", NOISES)),
        readings=tuple(part.get("readings", (HEADLINE, PRINTED))),
        data_seeds=tuple(part["data_seeds"]),
        ks=tuple(part.get("ks", KS)),
        baselines=tuple(part.get("baselines", BASELINES)),
        others=tuple(part.get("others", ())),
        anchors=tuple(part.get("anchors", ANCHORS)),
        mind=part.get("mind", ""),
        seeds=seeds_of(file, "papers.cpr", scale, part),
        settings=scale.get("settings") or {},
        searched=bool(scale.get("tuning")),
        dose=read_dose(part.get("dose"), tuple(part.get("anchors", ANCHORS)), STRATEGIES),
    )
