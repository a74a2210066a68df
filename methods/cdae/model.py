"""CDAE: a denoising auto-encoder of a user's items, with a vector of the user (Wu et al., WSDM 2016)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datasets.pipeline.errors import BadInput
from methods.engine.data.interactions import batch_holdings, how_often
from methods.engine.data.ragged import members, sent
from methods.engine.data.sampling import Negatives
from methods.engine.data.split import Split
from methods.engine.fit.adam import Adam
from methods.engine.fit.early_stopping import EarlyStopping
from methods.engine.layers.initialisation import normal
from methods.engine.recommender import Fitted, Recommender, Run

HIDDEN_FUNCTIONS = {"sigmoid": torch.sigmoid, "identity": lambda values: values}


def logistic_loss(outputs: Tensor, labels: Tensor) -> Tensor:
    """-log sigma(output) where the label is 1, -log(1 - sigma(output)) where it is 0, the output function included."""
    return F.binary_cross_entropy_with_logits(outputs, labels, reduction="none")


def square_loss(outputs: Tensor, labels: Tensor) -> Tensor:
    return (labels - outputs).square() / 2


LOSSES = {"logistic": logistic_loss, "square": square_loss}


def build(split: Split, settings: dict) -> "CDAE":
    for name, known in (("hidden_function", HIDDEN_FUNCTIONS), ("loss", LOSSES)):
        if settings[name] not in known:
            raise BadInput(f"{name} '{settings[name]}' is unknown; use one of {', '.join(known)}")
    if not 0 <= settings["corruption"] < 1:
        raise BadInput(f"setting corruption is {settings['corruption']}: it must be at least 0 and below 1")
    model = CDAE(split.users, split.catalogue, settings["embedding"], settings["hidden_function"])
    normal(model, settings["initial_std"])
    return model


def fit(model: "CDAE", split: Split, settings: dict, run: Run) -> Fitted:
    """Every epoch each user's items are corrupted and predicted again, beside sampled items that the user lacks."""
    generator = torch.Generator().manual_seed(run.seed)
    held = split.held
    negatives = Negatives(held, split.catalogue)
    users = torch.nonzero(held.lengths).flatten()
    at_once = max(1, round(settings["batch"] * len(users) / len(held.items)))
    model.to(run.device)
    flat = held.items.to(run.device)
    optimizer = Adam(model.parameters(), settings["learning_rate"])
    stopper = EarlyStopping(settings["patience"], settings["epochs"])
    for _ in stopper:
        model.train()
        inputs = corrupted(len(held.items), settings["corruption"], generator).to(run.device)
        others = negatives.draw(held.rows, settings["negatives"], generator).to(run.device)
        order = users[torch.randperm(len(users), generator=generator)]
        rows, places = members(held.offsets, order)
        sizes = [int(lengths.sum()) for lengths in held.lengths[order].split(at_once)]
        planned = (sent(each, sizes, run.device) for each in (rows % at_once, places))
        total = torch.zeros((), device=run.device)
        for batch, rows, place in zip(order.to(run.device).split(at_once), *planned, strict=True):
            loss = users_loss(model, batch, rows, flat[place], inputs[place], others[place], settings) / len(batch)
            optimizer.step(loss)
            total = total + loss.detach() * len(batch)
        stopper.close_epoch(total / len(users), model, run)
    return stopper.finish(model)


class CDAE(Recommender):
    """yhat_u = W' z_u + b' (a logit where the loss is logistic), z_u = h(W^T y_u + V_u + b); y_u is 1 where u holds an
    item, corrupted in training, whole in ranking."""

    def __init__(self, users: int, catalogue: int, dim: int, hidden_function: str) -> None:
        super().__init__()
        self.input_embedding = nn.Embedding(catalogue, dim)  # W
        self.output_embedding = nn.Embedding(catalogue, dim)  # W'
        self.user_embedding = nn.Embedding(users, dim)  # V
        self.hidden_bias = nn.Parameter(torch.zeros(dim))  # b
        self.item_bias = nn.Parameter(torch.zeros(catalogue))  # b'
        self.hidden_function = HIDDEN_FUNCTIONS[hidden_function]

    def encode(self, users: Tensor, items: Tensor, first: Tensor, inputs: Tensor | None = None) -> Tensor:
        """z of each user. users (batch,); items (pairs,) of all of them, those of user b from `first[b]` on; inputs
        (pairs,) the entries of y, all 1 where it is absent. Shape (batch, dim)."""
        summed = F.embedding_bag(items, self.input_embedding.weight, first, mode="sum", per_sample_weights=inputs)
        return self.hidden_function(summed + self.user_embedding(users) + self.hidden_bias)

    def score(self, users: Tensor, items: Tensor, lengths: Tensor) -> Tensor:
        held = batch_holdings(items, lengths, len(self.item_bias))
        hidden = self.encode(users, held.items, held.offsets[:-1])
        return hidden @ self.output_embedding.weight.T + self.item_bias


def corrupted(count: int, corruption: float, generator: torch.Generator) -> Tensor:
    """Entries of y that were 1: 0 with probability q = `corruption`, else 1 / (1 - q), so that the mean stays 1."""
    return (torch.rand(count, generator=generator) >= corruption) / (1 - corruption)


def users_loss(
    model: CDAE, users: Tensor, rows: Tensor, items: Tensor, inputs: Tensor, others: Tensor, settings: dict
) -> Tensor:
    """The loss summed over users: of their held items, of the sampled others, and lambda / 2 |Theta|^2 of all vectors
    and biases that stand in their terms.

    users (batch,); rows, items, inputs (pairs,): the user of a held item as a row of the batch, ascending, the item,
    its corrupted entry; others (pairs, negatives).
    """
    lengths = how_often(rows, len(users))
    hidden = model.encode(users, items, lengths.cumsum(0) - lengths, inputs)
    targets = torch.cat([items[:, None], others], dim=1)
    outputs = (F.embedding(rows, hidden)[:, None] * model.output_embedding(targets)).sum(dim=2)
    outputs = outputs + F.embedding(targets, model.item_bias[:, None])[..., 0]
    labels = torch.zeros_like(outputs)
    labels[:, 0] = 1
    loss = LOSSES[settings["loss"]](outputs, labels).sum()
    if settings["regularisation"] == 0:
        return loss
    catalogue = len(model.item_bias)
    predicted = how_often(targets, catalogue).to(outputs.dtype)
    entered = outputs.new_zeros(catalogue).index_add_(0, items, (inputs > 0).to(outputs.dtype))
    squares = predicted @ (model.output_embedding.weight.square().sum(1) + model.item_bias.square())
    squares = squares + entered @ model.input_embedding.weight.square().sum(1)
    squares = squares + model.user_embedding(users).square().sum() + len(users) * model.hidden_bias.square().sum()
    return loss + settings["regularisation"] / 2 * squares
