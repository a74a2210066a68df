"""Objectives of next-item training, over states and their target items."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.engine.recommender import SequentialRecommender
from methods.engine.sampling import other_items

LOGITS_AT_ONCE = {"cpu": 1 << 19, "cuda": 1 << 27}  # 2 MiB of float32 stay in a core's cache; 512 MiB keep a GPU busy
LEAST_ROWS = 64  # of a chunk, however large the catalogue: a product of fewer waits for the table of items
SAFE_LOGIT = 60.0  # exp(60) times any catalogue is far below, exp(-60) far above what float32 can hold


def softmax_loss(model: SequentialRecommender, states: Tensor, targets: Tensor) -> Tensor:
    """Full softmax cross-entropy over the catalogue, summed. states (n, dim), targets (n,)."""
    weight = model.item_embedding.weight
    return _SoftmaxLoss.apply(states, weight, model.across(weight), targets)


class _SoftmaxLoss(torch.autograd.Function):
    """Loss and both gradients in one pass over chunks of rows: no logits tensor of n x catalogue is ever held."""

    @staticmethod
    def forward(ctx, states: Tensor, weight: Tensor, across: Tensor, targets: Tensor) -> Tensor:
        state_gradient, weight_gradient = torch.empty_like(states), torch.zeros_like(weight)
        totals, shifts = states.new_empty(len(states), 1), states.new_zeros(len(states), 1)
        rows = rows_at_once(states.device, len(weight))
        buffer = states.new_empty(min(rows, len(states)), len(weight))
        small = _are_small(states, weight)
        for chunk, gradient, total, shift in zip(
            *(each.split(rows) for each in (states, state_gradient, totals, shifts)), strict=True
        ):
            logits = buffer[: len(chunk)]
            torch.mm(chunk, across, out=logits)
            if not small:
                torch.amax(logits, 1, keepdim=True, out=shift)
                logits.sub_(shift)
            torch.sum(logits.exp_(), 1, keepdim=True, out=total)
            torch.mm(logits, weight, out=gradient)
            gradient.div_(total)
            weight_gradient.addmm_(logits.T, chunk / total)
        # the target's own term of the gradient, -1 in the column of the target
        aims = weight[targets]
        state_gradient -= aims
        weight_gradient.index_add_(0, targets, states, alpha=-1)
        ctx.save_for_backward(state_gradient, weight_gradient)
        return (totals.log() + shifts).sum() - (states * aims).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        state_gradient, weight_gradient = ctx.saved_tensors
        if gradient.device.type == "cpu" and gradient == 1:  # a pass over the table spared; a GPU would have to wait
            return state_gradient, weight_gradient, None, None
        return state_gradient * gradient, weight_gradient * gradient, None, None


def rows_at_once(device: torch.device, catalogue: int) -> int:
    """How many rows of logits a chunk holds, on a CPU that of one core: a multiple of 16, which the products like."""
    return max(LEAST_ROWS, LOGITS_AT_ONCE[device.type] // catalogue // 16 * 16)


def _are_small(states: Tensor, weight: Tensor) -> bool:
    """Whether no logit can leave the range in which exp needs no shift. A GPU is not asked: it would have to wait."""
    if states.device.type != "cpu" or not len(states):
        return False
    return bool(states.norm(dim=1).max() * weight.norm(dim=1).max() < SAFE_LOGIT)


def sampled_loss(
    model: SequentialRecommender, states: Tensor, targets: Tensor, negatives: int, generator: torch.Generator
) -> Tensor:
    """CASR eq. 1 with sampled negatives, summed: -log A(t) - sum over negatives of log(1 - A(t-)), A a logistic output.

    The equation prints a product of logarithms; the sum of logarithms, the log-likelihood, is meant. Negatives are
    uniform over the other items of the catalogue.
    """
    drawn = other_items(targets.cpu(), negatives, model.item_embedding.num_embeddings, generator)
    items = torch.cat([targets[:, None], drawn.to(targets.device)], dim=1)
    logits = torch.einsum("nd,nkd->nk", states, model.item_embedding(items))
    signs = torch.ones_like(logits)
    signs[:, 1:] = -1
    return -F.logsigmoid(signs * logits).sum()
