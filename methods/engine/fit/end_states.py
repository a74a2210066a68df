"""Models whose states see the whole window: the state at the end of a prefix alone, and training prefix by prefix.

A state in the middle of such a window has seen the items behind it, the target among them, so no pass can serve all
prefixes of a history: each prefix is a row of its own.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.losses import softmax_loss
from methods.engine.fit.stochastic import fit_sampled
from methods.engine.recommender import Fitted, Recommender, Run


class EndStateRecommender(Recommender):
    """A model of the next item that turns a whole prefix into a state; no state of a shorter one can be taken of it."""

    item_embedding: nn.Embedding  # (catalogue, dim)
    max_length: int

    def end_states(self, items: Tensor, lengths: Tensor) -> Tensor:
        """The state after each whole history. items (batch, length), filled up on the right, whatever stands there;
        lengths (batch,); result (batch, dim)."""
        raise NotImplementedError

    @property
    def output_embedding(self) -> nn.Embedding:
        return self.item_embedding

    def user_vectors(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        return self.end_states(items, lengths)

    def item_vectors(self) -> Tensor:
        return self.item_embedding.weight


def placed(items: Tensor, lengths: Tensor, places: int) -> tuple[Tensor, Tensor]:
    """The last `places` items of each history at the end of a window, and which places hold one. items (batch, length),
    filled up on the right; lengths (batch,); both results (batch, places)."""
    place = lengths[:, None] - places + torch.arange(places, device=items.device)
    return items.gather(1, place.clamp(0, items.shape[1] - 1)), place >= 0


def attended(x: Tensor, query_key_value: nn.Linear, heads: int, **seen: object) -> Tensor:
    """Scaled dot-product attention of the places of x (batch, places, dim), before its last product. query_key_value:
    the three projections in one; seen: which places see which (`attn_mask` or `is_causal`)."""
    parts = query_key_value(x).chunk(3, dim=2)
    query, key, value = (part.unflatten(2, (heads, -1)).transpose(1, 2) for part in parts)
    return F.scaled_dot_product_attention(query, key, value, **seen).transpose(1, 2).flatten(2)


def fit_end_states(model: EndStateRecommender, split: Split, settings: dict, run: Run) -> Fitted:
    """Train `model` on prefixes and the items that follow them, by the full softmax.

    Settings: rows, `targets`: every prefix of every history, in each epoch, or `users`: one prefix of each, drawn anew
    in each epoch; learning_rate, batch (rows), epochs, patience.
    """
    torch.manual_seed(run.seed)  # dropout
    users = torch.nonzero(split.lengths > 1)[:, 0]
    begins, pairs = split.offsets[users], split.lengths[users] - 1
    items, most = split.items.to(run.device), model.max_length

    def draw(generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Where the target of each row stands in `split.items`, and how many of the items before are read."""
        if settings["rows"] == "users":
            ends = 1 + (torch.rand(len(users), generator=generator, dtype=torch.float64) * pairs).long()
            return begins + ends, ends.clamp(max=most)
        owners = torch.repeat_interleave(torch.arange(len(users)), pairs)
        ends = 1 + torch.arange(len(owners)) - (pairs.cumsum(0) - pairs)[owners]
        return begins[owners] + ends, ends.clamp(max=most)

    def loss(places: Tensor, lengths: Tensor, width: int) -> Tensor:
        columns = torch.arange(width, device=places.device)
        read = (places - lengths)[:, None] + columns
        rows = torch.where(columns < lengths[:, None], items[read.clamp(max=len(items) - 1)], 0)
        return softmax_loss(model, model.end_states(rows, lengths), items[places], len(places))

    widths = draw(torch.Generator())[1] if settings["rows"] == "targets" else None
    if widths is not None:
        return fit_sampled(model, draw, loss, settings, run, widths)
    return fit_sampled(model, draw, lambda places, lengths: loss(places, lengths, most), settings, run)
