"""RecBole's weights in this project's models: from equal weights both compute the same states, and fits can start where
RecBole's do."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from methods.engine.recommender import SequentialRecommender, at_end
from workflow.benchmark.bench import Bench
from workflow.benchmark.measured import Bar, Measured, Row
from workflow.benchmark.peer_inputs import ALIKE
from workflow.benchmark.training import METHODS
from workflow.benchmark.turns import Failed, sides

DATASET = "movielens-100k"
BAR = Bar("value", 1e-5)  # of the largest number of a state; single precision has some 1e-7
# RecBole's names of the parameters here that are the same there. Its SASRec adds and normalises in another order.
NAMES = {
    "narm": {
        "recurrence.weight_ih_l0": "gru.weight_ih_l0", "recurrence.weight_hh_l0": "gru.weight_hh_l0",
        "key.weight": "a_1.weight", "query.weight": "a_2.weight", "weight.weight": "v_t.weight",
    },
    "stamp": {
        "key.weight": "w1.weight", "last.weight": "w2.weight", "mean.weight": "w3.weight", "mean.bias": "b_a",
        "weight.weight": "w0.weight", "session.weight": "mlp_a.weight", "session.bias": "mlp_a.bias",
        "current.weight": "mlp_b.weight", "current.bias": "mlp_b.bias",
    },
}  # fmt: skip

# Standard deviations with which RecBole draws tables of items and matrices; its biases are 0.
START = {"stamp": (0.002, 0.05)}


def states(bench: Bench) -> Iterator[Row]:
    """The largest difference between both sides' states of random histories, beside the largest number of a state."""
    split = bench.data(DATASET)
    for method in NAMES:
        settings, file = bench.settings(method, **ALIKE.get(method, {})), bench.store / f"states-{method}.npz"
        with sides(bench.engine("train", split, method, settings), bench.recbole(split, method, settings)) as made:
            engine, peer = made
            try:
                peer.ask(bench.seconds, do="states", file=str(file))
                found = Measured((engine.ask(bench.seconds, do="states", file=str(file))["difference"],))
            except Failed as failure:
                found = Measured(reason=str(failure))
        what = f"states of {METHODS[method]} from RecBole's weights: largest difference, beside the largest number"
        yield Row("states", what, split.name, split.source, "", found, bar=BAR)


def difference(model: SequentialRecommender, method: str, file: Path) -> float:
    """Between RecBole's states and the ones here, over the largest of RecBole's. file: as peer_side.py writes it."""
    with np.load(file) as stored:
        peer = {name: torch.from_numpy(stored[name]) for name in stored.files}
    model.load_state_dict(translated(model, method, peer))
    items, lengths = (peer[name].to(model.item_embedding.weight.device) for name in ("items", "lengths"))
    with torch.inference_mode():
        found = at_end(model.eval().encode(model.item_embedding(items)).states, lengths).cpu()
    return float((found - peer["states"]).abs().max() / peer["states"].abs().max())


def redraw(model: SequentialRecommender, method: str) -> SequentialRecommender:
    """The model with weights drawn as RecBole draws its own."""
    of_tables, of_matrices = START[method]
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=of_tables)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=of_matrices)
    return model


def translated(model: SequentialRecommender, method: str, peer: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The model's parameters by RecBole's. Its table of items begins with the padding's row; its recurrence has no
    biases, and its decoder takes the local state before the global one."""
    found = {name: torch.zeros_like(value) for name, value in model.state_dict().items()}
    found["item_embedding.weight"] = peer["item_embedding.weight"][1:]
    found |= {ours: peer[theirs] for ours, theirs in NAMES[method].items()}
    if method == "narm":
        found["decoder.weight"] = torch.cat(peer["b.weight"].chunk(2, dim=1)[::-1], dim=1)
    return found
