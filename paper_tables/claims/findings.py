"""All claims of a paper, each answered twice: by the paper's own printed numbers, and by ours."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from paper_tables.claims import decide, kinds
from paper_tables.claims.claim import DATASETS, EXACT, SEEDS, Claim, claims
from paper_tables.claims.evidence import over_seeds, printed_evidence

NOT_PRINTED, NOT_RUN = "not printed", "not run"
COLUMNS = (
    "paper id asked_by wording where statistic number support contradiction unit "
    "printed_answer printed_value printed_low printed_high printed_comparisons printed_datasets printed_note "
    "measured_answer measured_value measured_low measured_high measured_comparisons measured_datasets measured_seeds "
    "measured_by_dataset measured_note flags needed why"
).split()


_NO_NUMBER = {"part": "the treatments have no gain to share out", "contrast": "one of the two groups is empty"}


@dataclass(frozen=True)
class Finding:
    """What one side says. low, high: the 95 % interval over the claim's unit, NaN where there is none."""

    answer: str
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    comparisons: int = 0
    datasets: int = 0
    seeds: int = 0
    by_dataset: str = ""
    note: str = ""
    flags: str = ""
    needed: str = ""


def ledger(paper: str, measured: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row for each claim. `measured` is evidence (evidence.py), a row for each seed; none where nothing was run."""
    if measured is not None and measured.empty:
        measured = None  # columns without a row have no type to count with
    printed, means = printed_evidence(paper), None if measured is None else over_seeds(measured)
    rows = [
        _row(paper, claim, printed_finding(claim, printed), measured_finding(claim, measured, means))
        for claim in claims(paper)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def printed_finding(claim: Claim, rows: pd.DataFrame) -> Finding:
    """Whether the printed numbers bear the claim out. It is about just these, so that the number itself decides; the
    interval over the data sets, where there is one, says how far it would carry to others.
    """
    found = kinds.parts(rows, claim.cells, claim.statistic)
    if not len(found.rows):
        return Finding(NOT_PRINTED)
    _, low, high = _over_datasets(found)
    sound = kinds.parts(rows[~rows["suspect"]], claim.cells, claim.statistic)
    note = ""
    if suspect := len(found.rows) - len(sound.rows):
        without = f"without them {sound.value:.3g}: {_said(claim, sound.value)}" if len(sound.rows) else "no others"
        note = f"{suspect} of {len(found.rows)} comparisons stand on suspect numbers only; {without}"
    return Finding(_said(claim, found.value), found.value, low, high, *_size(found), note=note)


def measured_finding(claim: Claim, rows: pd.DataFrame | None, means: pd.DataFrame | None) -> Finding:
    """Whether our numbers bear the claim out: the interval over the claim's unit decides (decide.py).

    `rows` is evidence with a row for each seed, `means` the same averaged over the seeds.
    """
    if rows is None:
        return Finding(NOT_RUN)
    found = kinds.parts(means, claim.cells, claim.statistic)
    if not len(found.rows):
        return Finding(NOT_RUN)
    used = kinds.select(rows, claim.cells)
    used = used[used["dataset"].isin(found.rows["dataset"])]
    by_dataset, seeds = found.by_dataset, _by_seed(claim, used)
    value, low, high = {
        DATASETS: lambda: _over_datasets(found),
        SEEDS: lambda: decide.over_seeds(seeds),
        EXACT: lambda: (found.value,) * 3,
    }[claim.unit]()
    if found.nothing_but_ties:
        tied = "every comparison is an exact tie: nothing that was compared differs"
        return Finding(decide.UNDECIDED, value, low, high, *_size(found), note=tied, flags=_flags(used))
    said, note, needed = decide.answer(claim.support, claim.contradiction, value, low, high), "", ""
    if said == decide.UNDECIDED and claim.everywhere and claim.unit == DATASETS:
        if clear := kinds.counterexamples(used, {}, claim.statistic):
            said, note = decide.NOT_SUPPORTED, f"{clear} of {len(found.rows)} comparisons clearly break it"
    if said == decide.UNDECIDED:
        needed = _needed(claim, found, seeds)
        note = _NO_NUMBER.get(claim.statistic["kind"], "") if np.isnan(value) else ""
    return Finding(
        said, value, low, high, *_size(found),
        seeds=int(used.groupby("dataset")["seed"].nunique().min()),
        by_dataset="; ".join(f"{name} {number:.3g}" for name, number in by_dataset.items()),
        note=note,
        flags=_flags(used),
        needed=needed,
    )  # fmt: skip


def _said(claim: Claim, value: float) -> str:
    return decide.answer(claim.support, claim.contradiction, value, value, value)


def _flags(rows: pd.DataFrame) -> str:
    return "; ".join(sorted({flag for text in rows["flags"].unique() for flag in text.split("; ") if flag}))


def _over_datasets(found: kinds.Parts) -> tuple[float, float, float]:
    """The number over data sets and its interval; where each stands on one side of a contrast only, of the two groups'
    shift."""
    if len(by_dataset := found.by_dataset) or "side" not in found.rows:
        return decide.over_datasets(by_dataset.to_numpy())
    gains = found.rows.groupby(["side", "dataset"])["part"].median()
    first, second = (gains[gains.index.get_level_values("side") == side].to_numpy() for side in ("first", "second"))
    return decide.between_groups(first, second)


def _needed(claim: Claim, found: kinds.Parts, seeds: np.ndarray) -> str:
    if claim.unit == SEEDS:
        return decide.seeds_needed(seeds, claim.support)
    if "side" in found.rows and not len(found.by_dataset):
        return decide.groups_needed(found.rows.groupby("side")["dataset"].nunique())
    return decide.datasets_needed(found.by_dataset, claim.support)


def _by_seed(claim: Claim, rows: pd.DataFrame) -> np.ndarray:
    values = [kinds.parts(some, claim.cells, claim.statistic).value for _, some in rows.groupby("seed")]
    return np.array([value for value in values if value == value])


def _size(found: kinds.Parts) -> tuple[int, int]:
    return len(found.rows), found.rows["dataset"].nunique()


def _row(paper: str, claim: Claim, printed: Finding, measured: Finding) -> dict:
    told = {name: getattr(claim, name) for name in ("id", "asked_by", "wording", "where", "unit", "why", "number")}
    told |= {"paper": paper, "statistic": in_words(claim), "flags": measured.flags, "needed": measured.needed}
    told |= {"support": _bounds(claim.support), "contradiction": _bounds(claim.contradiction)}
    for side, finding in (("printed", printed), ("measured", measured)):
        told |= {f"{side}_{name}": getattr(finding, name)
                 for name in ("answer", "value", "low", "high", "comparisons", "datasets", "note")}  # fmt: skip
    return told | {"measured_seeds": measured.seeds, "measured_by_dataset": measured.by_dataset}


def in_words(claim: Claim) -> str:
    """The statistic as a line of text."""
    statistic = claim.statistic
    best = "the best of " if statistic.get("best") else ""
    name = {key: _cells(cells) for key, cells in statistic.items() if isinstance(cells, dict)}
    of = f"{statistic['curve']} of the curve: " if "curve" in statistic else ""
    pair = f"{best}[{name.get('a')}] against [{name.get('b')}]"
    summary = statistic.get("summary", "median")
    text = {
        "pairs": f"share of pairs: {best}[{name.get('a')}] {statistic.get('relation', '').replace('_', ' ')} "
        f"[{name.get('b')}]",
        "gain": f"{summary} relative gain: {pair}",
        "contrast": f"{summary} relative gain, {pair}: [{name.get('first')}] minus [{name.get('second')}]",
        "winners": f"share of groups whose best is [{name.get('winner')}]",
        "within": f"share {_bounds(statistic.get('range', {}))}",
        "level": "mean",
        "part": f"mean gain of [{name.get('c')}] as a share of that of [{name.get('a')}], over [{name.get('b')}]",
    }[statistic["kind"]]
    return f"{of}{text} ({_cells(claim.cells)})"


def _cells(cells: dict) -> str:
    def listed(value: object) -> str:
        if isinstance(value, dict):
            return f"not {listed(value['not'])}"
        return " or ".join(str(one) if one != "" else "none" for one in (value if isinstance(value, list) else [value]))

    return ", ".join(f"{key} {listed(value)}" for key, value in cells.items())


def _bounds(bounds: dict) -> str:
    return " and ".join(f"{name.replace('_', ' ')} {bound:.4g}" for name, bound in bounds.items())
