"""What is to be known of a policy: what it did, on what it depends, and how much of its rewards is chance."""

import numpy as np
from scipy.stats import rankdata

from methods.engine.treatment import Truth
from methods.l2aug.actions import ACTIONS, DROP, KEEP
from methods.l2aug.batch import Source
from methods.l2aug.policy import Policy

COLLAPSED = 0.02  # a policy that keeps less than that, or all but that, edits nothing or leaves nothing
DIGITS, BINS = 8, 10


def describe_policy(source: Source, policy: Policy, truth: Truth | None) -> dict:
    course = policy.course
    batch = source.take(policy.users)
    inside = batch.inside.cpu().numpy()
    chances = policy.chances(batch).cpu().numpy()[inside]
    kept, items = 1 - chances[:, DROP], batch.items.cpu().numpy()[inside]
    place = np.broadcast_to(np.arange(inside.shape[1]), inside.shape)[inside]
    popularity = source.split.item_counts.numpy()[items]
    rewards = np.array(course.rewards)
    mean = float(kept.mean())
    return {
        "actions": list(ACTIONS[: policy.acts]),
        "rates": [[round(rate, DIGITS) for rate in rates] for rates in course.rates],
        "keep": {
            "mean": mean,
            "deviation": float(kept.std()),
            "by_position": _explained(kept, place),
            "by_popularity": _explained(kept, np.searchsorted(_edges(popularity), popularity)),
        },
        "rewards": [[round(value, DIGITS) for value in values] for values in course.rewards],
        "reward": {
            "mean": float(rewards.mean()),
            "between_batches": float(rewards.mean(1).std()),
            "between_edits": float(rewards.std(1, ddof=1).mean()) if rewards.shape[1] > 1 else None,
            "between_negatives": _of_pairs(course.probes),
            "zeros": float((rewards == 0).mean()),
        },
        "emptied": course.emptied,
        "floored": policy.augmentor.floored,
        "collapsed": not COLLAPSED <= mean <= 1 - COLLAPSED,
        **_against_truth(items, chances[:, KEEP], kept, truth),
    }


def _explained(values: np.ndarray, groups: np.ndarray) -> float:
    """The share of the values' variance that lies between the groups."""
    total = values.var()
    if total == 0:
        return 0.0
    sizes = np.bincount(groups)
    means = np.bincount(groups, values) / np.maximum(sizes, 1)
    return float((sizes * (means - values.mean()) ** 2).sum() / len(values) / total)


def _edges(values: np.ndarray) -> np.ndarray:
    """What parts the values into BINS of about equal size."""
    return np.quantile(values, np.arange(1, BINS) / BINS)


def _of_pairs(probes: list[tuple[float, float]]) -> float | None:
    """The deviation between two rewards of one edit."""
    if not probes:
        return None
    first, second = np.array(probes).T
    return float(np.sqrt(((first - second) ** 2).mean() / 2))


def _against_truth(items: np.ndarray, chance: np.ndarray, kept: np.ndarray, truth: Truth | None) -> dict:
    """auc: how often keeping is likelier for an item of the best edit than for one that it drops."""
    if truth is None or not truth.answers("best_edit"):
        return {}
    best = truth.module.best_edit(truth.content, items)
    ranks, good = rankdata(chance), int(best.sum())
    auc = (ranks[best].sum() - good * (good + 1) / 2) / (good * (len(best) - good))
    return {"auc": float(auc), "kept_of_best": float(kept[best].mean()), "kept_of_others": float(kept[~best].mean())}
