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


@dataclass(frozen=True)
class Likelihood:
    """log p(O | v) of one model as a function of its exogenous vector v, (draws, dim) -> (draws,), all else fixed.

    Every term of eqs. 4 and 5 has the form base_j + w_j v_j - log sum_j exp(base_j + w_j v_j), so that the sums of all
    rows and draws are one product of exp(base) and exp(w v). weight w (dim,); odds (rows, dim): exp(base), the largest
    of each row being 1; counts (rows,): how many terms have this row's sum; observed (dim,): how many have this j;
    constant: what is the same for all v.
    """

    weight: Tensor
    odds: Tensor
    counts: Tensor
    observed: Tensor
    constant: Tensor

    def __call__(self, values: Tensor) -> Tensor:
        shift = values * self.weight
        top = shift.detach().amax(dim=1, keepdim=True)
        every = ((shift - top).exp() @ self.odds.T).log() + top
        return self.constant + shift @ self.observed - every @ self.counts


def _likelihood(weight: Tensor, base: Tensor, counts: Tensor, observed: Tensor, value: Tensor) -> Likelihood:
    """base (rows, dim), -inf where there is nothing; value: the bases of all terms, summed."""
    top = base.amax(dim=1, keepdim=True)
    return Likelihood(weight, (base - top).exp(), counts, observed, value - counts @ top[:, 0])


class Exposure(nn.Module):
    """p_R of eq. 4. users P (users, dim), items Q (catalogue, dim), weight w^R (catalogue,)."""

    def __init__(self, users: int, catalogue: int, dim: int) -> None:
        super().__init__()
        self.users = nn.Embedding(users, dim)
        self.items = nn.Embedding(catalogue, dim)
        self.weight = nn.Parameter(torch.empty(catalogue))

    def logits(self, users: Tensor, items: Tensor, alpha: Tensor) -> Tensor:
        """P_u . Q_i + w_i alpha_i. users (n,); items (n, m); alpha (draws, catalogue); result (draws, n, m)."""
        return (self.users(users)[:, None] * self.items(items)).sum(dim=2) + (self.weight * alpha)[:, items]

    def catalogue_logits(self, vectors: Tensor, alpha: Tensor) -> Tensor:
        """The same for all items. vectors (.., n, dim): users, or actions of a policy in their place; alpha
        (catalogue,) or (draws, catalogue) before n; result (.., n, catalogue)."""
        shift = self.weight * alpha
        return vectors @ self.items.weight.T + (shift if shift.dim() == 1 else shift[:, None])

    @torch.no_grad()
    def given(self, lists: ListBatch) -> Likelihood:
        """log p_R of eq. 4, summed over the lists, as a function of alpha."""
        people, row = torch.unique(lists.users, return_inverse=True)
        base, items = self.users(people) @ self.items.weight.T, lists.items[lists.shown]
        row = row[:, None].expand_as(lists.shown)[lists.shown]
        counts, observed = (
            torch.bincount(of, minlength=size) for of, size in zip((row, items), base.shape, strict=True)
        )
        return _likelihood(self.weight, base, counts.to(base), observed.to(base), base[row, items].sum())


class Choice(nn.Module):
    """p_S of eq. 5. users X (users, dim), items Y (catalogue, dim), weight w^S (length,), by the place in the list."""

    def __init__(self, users: int, catalogue: int, dim: int, length: int) -> None:
        super().__init__()
        self.users = nn.Embedding(users, dim)
        self.items = nn.Embedding(catalogue, dim)
        self.weight = nn.Parameter(torch.empty(length))

    def taste(self, users: Tensor, items: Tensor) -> Tensor:
        """X_u . Y_i. users (..,); items (.., m); result (.., m)."""
        return (self.users(users)[..., None, :] * self.items(items)).sum(dim=-1)

    def logits(self, users: Tensor, items: Tensor, beta: Tensor) -> Tensor:
        """X_u . Y_(r_j) + w_j beta_j. users (..,); items (.., length); beta (length,) or whatever broadcasts against
        the result (.., length)."""
        return self.taste(users, items) + self.weight * beta

    @torch.no_grad()
    def given(self, lists: ListBatch) -> Likelihood:
        """log p_S of eq. 5, summed over the lists and over what is chosen in each, as a function of beta."""
        lists = lists.take(lists.chosen.any(dim=1))
        taste = self.taste(lists.users, lists.items)
        counts, observed = (lists.chosen.sum(dim=axis).to(taste) for axis in (1, 0))
        value = taste[lists.chosen].sum()
        return _likelihood(self.weight, taste.masked_fill(~lists.shown, -torch.inf), counts, observed, value)

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
    length = lists.items.shape[1]
    logits = model.logits(lists.users, torch.cat([lists.items, others], dim=1), alpha)
    shown = F.logsigmoid(logits[..., :length])
    hidden = F.logsigmoid(-logits[..., length:])  # log(1 - sigma(x)) = log sigma(-x)
    counted = lists.shown.repeat_interleave(others.shape[1] // length, dim=1)
    total = (shown * lists.shown).sum(dim=(1, 2)) + (hidden * counted).sum(dim=(1, 2))
    return -total.mean() / len(lists)


def choice_loss(model: Choice, lists: ListBatch, beta: Tensor) -> Tensor:
    """Minus eq. 7, the mean over draws and lists. beta (draws, length)."""
    return -model.log_likelihood(lists, beta).mean() / len(lists)
