"""Objectives of next-item training, over states and their target items."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from methods.engine.data.sampling import other_items
from methods.engine.layers.kernels import arrays
from methods.engine.layers.kernels import softmax as kernels
from methods.engine.layers.kernels.rows import add_rows
from methods.engine.recommender import SequentialRecommender

LOGITS_AT_ONCE = {"cpu": 1 << 19, "cuda": 1 << 27}  # 2 MiB of float32 stay in a core's cache; 512 MiB keep a GPU busy
LEAST_ROWS = 96  # of a chunk, however large the catalogue: a product of fewer waits for the table of items
SAFE_TOTALS = (1e-6, 1e18)  # sums of powers that lose nothing in float32, nor by powers below 2^-60 that are 0
LN_2 = math.log(2)  # powers of 2 take less than those of e: logits are computed as multiples of ln 2


def softmax_loss(
    model: SequentialRecommender, states: Tensor, targets: Tensor, count: int = 1, weights: Tensor | None = None
) -> Tensor:
    """Full softmax cross-entropy over the catalogue, each by its weight where there are weights, summed and divided by
    `count`. states (n, dim), targets (n,), weights (n,), which get no gradient."""
    return _SoftmaxLoss.apply(states, model.output_embedding.weight, targets, count, weights)


class _SoftmaxLoss(torch.autograd.Function):
    """Loss and both gradients in one pass over chunks of rows: no logits tensor of n x catalogue is ever held.

    Logits stand item by item, (catalogue, rows): so all three products walk the table of items as it is stored, and
    on a CPU take some 10 % less.
    """

    @staticmethod
    def forward(ctx, states: Tensor, weight: Tensor, targets: Tensor, count: int, weights: Tensor | None) -> Tensor:
        on_cpu, column = states.device.type == "cpu", None if weights is None else weights[:, None]
        totals, shifts, by_states, by_items = _powers(states, weight, count, column)
        # the target's own term of the gradient, -1 in the row of the target
        aims, weighted = weight[targets], states if column is None else states * column
        by_states.sub_(aims if column is None else aims * column, alpha=1 / count)
        if on_cpu:
            add_rows(*arrays(weighted * (-1 / count), targets, by_items))
        else:
            by_items.index_add_(0, targets, weighted, alpha=-1 / count)
        ctx.save_for_backward(by_states, by_items)
        logs = totals.log2() + shifts
        return ((logs if weights is None else logs * weights).sum() * LN_2 - (weighted * aims).sum()) / count

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        by_states, by_items = ctx.saved_tensors
        if gradient.device.type == "cpu" and gradient == 1:  # a pass over the table spared; a GPU would have to wait
            return by_states, by_items, None, None, None
        return by_states * gradient, by_items * gradient, None, None, None


def _powers(
    states: Tensor, weight: Tensor, count: int, weights: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """With p = exp(logit) / 2^shift over the items: its sums and the shifts, both (n,); and p / sum times items and
    times states, the gradients of log sums by the states and by the items, each by its weight (n, 1) where there are
    weights, divided by `count`."""
    by_states = states.new_empty(states.shape[1], len(states))  # laid across: its product is faster by an eighth
    by_items = torch.empty_like(weight) if len(states) else torch.zeros_like(weight)
    totals, shifts = states.new_empty(len(states)), states.new_zeros(len(states))
    rows = rows_at_once(states.device, len(weight))
    buffer = states.new_empty(len(weight), min(rows, len(states)))
    weighted = states if weights is None else states * weights
    chunks = (each.split(rows) for each in (states, weighted, by_states.T, totals, totals[:, None], shifts))
    for place, (chunk, by_weight, by_chunk, total, column, shift) in enumerate(zip(*chunks, strict=True)):
        logits = buffer if len(chunk) == buffer.shape[1] else buffer.new_empty(len(weight), len(chunk))
        _raised(weight, (chunk / LN_2).T.contiguous(), logits, total, shift)
        torch.mm(weight.T, logits, out=by_chunk.T)
        torch.addmm(by_items, logits, by_weight / column, beta=int(place > 0), alpha=1 / count, out=by_items)
    by_states /= totals * count
    by_states = by_states.T.contiguous()
    return totals, shifts, by_states if weights is None else by_states * weights, by_items


def _raised(weight: Tensor, states: Tensor, logits: Tensor, total: Tensor, shift: Tensor) -> None:
    """logits (items, rows) become 2^(weight states - shift), and total (rows,) their sums. states (dim, rows).

    The shift is that of each row's largest power to 1, or 0 on a CPU: that spares passes, and the sums tell whether it
    was right, else they are made once more. A GPU shifts at once, for it would have to wait for them.
    """
    torch.mm(weight, states, out=logits)
    if logits.device.type == "cpu":
        _raise_to(logits, total)
        if ((total > SAFE_TOTALS[0]) & (total < SAFE_TOTALS[1])).all():
            return
        torch.mm(weight, states, out=logits)
    torch.amax(logits, 0, out=shift)
    logits.sub_(shift)
    _raise_to(logits, total)


def _raise_to(logits: Tensor, totals: Tensor) -> None:
    """logits (items, rows) become 2^logit, and totals (rows,) their sums."""
    if logits.device.type == "cpu" and logits.dtype == torch.float32:
        kernels.raise_to(*arrays(logits, totals))
    else:
        torch.sum(logits.exp2_(), 0, out=totals)


def rows_at_once(device: torch.device, catalogue: int) -> int:
    """How many rows of logits a chunk holds, on a CPU that of one core: a multiple of 16, which the products like."""
    return max(LEAST_ROWS, LOGITS_AT_ONCE[device.type] // catalogue // 16 * 16)


def sampled_loss(
    model: SequentialRecommender,
    states: Tensor,
    targets: Tensor,
    others: int | Tensor,
    generator: torch.Generator | None = None,
    weights: Tensor | None = None,
    objective: str = "sampled",
) -> Tensor:
    """One of the objectives `TERMS` on targets with sampled negatives, summed.

    others: the negatives (n, negatives), or how many are drawn for each target, uniform over the other items of the
    catalogue, from a generator of the device. weights (n,): of each target with its negatives.
    """
    if isinstance(others, int):
        others = other_items(targets, others, model.output_embedding.num_embeddings, generator)
    items = torch.cat([targets[:, None], others], dim=1)
    terms = TERMS[objective](torch.einsum("nd,nkd->nk", states, model.output_embedding(items)))
    return terms.sum() if weights is None else terms.sum(1) @ weights


def pointwise_terms(logits: Tensor) -> Tensor:
    """CASR eq. 1, L2Aug eq. 2: -log A of the target and -log(1 - A) of each negative, A a logistic output.

    CASR prints a product of logarithms; the sum of logarithms, the log-likelihood, is meant. logits (n, 1 + negatives),
    the target's first; so is the result.
    """
    signs = torch.ones_like(logits)
    signs[:, 1:] = -1
    return -F.logsigmoid(signs * logits)


def top1_max_terms(logits: Tensor) -> Tensor:
    """TOP1-max (Hidasi and Karatzoglou, CIKM 2018, eq. 7): sum_j s_j (sigmoid(r_j - r_i) + sigmoid(r_j^2)), s the
    softmax over the negatives. logits (n, 1 + negatives), result (n, negatives)."""
    target, others = logits[:, :1], logits[:, 1:]
    return others.softmax(1) * (torch.sigmoid(others - target) + torch.sigmoid(others**2))


def bpr_max_terms(logits: Tensor) -> Tensor:
    """BPR-max (the same paper, eq. 10): -log sum_j s_j sigmoid(r_i - r_j) + lambda sum_j s_j r_j^2, with lambda 1.
    logits (n, 1 + negatives), result (n, 1)."""
    target, others = logits[:, :1], logits[:, 1:]
    ranked = (others.log_softmax(1) + F.logsigmoid(target - others)).logsumexp(1, keepdim=True)
    return (others.softmax(1) * others**2).sum(1, keepdim=True) - ranked


TERMS = {"sampled": pointwise_terms, "top1-max": top1_max_terms, "bpr-max": bpr_max_terms}
