"""What every recommender gives, and what a fitting run gets and returns."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from methods.engine.layers.kept import Kept


class Recommender(nn.Module):
    """Scores every item of the catalogue for a batch of users.

    A method's module `methods/<name>/model.py` offers
        build(split, settings) -> Recommender
        fit(model, split, settings, run) -> Fitted
    A model gives `score`; or, where a score is the product of two vectors, `user_vectors` and `item_vectors`, which are
    ranked faster.
    """

    def score(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        """Scores, higher is better, of shape (batch, catalogue).

        users (batch,); items (batch, length) the most recent items of each history, in order, filled up on the right
        with 0; lengths (batch,) how many of them count. A model of long histories says how many it wants by
        `max_length` (None: all).
        """
        return self.products(self.user_vectors(users, items, lengths), self.item_vectors())

    def user_vectors(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        """Of shape (batch, dim); all else as in `score`."""
        raise NotImplementedError(f"{type(self).__name__} gives neither `score` nor `user_vectors` and `item_vectors`")

    def item_vectors(self) -> Tensor:
        """Of shape (catalogue, dim), one tensor until a parameter changes."""
        raise NotImplementedError(f"{type(self).__name__} gives `user_vectors` but no `item_vectors`")

    def accept(self, users: Tensor, items: Tensor, lengths: Tensor, shown: "Shown", recommended: Tensor) -> Tensor:
        """The probability that each user accepts an item that is recommended now. Shape (batch,).

        For models of decisions alone; of others the rank of the item speaks (evaluation/acceptance.py). users, items,
        lengths: as in `score`, what the user took without the system; recommended (batch,).
        """
        raise NotImplementedError(f"{type(self).__name__} gives no probability of acceptance")

    @property
    def accepts(self) -> bool:
        return type(self).accept is not Recommender.accept

    @property
    def scores_by_product(self) -> bool:
        return type(self).score is Recommender.score

    max_length: int | None = None

    def __init__(self) -> None:
        super().__init__()
        self._across: Kept[Tensor] = Kept()

    def products(self, vectors: Tensor, table: Tensor) -> Tensor:
        """vectors table^T: each vector with every row of a table of parameters. vectors (.., dim), table (rows, dim).

        With a table laid out across a CPU takes more than twice as long for the gradient: only where there is none.
        """
        if torch.is_grad_enabled() and (table.requires_grad or vectors.requires_grad):
            return vectors @ table.T
        return vectors @ self.across(table)

    def across(self, table: Tensor) -> Tensor:
        """table^T without a gradient; for a CPU, which multiplies with it some 30 % faster, column by column, laid out
        once until the table changes."""
        if table.device.type != "cpu":
            return table.detach().T
        return self._across.get([table], lambda: table.T.contiguous())


@dataclass(frozen=True)
class Shown:
    """What the system recommended each user before, in order, filled up on the right with 0 and False, and whether it
    was accepted. items, accepted (batch, steps), lengths (batch,)."""

    items: Tensor
    accepted: Tensor
    lengths: Tensor

    def to(self, device: torch.device) -> "Shown":
        return Shown(self.items.to(device), self.accepted.to(device), self.lengths.to(device))


@dataclass
class Trunk:
    """One forward pass over whole histories: the state after every prefix, and what a branch needs to go on from it.

    states (batch, length, dim), or None where branches alone were asked for; cache: the model's own, tensors of shape
    (batch, length, ..) or tuples of them.
    """

    states: Tensor | None
    cache: tuple = ()


class SequentialRecommender(Recommender):
    """A model of the next item that turns a prefix into a state and scores items by state and item embedding.

    Histories are filled up on the right. Position t of `encode` sees items 0..t only, so that one pass serves all
    prefixes, and padding behind a position cannot change it.
    """

    item_embedding: nn.Embedding  # (catalogue, dim): the space in which a counterfactual item is moved

    def encode(self, vectors: Tensor) -> Trunk:
        """vectors (batch, length, dim): item embeddings."""
        raise NotImplementedError

    def states_at(self, look_up: Callable[[Tensor], Tensor], items: Tensor, lengths: Tensor, places: Tensor) -> Tensor:
        """The states after some positions of histories (states, dim); a model that can leaves out what is computed for
        padding.

        Training takes them, so a model that changes `encode` changes this. look_up gives the vectors (.., dim) of items
        (..); items (batch, length); lengths (batch,); places (states,): of the positions in (batch, length), ascending,
        none behind a history's end.
        """
        return self.encode(look_up(items)).states.flatten(0, 1)[places]

    def trunk(self, vectors: Tensor) -> Trunk:
        """What `branch` needs of `encode`; a model that can leaves out what is for the states alone."""
        return self.encode(vectors)

    def branch(self, trunk: Trunk, rows: Tensor, starts: Tensor, vectors: Tensor) -> Tensor:
        """The state after the first `starts` items of trunk row `rows`, followed by `vectors`; nothing before the
        branch is computed again.

        rows, starts (samples,); vectors (samples, steps, dim), steps >= 1; result (samples, dim).
        """
        raise NotImplementedError

    def last_states(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        """The state after each whole history, as `encode` gives it; a model that can skips the states before.

        vectors (batch, length, dim), lengths (batch,); result (batch, dim).
        """
        return at_end(self.encode(vectors).states, lengths)

    @property
    def output_embedding(self) -> nn.Embedding:
        """(catalogue, dim): the vectors of items by which states are scored. A model may have a table of its own for
        them, its `output`."""
        own = getattr(self, "output", None)
        return self.item_embedding if own is None else own

    def item_scores(self, states: Tensor) -> Tensor:
        """Logits over the catalogue. states (.., dim); result (.., catalogue)."""
        return self.products(states, self.item_vectors())

    def user_vectors(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        return self.last_states(self.item_embedding(items), lengths)

    def item_vectors(self) -> Tensor:
        return self.output_embedding.weight


def at_end(rows: Tensor, lengths: Tensor) -> Tensor:
    """What stands at the end of each history. rows (batch, length, ..), lengths (batch,); result (batch, ..)."""
    return rows[torch.arange(len(rows), device=rows.device), lengths - 1]


@dataclass(frozen=True)
class Run:
    """What a fitting run gets from outside: its seed, its device, and the only view of held-out data, a number."""

    seed: int
    device: torch.device
    validate: Callable[[Recommender], float]  # the paper's metric on validation data, e.g. NDCG@5, full ranking
    progress: Callable[[str], None] = lambda message: None


@dataclass
class Fitted:
    """The course of a fit. `curve`: validation value after each epoch; the weights of `best_epoch` (from 1) stay.
    start: the value before the first epoch, where a retraining may stay there (`best_epoch` 0)."""

    curve: list[float] = field(default_factory=list)
    best_epoch: int = 0
    stopped_early: bool = True  # False: still improving when the budget of epochs ended
    start: float | None = None

    @property
    def epochs(self) -> int:
        return len(self.curve)

    @property
    def best(self) -> float:
        """The validation value of the weights that stay."""
        return max([*self.curve, *([] if self.start is None else [self.start])], default=0.0)
