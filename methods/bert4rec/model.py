"""BERT4Rec: masked items from both sides of a history (Sun et al., CIKM 2019)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.engine.data.split import Split
from methods.engine.fit.end_states import EndStateRecommender, attended, placed
from methods.engine.fit.losses import softmax_loss
from methods.engine.fit.stochastic import fit_sampled
from methods.engine.layers.dropout import Dropout
from methods.engine.layers.initialisation import normal
from methods.engine.recommender import Fitted, Run
from methods.fmlprec.model import FeedForward


def build(split: Split, settings: dict) -> "BERT4Rec":
    return BERT4Rec(
        split.catalogue, settings["embedding"], settings["max_length"], settings["blocks"], settings["heads"],
        settings["dropout"],
    )  # fmt: skip


class BERT4Rec(EndStateRecommender):
    """A window of `places` places, at its end a mask behind the history; the state is that of the mask."""

    def __init__(self, catalogue: int, dim: int, places: int, blocks: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.max_length = places - 1  # items of a history; the last place is the mask's
        self.item_embedding = nn.Embedding(catalogue, dim)
        self.mask = nn.Parameter(torch.empty(dim))
        self.position_embedding = nn.Embedding(places, dim)
        self.norm, self.dropout = nn.LayerNorm(dim), Dropout(dropout)
        self.blocks = nn.ModuleList(Block(dim, heads, dropout) for _ in range(blocks))
        self.project = nn.Linear(dim, dim)
        normal(self, std=0.02)
        nn.init.trunc_normal_(self.mask, std=0.02)

    def states(self, items: Tensor, held: Tensor, masked: Tensor) -> Tensor:
        """gelu(W h + b) at every place (eq. 7 without its last product). items (batch, places), whatever stands where
        nothing is held; held, masked (batch, places): which places are part of the window, and hide their item."""
        vectors = torch.where(masked[..., None], self.mask, self.item_embedding(items))
        x = self.dropout(self.norm((vectors + self.position_embedding.weight) * held[..., None]))
        for block in self.blocks:
            x = block(x, held)
        return F.gelu(self.project(x))

    def end_states(self, items: Tensor, lengths: Tensor) -> Tensor:
        window, held = placed(items, lengths, self.max_length)
        window, last = F.pad(window, (0, 1)), torch.zeros_like(held[:, :1])
        masked = torch.cat([torch.zeros_like(held), ~last], dim=1)
        return self.states(window, torch.cat([held, ~last], dim=1), masked)[:, -1]


class Block(nn.Module):
    """Attention of every place to every held one, then two layers, both with residual and LayerNorm (eqs. 1 to 4)."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value, self.output = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.norm, self.dropout = nn.LayerNorm(dim), Dropout(dropout)
        self.feed_forward = FeedForward(dim, dropout)

    def forward(self, x: Tensor, held: Tensor) -> Tensor:
        seen = attended(x, self.query_key_value, self.heads, attn_mask=held[:, None, None])
        return self.feed_forward(self.norm(x + self.dropout(self.output(seen))))


def fit(model: BERT4Rec, split: Split, settings: dict, run: Run) -> Fitted:
    """Cloze: items are hidden and foretold from both sides; in some rows the last item alone, as in ranking.

    Each history is cut into windows of `max_length` places from its end on. Settings: mask_share, of the items of a
    window (at least one); last_share, of the rows in which the last item alone is hidden (1: in all); learning_rate,
    batch (windows), epochs, patience.
    """
    torch.manual_seed(run.seed)  # dropout
    places = settings["max_length"]
    ends, counts = windows(split, places)
    items = split.items.to(run.device)

    def draw(generator: torch.Generator) -> tuple[Tensor, ...]:
        chance = torch.rand(len(ends), places, generator=generator)
        alone = torch.rand(len(ends), generator=generator) < settings["last_share"]
        masked = hidden(chance, counts, alone, settings["mask_share"])
        most = int(masked.sum(dim=1).max())  # chosen here, on the CPU: a GPU would have to wait for their number
        return ends, counts, masked, torch.argsort(~masked, dim=1, stable=True)[:, :most]

    def loss(ends: Tensor, counts: Tensor, masked: Tensor, chosen: Tensor) -> Tensor:
        back = torch.arange(places, 0, -1, device=ends.device)
        read = items[(ends[:, None] - back).clamp(min=0)]
        states = model.states(read, back <= counts[:, None], masked)
        states = states.gather(1, chosen[..., None].expand(-1, -1, states.shape[2])).flatten(0, 1)
        real = masked.gather(1, chosen).flatten().to(states.dtype)  # the others fill rows with fewer masks up
        return softmax_loss(model, states, read.gather(1, chosen).flatten(), 1, real / real.sum())

    return fit_sampled(model, draw, loss, settings, run)


def windows(split: Split, places: int) -> tuple[Tensor, Tensor]:
    """Where each window ends in `split.items`, and how many items it holds: each history from its end on. A window of
    one item has nothing to foretell it by, and is left out."""
    number = -(-split.lengths // places)
    owners = torch.repeat_interleave(torch.arange(split.users), number)
    back = (torch.arange(len(owners)) - (number.cumsum(0) - number)[owners]) * places
    counts = (split.lengths[owners] - back).clamp(max=places)
    return (split.offsets[1:][owners] - back)[counts > 1], counts[counts > 1]


def hidden(chance: Tensor, counts: Tensor, alone: Tensor, share: float) -> Tensor:
    """Which places are masked: those whose chance is below `share`, and the least of each row in any case; where
    `alone`, the last place. chance (rows, places), of which the last `counts` hold an item."""
    places = chance.shape[1]
    held = torch.arange(places, 0, -1) <= counts[:, None]
    chance = chance.masked_fill(~held, 2.0)
    masked = (chance < share) | (chance == chance.min(dim=1, keepdim=True).values)
    last = (torch.arange(places) == places - 1).expand_as(masked)
    return torch.where(alone[:, None], last, masked & held)
