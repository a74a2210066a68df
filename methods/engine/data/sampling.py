"""Negative items, drawn without a loop over users and without rejection."""

from copy import copy

import torch
from torch import Tensor

from datasets.pipeline.errors import BadInput
from methods.engine.data.interactions import Holdings


class Negatives:
    """Draws items that a user does not hold, each of them with the same probability.

    Of the items that a user lacks, number r (from 0) is r + (how many held items come before it). With the user's held
    items h_0 < h_1 < .. that is the number of j with h_j - j <= r, found by one binary search for the whole batch.
    """

    def __init__(self, held: Holdings, catalogue: int) -> None:
        place = torch.arange(len(held.items)) - held.offsets[held.rows]
        self._width = catalogue + 1
        self._keys = held.rows * self._width + held.items - place  # ascending: h_j - j never falls within a user
        self._first = held.offsets[:-1]
        self._lacking = catalogue - held.lengths

    def to(self, device: torch.device) -> "Negatives":
        """The same, for users on the device."""
        found = copy(self)
        found._keys, found._first, found._lacking = (t.to(device) for t in (self._keys, self._first, self._lacking))
        return found

    def draw(self, users: Tensor, count: int, generator: torch.Generator) -> Tensor:
        """`count` items for each of `users` (n,), with replacement, on the CPU. Shape (n, count).

        Raises BadInput if one of the users holds the whole catalogue.
        """
        self.check(users)
        return self.draw_checked(users, count, generator)

    def check(self, users: Tensor) -> None:
        """BadInput if one of the users holds the whole catalogue."""
        lacking = self._lacking[users]
        if len(lacking) and lacking.min() == 0:
            user = int(users[lacking.argmin()])
            raise BadInput(f"user {user} has every item in the training history: there is no negative item to sample")

    def draw_checked(self, users: Tensor, count: int, generator: torch.Generator) -> Tensor:
        """`draw` for users that `check` has passed, where they and the generator are; a GPU's host need not wait."""
        lacking = self._lacking[users]
        uniform = torch.rand(len(users), count, generator=generator, dtype=torch.float64, device=users.device)
        number = (uniform * lacking[:, None]).long()
        before = torch.searchsorted(self._keys, users[:, None] * self._width + number, right=True)
        return number + before - self._first[users][:, None]


def other_items(items: Tensor, count: int, catalogue: int, generator: torch.Generator) -> Tensor:
    """`count` items for each of `items` (n,), uniform over all items but that one. Shape (n, count).

    They are drawn on the generator's device, where `items` lie.
    """
    if catalogue < 2:
        raise BadInput("the catalogue has a single item: there is no negative item to sample")
    drawn = torch.randint(catalogue - 1, (len(items), count), generator=generator, device=generator.device)
    return drawn + (drawn >= items[:, None])
