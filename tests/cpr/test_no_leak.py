"""No held-out item reaches the world, the sets or the training: data sets that differ in their held-out items alone."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.pipeline.lists import Lists, blocks, without
from methods.bpr.model import BPR
from methods.cpr.augment import augment
from methods.cpr.fit import fit_world
from tests.cpr.support import CPU, run, small_settings
from tests.engine.conftest import make_split

USERS, ITEMS, LENGTH = 4, 12, 4
VISIBLE = ITEMS - 2  # the last two items are held out, one or the other of each user, and otherwise never shown
shown = st.lists(
    st.tuples(st.integers(0, USERS - 1), st.permutations(range(VISIBLE)), st.tuples(*[st.booleans()] * (LENGTH - 1))),
    min_size=6,
    max_size=12,
)


def data(rows, held_out) -> Lists:
    """The rows as lists, the user's held-out item at the end of each, chosen."""
    items = [[*order[: LENGTH - 1], held_out[user]] for user, order, _ in rows]
    chosen = [[*answers, True] for _, _, answers in rows]
    users = np.array([user for user, _, _ in rows])
    return Lists(users, np.arange(len(rows) + 1) * LENGTH, np.array(items).ravel(), np.array(chosen).ravel())


def everything(lists: Lists, held_out) -> list[torch.Tensor]:
    torch.set_num_threads(1)
    left = without(lists, np.arange(USERS), np.array(held_out))
    split = make_split([[user, user + 1] for user in range(USERS)], ITEMS)
    world = fit_world(blocks(left, LENGTH), USERS, ITEMS, small_settings(), 1, CPU)
    found = [*world.simulator.state_dict().values(), world.alpha.mean, world.beta.deviation]
    for strategy in ("l", "r", "control"):
        torch.manual_seed(0)
        model = BPR(USERS, ITEMS, 3)
        done = augment(strategy, model, split, world, small_settings(), run())
        found += [done.first.positives, done.first.others, *model.state_dict().values()]
    return found


@settings(max_examples=8, deadline=None)
@given(shown, *[st.tuples(*[st.integers(VISIBLE, ITEMS - 1)] * USERS)] * 2)
def test_held_out_items_change_nothing_that_is_learnt_or_generated(rows, one, other):
    worlds = [everything(data(rows, held_out), held_out) for held_out in (one, other)]
    assert all(torch.equal(first, second) for first, second in zip(*worlds, strict=True))
