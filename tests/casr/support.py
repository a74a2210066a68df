"""A tiny model with an exact branch, a tiny split, and settings: enough to repeat every equation slowly."""

import json

import torch
from torch import nn

from methods.cards import load_card
from methods.engine.data.split import Split
from methods.engine.recommender import SequentialRecommender, Trunk


class TinyGRU(SequentialRecommender):
    """A recurrent model whose state after a prefix is all that a branch needs."""

    def __init__(self, catalogue: int, dim: int, seed: int, scale: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.item_embedding = nn.Embedding(catalogue, dim)
        self.recurrence = nn.GRU(dim, dim, batch_first=True)
        self.dropout = nn.Dropout(0.5)  # augmentation must switch it off
        with torch.no_grad():
            self.item_embedding.weight.mul_(scale)
        self.double()

    def encode(self, vectors):
        return Trunk(self.dropout(self.recurrence(vectors)[0]))

    def branch(self, trunk, rows, starts, vectors):
        first = trunk.states[rows, (starts - 1).clamp(min=0)] * (starts > 0)[:, None]
        return self.dropout(self.recurrence(vectors, first[None].contiguous())[1][0])


def tiny_split(lengths, catalogue=12, seed=0, categories=4):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.tensor(lengths)
    items = torch.randint(catalogue, (int(lengths.sum()),), generator=generator)
    offsets = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
    return Split("tiny.loo", items, offsets, torch.arange(catalogue) % categories)


def card_settings(**changes):
    """The card's settings, changed by keywords."""
    return load_card("casr").configured(changes)


def write_split(folder, histories, targets, catalogue):
    """A split's files for users with these training histories and (validation, test) targets. Returns the folder."""
    users = range(len(histories))
    rows = {"train": [(user, item) for user in users for item in histories[user]]}
    rows |= {
        part: [(user, targets[user][place]) for user in users] for place, part in enumerate(("validation", "test"))
    }
    for part, pairs in rows.items():
        text = "".join(f"{user},{item}\n" for user, item in pairs)
        (folder / f"{part}.csv").write_text("user,item\n" + text)
    (folder / "items.csv").write_text("item,category\n" + "".join(f"{item},-1\n" for item in range(catalogue)))
    about = {"name": "made.loo", "users": len(histories), "items": catalogue, "digest": "made"}
    (folder / "split.json").write_text(json.dumps(about))
    return folder
