"""Metrics of decisions: whether a recommended item was accepted, and what a model had said of it (CSRec, section 4).

A decision is True or False; `probability` is the model's, of acceptance. Where a model gives none, its rank among all
items speaks for it: CSRec's rule for baselines takes an item as accepted that is in the top share alpha of the
catalogue (eq. 20). Pure functions of arrays of one length, one entry a decision.
"""

import numpy as np

SHARES = (0.2, 0.5)  # alpha of CSRec's tables
BINS = 10  # of the calibration error, of equally many decisions each


def checked(probability: np.ndarray) -> np.ndarray:
    """The probabilities, if that is what they are. FloatingPointError names the first that is none."""
    probability = np.asarray(probability, dtype=np.float64)
    wrong = ~((probability >= 0) & (probability <= 1))  # not a number is neither
    if wrong.any():
        place = int(wrong.argmax())
        raise FloatingPointError(
            f"decision {place}: the probability of acceptance is {probability[place]}, which is not a number from 0 to "
            f"1; so in {wrong.sum():,} of {len(wrong):,} decisions (the model diverged: lower its learning rate)"
        )
    return probability


def by_threshold(decision: np.ndarray, probability: np.ndarray, alpha: float) -> np.ndarray:
    """Whether each decision is as foretold: accepted where the probability is at least 1 - alpha (CSRec eq. 13)."""
    return (np.asarray(probability) >= 1 - alpha) == np.asarray(decision, bool)


def by_rank(decision: np.ndarray, above: np.ndarray, ties: np.ndarray, items: int, alpha: float) -> np.ndarray:
    """The same where accepted means in the top share alpha of all items (CSRec eq. 20): the share of the tied places
    at which it is as foretold. above: how many items score higher; ties: how many others the same."""
    top = int(alpha * items + 1e-9)
    inside = np.clip(top - np.asarray(above), 0, np.asarray(ties) + 1) / (np.asarray(ties) + 1)
    return np.where(np.asarray(decision, bool), inside, 1 - inside)


def standing(above: np.ndarray, ties: np.ndarray, items: int) -> np.ndarray:
    """From 1 for the best of all items to 0 for the worst, tied ones in the middle of their places: a score of an item
    that is comparable between users."""
    return 1 - (np.asarray(above) + np.asarray(ties) / 2) / max(1, items - 1)


def auc(decision: np.ndarray, score: np.ndarray) -> float:
    """The probability that an accepted one scores higher than a rejected one, ties being half. NaN without both."""
    decision, score = np.asarray(decision, bool), np.asarray(score, dtype=np.float64)
    accepted, rejected = int(decision.sum()), int((~decision).sum())
    if not accepted or not rejected:
        return float("nan")
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    middle = count.cumsum() - (count - 1) / 2  # the mean rank of each value
    return float((middle[place][decision].sum() - accepted * (accepted + 1) / 2) / (accepted * rejected))


def auc_within(user: np.ndarray, decision: np.ndarray, score: np.ndarray) -> float:
    """The mean over users who have both answers of the AUC among their own decisions. NaN where there is none."""
    order = np.argsort(np.asarray(user), kind="stable")
    cuts = np.flatnonzero(np.diff(np.asarray(user)[order])) + 1
    found = [auc(np.asarray(decision)[own], np.asarray(score)[own]) for own in np.split(order, cuts) if len(own)]
    values = [value for value in found if not np.isnan(value)]
    return float(np.mean(values)) if values else float("nan")


def log_losses(decision: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """-log of the probability of what was decided, which is kept above the smallest that float64 tells from 0."""
    told = np.where(np.asarray(decision, bool), probability, 1 - np.asarray(probability))
    return -np.log(np.maximum(told, np.finfo(np.float64).eps))


def brier(decision: np.ndarray, probability: np.ndarray) -> np.ndarray:
    return (np.asarray(decision, float) - probability) ** 2


def calibration(decision: np.ndarray, probability: np.ndarray, bins: int = BINS) -> list[tuple[float, float, int]]:
    """(mean probability, share accepted, count) of bins of equally many decisions by ascending probability; equal
    probabilities share a bin."""
    decision, probability = np.asarray(decision, float), np.asarray(probability, dtype=np.float64)
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1]))
    bin_of = np.searchsorted(edges, probability, side="left")
    members = [np.flatnonzero(bin_of == number) for number in np.unique(bin_of)]
    return [(float(probability[own].mean()), float(decision[own].mean()), len(own)) for own in members]


def calibration_error(decision: np.ndarray, probability: np.ndarray, bins: int = BINS) -> float:
    """The mean distance of probability and share accepted over the bins, by their counts."""
    found = calibration(decision, probability, bins)
    return sum(count * abs(said - share) for said, share, count in found) / len(decision)


PER_DECISION = ("ahr_threshold", "ahr_rank", "log_loss", "brier")


def per_decision(metric: str, table, items: int) -> np.ndarray:
    """A metric of every row of a table of decisions (columns: workflow/README.md), `ahr_rank@0.2` or `log_loss`."""
    name, _, share = metric.partition("@")
    decision = table["decision"].to_numpy()
    if name == "ahr_rank":
        return by_rank(decision, table["above"].to_numpy(), table["ties"].to_numpy(), items, float(share))
    probability = table["probability"].to_numpy()
    if name == "ahr_threshold":
        return by_threshold(decision, probability, float(share)).astype(float)
    if name not in PER_DECISION:
        raise ValueError(f"metric '{metric}' is of no single decision: one of {', '.join(PER_DECISION)}")
    return log_losses(decision, probability) if name == "log_loss" else brier(decision, probability)


def summary(table, items: int) -> dict[str, float]:
    """Every metric of a table of decisions. Those of probabilities only where the model gives such; else AUC is that of
    the standing among all items. One that these decisions do not give (AUC of one answer) is left out."""
    user, decision, given = table["user"].to_numpy(), table["decision"].to_numpy(), "probability" in table
    score = table["probability"] if given else standing(table["above"], table["ties"], items)
    names = [f"ahr_rank@{share}" for share in SHARES]
    if given:
        names += [*(f"ahr_threshold@{share}" for share in SHARES), "log_loss", "brier"]
    found = {name: float(per_decision(name, table, items).mean()) for name in names}
    found |= {"auc": auc(decision, score), "auc_within": auc_within(user, decision, np.asarray(score))}
    if given:
        found["calibration_error"] = calibration_error(decision, table["probability"].to_numpy())
    return {name: value for name, value in found.items() if not np.isnan(value)}
