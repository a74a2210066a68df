"""The first question to a report: which method is best on this data, and is the next one significantly worse?

Like with like: all methods of one data set are ranked among the same candidates, those of the headline that most of
them have. Draws of one data set count as one. No torch.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import pandas as pd

from datasets.pipeline.card import card
from methods.cards import load_card, treatment_method
from paper_tables.cell import Cell
from paper_tables.differences import mean_difference, percent, user_differences
from paper_tables.draws import Draws
from paper_tables.labels import cell_label
from paper_tables.report.read import label
from paper_tables.report.tables import Column, Table, records, table
from paper_tables.results import NOT_RUN, Result
from paper_tables.spec.paper import paper
from paper_tables.standing_words import LEVEL
from paper_tables.statistics import holm, interval, sign_flip

DATA_SEED = "seed"  # the variant of a card that only draws the data again; so do the worlds of a paper's `dose`
SHOWN = ("", "control")  # variants of a cell: its other settings are no methods of their own
CANDIDATES = {"kept": "history kept", "removed": "history removed"}
COLUMNS = (
    Column("place", "Place", "count"),
    Column("method", "Method"),
    Column("mean", "Mean, %", "fixed"),
    Column("std", "± over seeds", "fixed"),
    Column("seeds", "Seeds or draws", "count"),
    Column("difference", "Minus the best", "signed"),
    Column("low", "95 % from", "signed"),
    Column("high", "to", "signed"),
    Column("p_value_holm", "p (Holm)", "figures"),
    Column("told", "Significantly worse?"),
    Column("headline", "Own headline"),
    Column("flags", "Flags"),
    Column("cell", "Cell", "cell"),
)
NOTE = (
    "Percent; differences in percentage points, with intervals over users, for these trained models. Test: paired sign "
    "flip against the best, unit the user, Holm's correction over the table. The best was chosen by these same "
    "numbers, so that its lead is a little too large. The random controls stand among the methods."
)


@dataclass(frozen=True)
class Best:
    """One data set: the answer in a sentence, and all its methods by the headline metric."""

    answer: str
    shown: Table


def best(name: str, found: Iterable[Result]) -> list[Best]:
    """One for each data set and split on which at least two methods of the paper are done."""
    headline = paper(name).selection
    again = {DATA_SEED, paper(name).dose.get("draws", {}).get("variant")}
    groups = [each for each in places(found, again) if len(each[1]) > 1]
    return [_of_place(name, number, *of, headline.name, int(headline.k)) for number, of in enumerate(groups, 1)]


def places(found: Iterable[Result], again: Collection[str]) -> list[tuple[str, list[Draws]]]:
    """The finished methods of each data set and split, each with all draws of the data set. again: the variants of a
    card that only draw it again."""
    every: dict[tuple, dict[str, dict[str, Result]]] = {}
    for result in found:
        if result.cell.variant in SHOWN:
            about, split = card(result.cell.dataset), result.cell.split_name
            drawn = ", ".join(f"{key} {value}" for key, value in about.variant.items() if key not in again)
            place = every.setdefault((about.base, drawn, split.way), {})
            place.setdefault(result.cell.name, {})[result.cell.split] = result
    return [(drawn, [each for each in _aligned(of) if each.done]) for (_, drawn, _), of in every.items()]


def _aligned(place: dict[str, dict[str, Result]]) -> list[Draws]:
    """The same draws in the same order for each cell, so that any two can be paired."""
    splits = list(dict.fromkeys(split for of in place.values() for split in of))
    found = []
    for of in place.values():
        first = next(iter(of.values()))
        missing = {split: Result(replace(first.cell, split=split), NOT_RUN, "", first.folder) for split in splits}
        found.append(Draws(tuple({**missing, **of}.values())))
    return found


def _of_place(name: str, number: int, drawn: str, group: list[Draws], metric: str, cutoff: int) -> Best:
    reading = Counter(each.reading for each in group).most_common(1)[0][0]
    ordered = sorted(group, key=lambda each: -each.values(metric, cutoff, reading=reading).mean())
    rows = pd.DataFrame([_row(each, ordered[0], metric, cutoff, reading) for each in ordered])
    rows["place"] = range(1, len(rows) + 1)
    rows["p_value_holm"] = holm(rows["p_value"].to_numpy())
    rows["told"] = [_told(row, place) for place, row in enumerate(rows.itertuples())]
    cell, draws = ordered[0].cell, len(ordered[0].results)
    place = label(card(cell.dataset).base) if draws > 1 else label(cell.dataset)
    way = cell.split_name.way.replace("loo", "leave-one-out").replace("others", "other users").replace(".", ", ")
    where = f"{place} ({drawn}), {way}" if drawn and draws > 1 else f"{place}, {way}"
    head = f"{metric.upper()}@{cutoff}, {CANDIDATES[reading]}"
    title = f"{where}: {head}"
    shown = records(rows.astype(object).where(rows.notna(), "").to_dict("records"))
    return Best(answer(where, head, rows), table(f"{name}-best-{number}", title, shown, COLUMNS, NOTE))


def _row(each: Draws, first: Draws, metric: str, cutoff: int, reading: str) -> dict:
    mean, deviation = percent(each.values(metric, cutoff, reading=reading))
    row = {"method": method(each.cell), "mean": mean, "std": deviation, "seeds": len(each.seeds)}
    row |= {"headline": "" if each.reading == reading else CANDIDATES[each.reading]}
    row |= {"flags": "; ".join(each.flags), "cell": each.identifier, "p_value": float("nan")}
    if each is first:
        return row
    row["difference"] = mean_difference(each, first, metric, cutoff, reading)
    apart = user_differences(each, first, metric, cutoff, reading)
    if apart is not None:
        row["low"], row["high"] = interval(100 * apart)
        row["p_value"] = sign_flip(apart)
    return row


def method(cell: Cell) -> str:
    """`H-NARM, sampler STAMP`; of an oracle also that it is one."""
    knows = cell.treatment and load_card(treatment_method(cell.treatment)[0]).sees_truth
    return cell_label(cell) + " (knows the truth)" * bool(knows)


def _told(row: object, place: int) -> str:
    if place == 0:
        return "the best"
    return "not tested" if row.p_value_holm != row.p_value_holm else "yes" if row.p_value_holm < LEVEL else "no"


def answer(where: str, head: str, rows: pd.DataFrame) -> str:
    """`Last.fm: SASRec is best of 12 (NDCG@5 …). The next, STAMP, is 0.1 lower (…): not significantly worse.`"""
    first, second = rows.iloc[0], rows.iloc[1]
    said = f"{where}: {first.method} is best of {len(rows)} ({first['mean']:.2f} %; {head}). "
    said += f"The next, {second.method}, is {-second.difference:.2f} points lower"
    if second.told == "not tested":
        return f"{said}; no test, because the ranks of each user are not here."
    said += f" (95 %: {-second.high:.2f} to {-second.low:.2f}; corrected p {_chance(second.p_value_holm)}): "
    counts = Counter(rows["told"].iloc[2:])
    rest = f" Of the other {len(rows) - 2}, {counts['yes']} are significantly worse."
    rest = rest if len(rows) > 2 else ""
    return said + ("significantly worse." if second.told == "yes" else "not significantly worse.") + rest


def _chance(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"
