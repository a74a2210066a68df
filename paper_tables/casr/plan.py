"""The `papers: casr:` part of a scale (config/<scale>.yaml), checked: what of the paper is run at that scale."""

from collections.abc import Mapping
from dataclasses import dataclass

from datasets.pipeline.card import card
from paper_tables.casr.dose import DOSE, read_dose
from paper_tables.dose import Dose
from paper_tables.measures import Measures
from paper_tables.recommenders import CONTROLS
from paper_tables.scale_part import (
    SEEDS,
    by_dataset,
    inside,
    keys,
    known_dataset,
    part_of,
    seeds_of,
    setting_values,
    some_of,
)

MEASURES = Measures("casr", "CASR", ("f1", "ndcg"), 5)
# The order of the paper's Table 2. A scale may run fewer; what it leaves out stands in the tables as not run.
DATASETS = (
    "movielens-1m",
    "diginetica",
    "foursquare",
    "book-crossing",
    "amazon-video",
    "amazon-baby",
    "amazon-beauty",
    "jester",
    "lastfm",
)
BASELINES = ("bpr", "nais", "fpmc")
ANCHORS = ("narm", "stamp", "sasrec")
STRATEGIES = ("casr-h", "casr-d", "casr-m")
TWINS = ("time",)
# What a figure varies, by its key in a scale's file, and the setting of CASR that it is.
FIGURES = {"figure3": "shares", "figure4": "rounds", "figure5": "kappas", "figure6": "indices"}
SETTINGS = {"shares": "share", "rounds": "rounds", "kappas": "kappa", "indices": "index"}
TEXTS = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
VALUES = {"type": "array", "uniqueItems": True}
OPTIONS = keys(seeds=SEEDS, augmented=some_of(ANCHORS)) | {"type": ["object", "null"]}
SCHEMA = keys(
    datasets={"type": "object", "minProperties": 1, "additionalProperties": OPTIONS},
    baselines=some_of(BASELINES),
    controls=some_of(CONTROLS),
    others=TEXTS,
    anchors=some_of(ANCHORS),
    strategies=some_of(STRATEGIES),
    samplers=some_of(ANCHORS),
    orders=by_dataset(TEXTS),
    twins=some_of(TWINS),
    figures=keys(**{figure: keys(datasets=TEXTS, **{key: VALUES}) for figure, key in FIGURES.items()}),
    combinations=by_dataset({"type": "array", "items": {"enum": list(ANCHORS)}, "minItems": 2, "maxItems": 2}),
    case_study={"type": "string"},
    dose=DOSE,
    targets=TEXTS,
) | {"anyOf": [{"required": ["datasets"]}, {"required": ["dose"]}]}


@dataclass(frozen=True)
class Plan:
    """seeds: data set -> seeds; augmented: data set -> anchors whose augmented cells are run; others: recommenders of
    other papers that stand in Table 2, too; orders: data set -> extra orders of its items; twins: other protocols for
    data that has time; figures: figure -> (data sets, x values); combinations: data set -> (anchor, sampler) of its
    figures; case_study: data set of Figure 7, or ""; settings: the scale's settings by section; dose: worlds whose
    truth is known. Without one there is at least one data set.
    """

    seeds: Mapping[str, tuple[int, ...]]
    augmented: Mapping[str, tuple[str, ...]]
    baselines: tuple[str, ...]
    controls: tuple[str, ...]
    others: tuple[str, ...]
    anchors: tuple[str, ...]
    strategies: tuple[str, ...]
    samplers: tuple[str, ...]
    orders: Mapping[str, tuple[str, ...]]
    twins: tuple[str, ...]
    figures: Mapping[str, tuple[tuple[str, ...], tuple[float, ...]]]
    combinations: Mapping[str, tuple[str, str]]
    case_study: str
    settings: Mapping[str, Mapping]
    dose: Dose | None

    @property
    def datasets(self) -> tuple[str, ...]:
        return tuple(self.augmented)


def read_plan(scale: Mapping) -> Plan:
    """Check the scale's `papers: casr:` and fill in the paper's own lists where it says nothing.

    Raises BadInput with the key that is unknown or malformed.
    """
    file, part = part_of(scale, "casr", SCHEMA)
    datasets, anchors = part.get("datasets", {}), tuple(part.get("anchors", ANCHORS))
    seeds, augmented = {}, {}
    for dataset, options in datasets.items():
        options, here = options or {}, f"papers.casr.datasets.{dataset}"
        known_dataset(file, "papers.casr.datasets", dataset)
        seeds[dataset] = seeds_of(file, here, scale, options)
        augmented[dataset] = tuple(options.get("augmented", anchors))
        inside(file, f"{here}.augmented", augmented[dataset], anchors)
    for key in ("orders", "combinations"):
        inside(file, f"papers.casr.{key}", part.get(key, ()), datasets)
    for dataset, orders in part.get("orders", {}).items():
        inside(file, f"papers.casr.orders.{dataset}", orders, card(dataset).orders)
    dose = read_dose(part.get("dose"), anchors, STRATEGIES)
    if dose:
        seeds |= dict.fromkeys(dose.datasets, seeds_of(file, "papers.casr", scale))
    case_study = part.get("case_study", "")
    inside(file, "papers.casr.case_study", [case_study] if case_study else [], datasets)
    return Plan(
        seeds=seeds,
        augmented=augmented,
        baselines=tuple(part.get("baselines", BASELINES)),
        controls=tuple(part.get("controls", CONTROLS)),
        others=tuple(part.get("others", ())),
        anchors=anchors,
        strategies=tuple(part.get("strategies", STRATEGIES)),
        samplers=tuple(part.get("samplers", ANCHORS)),
        orders={dataset: tuple(orders) for dataset, orders in part.get("orders", {}).items()},
        twins=tuple(part.get("twins", ())),
        figures=_figures(file, part.get("figures", {}), datasets),
        combinations={dataset: tuple(pair) for dataset, pair in part.get("combinations", {}).items()},
        case_study=case_study,
        settings=scale.get("settings") or {},
        dose=dose,
    )


def _figures(file: str, figures: Mapping, datasets: Mapping) -> dict:
    found = {}
    for figure, options in figures.items():
        here, key = f"papers.casr.figures.{figure}", FIGURES[figure]
        chosen, values = tuple(options.get("datasets", ())), tuple(options.get(key, ()))
        inside(file, f"{here}.datasets", chosen, datasets)
        setting_values(file, f"{here}.{key}", "casr", SETTINGS[key], values)
        found[figure] = (chosen, values)
    return found
