import pytest
import torch
import torch.nn.functional as F
from torch import nn

from methods.engine.fit import losses
from methods.engine.layers.kernels.exponential import LEAST_2
from methods.engine.recommender import SequentialRecommender


class Bare(SequentialRecommender):
    def __init__(self, catalogue, dim):
        super().__init__()
        self.item_embedding = nn.Embedding(catalogue, dim)


@pytest.mark.parametrize("size", [1, 40])  # logits that exp holds as they are, and logits that it does not
def test_softmax_loss_and_gradients_equal_the_plain_form_in_chunks(monkeypatch, size):
    monkeypatch.setattr(losses, "LEAST_ROWS", 3)  # three rows at a time, the last chunk smaller
    monkeypatch.setitem(losses.LOGITS_AT_ONCE, "cpu", 0)
    torch.manual_seed(1)
    model = Bare(11, 4).double()
    states = (size * torch.randn(7, 4, dtype=torch.double)).requires_grad_()
    targets = torch.randint(11, (7,))
    parameters = [states, model.item_embedding.weight]
    plain = F.cross_entropy(model.item_scores(states), targets, reduction="sum") / 5
    ours = losses.softmax_loss(model, states, targets, 5)
    torch.testing.assert_close(ours, plain)
    for found, expected in zip(
        torch.autograd.grad(3 * ours, parameters), torch.autograd.grad(3 * plain, parameters), strict=True
    ):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("size", [0.5, 7.0, 30.0])
def test_softmax_loss_in_single_precision_stays_near_the_exact_one(size):
    torch.manual_seed(1)
    model = Bare(500, 8)
    states, targets = size * torch.randn(40, 8), torch.randint(500, (40,))
    with torch.no_grad():
        exact = F.cross_entropy(states.double() @ model.item_embedding.weight.double().T, targets, reduction="sum")
        found = losses.softmax_loss(model, states, targets)
    torch.testing.assert_close(found.double(), exact, rtol=1e-5, atol=0)


def in_both_precisions(states: torch.Tensor, table: torch.Tensor, targets: torch.Tensor):
    """Loss and gradients by states and items of the engine in float32, and the plain form's in float64."""
    model = Bare(*table.shape)
    model.item_embedding.weight.data = table
    given = [states.clone().requires_grad_(), model.item_embedding.weight]
    exact = [each.detach().double().requires_grad_() for each in given]
    plain = F.cross_entropy(exact[0] @ exact[1].T, targets)
    ours = losses.softmax_loss(model, given[0], targets, len(targets))
    found = (ours.detach(), *torch.autograd.grad(ours, given))
    return found, (plain.detach(), *torch.autograd.grad(plain, exact))


def logits_of(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """States and items whose products are the values (rows, items) plus little."""
    rows, items = values.shape
    numbers = torch.Generator().manual_seed(1)
    states = torch.cat([torch.eye(rows), 0.1 * torch.randn(rows, 3, generator=numbers)], 1)
    return states, torch.cat([values.T, 0.1 * torch.randn(items, 3, generator=numbers)], 1)


@pytest.mark.parametrize(
    ("values", "tolerance"),
    [
        pytest.param(torch.randn(200, 7_000), 1e-4, id="several chunks"),
        pytest.param(torch.cat([torch.full((2, 1), 18.0), torch.zeros(2, 320_000)], 1), 1e-4, id="one heavy item"),
        pytest.param(0.007 + 0.0007 * torch.randn(2, 320_000), 1e-4, id="a large catalogue, hardly trained"),
        pytest.param(30 * torch.randn(40, 500), 1e-3, id="too large for powers as they are"),
        pytest.param(torch.randn(9, 300) - 30, 1e-4, id="too small for powers as they are"),
        pytest.param(torch.randn(9, 300) - 60, 1e-4, id="all below the cut"),
        pytest.param(
            torch.cat([torch.full((2, 1), -13.0), torch.full((2, 50_000), -41.0)], 1), 1e-4, id="near the cut"
        ),
        pytest.param(torch.tensor([[0.0, -50.0, -300.0]]), 1e-4, id="targets far below"),
    ],
)
def test_single_precision_stays_near_the_exact_form(values, tolerance):
    states, table = logits_of(values)
    targets = torch.arange(len(values)) % values.shape[1] if len(values) > 1 else torch.tensor([2])
    for mine, other in zip(*in_both_precisions(states, table, targets), strict=True):
        torch.testing.assert_close(mine.double(), other, rtol=tolerance, atol=tolerance * float(other.abs().max()))


def test_only_the_chunk_that_needs_it_is_computed_once_more(monkeypatch):
    monkeypatch.setattr(losses, "LEAST_ROWS", 4)
    monkeypatch.setitem(losses.LOGITS_AT_ONCE, "cpu", 0)
    raise_to, raised, values = losses._raise_to, [], torch.randn(10, 30)
    monkeypatch.setattr(losses, "_raise_to", lambda *given: raised.append(len(given[1])) or raise_to(*given))
    values[5] *= 100
    states, table = logits_of(values)
    for mine, other in zip(*in_both_precisions(states, table, torch.arange(10)), strict=True):
        torch.testing.assert_close(mine.double(), other, rtol=1e-4, atol=1e-4 * float(other.abs().max()))
    assert raised == [4, 4, 4, 2]


def test_no_states_have_no_loss():
    model, states = Bare(11, 4), torch.empty(0, 4, requires_grad=True)
    loss = losses.softmax_loss(model, states, torch.empty(0, dtype=torch.int64), 5)
    by_states, by_items = torch.autograd.grad(loss, [states, model.item_embedding.weight])
    assert loss == 0 and by_states.shape == (0, 4) and not by_items.any()


def test_what_is_cut_off_is_nothing_beside_the_least_total():
    assert 320_000 * 2.0**LEAST_2 / losses.SAFE_TOTALS[0] < 1e-6


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
@pytest.mark.parametrize("where", ["states", "items"])
def test_a_number_that_is_none_shows_in_the_loss(wrong, where):
    states, table = logits_of(torch.randn(3, 40))
    (states if where == "states" else table)[1, 0] = wrong
    loss, *gradients = in_both_precisions(states, table, torch.tensor([1, 1, 1]))[0]
    assert not torch.isfinite(loss) and not all(torch.isfinite(each).all() for each in gradients)


def test_sampled_loss_is_equation_1_and_never_draws_the_target():
    model = Bare(3, 4).double()
    states, targets = torch.randn(50, 4, dtype=torch.double), torch.zeros(50, dtype=torch.int64)
    found = losses.sampled_loss(model, states, targets, 400, torch.Generator().manual_seed(1))
    probability = torch.sigmoid(model.item_scores(states))
    positive = -torch.log(probability[:, 0]).sum()
    # 400 negatives over the two other items: near their mean, and far from it if the target were drawn as well
    negative = -400 * torch.log(1 - probability[:, 1:]).mean(1).sum()
    torch.testing.assert_close(found, positive + negative, rtol=0.02, atol=0)
