"""No held-out item reaches a pool or an augmented training: two worlds that differ in their held-out items alone."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.cards import load_card
from methods.casr.drawing import draw_pool
from methods.casr.select import control, select
from methods.engine.data.split import load_split
from methods.engine.data.windows import cut_windows
from methods.engine.recommender import Run
from methods.stamp import model as stamp
from tests.casr.support import write_split

CATALOGUE, CPU = 8, torch.device("cpu")
histories = st.lists(st.lists(st.integers(0, CATALOGUE - 1), min_size=3, max_size=9), min_size=2, max_size=5)
held_out = st.lists(st.tuples(*[st.integers(0, CATALOGUE - 1)] * 2), min_size=5, max_size=5)


def everything(folder) -> list[torch.Tensor]:
    """All that a run without a look at held-out items computes: anchor, pools, controls and retrained weights."""
    torch.set_num_threads(1)
    split = load_split(folder)
    changes = {"embedding": 4, "max_length": 5, "epochs": 2, "patience": 2, "batch": 8}
    method, casr = load_card("stamp").configured(changes), load_card("casr").configured({"steps": 2, "index": -1})
    windows, run, found = cut_windows(split, 5), Run(1, CPU, lambda model: 0.0), []
    torch.manual_seed(1)
    anchor = stamp.build(split, method)
    stamp.fit(anchor, split, method, run)
    for strategy in "hdm":
        generator = torch.Generator().manual_seed(1)
        pool = draw_pool(strategy, anchor, anchor, split, windows, casr, generator, CPU)
        selected = select(pool, casr)
        found += [pool.labels, pool.items, pool.confidence, selected.labels]
        found += [control(selected, split, windows, casr, generator).items]
        if len(selected):
            retrained = stamp.build(split, method)
            retrained.load_state_dict(anchor.state_dict())
            stamp.fit(retrained, split, method, run, selected)
            found += [*retrained.state_dict().values()]
    return found


@settings(max_examples=8, deadline=None)
@given(histories, held_out, held_out)
def test_held_out_items_change_nothing_that_is_trained_or_generated(tmp_path_factory, histories, one, other):
    worlds = [
        everything(write_split(tmp_path_factory.mktemp("world"), histories, targets, CATALOGUE))
        for targets in (one, other)
    ]
    assert all(torch.equal(first, second) for first, second in zip(*worlds, strict=True))
