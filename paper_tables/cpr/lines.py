"""The rows of CPR's tables: results over all draws of a setting, and what they are compared with."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from datasets.pipeline.errors import BadInput
from paper_tables import lines
from paper_tables.cell import Cell
from paper_tables.cpr.plan import (
    ANCHORS,
    BASELINES,
    DIMS,
    FEEDBACKS,
    KS,
    LEARNED,
    MIND,
    NOISES,
    PRINTED,
    RANDOM,
    Plan,
)
from paper_tables.cpr.specification import Setting, cells, filtered, other_methods, plain, synthetic
from paper_tables.draws import Draws
from paper_tables.labels import method_label, row_label
from paper_tables.results import Result

Read = Callable[[Cell], Result]


@dataclass(frozen=True)
class SettingLine(lines.Line):
    """A line and its setting; k: size of the noise filter, None of a plain method."""

    of: Setting | None = None
    k: int | None = None


def reader(scale: Mapping, results: Path) -> Read:
    return lines.reader(cells(scale), results)


def table1_settings(plan: Plan) -> list[Setting]:
    """All of the paper's, whatever the scale runs, in every reading of the scale."""
    return [
        synthetic(plan, feedback, dim, 0, reading)
        for reading in plan.readings
        for feedback in FEEDBACKS
        for dim in DIMS
    ]


def table2_settings(plan: Plan) -> list[Setting]:
    return [
        synthetic(plan, FEEDBACKS[0], dim, noise, reading)
        for reading in plan.readings
        for noise in NOISES
        for dim in DIMS
    ]


def mind_setting() -> Setting:
    return Setting(MIND, (MIND,))


def main_lines(plan: Plan, read: Read, settings: Iterable[Setting]) -> Iterator[SettingLine]:
    """Baselines and other methods; then each anchor alone, with random and with learned interventions."""
    blocks = {"baselines": BASELINES, "other methods": other_methods(plan)}
    for setting in settings:
        for block, methods in blocks.items():
            for name in methods:
                yield _line(setting, block, _draws(read, setting, name))
        for anchor in ANCHORS:
            yield from _anchor_lines(read, setting, anchor)


def filter_lines(plan: Plan, read: Read) -> Iterator[SettingLine]:
    """Table 2: each anchor alone, and with learned interventions at every size k of the noise filter."""
    for setting in table2_settings(plan):
        for anchor in ANCHORS:
            alone = _draws(read, setting, anchor)
            yield _line(setting, method_label(anchor), alone)
            for k in KS:
                names = (filtered(plan, dataset, anchor, k) for dataset in setting.datasets)
                result = _checked(Draws(tuple(map(read, names))), k)
                yield replace(_line(setting, method_label(anchor), result, {"plain": alone}), k=k)


def compared_lines(plan: Plan, read: Read) -> list[SettingLine]:
    """The treated lines of Tables 1 and 3, with all that they are compared with."""
    settings = [*table1_settings(plan), mind_setting()]
    return [line for line in main_lines(plan, read, settings) if line.against]


def _anchor_lines(read: Read, setting: Setting, anchor: str) -> Iterator[SettingLine]:
    alone, random, learned = (_draws(read, setting, anchor, treatment) for treatment in ("", RANDOM, LEARNED))
    control = _draws(read, setting, anchor, LEARNED, "control")
    yield _line(setting, method_label(anchor), alone)
    yield _line(setting, method_label(anchor), random, {"plain": alone})
    yield _line(setting, method_label(anchor), learned, {"plain": alone, "control": control, "random": random})


def _line(setting: Setting, block: str, result: Draws, against: Mapping[str, Draws] | None = None) -> SettingLine:
    row = row_label(result.cell.anchor, result.cell.treatment)
    k = result.setting("treatment", "k")
    return SettingLine(row, block, setting.base, result, against or {}, words(setting), family(setting), setting, k)


def words(setting: Setting) -> str:
    """What identifies a setting beside its data set."""
    if not setting.reading:
        return ""
    noise = f"noise={setting.noise:g};" if setting.noise else ""
    return f"feedback={setting.feedback};dim={setting.dim};{noise}reading={setting.reading}"


def family(setting: Setting) -> str:
    """Of which settings the tests are corrected together: as printed both feedbacks have the same cells, and no test
    counts twice."""
    if setting.reading == PRINTED:
        return f"all synthetic settings of the reading {PRINTED}, {setting.feedback} feedback"
    return f"all synthetic settings of the reading {setting.reading}" if setting.reading else setting.base


def _draws(read: Read, setting: Setting, anchor: str, treatment: str = "", variant: str = "") -> Draws:
    return Draws(tuple(read(plain(dataset, anchor, treatment, variant)) for dataset in setting.datasets))


def _checked(result: Draws, k: int) -> Draws:
    """Refuse a cell that was run with another k than its place in Table 2 says."""
    for each in result.finished:
        if each.setting("treatment", "k") != k:
            raise BadInput(
                f"{each.folder}: k is {each.setting('treatment', 'k')}, but Table 2 wants {k}; set it in the scale's "
                "file, not in the data set's, or run the cell again"
            )
    return result
