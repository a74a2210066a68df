"""Counterfactual lists and the training sets C made of them (algorithm 1)."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.pipeline.errors import BadInput
from methods.cpr.fit import World
from methods.cpr.simulator import Exposure

SCORES_AT_ONCE = {"cpu": 1 << 22, "cuda": 1 << 28}  # actions x catalogue


@dataclass(frozen=True)
class Sets:
    """C of n lists: users (n,); positives s^(k+), the items most probably taken, and others s^(k-), the least probable,
    both (n, k). Where 2 k exceeds the length of the list, items in its middle are in both. lists (n, length): what they
    were chosen from; neither `take` nor `to` keeps them."""

    users: Tensor
    positives: Tensor
    others: Tensor
    lists: Tensor | None = None

    def __len__(self) -> int:
        return len(self.users)

    def take(self, index: Tensor) -> "Sets":
        return Sets(self.users[index], self.positives[index], self.others[index])

    def to(self, device: torch.device) -> "Sets":
        return Sets(self.users.to(device), self.positives.to(device), self.others.to(device))

    @property
    def pairs(self) -> Tensor:
        """Which (i, j) of s^(k+) x s^(k-) are pairs: all but those of an item with itself. Shape (n, k, k)."""
        return self.positives[:, :, None] != self.others[:, None, :]


@torch.no_grad()
def build_lists(model: Exposure, actions: Tensor, alpha: Tensor, length: int) -> Tensor:
    """The items with the largest tau . Q_i + w^R_i alpha_i, best first. actions tau (.., dim); alpha (catalogue,);
    result (.., length)."""
    flat = actions.reshape(-1, actions.shape[-1])
    rows = max(1, SCORES_AT_ONCE[actions.device.type] // len(alpha))
    lists = [_largest(model.catalogue_logits(part, alpha), length) for part in flat.split(rows)]
    return torch.cat(lists).reshape(*actions.shape[:-1], length)


def random_lists(count: int, catalogue: int, length: int, generator: torch.Generator) -> Tensor:
    """CPR-r: `length` different items, uniformly drawn, for each of `count` lists, on the CPU. (count, length)."""
    if length > catalogue:
        raise BadInput(f"CPR: lists of {length} different items out of {catalogue}; set a smaller length")
    lists = torch.empty(count, 0, dtype=torch.int64)
    for place in range(length):
        number = (torch.rand(count, generator=generator, dtype=torch.float64) * (catalogue - place)).long()
        for taken in lists.sort(dim=1).values.T:  # of the items that are not on the list yet, the one of this number
            number += number >= taken
        lists = torch.cat([lists, number[:, None]], dim=1)
    return lists


def _largest(scores: Tensor, count: int) -> Tensor:
    """The columns of the `count` largest scores of each row, largest first."""
    # torch sorts a row of less than 64 x count scores, and is faster with a longer one, of which it sorts a part
    lacking = 64 * count - scores.shape[1]
    if lacking > 0 and scores.device.type == "cpu":
        scores = torch.nn.functional.pad(scores, (0, lacking), value=-torch.inf)
    return scores.topk(count, dim=1).indices


def training_sets(users: Tensor, lists: Tensor, logits: Tensor, k: int) -> Sets:
    """C by eq. 10 with noise control k. users (n,); lists (n, length); logits (n, length): of each item being taken
    from its list (`Choice.logits`), whose order is that of the probabilities."""
    ordered = lists.gather(1, logits.argsort(dim=1, descending=True, stable=True))
    return Sets(users, ordered[:, :k], ordered[:, -k:], lists)


def counterfactuals(world: World, actions: Tensor | None, settings: Mapping, generator: torch.Generator) -> Sets:
    """C of one round: `lists` counterfactual lists for each user, alpha and beta drawn from their posteriors.

    actions (lists, users, dim) from the policy, or None: the lists are random (CPR-r).
    """
    choice = world.simulator.choice
    users, catalogue = choice.users.num_embeddings, choice.items.num_embeddings
    alpha, beta = drawn(world, generator)
    if actions is None:
        lists = random_lists(settings["lists"] * users, catalogue, settings["length"], generator).to(alpha.device)
    else:
        lists = build_lists(world.simulator.exposure, actions, alpha, settings["length"]).flatten(0, 1)
    owners = torch.arange(users, device=alpha.device).repeat(settings["lists"])
    return training_sets(owners, lists, choice.logits(owners, lists, beta), settings["k"])


def control_sets(users: int, catalogue: int, settings: Mapping, generator: torch.Generator) -> Sets:
    """As many sets of random lists with random answers, on the CPU: what training on more data does without any
    knowledge in it."""
    lists = random_lists(settings["lists"] * users, catalogue, settings["length"], generator)
    owners = torch.arange(users).repeat(settings["lists"])
    return Sets(owners, lists[:, : settings["k"]], lists[:, -settings["k"] :])


def drawn(world: World, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """alpha (catalogue,) and beta (length,) from their posteriors."""
    result = []
    for each in (world.alpha, world.beta):
        normal = torch.randn(1, len(each.mean), generator=generator).to(each.mean.device)
        result.append(each.draw(normal)[0])
    return result[0], result[1]
