"""Splits in which items of core users' histories are dropped at random."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from methods.engine.data.interactions import Holdings, holdings
from methods.engine.data.ragged import members, offsets_of
from methods.engine.data.split import Split


@dataclass(frozen=True)
class Thinned(Split):
    """whole: of each user the history before anything was dropped, so that no dropped item becomes a negative: its
    users in `of` (users,)."""

    whole: Split | None = None
    of: Tensor | None = None

    @cached_property
    def held(self) -> Holdings:
        owners, places = members(self.whole.offsets, self.of)
        return holdings(owners, self.whole.items[places], self.users, self.catalogue)


def thinned(split: Split, rate: float, how: str, seed: int) -> Split:
    """Each item of a core user is dropped with probability `rate`, and at a higher one, too. how: `add` a thinned copy
    of each of their histories, as of a user more, or `replace` the histories themselves."""
    core = split.groups["core"]
    dropped = torch.rand(len(split.items), generator=torch.Generator().manual_seed(seed)) < rate
    if how == "replace":
        of = torch.arange(split.users)
        keep = ~(dropped & torch.isin(split.owners, core))
    else:
        of = torch.cat([torch.arange(split.users), core])
        keep = torch.cat([torch.ones_like(dropped), ~dropped[members(split.offsets, core)[1]]])
    owners, places = members(split.offsets, of)
    lengths = torch.bincount(owners[keep], minlength=len(of))
    known = split.categories, split.digest, split.groups, split.exposures, split.meta
    return Thinned(split.name, split.items[places[keep]], offsets_of(lengths), *known, whole=split, of=of)
