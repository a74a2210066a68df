"""What may be done to each item of a sequence, and what a sequence becomes by it.

drop; keep; substitute: its partner stands in its place; reorder: it changes places with the item behind it; insert: its
partner stands behind it. An item without a partner is kept. All decisions are about the original sequence: where one
item is moved behind the next, it does not matter what becomes of that one.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from methods.engine.data.interactions import Holdings

ACTIONS = ("drop", "keep", "substitute", "reorder", "insert")
DROP, KEEP, SUBSTITUTE, REORDER, INSERT = range(len(ACTIONS))
SETS = {"keep-drop": 2, "substitute": 3, "all": 5}  # by name, how many of the actions: the first ones
NO_PARTNER = -1


@dataclass(frozen=True)
class Sequences:
    """items (rows, width), filled up on the right with 0; lengths (rows,); origin (rows, width): at which place of the
    original sequence each item stood, or the one for which it stands."""

    items: Tensor
    lengths: Tensor
    origin: Tensor

    @property
    def inside(self) -> Tensor:
        """Which places hold an item. Shape (rows, width)."""
        return torch.arange(self.items.shape[1], device=self.items.device) < self.lengths[:, None]


def unedited(items: Tensor, lengths: Tensor) -> Sequences:
    return Sequences(items, lengths, torch.arange(items.shape[1], device=items.device).expand_as(items))


def edit(items: Tensor, lengths: Tensor, actions: Tensor, partners: Tensor, longest: int) -> Sequences:
    """The sequences after an action at each item, cut to the last `longest` items.

    items, actions (rows, width); lengths (rows,); partners (catalogue,) or NO_PARTNER.
    """
    rows, width = items.shape
    partner = partners[items]
    acts = torch.where((partner == NO_PARTNER) & ((actions == SUBSTITUTE) | (actions == INSERT)), KEEP, actions)
    place = torch.arange(width, device=items.device).expand(rows, width)
    inside = place < lengths[:, None]
    where = place + 1.5 * (acts == REORDER)  # behind the next item, before the one after it
    nowhere = torch.full_like(where, torch.inf)
    own = torch.where(inside & (acts != DROP), where, nowhere)
    behind = torch.where(inside & (acts == INSERT), where + 0.25, nowhere)
    stands, order = torch.cat([own, behind], 1).sort(dim=1, stable=True)
    found = torch.cat([torch.where(acts == SUBSTITUTE, partner, items), partner], 1).gather(1, order)
    kept = torch.isfinite(stands).sum(1)
    first = (kept - longest).clamp(min=0)
    new = kept - first
    columns = torch.arange(int(new.max()) if rows else 0, device=items.device) + first[:, None]
    columns = columns.clamp(max=2 * width - 1)
    shown = columns < kept[:, None]
    cut = torch.where(shown, found.gather(1, columns), 0)
    return Sequences(cut, new, torch.where(shown, place.repeat(1, 2).gather(1, order).gather(1, columns), 0))


def partners_of(held: Holdings, catalogue: int) -> Tensor:
    """Of each item the other one with the largest |N(i) and N(j)| / sqrt(|N(i)| |N(j)|), N its users; of equal ones the
    lower number; NO_PARTNER where no user has another item beside it. held: the items of training users."""
    ones = np.ones(len(held.items))
    by_user = csr_array((ones, (held.rows.numpy(), held.items.numpy())), (len(held.offsets) - 1, catalogue))
    both = (by_user.T @ by_user).tocoo()
    (item, other), together = both.coords, both.data
    apart = item != other
    item, other, together = item[apart], other[apart], together[apart]
    # squares: equal quotients of whole numbers stay equal, which roots would part by a rounding
    likeness = together**2 / by_user.sum(0)[other]
    order = np.lexsort((other, -likeness, item))
    items, first = np.unique(item[order], return_index=True)
    partners = torch.full((catalogue,), NO_PARTNER)
    partners[torch.from_numpy(items).long()] = torch.from_numpy(other[order][first]).long()
    return partners
