"""The ways that a GPU takes, on a device made of a CPU: the same results, and no batch for which a host waits."""

from itertools import count

import pytest
import torch

from methods.cards import cards, load_card
from methods.casr.drawing import draw_pool
from methods.cpr.counterfactual import Sets
from methods.cpr.target import retrain
from methods.engine.data.branches import Branches
from methods.engine.data.split import Targets
from methods.engine.data.windows import cut_windows
from methods.engine.layers.recurrence import Recurrence
from methods.engine.recommender import Run
from methods.evaluation import ranking
from methods.evaluation.ranking import rank
from tests.casr.support import card_settings
from tests.engine.conftest import make_split
from tests.methods.support import CPU, build, module, settings
from tests.other_device import DEVICE, other_device

CATALOGUE, USERS = 30, 40
HISTORIES = [[(5 * u + place * (1 + u % 4)) % CATALOGUE for place in range(2 + 7 * u % 17)] for u in range(USERS)]
SPLIT = make_split(HISTORIES, CATALOGUE)
RECOMMENDERS = [name for name, card in cards().items() if card.kind == "recommender"]
TRAINED = [name for name in RECOMMENDERS if "epochs" in settings(name)]
SEQUENTIAL = ["narm", "sasrec", "stamp"]


def configured(name, batch=64, **changes):
    """Settings without dropout, whose numbers differ from device to device."""
    wanted = {"batch": batch, "epochs": 2, "patience": 2, "max_length": 8, "dropout": 0.0, "embedding_dropout": 0.0}
    return settings(name, **{key: value for key, value in (wanted | changes).items() if key in settings(name)})


def trained(name, device, extra=None, say=lambda message: None, **changes):
    chosen = configured(name, **changes)
    model, more = build(name, SPLIT, **chosen), {} if extra is None else {"extra": extra}
    epoch = count(1)  # the last is the best, whose weights stay
    module(name).fit(model, SPLIT, chosen, Run(1, device, lambda _: next(epoch), say), **more)
    return model


def fitted(name, device, extra=None, **changes):
    """Scores of two users, ranks of all, and what the fit said."""
    said = []
    model = trained(name, device, extra, said.append, **changes)
    model.eval()
    items, lengths = torch.tensor([[3, 1, 4, 1], [5, 9, 0, 0]]), torch.tensor([4, 2])
    with torch.no_grad():
        scores = model.score(*(each.to(device) for each in (torch.tensor([0, 7]), items, lengths))).cpu()
    ranks = rank(model, SPLIT, Targets(torch.arange(USERS), torch.arange(USERS) % CATALOGUE), device)
    return scores, ranks, said


def alike(one, other):
    torch.testing.assert_close(one[0], other[0], rtol=1e-4, atol=1e-5)
    assert (one[1].above_kept == other[1].above_kept).all() and (one[1].above_removed == other[1].above_removed).all()
    assert one[2] == other[2]


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_a_method_gives_what_it_gives_on_a_cpu(name, monkeypatch):
    here = fitted(name, CPU)
    with other_device(monkeypatch):
        alike(fitted(name, DEVICE), here)


def sequences(length=8):
    """A counterfactual sequence for every third window."""
    windows = cut_windows(SPLIT, length)
    chosen = torch.arange(0, len(windows), 3)
    starts = windows.lengths[chosen] // 2
    return Branches(chosen, starts, torch.stack([starts, starts + 1], 1), starts % 7, torch.ones(len(chosen), 64) / 64)


@pytest.mark.parametrize("name", SEQUENTIAL)
@pytest.mark.parametrize("changes", [{"objective": "sampled"}, {"max_length": 5}])
def test_so_it_does_with_counterfactual_sequences(name, changes, monkeypatch):
    extra = sequences(changes.get("max_length", 8))
    here = fitted(name, CPU, extra, **changes)
    with other_device(monkeypatch):
        alike(fitted(name, DEVICE, extra, **changes), here)


def waits(name, batch, monkeypatch, **changes):
    with other_device(monkeypatch) as found:
        trained(name, DEVICE, batch=batch, **changes)
    return +found


@pytest.mark.parametrize("name", TRAINED)
def test_no_batch_keeps_the_host_waiting(name, monkeypatch):
    assert waits(name, 64, monkeypatch) == waits(name, 16, monkeypatch)


@pytest.mark.parametrize("name", SEQUENTIAL)
@pytest.mark.parametrize("changes", [{"objective": "sampled"}, {"extra": sequences()}])
def test_nor_does_one_with_sampled_items_or_counterfactual_sequences(name, changes, monkeypatch):
    assert waits(name, 64, monkeypatch, **changes) == waits(name, 16, monkeypatch, **changes)


def test_nor_does_one_of_cpr_s_last_training(monkeypatch):
    def found(batch):
        changes = {"loss": "pairwise", "rounds": 2, "retrain_on": "mixed", "retrain_batch": batch}
        chosen = load_card("cpr").configured(changes)
        numbers = torch.arange(60) % CATALOGUE
        sets = Sets(numbers % USERS, numbers[:, None], (numbers[:, None] + 1) % CATALOGUE)
        with other_device(monkeypatch) as waiting:
            retrain(build("bpr", SPLIT), SPLIT, chosen, Run(1, DEVICE, lambda _: 0.5), lambda numbers: sets.to(DEVICE))
        return +waiting

    assert found(64) == found(16)


@pytest.mark.parametrize("strategy", ["h", "d", "m"])
@pytest.mark.parametrize("sampler", SEQUENTIAL)
def test_a_search_finds_what_it_finds_on_a_cpu(strategy, sampler, monkeypatch):
    windows, chosen = cut_windows(SPLIT, 8), card_settings(index=-2, steps=4)

    def drawn(device):
        models = [build(name, SPLIT, **configured(name)).double().to(device) for name in (sampler, "stamp")]
        numbers = torch.Generator().manual_seed(3)
        return draw_pool(strategy, *models, SPLIT, windows, chosen, numbers, device)

    here = drawn(CPU)
    with other_device(monkeypatch):
        there = drawn(DEVICE)
    assert len(here) > 20
    for name, value in vars(here).items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(getattr(there, name), value)


@pytest.mark.parametrize("name", ["item-knn", "narm"])
def test_ranking_reads_no_more_at_once_than_fits(name, monkeypatch):
    targets, read = Targets(torch.arange(USERS), torch.arange(USERS) % CATALOGUE), []
    model = trained(name, CPU)
    here = rank(model, SPLIT, targets, CPU)
    score = model.score
    monkeypatch.setattr(ranking, "GPU_ITEMS", 64)
    monkeypatch.setattr(model, "score", lambda *given: read.append(given[1].numel()) or score(*given))
    with other_device(monkeypatch):
        there = rank(model.to(DEVICE), SPLIT, targets, DEVICE)
    assert max(read) <= 64 and sum(read) >= sum(map(len, HISTORIES)) / 2
    assert all((value == getattr(here, name)).all() for name, value in vars(there).items() if value is not None)


def test_the_device_counts_waiting_and_refuses_tensors_of_two(monkeypatch):
    with other_device(monkeypatch) as found:
        numbers = torch.arange(4, device=DEVICE)
        assert not +found and int(numbers.sum()) == 6
        assert +found == {"aten._local_scalar_dense": 1}
        numbers[numbers > 1]
        torch.arange(3).to(DEVICE)
        assert +found == {"aten._local_scalar_dense": 1, "aten.index": 1, "copied": 1}
        with pytest.raises(RuntimeError, match="two devices"):
            numbers + torch.arange(4)


def test_its_recurrence_is_that_of_a_cpu(monkeypatch):
    torch.manual_seed(2)
    layer, vectors = Recurrence(3, 4).double(), torch.randn(5, 6, 3, dtype=torch.double)
    weigh = torch.linspace(-1, 1, 5 * 6 * 4, dtype=torch.double).view(5, 6, 4)

    def gradients(device):
        found = layer.to(device)(vectors.to(device))[0]
        return torch.autograd.grad((found * weigh.to(device)).sum(), list(layer.parameters()))

    here = gradients(CPU)
    with other_device(monkeypatch):
        for one, other in zip(gradients(DEVICE), here, strict=True):
            torch.testing.assert_close(one.cpu(), other)
