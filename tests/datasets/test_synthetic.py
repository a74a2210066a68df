from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.prepare import prepare
from datasets.synthetic.generate import World, generate
from datasets.synthetic.truth import Truth, load_truth, true_next, utilities

SMALL = World(users=60, items=30, categories=5, shortest=4, longest=9)


@pytest.fixture(scope="module")
def world():
    parsed = generate(SMALL)
    rows = parsed.interactions.sort_values(["user", "time"], kind="stable")
    lengths = rows.groupby("user").size().to_numpy()
    histories = np.full((SMALL.users, SMALL.longest), -7)
    histories[np.arange(SMALL.longest) < lengths[:, None]] = rows["item"]
    return Truth(**parsed.arrays["truth"]), histories, lengths


def literal_next(truth: Truth, user: int, history: list[int]) -> int:
    best, best_value = -1, -np.inf
    for item in range(len(truth.quality)):
        if item in history:
            continue
        value = truth.popularity[item] + truth.noise[user, len(history), item]
        for axis in range(truth.quality.shape[1]):
            value += truth.preference[user, axis] * truth.quality[item, axis]
            for back, weight in enumerate(truth.recency, start=1):
                if back <= len(history):
                    value += weight * truth.follow[history[-back], axis] * truth.quality[item, axis]
        if value > best_value:
            best, best_value = item, value
    return best


def test_the_truth_is_the_literal_model_for_changed_histories(world):
    truth, histories, lengths = world
    random = np.random.default_rng(3)
    users = random.integers(0, SMALL.users, 40)
    prefix = random.integers(0, lengths[users])
    changed = histories[users].copy()
    place = random.integers(0, np.maximum(prefix, 1))
    changed[np.arange(40), place] = random.integers(0, SMALL.items, 40)
    found = true_next(truth, users, changed, prefix)
    literal = [literal_next(truth, u, list(h[:n])) for u, h, n in zip(users, changed, prefix, strict=True)]
    assert found.tolist() == literal


def test_the_truth_of_an_unchanged_history_is_what_happened(world):
    truth, histories, lengths = world
    for step in range(SMALL.longest):
        users = np.flatnonzero(lengths > step)
        assert np.array_equal(
            true_next(truth, users, histories[users], np.full(len(users), step)), histories[users, step]
        )


def test_what_lies_behind_the_length_does_not_matter(world):
    truth, histories, lengths = world
    users = np.arange(SMALL.users)
    other = np.where(np.arange(SMALL.longest) < 3, histories, 0)
    three = np.full(SMALL.users, 3)
    assert np.array_equal(true_next(truth, users, histories, three), true_next(truth, users, other[:, :5], three))


def test_a_history_longer_than_the_noise_is_refused(world):
    truth, histories, _ = world
    longer = np.concatenate([histories, histories], axis=1)
    with pytest.raises(ValueError, match="noise is known"):
        true_next(truth, [0], longer[:1], [SMALL.longest + 1])


def test_equal_seeds_give_equal_data_and_others_do_not():
    first, second, other = generate(SMALL), generate(SMALL), generate(replace(SMALL, seed=SMALL.seed + 2))
    assert first.interactions.equals(second.interactions)
    assert not first.interactions.equals(other.interactions)


def test_a_world_with_items_that_nobody_takes_is_refused():
    with pytest.raises(BadInput, match="never chosen"):
        generate(replace(SMALL, users=2))


def test_identifiers_of_the_prepared_data_are_those_of_the_truth(tmp_path):
    prepare(card("synthetic"), tmp_path)
    folder = tmp_path / "data" / "synthetic"
    for name, count in (("users", World().users), ("items", World().items)):
        assert pd.read_parquet(folder / f"{name}.parquet")["original"].tolist() == list(range(count))
    rows = pd.read_parquet(folder / "interactions.parquet")
    first = rows[rows["order"] == 0]
    truth = load_truth(folder / "truth.npz")
    found = true_next(truth, first["user"], np.zeros((len(first), 1), dtype=int), np.zeros(len(first), dtype=int))
    assert np.array_equal(found, first["item"])


def test_order_matters_far_more_than_popularity():
    """Hits among the first five of the last item: the model without noise, categories that follow, popularity."""
    world = World()
    parsed = generate(world)
    truth = Truth(**parsed.arrays["truth"])
    rows = parsed.interactions.sort_values(["user", "time"], kind="stable")
    users, items = rows["user"].to_numpy(), rows["item"].to_numpy()
    last = np.flatnonzero(np.diff(users, append=world.users) > 0)
    train = np.ones(len(rows), dtype=bool)
    train[last] = False
    lengths = np.bincount(users) - 1
    histories = np.zeros((world.users, world.longest), dtype=int)
    histories[np.arange(world.longest) < lengths[:, None]] = items[train]
    known = utilities(truth, np.arange(world.users), histories, lengths)
    popularity = np.bincount(items[train], minlength=world.items)
    pairs = np.flatnonzero((users[1:] == users[:-1]) & train[1:])
    follows = np.zeros((world.categories, world.items))
    np.add.at(follows, (items[pairs] % world.categories, items[pairs + 1]), 1)

    def hits(scores):
        scores = np.where(np.isinf(known), -1e9, scores)
        of_target = scores[np.arange(world.users), items[last]][:, None]
        return ((scores > of_target).sum(axis=1) < 5).mean()

    best, chain, popular = hits(known), hits(follows[items[last - 1] % world.categories]), hits(popularity)
    assert best > 1.3 * chain > 1.3 * 1.5 * popular
