"""The bare matrix products that training, search and ranking cannot do without, in the chunks with which torch is
fastest."""

from collections.abc import Callable, Sequence
from functools import cache

import torch

from workflow.benchmark.protocol import Action
from workflow.benchmark.world import World

CHUNKS = (64, 96, 128, 192, 256, 512, 1024, 4096)  # rows of a bare product, of which the fastest is taken
MOST_SCORES = 1 << 28  # that such a chunk makes
TRIED = CHUNKS[-1]  # rows with which the chunks are tried


def bare(world: World, multiply: Callable[[int, int], None], count: int) -> Action:
    """Times `multiply(count, rows)` with the rows at once with which it is the fastest."""

    @cache
    def chunk() -> int:
        return fastest_chunk(world, multiply, count)

    def product() -> dict:
        rows = chunk()
        return {"seconds": world.timed(lambda: multiply(count, rows))[0], "work": count}

    return product


def fastest_chunk(world: World, multiply: Callable[[int, int], None], count: int) -> int:
    """How many rows a bare product takes at once: with so many `multiply(count, rows)` is the fastest here."""
    catalogue = world.data.split.catalogue
    choices = [rows for rows in CHUNKS if rows * catalogue <= MOST_SCORES] or CHUNKS[:1]
    count = min(count, TRIED)
    multiply(count, choices[0])
    return min(choices, key=lambda rows: min(world.timed(lambda: multiply(count, rows))[0] for _ in range(2)))


def softmax_products(world: World, count: int, rows: int) -> None:
    """states x items^T, probabilities x items, probabilities^T x states for `count` pairs, in chunks of `rows`."""
    weight = world.model.item_embedding.weight.detach()
    states, logits = torch.randn(rows, weight.shape[1], device=world.device), weight.new_empty(rows, len(weight))
    by_state, by_item = torch.empty_like(states), torch.zeros_like(weight)
    for begin in range(0, count, rows):
        part = min(rows, count - begin)
        torch.mm(states[:part], weight.T, out=logits[:part])
        torch.mm(logits[:part], weight, out=by_state[:part])
        by_item.addmm_(logits[:part].T, states[:part])


def search_products(world: World, tables: Sequence[torch.Tensor], count: int, rows: int) -> None:
    """states x items^T and probabilities x items for `count` gradients of Delta, by each of the tables of items
    (catalogue, dim), in chunks of `rows`."""
    for weight in tables:
        states, scores = torch.randn(rows, weight.shape[1], device=world.device), weight.new_empty(rows, len(weight))
        by_state = torch.empty_like(states)
        for begin in range(0, count, rows):
            part = min(rows, count - begin)
            torch.mm(states[:part], weight.T, out=scores[:part])
            torch.mm(scores[:part], weight, out=by_state[:part])


def rank_product(world: World, count: int, rows: int) -> None:
    """states x items^T for `count` users, in chunks of `rows`."""
    weight = world.model.item_embedding.weight.detach()
    states = torch.randn(rows, weight.shape[1], device=world.device)
    scores = weight.new_empty(rows, len(weight))
    for begin in range(0, count, rows):
        part = min(rows, count - begin)
        torch.mm(states[:part], weight.T, out=scores[:part])
