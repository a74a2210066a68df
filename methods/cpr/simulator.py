"""The simulator: what is shown to a user, and what the user takes of it (eqs. 3 to 7).

Both models have an exogenous part: alpha, one number for each item, moves what is shown; beta, one for each place of a
list, what is taken. A priori both are N(0, I).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datasets.pipeline.lists import Blocks


@dataclass(frozen=True)
class ListBatch:
    """`Blocks` (datasets/pipeline/lists.py) as tensors on a device. users (n,); items, chosen, shown (n, length)."""

    users: Tensor
    items: Tensor
    chosen: Tensor
    shown: Tensor

    def __len__(self) -> int:
        return len(self.users)

    def take(self, index: Tensor) -> "ListBatch":
        return ListBatch(self.users[index], self.items[index], self.chosen[index], self.shown[index])


def on_device(blocks: Blocks, device: torch.device) -> ListBatch:
    parts = (blocks.users, blocks.items, blocks.chosen, blocks.shown)
    return ListBatch(*(torch.from_numpy(part).to(device) for part in parts))


class Exposure(nn.Module):
    """p_R of eq. 4. users P (users, dim), items Q (catalogue, dim), weight w^R (catalogue,)."""

    def __init__(self, users: int, catalogue: int, dim: int) -> None:
        super().__init__()
        self.users = nn.Embedding(users, dim)
        self.items = nn.Embedding(catalogue, dim)
        self.weight = nn.Parameter(torch.empty(catalogue))

    def logits(self, users: Tensor, items: Tensor, alpha: Tensor) -> Tensor:
        """P_u . Q_i + w_i alpha_i. users (n,); items (n, m); alpha (draws, catalogue); result (draws, n, m)."""
        return torch.einsum("nd,nmd->nm", self.users(users), self.items(items)) + (self.weight * alpha)[:, items]

    def catalogue_logits(self, vectors: Tensor, alpha: Tensor) -> Tensor:
        """The same for all items. vectors (.., n, dim): users, or actions of a policy in their place; alpha
        (catalogue,) or (draws, catalogue) before n; result (.., n, catalogue)."""
        shift = self.weight * alpha
        return vectors @ self.items.weight.T + (shift if shift.dim() == 1 else shift[:, None])

    def log_likelihood(self, lists: ListBatch, alpha: Tensor) -> Tensor:
        """log p_R of eq. 4, summed over the lists. alpha (draws, catalogue); result (draws,)."""
        people, row = torch.unique(lists.users, return_inverse=True)
        every = self.catalogue_logits(self.users(people), alpha).logsumexp(dim=2)
        return ((self.logits(lists.users, lists.items, alpha) - every[:, row, None]) * lists.shown).sum(dim=(1, 2))


class Choice(nn.Module):
    """p_S of eq. 5. users X (users, dim), items Y (catalogue, dim), weight w^S (length,), by the place in the list."""

    def __init__(self, users: int, catalogue: int, dim: int, length: int) -> None:
        super().__init__()
        self.users = nn.Embedding(users, dim)
        self.items = nn.Embedding(catalogue, dim)
        self.weight = nn.Parameter(torch.empty(length))

    def logits(self, users: Tensor, items: Tensor, beta: Tensor) -> Tensor:
        """X_u . Y_(r_j) + w_j beta_j. users (..,); items (.., length); beta (length,) or whatever broadcasts against
        the result (.., length)."""
        taste = (self.users(users)[..., None, :] * self.items(items)).sum(dim=-1)
        return taste + self.weight * beta

    def probabilities(self, users: Tensor, items: Tensor, beta: Tensor) -> Tensor:
        """Eq. 10: how probable each item of a list is, under the intervention that shows just this list."""
        return self.logits(users, items, beta).softmax(dim=-1)

    def log_likelihood(self, lists: ListBatch, beta: Tensor) -> Tensor:
        """log p_S of eq. 5, summed over the lists and over what is chosen in each (eq. 7). beta (draws, length); result
        (draws,)."""
        logits = self.logits(lists.users, lists.items, beta[:, None]).masked_fill(~lists.shown, -torch.inf)
        return logits.log_softmax(dim=2).masked_fill(~lists.chosen, 0.0).sum(dim=(1, 2))


class Simulator(nn.Module):
    """Both models. Every parameter starts from N(0, initial_std^2), but for the two weights, which start from 1."""

    def __init__(self, users: int, catalogue: int, settings: dict) -> None:
        super().__init__()
        self.exposure = Exposure(users, catalogue, settings["exposure_embedding"])
        self.choice = Choice(users, catalogue, settings["choice_embedding"], settings["length"])
        for model in (self.exposure, self.choice):
            nn.init.normal_(model.users.weight, std=settings["initial_std"])
            nn.init.normal_(model.items.weight, std=settings["initial_std"])
            nn.init.ones_(model.weight)


def exposure_loss(model: Exposure, lists: ListBatch, others: Tensor, alpha: Tensor) -> Tensor:
    """Minus eq. 6, the mean over draws and lists. others (n, negatives): items not shown; alpha (draws, catalogue).

    Negatives of a place that shows nothing count for nothing, so that a list of fewer items has fewer of them.
    """
    shown = F.logsigmoid(model.logits(lists.users, lists.items, alpha))
    hidden = F.logsigmoid(-model.logits(lists.users, others, alpha))  # log(1 - sigma(x)) = log sigma(-x)
    counted = lists.shown.repeat_interleave(others.shape[1] // lists.items.shape[1], dim=1)
    total = (shown * lists.shown).sum(dim=(1, 2)) + (hidden * counted).sum(dim=(1, 2))
    return -total.mean() / len(lists)


def choice_loss(model: Choice, lists: ListBatch, beta: Tensor) -> Tensor:
    """Minus eq. 7, the mean over draws and lists. beta (draws, length)."""
    return -model.log_likelihood(lists, beta).mean() / len(lists)
