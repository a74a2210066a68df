"""Drawing a pool: one loop over batches of training samples, for every strategy and round."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from datasets.pipeline.errors import BadInput
from methods.casr import data_oriented, heuristic, model_oriented
from methods.casr.candidates import Candidates, candidate_sets, nearest_item
from methods.casr.pool import Pool
from methods.casr.prefixes import Prefixes, encode, frozen, next_item
from methods.engine.data.branches import Branches
from methods.engine.data.split import Split
from methods.engine.data.windows import Windows
from methods.engine.layers.cores import over_cores
from methods.engine.recommender import SequentialRecommender

STRATEGIES = ("h", "d", "m")
# samples x catalogue of one batch: bounds the memory whatever the catalogue; a CPU is faster within its caches
SCORES_AT_ONCE = {"cpu": 2**21, "cuda": 2**26}
SAMPLES_AT_ONCE = 8192


def draw_pool(
    strategy: str,
    sampler: SequentialRecommender,
    anchor: SequentialRecommender | None,
    split: Split,
    windows: Windows,
    settings: Mapping,
    generator: torch.Generator,
    device: torch.device,
    progress: Callable[[str], None] = lambda message: None,
) -> Pool:
    """All counterfactual sequences of the training samples with priority < share, in every round up to `rounds`.

    strategy: h, d or m (the last one needs the anchor, with embeddings of the sampler's size). split, windows: the
    training histories; nothing else of the data is seen. generator: a CPU generator; its numbers are drawn for all
    samples, so that a smaller share meets the same ones. Both models lie on `device`; the pool lies on the CPU.
    Raises BadInput for an unknown strategy and for embeddings of different sizes.
    """
    _check_models(strategy, sampler, anchor)
    models = (sampler, anchor) if strategy == "m" else (sampler,)
    depth = -settings["index"]
    window, position = windows.samples
    start = position + 1 - depth
    candidates = candidate_sets(split, settings["candidates"])
    priority = torch.rand(len(window), generator=generator, dtype=torch.float64)
    uniform = torch.rand(settings["rounds"], len(window), generator=generator, dtype=torch.float64)

    fits = start >= 0
    free = candidates.choices(windows.inputs[window, start.clamp(min=0)]) > 0
    chosen = torch.nonzero((priority < settings["share"]) & fits & free)[:, 0]
    candidates = candidates.to(device)
    batch = max(1, min(SAMPLES_AT_ONCE, SCORES_AT_ONCE[device.type] // split.catalogue))
    ended = itertools.count(1)  # batches, counted without a lock

    def drawn(part: Tensor) -> list[dict[str, Tensor]]:
        observed = _observed(windows, window[part], start[part], depth)
        rounds = _rounds(strategy, models, windows, observed, candidates, uniform[:, part], settings, device)
        progress(f"casr-{strategy}: {min(next(ended) * batch, len(chosen)):,} of {len(chosen):,} samples")
        return [row | {"priority": priority[part][row.pop("place")]} for row in rounds]

    with frozen(*models):
        batches = over_cores(drawn, chosen.split(batch) if len(chosen) else (), device)
    parts = [_no_rows(depth, sampler.item_embedding.embedding_dim, strategy), *itertools.chain(*batches)]
    rows = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    order = torch.argsort(rows["rounds"], stable=True)
    return Pool(
        **{name: values[order] for name, values in rows.items()},
        too_short=priority[~fits],
        without_candidates=priority[fits & ~free],
        strategy=strategy,
        index=settings["index"],
        share=float(settings["share"]),
        last_round=settings["rounds"],
    )


def _check_models(strategy: str, sampler: SequentialRecommender, anchor: SequentialRecommender | None) -> None:
    if strategy not in STRATEGIES:
        raise BadInput(f"CASR has no strategy '{strategy}'; one of {', '.join(STRATEGIES)}")
    for model in (sampler, anchor):
        if model is None:
            continue
        if not isinstance(model, SequentialRecommender):
            raise BadInput(
                f"CASR cannot use {type(model).__name__}: it continues a history from the state after each of its "
                "prefixes (methods/engine/recommender.py, SequentialRecommender), and this model has none; take another"
            )
        if model.output_embedding is not model.item_embedding:
            raise BadInput(
                f"CASR moves items in the space in which they are scored, but this {type(model).__name__} has a table "
                "for each; set its output_table to tied"
            )
    if strategy != "m":
        return
    if anchor is None:
        raise BadInput("CASR's model-oriented strategy needs the anchor beside the sampler")
    sizes = [model.item_embedding.embedding_dim for model in (sampler, anchor)]
    if sizes[0] != sizes[1]:
        raise BadInput(
            f"CASR's model-oriented strategy moves one Delta in both embedding spaces (eq. 7), but the sampler's "
            f"embedding has size {sizes[0]} and the anchor's {sizes[1]}; set both to the same size"
        )


def _observed(windows: Windows, window: Tensor, start: Tensor, depth: int) -> Branches:
    """The samples as the data has them, cut before the item at the index."""
    steps = start[:, None] + torch.arange(depth)
    return Branches(window, start, windows.inputs[window[:, None], steps], windows.targets[window, steps[:, -1]])


def _rounds(
    strategy: str,
    models: tuple[SequentialRecommender, ...],
    windows: Windows,
    observed: Branches,
    candidates: Candidates,
    uniform: Tensor,
    settings: Mapping,
    device: torch.device,
) -> list[dict[str, Tensor]]:
    """The rows of the pool for one batch, one entry a round; `place` says which samples of the batch they are."""
    rows, within = torch.unique_consecutive(observed.windows, return_inverse=True)
    histories = windows.inputs[rows, : max(1, int(observed.starts.max()))].to(device)
    sides = [encode(model, histories) for model in models]
    embedding = models[0].item_embedding.weight.detach()
    place = torch.arange(len(observed))
    sequences = Branches(*(each.to(device) for each in (within, observed.starts, observed.items, observed.labels)))
    origin = embedding[sequences.items[:, 0]]
    confidence = torch.ones(len(observed), device=device, dtype=embedding.dtype)
    result = []
    for number in range(settings["rounds"]):
        old = sequences.labels
        sequences = _replaced(strategy, sequences, sides, candidates, uniform[number, place].to(device), settings)
        labels, own = next_item(sides[0], sequences)
        sequences, changed = replace(sequences, labels=labels), labels != old
        confidence = torch.minimum(confidence, own)
        points = sequences.vectors(models[0].item_embedding).detach()[:, 0]
        nearest = sequences.items[:, 0] if sequences.shift is None else nearest_item(points, models[0])
        row = {
            "starts": sequences.starts,
            "items": sequences.items,
            "labels": labels,
            "confidence": confidence,
            "changed": changed,
            "distance": (points - origin).norm(dim=1),
            "nearest": nearest,
            "shift": sequences.shift,
        }
        row = {name: values.cpu() for name, values in row.items() if values is not None}
        first = observed.take(place)
        row |= {"windows": first.windows, "original": first.items[:, 0], "observed": first.labels}
        result.append(row | {"place": place, "rounds": torch.full_like(place, number + 1)})
        if strategy == "d":  # what changed nothing is no generated sequence, and the next round does not see it
            sequences, origin, confidence = sequences.take(changed), origin[changed], confidence[changed]
            place = place[changed.cpu()]
            if len(place) == 0:
                break
    return result


def _replaced(
    strategy: str,
    sequences: Branches,
    sides: list[Prefixes],
    candidates: Candidates,
    uniform: Tensor,
    settings: Mapping,
) -> Branches:
    if strategy == "h":
        return heuristic.replace_item(sequences, candidates, uniform)
    if strategy == "d":
        return data_oriented.replace_item(sequences, sides[0], candidates, settings)
    return model_oriented.replace_item(sequences, *sides, settings)


def _no_rows(depth: int, dim: int, strategy: str) -> dict[str, Tensor]:
    """The columns of an empty pool, so that a share of 0 is a pool like any other."""
    whole, number = torch.zeros(0, dtype=torch.int64), torch.zeros(0)
    names = ("windows", "starts", "labels", "original", "observed", "nearest", "rounds")
    columns = {
        **dict.fromkeys(names, whole),
        "items": whole.view(0, depth),
        "confidence": number,
        "distance": number,
        "priority": number.double(),
        "changed": torch.zeros(0, dtype=torch.bool),
    }
    return columns | ({"shift": number.view(0, dim)} if strategy == "m" else {})
