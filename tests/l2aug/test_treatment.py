"""The whole loop: equal seeds, controls beside it, and what it refuses."""

from dataclasses import replace

import pytest
import torch

from datasets.pipeline.errors import BadInput
from methods.cards import load_card
from methods.l2aug import policy as policies
from methods.l2aug.loop import train_on_edits
from methods.l2aug.settings import check
from methods.l2aug.treatment import describe, retrain
from tests.l2aug.support import same, task, world


def treated(**changes):
    asked = task(world(), **changes)
    retrained = retrain(asked)
    return asked, retrained, describe(asked, retrained, {}, None)


def test_equal_seeds_give_equal_bits():
    (_, one, said), (_, other, again) = treated(), treated()
    assert same(one.model, other.model) and said == again


def test_the_card_tells_what_the_policy_did():
    asked, retrained, said = treated(actions="all", reward="mrr")
    assert retrained.fitted.epochs == 1 and len(said["rates"]) == 5 and len(said["rewards"]) == 25
    assert all(len(rewards) == 3 for rewards in said["rewards"])
    assert all(sum(rates) == pytest.approx(1) and len(rates) == 5 for rates in said["rates"])
    assert said["reward"]["between_edits"] > 0 and said["reward"]["between_negatives"] > 0
    assert 0 <= said["keep"]["by_position"] <= 1 and not said["collapsed"]


@pytest.mark.parametrize("variant", [{"edits": 1, "baseline": "none", "negatives": "fresh"}, {"attention": "printed"}])
def test_variants_of_the_paper_run(variant):
    _, _, said = treated(**variant)
    assert len(said["rewards"][0]) == variant.get("edits", 3)


@pytest.mark.parametrize("control", ["rate", "steps", "casual", "shuffled"])
def test_a_control_trains_on_the_same_originals_as_often(control, monkeypatch):
    seen = []
    step = train_on_edits.__globals__["examples"]
    monkeypatch.setitem(train_on_edits.__globals__, "examples", lambda parts: (seen.append(parts), step(parts))[1])
    _, retrained, said = treated()
    of_policy = seen[:]
    seen.clear()
    left = {"epochs": retrained.fitted.epochs, "augmentation": said}
    asked = task(world(), control=control, treated=left)
    other = retrain(asked)
    assert other.fitted.epochs == retrained.fitted.epochs and len(seen) == len(of_policy)
    for ours, theirs in zip(of_policy, seen, strict=True):
        assert torch.equal(ours[0][0].items, theirs[0][0].items) and torch.equal(ours[0][1], theirs[0][1])
        if control in ("rate", "shuffled"):
            assert torch.equal(ours[1][1], theirs[1][1])  # the same core sequences' negatives
    if control == "shuffled":
        rewards = describe(asked, other, {}, None)["rewards"]
        assert rewards != said["rewards"] and sorted(rewards) == sorted(said["rewards"])


def test_a_reward_or_weight_that_is_not_finite_ends_it_with_the_step(monkeypatch):
    values = iter([0.5, *[0.6] * 4, *[float("nan")] * 9])
    monkeypatch.setattr(policies, "worth", lambda *given: next(values))
    with pytest.raises(FloatingPointError, match="the reward is not finite in step 2"):
        treated()
    monkeypatch.undo()
    with pytest.raises(FloatingPointError, match=r"not finite in step \d+; lower a learning rate"):
        treated(policy_rate=1e38)


def test_bad_input_is_refused_before_training():
    split = world()
    with pytest.raises(BadInput, match="made: l2aug wants casual users.*key groups"):
        retrain(task(replace(split, groups={"core": split.groups["core"]})))
    with pytest.raises(BadInput, match="made: there is no meta set.*key meta"):
        retrain(task(replace(split, meta=None)))
    with pytest.raises(BadInput, match="edits is 1, and the baseline 'others'"):
        check(load_card("l2aug").configured({"edits": 1}))
    card = load_card("l2aug")
    assert "reward" in card.fault("reward", "map") and "actions" in card.fault("actions", "swap")
