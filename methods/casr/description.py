"""The card of an augmented set: what was generated, what was refused, and how it compares with the data."""

from collections.abc import Mapping

import torch
from torch import Tensor

from methods.casr.pool import Pool
from methods.casr.select import considered, histories, keeps
from methods.engine.data.branches import Branches
from methods.engine.data.split import Split, Targets
from methods.engine.data.windows import Windows

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


def describe(pool: Pool, settings: Mapping, split: Split, windows: Windows) -> dict:
    """Counts, and means over the kept sequences (None where there is none); shares are fractions of the kept ones.

    candidates: sequences of the share and round; refused_unchanged, refused_confidence: how many of them D's check and
    kappa refuse, in this order, and refused_share what both do; size: what is left. duplicates: kept sequences that
    repeat another one, history and next item. distance: from the observed item, in the sampler's embedding.
    observed_label: share whose next item is the observed one. same_category: share whose replacement (a virtual item:
    the nearest one) has the category of the observed item, among items of known category. same_item: share whose
    replacement is still the observed item, which only a virtual one can be. confidence: mean and quantiles 0, 25, 50,
    75, 100 %.
    """
    candidates, kept = considered(pool, settings), keeps(pool, settings)
    unchanged = candidates & ~pool.changed if pool.strategy == "d" else torch.zeros_like(kept)
    original, nearest = pool.original[kept], pool.nearest[kept]
    before, after = split.categories[original], split.categories[nearest]
    size, count = int(kept.sum()), int(candidates.sum())
    refused = count - int(unchanged.sum()) - size
    return {
        "strategy": pool.strategy,
        "samples": len(windows.samples[0]),
        "too_short": int((pool.too_short < settings["share"]).sum()),
        "without_candidates": int((pool.without_candidates < settings["share"]).sum()),
        "candidates": count,
        "refused_unchanged": int(unchanged.sum()),
        "refused_confidence": refused,
        "refused_confidence_share": refused / count if count else None,
        "refused_share": (count - size) / count if count else None,
        "size": size,
        "duplicates": _duplicates(pool.branches(kept), windows),
        "distance_mean": _mean(pool.distance[kept]),
        "distance_median": _quantiles(pool.distance[kept], (0.5,))[0],
        "observed_label": _mean(pool.labels[kept] == pool.observed[kept]),
        "same_category": _mean((before == after)[before >= 0]),
        "same_item": _mean(original == nearest),
        "confidence_mean": _mean(pool.confidence[kept]),
        "confidence_quantiles": _quantiles(pool.confidence[kept], QUANTILES),
    }


def heldout_overlap(pool: Pool, settings: Mapping, windows: Windows, targets: Targets) -> dict:
    """Shares of the kept sequences whose next item, and whose replacement, is the held-out item of the same user.

    Only for the card, after all training: selection knows no target.
    """
    kept = keeps(pool, settings)
    target = torch.full((int(max(windows.users.max(), targets.users.max())) + 1,), -1)
    target[targets.users] = targets.items
    own = target[windows.users[pool.windows[kept]]]
    return {"labels": _mean(pool.labels[kept] == own), "replacements": _mean(pool.nearest[kept] == own)}


def _duplicates(sequences: Branches, windows: Windows) -> int:
    # 64-bit hashes instead of rows: wrapping multiplication by an odd number; a chance collision is out of reach
    items, lengths = histories(sequences, windows)
    key = lengths
    for column in (*items.T, sequences.labels):
        key = key * 6364136223846793005 + column
        key = key ^ (key >> 29)
    return len(key) - len(torch.unique(key))


def _mean(values: Tensor) -> float | None:
    return float(values.double().mean()) if len(values) else None


def _quantiles(values: Tensor, at: tuple[float, ...]) -> list[float | None]:
    if len(values) == 0:
        return [None] * len(at)
    ordered = values.double().sort().values
    place = (torch.tensor(at) * (len(ordered) - 1)).round().long()  # torch.quantile refuses more than 2^24 values
    return ordered[place].tolist()
