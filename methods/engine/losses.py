"""Objectives of next-item training, over states and their target items."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.engine.recommender import SequentialRecommender
from methods.engine.sampling import other_items

LOGITS_AT_ONCE = {"cpu": 1 << 19, "cuda": 1 << 27}  # 2 MiB of float32 stay in a core's cache; 512 MiB keep a GPU busy


def softmax_loss(model: SequentialRecommender, states: Tensor, targets: Tensor) -> Tensor:
    """Full softmax cross-entropy over the catalogue, summed. states (n, dim), targets (n,)."""
    return _SoftmaxLoss.apply(states, model.item_embedding.weight, targets)


class _SoftmaxLoss(torch.autograd.Function):
    """Loss and both gradients in one pass over chunks of rows: no logits tensor of n x catalogue is ever held."""

    @staticmethod
    def forward(ctx, states: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        total = states.new_zeros(())
        state_gradient, weight_gradient = torch.empty_like(states), torch.zeros_like(weight)
        rows = max(1, LOGITS_AT_ONCE[states.device.type] // len(weight))
        buffers = states.new_empty(2, min(rows, len(states)), len(weight))
        for chunk, aim, gradient in zip(
            states.split(rows), targets.split(rows), state_gradient.split(rows), strict=True
        ):
            logits, probabilities = buffers[:, : len(aim)]
            torch.mm(chunk, weight.T, out=logits)
            torch.softmax(logits, 1, out=probabilities)
            # log sum exp = max logit - log max probability, which is at least 1 / catalogue: a pass less, no underflow
            total += (logits.amax(1) - probabilities.amax(1).log()).sum()
            total -= logits.gather(1, aim[:, None]).sum()
            torch.mm(probabilities, weight, out=gradient)
            weight_gradient.addmm_(probabilities.T, chunk)
        # the target's own term of the gradient, -1 in the column of the target
        state_gradient -= weight[targets]
        weight_gradient.index_add_(0, targets, states, alpha=-1)
        ctx.save_for_backward(state_gradient, weight_gradient)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        state_gradient, weight_gradient = ctx.saved_tensors
        return state_gradient * gradient, weight_gradient * gradient, None


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
