"""What is drawn, how it is kept, and what drawing leaves alone."""

import inspect
import json

import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as some

from datasets.pipeline.errors import BadInput
from methods.casr import description, drawing, heuristic, select
from methods.casr.drawing import draw_pool
from methods.casr.heuristic import replace_item
from methods.casr.pool import load_pool, save_pool
from methods.engine.data.split import Targets, load_split
from methods.engine.data.windows import cut_windows
from tests.casr.support import TinyGRU, card_settings, tiny_split

CPU = torch.device("cpu")


def same(one, other):
    return vars(one).keys() == vars(other).keys() and all(
        torch.equal(value, getattr(other, name)) if isinstance(value, torch.Tensor) else value == getattr(other, name)
        for name, value in vars(one).items()
    )


@pytest.mark.parametrize("strategy", ["h", "d", "m"])
def test_equal_seeds_give_equal_bits(draw, strategy):
    assert same(draw(strategy), draw(strategy))
    assert not same(draw(strategy), draw(strategy, seed=8))


@pytest.mark.parametrize("strategy", ["h", "d", "m"])
def test_several_cores_draw_the_same_pool(draw, strategy, monkeypatch):
    monkeypatch.setattr(drawing, "SAMPLES_AT_ONCE", 3)
    alone = draw(strategy, rounds=2)
    torch.set_num_threads(3)
    assert same(alone, draw(strategy, rounds=2))


@pytest.mark.parametrize("strategy", ["h", "d", "m"])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_saved_pool_comes_back(draw, tmp_path, strategy, share):
    pool = draw(strategy, share=share, rounds=2)
    save_pool(pool, tmp_path / "seed-1.safetensors")
    assert same(load_pool(tmp_path / "seed-1.safetensors"), pool)
    assert [file.name for file in tmp_path.iterdir()] == ["seed-1.safetensors"]


def test_a_file_that_is_no_pool_is_refused(draw, tmp_path):
    file = tmp_path / "seed-1.safetensors"
    file.write_bytes(b"not safetensors at all")
    with pytest.raises(BadInput, match="seed-1.safetensors: not a pool"):
        load_pool(file)
    save_pool(draw("h"), file)
    file.write_bytes(file.read_bytes()[:-16])
    with pytest.raises(BadInput, match="draw the pool again"):
        load_pool(file)


@pytest.mark.parametrize("strategy", ["h", "d", "m"])
def test_a_smaller_share_is_a_subset(draw, settings, strategy):
    large, small = draw(strategy), draw(strategy, share=0.4)
    inside = large.priority < 0.4
    assert 0 < len(small) == int(inside.sum()) < len(large)
    for name in ("windows", "starts", "items", "labels", "priority"):
        assert torch.equal(getattr(small, name), getattr(large, name)[inside])
    torch.testing.assert_close(small.confidence, large.confidence[inside])


def test_drawing_leaves_the_models_as_they_were(world, settings):
    models = world.sampler.train(), world.anchor
    models[0].recurrence.weight_hh_l0.requires_grad_(False)
    before = [{name: value.clone() for name, value in model.state_dict().items()} for model in models]
    pool = draw_pool(
        "m", *models, world.split, world.windows, settings(), torch.Generator().manual_seed(7), CPU
    )  # fmt: skip
    assert models[0].training and not models[1].training
    for model, state in zip(models, before, strict=True):
        assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
        assert all(parameter.grad is None for parameter in model.parameters())
    wanted = {name for name, parameter in models[0].named_parameters() if not parameter.requires_grad}
    assert wanted == {"recurrence.weight_hh_l0"}
    models[0].eval()
    again = draw_pool("m", *models, world.split, world.windows, settings(), torch.Generator().manual_seed(7), CPU)
    assert same(pool, again)  # dropout was off although the sampler was in training mode


def test_sizes_of_embeddings_must_agree(world, settings):
    other = TinyGRU(12, 4, seed=3)
    arguments = (world.split, world.windows, settings(), torch.Generator(), CPU)
    with pytest.raises(BadInput, match="sampler's embedding has size 5 and the anchor's 4"):
        draw_pool("m", world.sampler, other, *arguments)
    with pytest.raises(BadInput, match="needs the anchor"):
        draw_pool("m", world.sampler, None, *arguments)
    assert len(draw_pool("h", world.sampler, None, *arguments)) > 0


def test_an_unknown_strategy_is_refused(draw):
    with pytest.raises(BadInput, match="no strategy 'x'"):
        draw("x")


def test_categories_bound_the_replacements(world, draw):
    pool = draw("h", candidates="category", rounds=2)
    categories = world.split.categories
    assert torch.equal(categories[pool.original], categories[pool.items[:, 0]])
    world.split = tiny_split([9, 5], categories=12)  # every item alone in its category
    world.windows = cut_windows(world.split, 6)
    pool = draw("d", candidates="category")
    assert len(pool) == 0 and len(pool.without_candidates) == 10
    world.split.categories.fill_(-1)
    with pytest.raises(BadInput, match="knows no category"):
        draw("h", candidates="category")


@budget(max_examples=40, deadline=None)
@given(
    some.lists(some.integers(0, 9), min_size=1, max_size=6),
    some.integers(2, 15),
    some.integers(-4, -1),
    some.sampled_from([0.0, 0.3, 1.0]),
    some.sampled_from("hdm"),
    some.integers(0, 2**32),
)
def test_a_pool_replaces_one_item_of_training_samples(lengths, catalogue, index, share, strategy, seed):
    split = tiny_split(lengths, catalogue, seed)
    windows = cut_windows(split, 5)
    pool = draw_pool(
        strategy, TinyGRU(catalogue, 3, 1), TinyGRU(catalogue, 3, 2), split, windows,
        card_settings(index=index, share=share, rounds=2, steps=2), torch.Generator().manual_seed(seed), CPU,
    )  # fmt: skip
    samples = int((split.lengths - 1).clamp(min=0).sum())
    first = pool.rounds == 1
    inside = windows.samples[1] + 1 >= -index
    assert len(pool.too_short) == samples - int(inside.sum())
    assert int(first.sum()) <= int(inside.sum()) and (share < 1 or int(first.sum()) == int(inside.sum()))
    assert (pool.priority < share).all()
    assert ((pool.confidence > 0) & (pool.confidence <= 1)).all()
    assert ((pool.labels >= 0) & (pool.labels < catalogue)).all()
    steps = pool.starts[:, None] + torch.arange(-index)
    observed = windows.inputs[pool.windows[:, None], steps]
    assert windows.counts[pool.windows, steps[:, -1]].all()
    assert torch.equal(observed[:, 1:], pool.items[:, 1:]) and torch.equal(observed[:, 0], pool.original)
    assert torch.equal(windows.targets[pool.windows, steps[:, -1]], pool.observed)
    if strategy == "m":
        assert pool.shift.shape == (len(pool), 3) and torch.equal(pool.items, observed)
    else:
        assert pool.shift is None and (pool.items[first, 0] != pool.original[first]).all()


def test_augmentation_needs_no_held_out_file(world, draw, settings, tmp_path):
    """The same pool comes from a folder in which neither validation.csv nor test.csv exists."""
    rows = zip(world.split.owners.tolist(), world.split.items.tolist(), strict=True)
    (tmp_path / "train.csv").write_text("user,item\n" + "".join(f"{user},{item}\n" for user, item in rows))
    items = "".join(f"{item},{category}\n" for item, category in enumerate(world.split.categories.tolist()))
    (tmp_path / "items.csv").write_text("item,category\n" + items)
    about = {"name": "tiny.loo", "users": world.split.users, "items": world.split.catalogue, "digest": ""}
    (tmp_path / "split.json").write_text(json.dumps(about))
    expected = draw("h")
    world.split = load_split(tmp_path)
    world.windows = cut_windows(world.split, 6)
    assert same(draw("h"), expected)


def test_only_the_overlap_of_the_card_knows_targets():
    takes_targets = {
        name
        for module in (drawing, select, description)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if Targets in inspect.get_annotations(function).values()
    }
    assert takes_targets == {"heldout_overlap"}


def test_every_round_of_h_draws_anew(draw, monkeypatch):
    """Figure 4: a second replacement by the same number would often be the first one again."""
    met = []
    monkeypatch.setattr(
        heuristic, "replace_item", lambda sequences, candidates, uniform: met.append(uniform) or replace_item(
            sequences, candidates, uniform))  # fmt: skip
    draw("h", rounds=3)
    first, second, third = met
    assert not (torch.equal(first, second) or torch.equal(second, third) or torch.equal(first, third))
    assert abs(torch.corrcoef(torch.stack(met)).fill_diagonal_(0)).max() < 0.9
