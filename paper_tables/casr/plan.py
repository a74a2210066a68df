"""The `papers: casr:` part of a scale (config/<scale>.yaml), checked: what of the paper is run at that scale."""

from collections.abc import Mapping
from dataclasses import dataclass

from datasets.pipeline.errors import BadInput
from paper_tables.casr.dose import read_dose
from paper_tables.dose import Dose
from paper_tables.measures import Measures
from paper_tables.recommenders import CONTROLS
from paper_tables.scale_part import choice, inside, known, part_of, whole_numbers

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
FIGURES = {"figure3": "shares", "figure4": "rounds", "figure5": "kappas", "figure6": "indices"}
_KEYS = {
    "datasets",
    "baselines",
    "controls",
    "others",
    "anchors",
    "strategies",
    "samplers",
    "orders",
    "twins",
    "figures",
    "combinations",
    "case_study",
    "dose",
    "targets",
}


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
    where, part = part_of(scale, "casr", _KEYS)
    datasets = part.get("datasets") or {}
    if not isinstance(datasets, Mapping) or not (datasets or "dose" in part):
        raise BadInput(f"{where}.datasets: expected at least one data set, as a mapping")
    anchors = choice(where, part, "anchors", ANCHORS)
    dose = read_dose(f"{where}.dose", part.get("dose"), anchors, STRATEGIES)
    seeds, augmented = {}, {}
    for dataset, options in datasets.items():
        options = options or {}
        here = f"{where}.datasets.{dataset}"
        known(here, options, {"seeds", "augmented"})
        seeds[dataset] = whole_numbers(here, options.get("seeds", scale.get("seeds")))
        augmented[dataset] = choice(here, options, "augmented", anchors)
    if dose:
        seeds |= dict.fromkeys(dose.datasets, whole_numbers(where, scale.get("seeds")))
    return Plan(
        seeds=seeds,
        augmented=augmented,
        baselines=choice(where, part, "baselines", BASELINES),
        controls=choice(where, part, "controls", CONTROLS),
        others=tuple(part.get("others") or ()),
        anchors=anchors,
        strategies=choice(where, part, "strategies", STRATEGIES),
        samplers=choice(where, part, "samplers", ANCHORS),
        orders={d: tuple(orders) for d, orders in _of(where, part, "orders", datasets).items()},
        twins=tuple(part.get("twins") or ()),
        figures=_figures(where, part.get("figures") or {}, datasets),
        combinations={d: tuple(pair) for d, pair in _of(where, part, "combinations", datasets).items()},
        case_study=_case_study(where, part.get("case_study", ""), datasets),
        settings=scale.get("settings") or {},
        dose=dose,
    )


def _figures(where: str, figures: Mapping, datasets: Mapping) -> dict:
    known(f"{where}.figures", figures, FIGURES)
    found = {}
    for figure, options in figures.items():
        here = f"{where}.figures.{figure}"
        values = FIGURES[figure]
        known(here, options, {"datasets", values})
        for x in options.get(values) or ():
            if not isinstance(x, int | float) or isinstance(x, bool):
                raise BadInput(f"{here}.{values}: {x!r} is no number (YAML wants 1.0e-8 with the point, not 1e-8)")
        chosen = tuple(options.get("datasets") or ())
        inside(f"{here}.datasets", chosen, datasets)
        found[figure] = (chosen, tuple(options.get(values) or ()))
    return found


def _case_study(where: str, dataset: str, datasets: Mapping) -> str:
    inside(f"{where}.case_study", [dataset] if dataset else [], datasets)
    return dataset


def _of(where: str, part: Mapping, key: str, datasets: Mapping) -> Mapping:
    """A mapping of the scale whose keys are data sets of the scale."""
    found = part.get(key) or {}
    inside(f"{where}.{key}", tuple(found), datasets)
    return found
