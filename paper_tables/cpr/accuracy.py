"""The frame behind Tables 1 to 3: one row for each line, metric and candidates, measured beside printed; fractions."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from paper_tables.cpr.lines import SettingLine
from paper_tables.cpr.plan import MEASURES
from paper_tables.cpr.printed import printed, printed_setting
from paper_tables.draws import Draws
from paper_tables.results import user_differences
from paper_tables.statistics import holm_within, sign_flip

LEVEL = 0.05
# what is ranked -> the reading of a result's metrics; the headline is the first, as the method's card reads it
CANDIDATES = {"all": "", "sampled": "sampled"}
SETTING = "feedback dim noise reading".split()
COLUMNS = (
    "dataset",
    *SETTING,
    *"setting candidates row block anchor method k_filter metric k unit status reason".split(),
    *"mean std_draws std_seeds draws seeds printed difference printed_footnote".split(),
    *"plain gain_percent printed_gain_percent lowered best p_value p_value_holm significant".split(),
    *"n_users history flags cell".split(),
)


def frame(table: int, shown: Iterable[SettingLine]) -> pd.DataFrame:
    """Rows of candidates `sampled` are there where the data has them: the labelled twin, which is no headline.

    mean: over draws, of each its mean over training seeds; std_draws, std_seeds: over draws, and over training seeds
    within draws. gain_percent: over the plain anchor, on the same draws. p_value: paired sign flip over the users of
    all draws against the plain anchor, Holm's correction within the settings that the line's family names.
    """
    asked = [(line, metric, name) for line in shown for name in _candidates(line.result) for metric in MEASURES.metrics]
    rows = pd.DataFrame([_row(table, *each) for each in asked], columns=COLUMNS)
    rows["p_value_holm"], _ = holm_within(rows["p_value"].to_numpy(), [line.family for line, *_ in asked])
    rows["significant"] = rows["p_value_holm"] < LEVEL
    blocks = rows.groupby(["dataset", "setting", "candidates", "block", "metric"])["mean"]
    rows["best"] = (rows["mean"] == blocks.transform("max")) & (blocks.transform("count") > 1)
    return rows


def _candidates(result: Draws) -> list[str]:
    return [name for name, reading in CANDIDATES.items() if not reading or result.has(reading)]


def _row(table: int, line: SettingLine, metric: str, candidates: str) -> dict:
    result, cell, of, cutoff = line.result, line.result.cell, line.of, MEASURES.cutoff
    reading = CANDIDATES[candidates]
    setting = printed_setting(table, of, line.k)
    value, footnote, printed_gain = printed(table, setting, cell.anchor, cell.treatment, metric)
    row = {
        "dataset": line.dataset,
        **{name: getattr(of, name) for name in SETTING},
        "setting": line.setting,
        "candidates": candidates,
        "row": line.row if line.k is None or table != 2 else f"{line.row}, k={line.k}",
        "block": line.block,
        "anchor": cell.anchor,
        "method": cell.treatment or "none",
        "k_filter": line.k,
        "metric": metric,
        "k": cutoff,
        "unit": "fraction",
        "status": result.status,
        "reason": result.reason,
        "draws": len(result.finished) if of.reading else None,
        "seeds": result.training_seeds,
        "printed": value,
        "printed_footnote": footnote,
        "printed_gain_percent": printed_gain,
        "lowered": False,
        "flags": "; ".join(result.flags),
        "cell": result.identifier,
    }
    if not result.done:
        return row
    row["mean"] = float(result.values(metric, cutoff, reading=reading).mean())
    row["std_draws"], row["std_seeds"] = result.spread(metric, cutoff, reading)
    row["difference"] = row["mean"] - float(value) if value else np.nan
    row |= {"n_users": result.users, "history": reading or result.reading}
    return row | _beside_plain(line, metric, reading)


def _beside_plain(line: SettingLine, metric: str, reading: str) -> dict:
    """What the plain anchor gives on the same draws, and the gain over it; the test is of the headline only."""
    pairs = line.result.pairs_with(line.plain) if line.plain else []
    if not pairs or (reading and not line.plain.has(reading)):
        return {}
    ours, theirs = (
        float(np.mean([each.values(metric, MEASURES.cutoff, reading=reading).mean() for each in side]))
        for side in zip(*pairs, strict=True)
    )
    pair = None if reading else user_differences(line.result, line.plain, metric, MEASURES.cutoff)
    return {
        "plain": theirs,
        "gain_percent": 100 * (ours / theirs - 1) if theirs else np.nan,
        "lowered": ours < theirs,
        "p_value": np.nan if pair is None else sign_flip(pair),
    }
