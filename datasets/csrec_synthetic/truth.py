"""The structural model behind `csrec-synthetic`, and what it says of acceptance under intervention.

User i answers item j at step t with probability

    sigmoid(preference[i, j] + popularity[j] + carry * D_(t-1) + effect[i])    where the system shows the item
    sigmoid(preference[i, j] + popularity[j] + carry * D_(t-1) + mood[i])      where the user meets it by himself

with D_0 = 0. Of a known user, D_t depends on the past through D_(t-1) alone, as CSRec's graph says (section 3.2): so
eq. 2 is the recursion of `marginal`. The mood is hidden: it moves what the user meets and what he answers, and only
without a system. The effect is what the system itself does to the answer, which eq. 5 says is nothing.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Truth:
    """preference (users, items), popularity (items,), effect (users,), mood (users,): in units of the logit.

    carry: what the last acceptance adds. moved: how many units of popularity an acceptance makes the next item more
    popular, in the observational regime (the arrow from D_t to S_(t+1)); 0 where there is no such arrow.
    """

    preference: np.ndarray
    popularity: np.ndarray
    effect: np.ndarray
    mood: np.ndarray
    carry: np.ndarray
    moved: np.ndarray


AXES = {
    "preference": ("user", "item"),
    "popularity": ("item",),
    "effect": ("user",),
    "mood": ("user",),
    "carry": (),
    "moved": (),
}


def load_truth(file: Path) -> Truth:
    """Read a `truth.npz`: users and items have the numbers of the prepared data beside it."""
    with np.load(file, allow_pickle=False) as arrays:
        return Truth(**{part.name: arrays[part.name] for part in fields(Truth)})


def answers(truth: Truth, users: np.ndarray, shown: np.ndarray, system: bool = True, mood: bool = False) -> np.ndarray:
    """P(D_t = 1 | S_t, D_(t-1) = d) at every step, for d = 0 and 1. users (n,); shown (n, steps); result (n, steps, 2).

    system: whether the items are recommended. mood: whether the user's mood takes part, which it does where he chooses
    by himself.
    """
    users, shown = np.asarray(users), np.asarray(shown)
    logit = truth.preference[users[:, None], shown] + truth.popularity[shown]
    logit = logit + (truth.effect[users, None] if system else 0) + (truth.mood[users, None] if mood else 0)
    return sigmoid(logit[..., None] + truth.carry * np.arange(2))


def conditional(truth: Truth, users: np.ndarray, shown: np.ndarray, accepted: np.ndarray) -> np.ndarray:
    """P(D_t = 1 | S_t, D_(t-1)) of recommended items, by the answers that were given. All (n, steps), users (n,)."""
    before = np.pad(np.asarray(accepted, dtype=np.int64), ((0, 0), (1, 0)))[:, :-1]
    return np.take_along_axis(answers(truth, users, shown), before[..., None], axis=2)[..., 0]


def marginal(truth: Truth, users: np.ndarray, shown: np.ndarray, system: bool = True) -> np.ndarray:
    """P(D_t = 1 | do(S_1), .., do(S_t)) at every step (CSRec, eqs. 1 and 2). users (n,); shown, result (n, steps)."""
    either = answers(truth, users, shown, system)
    result = np.empty(either.shape[:2])
    last = np.zeros(len(either))
    for step in range(either.shape[1]):
        last = result[:, step] = (1 - last) * either[:, step, 0] + last * either[:, step, 1]
    return result


def effects(truth: Truth, users: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """What the system does to acceptance, P with it minus P without it (CSRec, eq. 11). Result (n, steps)."""
    return marginal(truth, users, shown) - marginal(truth, users, shown, system=False)


def observed(
    truth: Truth, user: int, item: int, previous: int, users: int, random: np.random.Generator
) -> tuple[float, float]:
    """P(D_t = 1 | S_t = item, D_(t-1) = previous) of a user without a system, by simulation, and its standard error.

    The mood is drawn anew for each of `users` likenesses of this user, and each meets his items as his mood has it.
    What one sees is the share of acceptances among those who met `item` after the answer `previous`. An error that is
    infinite says that nobody did.
    """
    spread = truth.mood.std()
    mood = random.normal(scale=spread, size=users) if spread else np.zeros(users)
    value = truth.preference[user] + truth.popularity
    first = met(value[None] + 0 * mood[:, None], mood, random)
    taken = random.random(users) < sigmoid(value[first] + mood)
    second = met(value[None] + truth.moved * (taken[:, None] * truth.popularity), mood, random)
    chance = sigmoid(value[second] + mood + truth.carry * taken)
    of = (second == item) & (taken == previous)
    count = int(of.sum())
    if not count:
        return float("nan"), float("inf")
    share = float((random.random(users) < chance)[of].mean())
    return share, float(np.sqrt(max(share * (1 - share), 1 / count) / count))


def met(value: np.ndarray, mood: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The item that each user meets by himself: drawn by a softmax of (1 + mood) times its value. value (n, items)."""
    return (value * (1 + mood[:, None]) + random.gumbel(size=value.shape)).argmax(axis=1)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -700, 700)))
