"""An oracle as the workflow knows it (methods/engine/treatment.py): true answers to counterfactual lists.

Lists come from the true exposure; held-out pairs are shown in none of them, as in none of the data. Of each list of
which the user would take some items and leave others, one of either is a pair; the two change places with probability
zeta. All else is CPR's: how the anchor is trained on sets, and with which loss.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from datasets.pipeline.errors import BadInput
from methods.cpr.counterfactual import Sets, random_lists
from methods.cpr.description import describe_sets
from methods.cpr.target import retrain as retrain_on_sets
from methods.cpr.treatment import own_settings
from methods.engine.data.split import Targets
from methods.engine.data.tensors import load_tensors, save_tensors
from methods.engine.fit.sample_complexity import samples_for
from methods.engine.treatment import Retrained, Source, Task, Truth, derived_seed


@dataclass(frozen=True)
class Pairs:
    """User `users[s]` would take `taken[s]` of a list, and leave `left[s]`. chance (s,) in [0, 1): they change places
    where it is below zeta, so that a higher zeta keeps the wrong pairs of a lower one."""

    users: Tensor
    taken: Tensor
    left: Tensor
    chance: Tensor

    def __len__(self) -> int:
        return len(self.users)


def generate(source: Source) -> Pairs:
    """BadInput where the truth knows no choices."""
    truth, settings = source.oracle.truth, source.settings["treatment"]
    if not truth.answers("true_choices"):
        raise BadInput("oracle-choice asks for true choices, and the truth of this data knows none")
    random = np.random.default_rng(derived_seed(source.seed, "pool", "oracle-choice"))
    exposure = truth.content.exposure.copy()
    for targets in source.oracle.withheld:
        exposure[targets.users.numpy(), targets.items.numpy()] = 0
    lists = shown_lists(exposure, settings["lists"], settings["length"], random)
    users = np.repeat(np.arange(len(exposure)), settings["lists"])
    answers = truth.module.true_choices(truth.content, users, lists)
    decided = answers.any(axis=1) & ~answers.all(axis=1)
    users, lists, answers = users[decided], lists[decided], answers[decided]
    # the lists are in random order, so that the first item of either kind is a random one
    rows = np.arange(len(users))
    pairs = lists[rows, answers.argmax(axis=1)], lists[rows, answers.argmin(axis=1)]
    chance = random.random(len(users), dtype=np.float32)
    return Pairs(*map(torch.from_numpy, (users, *pairs, chance)))


def shown_lists(exposure: np.ndarray, lists: int, length: int, random: np.random.Generator) -> np.ndarray:
    """`lists` lists of different items for each user, drawn one after another by `exposure` (users, items), in random
    order. Result (users * lists, length)."""
    users, items = exposure.shape
    if length > (exposure > 0).sum(axis=1).min():
        raise BadInput(f"oracle-choice: lists of {length} different items out of {items}; set a smaller length")
    with np.errstate(divide="ignore"):
        wish = np.log(exposure)[:, None]
    # the largest of log probability + Gumbel noise are such a draw
    drawn = np.argsort(-(wish + random.gumbel(size=(users, lists, items))), axis=2)[:, :, :length]
    return random.permuted(drawn.reshape(users * lists, length), axis=1)


def save(pairs: Pairs, file: Path) -> None:
    save_tensors(vars(pairs), file)


def load(file: Path) -> Pairs:
    return Pairs(**load_tensors(file, [field.name for field in fields(Pairs)], "pairs of oracle-choice"))


def counts(pairs: Pairs) -> dict:
    return {"pairs": len(pairs)}


def retrain(task: Task) -> Retrained:
    """The anchor, trained on the pairs; a control on as many random ones, as many rounds as its cell took."""
    settings = own_settings(task)
    sets = answered(task.pool, settings["zeta"])
    if task.control_epochs is not None:
        settings["rounds"] = settings["patience"] = task.control_epochs
        generator = torch.Generator().manual_seed(derived_seed(task.seed, "control"))
        items = random_lists(len(sets), task.split.catalogue, 2, generator)
        sets = Sets(sets.users, items[:, :1], items[:, 1:])
    model, sets = task.pretrained(), sets.to(task.run.device)
    return Retrained(model, retrain_on_sets(model, task.split, settings, task.run, lambda _: sets), len(sets))


def answered(pairs: Pairs, zeta: float) -> Sets:
    """The pairs with what the oracle answers at this zeta."""
    if not 0 <= zeta <= 1:
        raise BadInput(f"oracle-choice: zeta is {zeta!r}; it must be a probability, 0 to 1")
    wrong = pairs.chance < zeta
    first, second = torch.where(wrong, pairs.left, pairs.taken), torch.where(wrong, pairs.taken, pairs.left)
    return Sets(pairs.users, first[:, None], second[:, None])


def describe(task: Task, retrained: Retrained, held_out: Mapping[str, Targets], truth: Truth | None) -> dict:
    """How many pairs there are, how many are in the wrong order, and what of them was observed or is held out."""
    zeta = task.settings["treatment"]["zeta"]
    sets, wrong = answered(task.pool, zeta), float((task.pool.chance < zeta).double().mean())
    return {
        "strategy": task.strategy,
        "sets": len(sets),
        "rounds": retrained.fitted.epochs,
        "zeta_decided": wrong,
        "theorem2": samples_for(retrained.model, wrong),
        **describe_sets(sets, task.split, held_out),
    }
