import itertools
import threading

import numpy as np
import pytest
import torch
from torch import nn

from methods.engine.data.batches import share_out
from methods.engine.fit import training
from methods.engine.layers import dropout
from methods.engine.layers.cores import cores, on_all_cores, over_cores
from methods.engine.recommender import Run, SequentialRecommender, Trunk
from tests.engine.conftest import make_split

CPU = torch.device("cpu")


def test_results_come_in_the_order_of_the_shares(three_threads):
    assert over_cores(lambda share: share * share, range(20), CPU) == [share * share for share in range(20)]
    assert over_cores(lambda share: share, [], CPU) == []


def test_shares_run_side_by_side_each_on_one_thread(three_threads):
    together = threading.Barrier(3, timeout=20)

    def meet(share):
        together.wait()
        return torch.get_num_threads(), cores(CPU)

    assert over_cores(meet, range(3), CPU) == [(1, 1)] * 3
    assert torch.get_num_threads() == 3


def test_what_all_shares_wait_for_is_made_on_all_cores(three_threads):
    found = over_cores(lambda share: (on_all_cores(torch.get_num_threads), torch.get_num_threads()), range(4), CPU)
    assert found == [(3, 1)] * 4
    assert on_all_cores(torch.get_num_threads) == 3


def test_gradients_are_recorded_as_where_it_is_called(three_threads):
    x = torch.ones(2, requires_grad=True)
    assert all(each.requires_grad for each in over_cores(lambda share: x * share, range(6), CPU))
    with torch.no_grad():
        assert not any(each.requires_grad for each in over_cores(lambda share: x * share, range(6), CPU))
    with torch.inference_mode():
        assert all(each.is_inference() for each in over_cores(lambda share: x * share, range(6), CPU))


def test_an_error_in_a_share_is_raised_and_ends_the_others(three_threads):
    def fail(share):
        raise ValueError(f"share {share}")

    with pytest.raises(ValueError, match="share"):
        over_cores(fail, range(9), CPU)
    assert torch.get_num_threads() == 3
    assert over_cores(lambda share: share, range(3), CPU) == [0, 1, 2]


class Mean(SequentialRecommender):
    """The state is the mean of the items so far, of which some are dropped."""

    def __init__(self, dropped):
        super().__init__()
        self.item_embedding = nn.Embedding(9, 4)
        self.dropped = dropped

    def encode(self, vectors):
        x = self.dropped(vectors)
        return Trunk(x.cumsum(1) / torch.arange(1, x.shape[1] + 1)[:, None])


def trained(dropped, seed=1):
    torch.manual_seed(5)
    model = Mean(dropped)
    split = make_split([[user % 9, (user * 2) % 9, (user + 3) % 9, user % 4][: 2 + user % 3] for user in range(40)], 9)
    settings = {
        "learning_rate": 0.05, "batch": 30, "epochs": 3, "patience": 3, "max_length": 4, "objective": "softmax",
        "weight_decay": 0.0,
    }  # fmt: skip
    rising = itertools.count()  # so that the last epoch's weights stay
    training.fit_next_item(model, split, settings, Run(seed, CPU, lambda _: float(next(rising))))
    return model.item_embedding.weight.detach()


@pytest.mark.parametrize("dropped", [dropout.Dropout(0.5), nn.Dropout(0.5)], ids=["the engine's", "torch's"])
def test_training_on_several_cores_gives_equal_bits_for_equal_seeds(three_threads, dropped):
    first = trained(dropped)
    assert all(torch.equal(first, trained(dropped)) for _ in range(3))
    assert not torch.equal(first, trained(dropped, seed=2))


def test_cores_share_a_batch_without_a_change_of_its_gradient(three_threads):
    several = trained(nn.Identity())
    torch.set_num_threads(1)
    torch.testing.assert_close(several, trained(nn.Identity()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("count", "cut"), [([50] * 4, [2, 2]), ([25] * 8, [4, 4]), ([9, 1, 1, 1], [1, 3]), ([7], [1])])
def test_shares_hold_about_as_many_pairs(count, cut):
    shares = share_out(np.arange(len(count)), np.array(count), 2)
    assert [len(part) for _, part in shares] == cut
