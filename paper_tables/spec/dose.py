"""What a scale runs of a paper's dose: each anchor in worlds whose truth is known, trained with an oracle's answers, of
which a rate is wrong (kinds/dose.py shows it). No pandas here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datasets.pipeline.card import variant_name
from datasets.pipeline.errors import BadInput
from datasets.pipeline.schema import Schema
from datasets.pipeline.split_name import SplitName
from paper_tables.cell import Cell
from paper_tables.scale_part import SEEDS, inside, keys, some_of
from paper_tables.spec.paper import Paper

CONTROL = "control"
TEXTS = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
RATES = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 1, "uniqueItems": True}


@dataclass(frozen=True)
class Dose:
    """oracle: the treatment that knows the truth; setting: its setting that is the rate; rates: from 0 on; worlds:
    world in words -> the splits of its draws; treatments: the paper's own that are marked; sampled: whether they take a
    sampler, which is then the anchor itself; error: where the card of their sets says the rate; must: the worlds in
    which true answers must help.
    """

    paper: str
    oracle: str
    setting: str
    rates: tuple[float, ...]
    worlds: Mapping[str, tuple[str, ...]]
    anchors: tuple[str, ...]
    treatments: tuple[str, ...]
    sampled: bool
    error: str
    must: tuple[str, ...]

    @property
    def draws(self) -> dict[str, list[str]]:
        """The data sets of each world's draws, by the first one, which stands for them."""
        every = ([SplitName.of(split).dataset for split in splits] for splits in self.worlds.values())
        return {names[0]: names for names in every}

    @property
    def datasets(self) -> tuple[str, ...]:
        return tuple(name for names in self.draws.values() for name in names)

    def point(self, split: str, anchor: str, rate: float) -> Cell:
        """The oracle at a rate: at the card's, which is 0, its main cell."""
        changed = ("", {}) if rate == 0 else (f"{self.setting}{rate:g}", {self.setting: rate})
        return Cell(self.paper, split, anchor, self.oracle, "", *changed)

    def control(self, split: str, anchor: str) -> Cell:
        return Cell(self.paper, split, anchor, self.oracle, "", CONTROL)

    def treated(self, split: str, anchor: str, treatment: str) -> Cell:
        return Cell(self.paper, split, anchor, treatment, anchor if self.sampled else "")

    def cells(self) -> list[Cell]:
        found = []
        for splits in self.worlds.values():
            for split in splits:
                for anchor in self.anchors:
                    found.append(Cell(self.paper, split, anchor))
                    found += [self.point(split, anchor, rate) for rate in self.rates]
                    found.append(self.control(split, anchor))
                    found += [self.treated(split, anchor, treatment) for treatment in self.treatments]
        return list({cell.identifier: cell for cell in found}.values())


def dose_schema(about: Paper) -> Schema:
    """What a scale may say under `papers: <name>: dose:`."""
    content = about.dose
    allowed = {content["choose"]: some_of(content["worlds"], at_least=1), content["draws"]["key"]: SEEDS}
    allowed |= {content["rates"]: RATES, "anchors": TEXTS, "strategies": TEXTS}
    return keys(**allowed) | {"required": [content["draws"]["key"]]}


def read_dose(about: Paper, part: Mapping | None, lists: Mapping[str, Sequence[str]]) -> Dose | None:
    """The scale's part, which the schema allows; None where it says nothing."""
    if part is None:
        return None
    content = about.dose
    draws, shown = content["draws"], part.get(content["choose"], tuple(content["worlds"]))
    worlds = {name: content["worlds"][name] for name in shown}

    def split(world: Mapping, draw: int) -> str:
        dataset = variant_name(world["card"], **world.get("vary", {}), **{draws["variant"]: draw})
        return about.split_of(dataset, protocol=content["split"])

    return Dose(
        paper=about.name,
        oracle=content["oracle"],
        setting=content["setting"],
        rates=_rates(about.name, content["rates"], part),
        worlds={world["words"]: tuple(split(world, draw) for draw in part[draws["key"]]) for world in worlds.values()},
        anchors=_chosen(about.name, "anchors", part, lists["anchors"]),
        treatments=_chosen(about.name, "strategies", part, about.lists["strategies"]),
        sampled="samplers" in about.lists,
        error=content["error"],
        must=tuple(world["words"] for world in content["worlds"].values() if world.get("must")),
    )


def _rates(paper: str, key: str, part: Mapping) -> tuple[float, ...]:
    """The rates of wrong answers that a scale asks for: rising from 0, which is the positive control."""
    found = tuple(part.get(key, (0, 0.25, 0.5, 0.75, 1)))
    if found[0] != 0 or list(found) != sorted(found):
        raise BadInput(f"papers.{paper}.dose.{key} is {list(found)}; expected rates that rise and begin with 0")
    return found


def _chosen(paper: str, key: str, part: Mapping, allowed: Sequence[str]) -> tuple[str, ...]:
    """The anchors or strategies that the scale names, of those that the paper has here; all where it names none."""
    found = tuple(part.get(key, allowed))
    inside(f"papers.{paper}.dose", key, found, allowed)
    return found
