"""The equations of the simulator against loops that repeat them term by term."""

import math

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from datasets.pipeline.errors import BadInput
from methods.cpr import world as module
from methods.cpr.fit import fit_world, train
from methods.cpr.recovery import mean_auc, recovery
from methods.cpr.simulator import choice_loss, exposure_loss, on_device
from methods.cpr.world import load_world, save_world
from tests.cpr.support import CPU, known_world, simulator, small_settings, some_blocks


def sigma(x):
    return 1 / (1 + math.exp(-x))


def shown_logit(model, user, item, alpha):
    P, Q, w = model.users.weight, model.items.weight, model.weight
    return sum(float(P[user, d] * Q[item, d]) for d in range(P.shape[1])) + float(w[item] * alpha[item])


def taken_logit(model, user, items, place, beta):
    X, Y, w = model.users.weight, model.items.weight, model.weight
    return sum(float(X[user, d] * Y[items[place], d]) for d in range(X.shape[1])) + float(w[place] * beta[place])


@pytest.fixture
def lists():
    return on_device(some_blocks(), CPU)


def places(lists, row):
    return [place for place in range(lists.items.shape[1]) if lists.shown[row, place]]


def test_exposure_is_equation_4(lists):
    model = simulator().exposure
    alpha = torch.randn(2, 9, dtype=torch.float64)
    expected = []
    for each in alpha:
        total = 0.0
        for row in range(len(lists)):
            user = int(lists.users[row])
            every = sum(math.exp(shown_logit(model, user, item, each)) for item in range(9))
            for place in places(lists, row):
                total += math.log(math.exp(shown_logit(model, user, int(lists.items[row, place]), each)) / every)
        expected.append(total)
    assert model.given(lists)(alpha).tolist() == pytest.approx(expected)


def test_choice_is_equation_5_over_what_is_shown(lists):
    model = simulator().choice
    beta = torch.randn(2, 4, dtype=torch.float64)
    expected = []
    for each in beta:
        total = 0.0
        for row in range(len(lists)):
            user, items = int(lists.users[row]), lists.items[row].tolist()
            every = sum(math.exp(taken_logit(model, user, items, place, each)) for place in places(lists, row))
            for place in places(lists, row):
                if lists.chosen[row, place]:
                    total += math.log(math.exp(taken_logit(model, user, items, place, each)) / every)
        expected.append(total)
    assert model.log_likelihood(lists, beta).tolist() == pytest.approx(expected)
    assert model.given(lists)(beta).tolist() == pytest.approx(expected)
    assert choice_loss(model, lists, beta).item() == pytest.approx(-sum(expected) / 2 / len(lists))  # eq. 7


def test_exposure_loss_is_equation_6(lists):
    model = simulator().exposure
    alpha = torch.randn(3, 9, dtype=torch.float64)
    others = torch.randint(9, (len(lists), 8))  # two for each place
    total = 0.0
    for each in alpha:
        for row in range(len(lists)):
            user = int(lists.users[row])
            for place in places(lists, row):
                total += math.log(sigma(shown_logit(model, user, int(lists.items[row, place]), each)))
                for other in others[row, 2 * place : 2 * place + 2].tolist():
                    total += math.log(1 - sigma(shown_logit(model, user, other, each)))
    assert exposure_loss(model, lists, others, alpha).item() == pytest.approx(-total / 3 / len(lists))


def test_prediction_is_equation_10():
    model, beta = simulator().choice, torch.randn(4, dtype=torch.float64)
    users, items = torch.tensor([2, 5]), torch.tensor([[3, 1, 8, 0], [4, 4, 2, 7]])
    found = model.probabilities(users, items, beta)
    for row in range(2):
        terms = [math.exp(taken_logit(model, int(users[row]), items[row].tolist(), place, beta)) for place in range(4)]
        assert found[row].tolist() == pytest.approx([term / sum(terms) for term in terms])


def test_noise_from_the_prior_never_lowers_the_losses(lists):
    """Both losses are convex in the logits, so that equations 6 and 7 are lowest with w = 0 (Jensen)."""
    model = simulator()
    others = torch.randint(9, (len(lists), 4))
    half = torch.randn(400, 9, dtype=torch.float64), torch.randn(400, 4, dtype=torch.float64)
    alpha, beta = (torch.cat([each, -each]) for each in half)  # mean exactly 0
    noisy = exposure_loss(model.exposure, lists, others, alpha), choice_loss(model.choice, lists, beta)
    with torch.no_grad():
        model.exposure.weight.zero_()
        model.choice.weight.zero_()
    still = exposure_loss(model.exposure, lists, others, alpha), choice_loss(model.choice, lists, beta)
    assert all(a > b for a, b in zip(noisy, still, strict=True))


def test_what_is_not_shown_changes_nothing():
    blocks = some_blocks()
    lists, model = on_device(blocks, CPU), simulator()
    moved = on_device(blocks, CPU)
    moved.items[~moved.shown] = 7
    beta, alpha = torch.randn(2, 4, dtype=torch.float64), torch.randn(2, 9, dtype=torch.float64)
    assert torch.equal(model.choice.log_likelihood(lists, beta), model.choice.log_likelihood(moved, beta))
    assert torch.equal(model.exposure.given(lists)(alpha), model.exposure.given(moved)(alpha))
    assert torch.equal(model.choice.given(lists)(beta), model.choice.given(moved)(beta))


def test_equal_seeds_give_equal_worlds():
    settings, blocks = small_settings(), some_blocks()
    first, second, other = (fit_world(blocks, 6, 9, settings, seed, CPU) for seed in (3, 3, 4))
    for name, value in first.simulator.state_dict().items():
        assert torch.equal(value, second.simulator.state_dict()[name])
    assert torch.equal(first.alpha.mean, second.alpha.mean) and first.curves == second.curves
    assert not torch.equal(first.alpha.mean, other.alpha.mean)


def test_a_world_is_what_it_was_after_its_file(tmp_path):
    before = fit_world(some_blocks(), 6, 9, small_settings(), 3, CPU)
    save_world(before, tmp_path / "world.safetensors")
    after = load_world(tmp_path / "world.safetensors")
    for name, value in before.simulator.state_dict().items():
        assert torch.equal(value, after.simulator.state_dict()[name])
    assert torch.equal(before.alpha.mean, after.alpha.mean) and torch.equal(before.beta.deviation, after.beta.deviation)


def test_a_file_that_is_no_world_is_named_and_want_of_memory_is_no_such_file(tmp_path, monkeypatch):
    file = tmp_path / "world.safetensors"
    save_world(fit_world(some_blocks(), 6, 9, small_settings(), 3, CPU), file)
    tensors = load_file(file)
    names = ("simulator.choice.weight", "simulator.exposure.users.weight", "simulator.choice.users.weight")
    for name in (*names, "alpha.mean"):
        for odd in ({name: None}, {name: torch.ones(())}, {name: torch.ones(2, 2, 2)}):
            left = {key: value for key, value in (tensors | odd).items() if value is not None}
            if name == "alpha.mean" and left.keys() == tensors.keys():  # of any shape
                continue
            save_file(left, tmp_path / "odd.safetensors")
            with pytest.raises(BadInput, match=r"odd\.safetensors: not a world of CPR"):
                load_world(tmp_path / "odd.safetensors")

    def no_memory(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(module, "Simulator", no_memory)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        load_world(file)


def test_training_learns_who_is_shown_and_takes_what():
    """Nine times in ten even users are shown even items, and odd users odd ones; everyone takes the low ones."""
    random = np.random.default_rng(0)
    blocks = some_blocks(users=20, catalogue=20, length=5, lists=20)
    blocks.shown[:] = True
    for row, user in enumerate(blocks.users):
        blocks.items[row] = 2 * random.permutation(10)[:5] + (user + (row % 10 == 0)) % 2
    blocks.chosen[:] = blocks.items < 10
    settings = small_settings(length=5, epochs=40, batch=64, learning_rate=0.02, posterior_steps=1)
    world = fit_world(blocks, 20, 20, settings, 1, CPU)
    same = (np.arange(20)[:, None] + np.arange(20)) % 2 == 0
    exposure = np.where(same, 0.09, 0.01)
    answers = np.tile(np.arange(20) < 10, (20, 1))
    found = recovery(world, exposure, answers)
    assert found["exposure_divergence"] < 0.25 * found["uniform_divergence"]
    assert found["choice_auc"] > 0.9


def test_a_simulator_that_diverges_is_an_error():
    settings = small_settings(learning_rate=1e30)
    with pytest.raises(FloatingPointError, match="lower its learning_rate"):
        train(simulator().requires_grad_(True), some_blocks(), settings, torch.Generator().manual_seed(0), CPU)


def test_lists_of_another_length_are_refused():
    with pytest.raises(BadInput, match="length is 5"):
        fit_world(some_blocks(), 6, 9, small_settings(length=5), 1, CPU)


def test_recovery_of_the_truth_itself_is_perfect():
    world = known_world()
    model, choice = world.simulator.exposure, world.simulator.choice
    logits = model.catalogue_logits(model.users.weight, world.alpha.mean)
    taste = (choice.users.weight @ choice.items.weight.T).detach().numpy()
    found = recovery(world, logits.softmax(dim=1).detach().numpy(), taste > 0)
    assert found["exposure_divergence"] == pytest.approx(0, abs=1e-12) and found["choice_auc"] == 1.0


def test_auc_counts_ties_half_and_skips_constant_rows():
    scores = np.array([[1.0, 2, 2, 3], [0, 0, 0, 0], [1, 2, 3, 4]])
    answers = np.array([[0, 1, 0, 1], [0, 1, 0, 1], [1, 1, 1, 1]], dtype=bool)
    assert mean_auc(scores, answers) == pytest.approx(((1 + 0.5 + 1 + 1) / 4 + 0.5) / 2)
    assert mean_auc(scores[2:], answers[2:]) is None
