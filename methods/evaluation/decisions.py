"""What a model says of held-out decisions: whether a recommended item is accepted, and where it stands among all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from datasets.pipeline.exposures import INTERVENTIONAL
from datasets.pipeline.files import read_json, unchanged
from methods.engine.data.split import Split
from methods.engine.recommender import Recommender, Shown
from methods.evaluation.acceptance import checked

AT_ONCE = 256  # decisions whose scores of all items are held together


def load_decisions(folder: Path, *parts: str) -> pd.DataFrame | None:
    """The held-out decisions of some parts: columns user, step, item, accepted, part. None where the split has none."""
    file = Path(folder) / "decisions.parquet"
    if not file.is_file():
        return None
    table = pd.read_parquet(unchanged(file, read_json(Path(folder) / "split.json")))
    return table[table["part"].isin(parts)].reset_index(drop=True)


@torch.inference_mode()
def decide(model: Recommender, split: Split, held_out: pd.DataFrame, device: torch.device) -> pd.DataFrame:
    """A row for each held-out decision: `user, step, item, part, decision`, `probability` where the model gives one
    (`accept`), and `above, ties`: how many other items it scores higher, and the same.

    Decisions are foretold one by one, each from all that was decided before it. Scores are those of the history of what
    the user took: the training items, then the recommended ones that were accepted before (CSRec, section 4.1).
    """
    was_training = model.training
    model.eval()
    told, counts = [], []
    for rows, shown in _in_batches(split, held_out):
        own = held_out.iloc[rows]
        users, targets = (torch.tensor(own[name].to_numpy(np.int64)).to(device) for name in ("user", "item"))
        if model.accepts:
            taken = _padded([split.items[split.offsets[u] : split.offsets[u + 1]] for u in own["user"]])
            given = _last(*taken, model.max_length)
            said = model.accept(users, *(each.to(device) for each in given), _shown(shown).to(device), targets)
            told.append(said.cpu().numpy())
        histories = [
            torch.cat([split.items[split.offsets[user] : split.offsets[user + 1]], items[accepted]])
            for user, (items, accepted) in zip(own["user"], shown, strict=True)
        ]
        given = _last(*_padded(histories), model.max_length)
        scores = model.score(users, *(each.to(device) for each in given))
        if not torch.isfinite(scores).all():
            raise FloatingPointError("a score is not finite: the model diverged (lower its learning rate)")
        own = scores.gather(1, targets[:, None])
        above, ties = (scores > own).sum(1), (scores == own).sum(1) - 1  # the item ties with itself
        counts.append(torch.stack([above, ties]).cpu().numpy())
    model.train(was_training)
    above, ties = np.concatenate([np.zeros((2, 0), np.int64), *counts], axis=1)
    found = held_out[["user", "step", "item", "part"]].assign(decision=held_out["accepted"].to_numpy(bool))
    if model.accepts:
        found["probability"] = checked(np.concatenate([np.zeros(0), *told]))
    return found.assign(above=above, ties=ties)


def _in_batches(split: Split, held_out: pd.DataFrame) -> Iterator[tuple[np.ndarray, list[tuple[Tensor, Tensor]]]]:
    """Places in `held_out`, and for each of them the items that were recommended before, and which were accepted."""
    learnt = split.exposures[split.exposures["regime"] == INTERVENTIONAL][["user", "step", "item", "accepted"]]
    whole = pd.concat([learnt.assign(row=-1), held_out.assign(row=np.arange(len(held_out)))])
    whole = whole.sort_values(["user", "step"], kind="stable")
    users, rows = whole["user"].to_numpy(), whole["row"].to_numpy()
    items, accepted = torch.tensor(whole["item"].to_numpy()), torch.tensor(whole["accepted"].to_numpy(bool))
    first = np.searchsorted(users, users)
    asked = np.flatnonzero(rows >= 0)
    asked = asked[np.argsort(rows[asked], kind="stable")]
    for begin in range(0, len(asked), AT_ONCE):
        part = asked[begin : begin + AT_ONCE]
        yield rows[part], [(items[first[place] : place], accepted[first[place] : place]) for place in part]


def _padded(lists: list[Tensor]) -> tuple[Tensor, Tensor]:
    """(lists, longest), filled up on the right with 0, and their lengths."""
    lengths = torch.tensor([len(each) for each in lists])
    return torch.nn.utils.rnn.pad_sequence(lists, batch_first=True), lengths


def _last(items: Tensor, lengths: Tensor, most: int | None) -> tuple[Tensor, Tensor]:
    """The last items of each list, at most so many."""
    if most is None or items.shape[1] <= most:
        return items, lengths
    kept = lengths.clamp(max=most)
    place = (lengths - kept)[:, None] + torch.arange(most)
    inside = torch.arange(most) < kept[:, None]
    return torch.where(inside, items.gather(1, place.clamp(max=items.shape[1] - 1)), 0), kept


def _shown(before: list[tuple[Tensor, Tensor]]) -> Shown:
    items, lengths = _padded([items for items, _ in before])
    return Shown(items, _padded([accepted for _, accepted in before])[0], lengths)
