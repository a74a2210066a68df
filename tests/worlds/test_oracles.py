"""Oracles: they answer by the truth, are wrong at the rate that is asked for, and alone are given the truth."""

import importlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput
from datasets.pipeline.prepare import prepare
from datasets.pipeline.split import make_split
from datasets.synthetic.truth import load_truth, true_next
from methods.cards import FOLDER, cards, load_card, read_card
from methods.casr.select import histories
from methods.engine.data.split import Targets, load_targets
from methods.engine.treatment import Oracle, Source, Truth
from methods.evaluation.ranking import rank
from methods.oracle_choice import treatment as choice
from methods.oracle_next import treatment as following
from workflow.cells.augment import oracle_of
from workflow.cells.steps import load_training_data
from workflow.cells.truth import known_truth

CPU = torch.device("cpu")
ORACLES = {"oracle-next", "oracle-choice", "oracle-edit"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Results with a world of either kind."""
    folder = tmp_path_factory.mktemp("results")
    for name in ("chain", "tastes"):
        prepare(card(name), folder)
    for split in ("chain.others", "tastes.loo"):
        make_split(split, folder)
    return folder


def source(made, split, method, **changes):
    dataset = split.split(".")[0]
    truth, folder = known_truth(made / "data" / dataset, dataset), made / "splits" / split
    oracle = Oracle(truth, tuple(load_targets(folder / f"{part}.csv") for part in ("validation", "test")))
    settings = {"treatment": load_card(method).configured(changes)}
    return Source("t", load_training_data(folder).split, None, {}, settings, 1, CPU, print, oracle)


def test_nobody_but_an_oracle_is_given_the_truth():
    assert {card.name for card in cards().values() if card.sees_truth} == ORACLES
    for file in FOLDER.rglob("*.py"):
        if f"{file.relative_to(FOLDER).parts[0]}".replace("_", "-") not in ORACLES:
            text = file.read_text()
            assert "oracle:" not in text or file.name == "treatment.py" and file.parent.name == "engine", file
            assert ".oracle." not in text and not any(
                f"datasets.{name}.truth" in text
                for name in ("synthetic", "cpr_synthetic", "chain", "tastes", "l2aug_world", "csrec_synthetic")
            ), file


@pytest.mark.parametrize(("treatment", "given"), [("oracle-next-t", True), ("casr-h", False)])
def test_the_workflow_gives_the_truth_by_the_card(made, monkeypatch, treatment, given):
    from paper_tables.cell import Cell
    from workflow.cells import augment

    seen = []
    monkeypatch.setattr(augment, "treatment_module", lambda cell: SimpleNamespace(generate=seen.append))
    monkeypatch.setattr(augment, "load_weights", lambda *of: None)
    monkeypatch.setattr(augment, "as_made", lambda file: file)
    scale = SimpleNamespace(results=made)
    cell = Cell("casr", "chain.others", "narm", treatment, "" if given else "narm")
    augment.generate(scale, cell, None, {"treatment": {}, "sampler": {}}, 1, CPU, print)
    assert (seen[0].oracle is not None) == given


def test_data_without_a_truth_is_refused(made):
    from paper_tables.cell import Cell

    with pytest.raises(BadInput, match="oracle-next-t answers by the truth, and nobody knows that of lastfm"):
        oracle_of(SimpleNamespace(results=made), Cell("casr", "lastfm.loo", "narm", "oracle-next-t"))
    with pytest.raises(BadInput, match="knows none"):
        following.generate(source(made, "tastes.loo", "oracle-next"))
    with pytest.raises(BadInput, match="knows none"):
        choice.generate(source(made, "chain.others", "oracle-choice"))


def test_a_recommender_may_not_see_the_truth(tmp_path):
    text = (FOLDER / "popularity" / "card.yaml").read_text() + "\nsees_truth: true\n"
    file = tmp_path / "popularity" / "card.yaml"
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(BadInput, match="sees_truth is for treatments"):
        read_card(file)


def test_next_items_are_those_that_the_user_would_take(made):
    asked = source(made, "chain.others", "oracle-next", copies=3)
    answers, windows = following.generate(asked), following.whole_histories(asked.split)
    assert len(answers) == 3 * len(windows.samples[0]) and answers.copy.bincount().tolist() == [len(answers) // 3] * 3
    truth = load_truth(made / "data" / "chain" / "truth.npz")
    right = following.answered(answers, {"eta": 0, "copies": 3})
    expected = true_next(truth, windows.users[right.windows], *histories(right, windows))
    assert np.array_equal(right.labels, expected)
    observed = windows.inputs[right.windows, right.starts]
    assert (right.items[:, 0] != observed).all()  # a counterfactual history is another one


@pytest.mark.parametrize("eta", [0.25, 1.0])
def test_answers_are_wrong_at_the_rate_and_nested(made, eta):
    answers = following.generate(source(made, "chain.others", "oracle-next"))
    wrong, more = (
        following.answered(answers, {"eta": rate, "copies": 8}).labels != answers.true
        for rate in (eta, min(1, eta + 0.2))
    )
    assert wrong.double().mean() == pytest.approx(eta, abs=0.02)
    assert (more | ~wrong).all()  # what is wrong stays wrong, with the same answer
    fewer = following.answered(answers, {"eta": eta, "copies": 1})
    assert torch.equal(fewer.labels, following.answered(answers, {"eta": eta, "copies": 8}).labels[: len(fewer)])


def test_choices_are_true_and_no_list_shows_a_held_out_pair(made):
    asked = source(made, "tastes.loo", "oracle-choice", lists=40)
    pairs, value = choice.generate(asked), asked.oracle.truth.content.value
    assert (value[pairs.users, pairs.taken] > 0).all() and (value[pairs.users, pairs.left] <= 0).all()
    shown = {(int(u), int(i)) for side in (pairs.taken, pairs.left) for u, i in zip(pairs.users, side, strict=True)}
    for targets in asked.oracle.withheld:
        held = set(zip(targets.users.tolist(), targets.items.tolist(), strict=True))
        assert held and not held & shown
    unmasked = choice.generate(replace(asked, oracle=replace(asked.oracle, withheld=())))
    held = set(zip(targets.users.tolist(), targets.items.tolist(), strict=True))
    assert held & {(int(u), int(i)) for u, i in zip(unmasked.users, unmasked.taken, strict=True)}


def test_pairs_change_places_at_the_rate(made):
    pairs = choice.generate(source(made, "tastes.loo", "oracle-choice"))
    sets = choice.answered(pairs, 0.25)
    changed = sets.positives[:, 0] == pairs.left
    assert changed.double().mean() == pytest.approx(0.25, abs=0.02)
    assert torch.equal(sets.others[changed, 0], pairs.taken[changed])
    for wrong in (-0.1, 1.1):
        with pytest.raises(BadInput, match="zeta"):
            choice.answered(pairs, wrong)


@pytest.mark.parametrize(("module", "split", "method"), [
    (following, "chain.others", "oracle-next"), (choice, "tastes.loo", "oracle-choice"),
])  # fmt: skip
def test_pools_come_back_from_their_file_and_a_foreign_one_is_refused(made, tmp_path, module, split, method):
    pool = module.generate(source(made, split, method))
    module.save(pool, tmp_path / "pool.safetensors")
    again = module.load(tmp_path / "pool.safetensors")
    assert all(torch.equal(value, getattr(again, name)) for name, value in vars(pool).items())
    (tmp_path / "other.safetensors").write_text("no pool")
    with pytest.raises(BadInput, match=f"{method}.*draw the pool again"):
        module.load(tmp_path / "other.safetensors")


def test_a_history_that_does_not_fit_is_refused(made):
    split = load_training_data(made / "splits" / "chain.others").split
    task = SimpleNamespace(split=split, settings={"anchor": {"max_length": 10}, "treatment": {}})
    with pytest.raises(BadInput, match="do not fit into max_length 10"):
        following.retrain(task)


class TestOtherUsers:
    """The protocol `others`."""

    def test_tested_users_are_not_trained_on(self, made):
        data = load_training_data(made / "splits" / "chain.others")
        tested = data.validation.users
        assert len(tested) == 2000 and tested.min() == 50
        assert (data.split.lengths[tested] == 0).all() and (data.split.lengths[:50] > 0).all()
        assert (data.known.lengths[tested] >= 6).all() and torch.equal(data.known.lengths[:50], data.split.lengths[:50])

    def test_they_are_ranked_from_their_own_histories(self, made):
        class Last(torch.nn.Module):
            """Scores the last item of the history highest."""

            max_length, scores_by_product = None, False

            def score(self, users, items, lengths):
                last = items[torch.arange(len(items)), lengths - 1]
                return torch.nn.functional.one_hot(last, 200).float()

        data = load_training_data(made / "splits" / "chain.others")
        users = data.validation.users
        ends = data.known.offsets[users + 1] - 1
        ranks = rank(Last(), data.known, Targets(users, data.known.items[ends]), CPU)
        assert (ranks.above_kept == 0).all() and (ranks.ties_kept == 0).all()

    def test_sizes_of_a_world_are_nested_and_tested_on_the_same_users(self):
        few, many = (card(name).parse({}).interactions for name in ("chain", "chain-h150"))
        for tested in (True, False):
            some, more = (rows[rows["only_tested"] == tested].reset_index(drop=True) for rows in (few, many))
            shared = more if tested else more[more["user"] < 50].reset_index(drop=True)
            assert some.equals(shared)

    def test_data_that_marks_nobody_is_refused(self, made):
        with pytest.raises(BadInput, match="tastes.others.*only_tested.*use loo"):
            make_split("tastes.others", made)


def test_worlds_answer_for_themselves():
    for name, asked in (("chain", "true_next"), ("tastes", "true_choices")):
        module = importlib.import_module(f"datasets.{name}.truth")
        assert Truth(module, None).answers(asked)
