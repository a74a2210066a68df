"""What in a data set could make a metric meaningless, found before anything is trained.

Each finding is {check, level, value, meaning}. `value` is a share in [0, 1] unless the meaning says otherwise. Levels:
`ok`; `note`, good to know; `warning`, to be said beside every number; `error`, a metric on this data says nothing about
a model unless the cause is removed (by another order, another file).
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from datasets.pipeline.card import Card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.exposure_audit import inspect_exposures
from datasets.pipeline.exposures import INTERVENTIONAL
from datasets.pipeline.files import read_json, unchanged, write_json
from datasets.pipeline.finding import Finding, graded
from datasets.pipeline.list_audit import inspect_lists
from datasets.pipeline.lists import lists_from
from datasets.pipeline.orders import put_in_order
from datasets.pipeline.protocols import Parts, leave_one_out, places
from datasets.pipeline.time_audit import inspect_time

READ = {"counts", "files", "printed", "raw", "recipe", "rows_left"}  # keys of data.json
COUNTS = ("lists", "interactions", "users", "items")


def audit(card: Card, results: Path) -> list[dict]:
    """Write `results`/data/<name>/audit.json for the data in its default order, held-out items as in `loo`."""
    data = Path(results) / "data" / card.name
    prepared = read_json(data / "data.json", sealed=True)
    if missing := READ - prepared.keys():
        raise BadInput(f"{data / 'data.json'}: key '{min(missing)}' is missing; prepare the data set again")
    rows = pd.read_parquet(unchanged(data / "interactions.parquet", prepared))
    interactions = put_in_order(rows, card.orders[card.default_order])
    findings = [
        _source(prepared),
        *printed_counts(prepared),
        recipe_steps(prepared),
        *_time(interactions, card),
        *inspect_sequences(interactions),
    ]
    if "lists" in prepared["counts"]:
        findings += inspect_lists(lists_from(pd.read_parquet(unchanged(data / "lists.parquet", prepared))))
    if "exposures" in prepared["counts"]:
        order = card.orders[card.default_order]
        shown = put_in_order(pd.read_parquet(unchanged(data / "exposures.parquet", prepared)), order)
        shown = shown.iloc[np.lexsort((shown["regime"] == INTERVENTIONAL, shown["user"]))]
        findings += inspect_exposures(shown, card.decisions, ordered=order.seed is None)
    content = [asdict(finding) for finding in findings]
    write_json(data / "audit.json", {"findings": content})
    return content


def inspect_sequences(interactions: pd.DataFrame) -> list[Finding]:
    """All findings that need only `user` and `item`, rows sorted by user, each user's in order."""
    users, items = interactions["user"].to_numpy(np.int64), interactions["item"].to_numpy(np.int64)
    parts = leave_one_out(interactions)
    return [
        *_repeats(users, items, parts),
        *_targets(items, parts),
        *_users(users, items, parts),
        *_artefacts(users, items),
    ]


def _source(prepared: Mapping) -> Finding:
    unverified = [name for name, file in prepared["files"].items() if not file["verified"]]
    if unverified:
        meaning = f"checksum not that of the original: {', '.join(unverified)}; results say 'unverified source'"
        return Finding("source", "warning", len(unverified) / len(prepared["files"]), meaning)
    return Finding("source", "ok", 0.0, "every raw file is the original by its checksum")


def recipe_steps(prepared: Mapping) -> Finding:
    """What the recipe left out, step by step; rows without an identifier are worth a note."""
    rows = [prepared["raw"]["interactions"], *prepared["rows_left"]]
    steps = [next(iter(step.items())) for step in prepared["recipe"]]
    lost = [before - left for before, left in zip(rows, rows[1:], strict=False)]
    said = ", ".join(f"{count:,} by {name}: {of}" for (name, of), count in zip(steps, lost, strict=True)) or "none"
    nameless = sum(count for (name, _), count in zip(steps, lost, strict=True) if name == "drop_missing")
    level = "note" if nameless else "ok"
    return Finding("recipe", level, round(1 - rows[-1] / rows[0], 6), f"of the file's rows are left out: {said}")


def printed_counts(prepared: Mapping) -> list[Finding]:
    """For each paper that counts this data: what share of its counts is here. prepared: content of data.json."""
    findings = []
    for paper, printed in prepared["printed"].items():
        measured = {count: prepared["counts"][count] for count in COUNTS if count in printed}
        share = min(1.0, *(measured[count] / printed[count] for count in measured))
        level = ("ok", "note", "warning")[(share < 0.99) + (share < 0.5)]
        beside = ", ".join(f"{measured[count]:,} of {printed[count]:,} {count}" for count in measured)
        meaning = f"of the counts that {paper} prints, the least of: {beside}"
        findings.append(Finding("printed counts", level, round(share, 6), meaning))
    return findings


def _time(interactions: pd.DataFrame, card: Card) -> list[Finding]:
    if not card.has_time:
        meaning = f"the data has no time; order '{card.default_order}' is an assumption: {card.default_order_reason}"
        return [Finding("time", "warning", 0.0, meaning)]
    return inspect_time(interactions)


def _repeats(users: np.ndarray, items: np.ndarray, parts: Parts) -> list[Finding]:
    again = pd.Series(users * (items.max(initial=0) + 1) + items).duplicated().to_numpy()
    return [
        graded("repeated pairs", _share(again), (0.0, 0.5), "of rows repeat an earlier row of the same user and item"),
        graded(
            "test item in history",
            _share(again[parts.test]),
            (0.0, 0.05),
            "of test items stand in the user's history already; ranking with seen items removed cannot find them",
        ),
    ]


def _targets(items: np.ndarray, parts: Parts) -> list[Finding]:
    targets = items[parts.test]
    seen = np.bincount(items[parts.train], minlength=items.max(initial=0) + 1) > 0
    return [
        graded(
            "constant target",
            np.bincount(targets).max() / len(targets) if len(targets) else 0.0,
            (0.02, 0.1, 0.5),
            "of users have the same test item; a constant answer is right for that many",
        ),
        graded("cold test items", _share(~seen[targets]), (0.0, 0.05, 0.5), "of test items never occur in training"),
    ]


def _users(users: np.ndarray, items: np.ndarray, parts: Parts) -> list[Finding]:
    place, _ = places(users)
    begin = np.flatnonzero(place == 0)
    # a sum of random-looking numbers for (item, place): equal for equal sequences, and else almost never
    prints = pd.util.hash_array(items * (place.max(initial=0) + 1) + place)
    copies = pd.Series(np.add.reduceat(prints, begin)).duplicated().to_numpy()
    return [
        graded("short histories", 1 - len(parts.test) / len(begin), (0.0, 0.2, 0.9), "of users have no held-out item"),
        graded("duplicated users", _share(copies), (0.0, 0.01, 0.5), "of users have another user's whole sequence"),
    ]


def _artefacts(users: np.ndarray, items: np.ndarray) -> list[Finding]:
    place, rows = places(users)
    begin = np.flatnonzero(place == 0)
    step = np.diff(items, prepend=0)
    inner = place > 0
    falls = np.add.reduceat((inner & (step < 0)).astype(np.int64), begin)
    rises = np.add.reduceat((inner & (step > 0)).astype(np.int64), begin)
    long = rows[begin] >= 5  # of shorter histories some rise by chance
    rising, falling = _share((falls == 0)[long]), _share((rises == 0)[long])
    upward = _share((step > 0)[inner])
    return [
        graded(
            "monotone identifiers",
            max(rising, falling),
            (0.02, 0.1, 0.5),
            f"of users have identifiers that only {'rise' if rising >= falling else 'fall'}: an order of the file's "
            "making; a model learns to count, and the held-out item is the last number",
        ),
        graded(
            "identifiers rise",
            abs(2 * upward - 1),
            (0.1, 0.3, 0.9),
            f"from chance (0) to always the same way (1); {upward:.1%} of steps rise",
        ),
        graded(
            "position predicts item",
            _explained(place / np.maximum(rows - 1, 1), items),
            (0.1, 0.3, 0.6),
            "of the variance of an item's place in the histories is the item's own",
        ),
        graded(
            "constant positions",
            _constant_positions(place, items, len(begin)),
            (0.0, 0.1, 0.5),
            "of places (those that half of the users reach) hold one item for most users",
        ),
    ]


def _explained(value: np.ndarray, group: np.ndarray) -> float:
    """Share of the variance of `value` between groups, corrected for the number of groups (adjusted R squared)."""
    _, group, sizes = np.unique(group, return_inverse=True, return_counts=True)
    freedom = len(value) - len(sizes)
    total = ((value - value.mean()) ** 2).sum()
    if freedom <= 0 or total == 0:
        return 0.0
    means = np.bincount(group, weights=value) / sizes
    within = ((value - means[group]) ** 2).sum()
    return max(0.0, 1 - (within / freedom) / (total / (len(value) - 1)))


def _constant_positions(place: np.ndarray, items: np.ndarray, users: int) -> float:
    """Share of the places, among those that at least half of the users reach, where one item is held by most."""
    reached = np.bincount(place)
    common = reached >= max(2, users / 2)
    inside = common[place]
    counts = pd.Series(items[inside]).groupby(place[inside]).agg(lambda held: held.value_counts().iloc[0])
    return _share(counts.to_numpy() > reached[counts.index] / 2)


def _share(mask: np.ndarray) -> float:
    return float(mask.mean()) if len(mask) else 0.0
