"""What an edit is worth: the engine's own step on a copy, and the engine's ranking of the meta users."""

import copy

import numpy as np
import pytest
import torch

from datasets.pipeline.errors import BadInput
from methods.engine.data.windows import cut_windows
from methods.engine.fit.trainer import Trainer, examples_of
from methods.evaluation.ranking import rank
from methods.l2aug.actions import KEEP, edit, unedited
from methods.l2aug.batch import Source, examples
from methods.l2aug.reward import meta_of, trained_copy, worth
from tests.l2aug.support import CPU, anchor, same, world


@pytest.mark.parametrize("name", ["gru4rec", "sasrec", "nextitnet"])
@pytest.mark.parametrize("objective", ["sampled", "softmax"])
def test_a_copy_takes_the_engines_step_and_leaves_the_recommender_as_it_is(name, objective):
    split = world()
    _, model, settings = anchor(split, name, objective=objective)
    before, source = copy.deepcopy(model), Source(split, settings, CPU)
    batch = source.take(source.of_group("core"))
    table = source.draw_negatives(batch, torch.Generator().manual_seed(1))
    step = examples([(unedited(batch.items, batch.lengths), table)])
    after = trained_copy(model, settings, 7, CPU, [step])
    assert same(model, before) and not same(after, before)
    trainer = Trainer(before, settings, 7, CPU)
    trainer.step([step])
    assert same(after, trainer.model)


def test_pairs_of_whole_sequences_are_those_of_the_engines_windows():
    split = world()
    _, _, settings = anchor(split, max_length=12)
    source, windows = Source(split, settings, CPU), cut_windows(split, 12)
    batch = source.take(source.trained)
    found, wanted = examples([(unedited(batch.items, batch.lengths), None)]), examples_of(windows)
    for name in ("items", "lengths", "places", "targets"):
        assert torch.equal(getattr(found, name), getattr(wanted, name)), name


def test_a_negative_stays_with_its_target_and_is_no_item_of_the_user():
    split = world()
    _, _, settings = anchor(split)
    source = Source(split, settings, CPU)
    batch = source.take(source.of_group("core"))
    table = source.draw_negatives(batch, torch.Generator().manual_seed(1))
    actions = torch.randint(2, batch.items.shape, generator=torch.Generator().manual_seed(2))
    edited = edit(batch.items, batch.lengths, actions, torch.full((split.catalogue,), -1), source.longest)
    found, pairs = examples([(edited, table)]), []
    for row in range(len(batch.items)):
        kept = [place for place in range(int(batch.lengths[row])) if actions[row, place] == KEEP]
        pairs += [(int(batch.items[row, place]), int(table[row, place, 0])) for place in kept[1:]]
    assert list(zip(found.targets.tolist(), found.others[:, 0].tolist(), strict=True)) == pairs
    for user, items in zip(batch.users.tolist(), table, strict=True):
        history = split.items[split.offsets[user] : split.offsets[user + 1]]
        assert not torch.isin(items, history).any()


@pytest.mark.parametrize("metric", ["ht", "ndcg", "both", "mrr"])
def test_the_worth_is_that_of_the_engines_ranks(metric):
    split = world()
    _, model, _ = anchor(split)
    ranks = rank(model, split, split.meta, CPU)
    place = ranks.above_kept + 1
    assert not ranks.ties_kept.any()
    hits, gains = place <= 10, np.where(place <= 10, 1 / np.log2(1 + place), 0)
    wanted = {"ht": hits.mean(), "ndcg": gains.mean(), "both": hits.mean() + gains.mean(), "mrr": (1 / place).mean()}
    assert worth(model, split, split.meta, metric, CPU) == pytest.approx(wanted[metric])


def test_nothing_left_is_no_pair():
    nothing = edit(torch.tensor([[1, 2]]), torch.tensor([2]), torch.tensor([[0, 1]]), torch.full((9,), -1), 9)
    assert examples([(nothing, None)]) is None


def test_smaller_meta_sets_are_parts_and_too_small_ones_are_refused():
    split = world(casual=40)
    assert torch.equal(meta_of(split, 0.5).users, split.meta.users[:20])
    with pytest.raises(BadInput, match="meta_share 0.4 leaves 16 meta users, fewer than 20"):
        meta_of(split, 0.4)
