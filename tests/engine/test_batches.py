import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from datasets.pipeline.errors import BadInput
from methods.engine.data.batches import Batches
from methods.engine.data.branches import Branches
from methods.engine.data.windows import cut_windows
from tests.engine.conftest import make_split

CPU = torch.device("cpu")


@given(
    some.lists(some.integers(0, 15), min_size=1, max_size=12).filter(lambda lengths: max(lengths) > 1),
    some.integers(1, 40), some.integers(1, 3), some.integers(0, 20), some.integers(0, 99),
)  # fmt: skip
def test_an_epoch_holds_every_pair_and_every_extra_sequence_once(lengths, size, shares, extra, seed):
    generator = torch.Generator().manual_seed(seed)
    windows = cut_windows(make_split([list(range(length)) for length in lengths], 16), 4)
    owners = torch.randint(len(windows), (extra,), generator=generator)
    branches = Branches(owners, windows.lengths[owners], owners[:, None], owners)
    pairs, branched = [], []
    for batch in Batches(windows, branches, size, shares, CPU).epoch(generator):
        own = windows.counts.sum(1)[torch.cat([share.windows for share in batch])]
        assert own.sum() - own[-1] - own[0] < size  # cut at multiples of the size, which may lie inside its ends
        assert [share.share for share in batch] == sorted({share.share for share in batch})
        for share in batch:
            assert share.width == windows.lengths[share.windows].max()
            assert len(share) == len(share.places) + len(share.branches) > 0
            assert (share.places.diff() > 0).all()
            rows, positions = share.places // share.width, share.places % share.width
            pairs += zip(share.windows[rows].tolist(), positions.tolist(), strict=True)
            assert torch.equal(owners[share.branches], share.windows[share.rows])
            branched += share.branches.tolist()
    assert sorted(pairs) == list(zip(*(each.tolist() for each in windows.samples), strict=True))
    assert sorted(branched) == list(range(extra))


def test_equal_generators_give_equal_epochs():
    windows = cut_windows(make_split([list(range(2 + user % 9)) for user in range(30)], 16), 4)
    first, again, other = (
        [share.windows.tolist() for batch in Batches(windows, None, 20, 2, CPU).epoch(numbers) for share in batch]
        for numbers in (torch.Generator().manual_seed(seed) for seed in (1, 1, 2))
    )
    assert first == again != other


@pytest.mark.parametrize(("window", "start"), [(2, 0), (-1, 0), (0, 4), (1, -1)])
def test_a_sequence_that_branches_off_nothing_is_refused(window, start):
    windows = cut_windows(make_split([[1, 2, 3, 4], [5, 6]], 16), 4)
    places = torch.tensor([[0, 3], [1, 0], [window, start]])
    extra = Branches(places[:, 0], places[:, 1], places[:, :1], places[:, 0])
    with pytest.raises(BadInput, match=rf"sequence 2 branches off window {window} behind {start} items"):
        Batches(windows, extra, 20, 1, CPU)


def test_histories_without_a_pair_are_refused():
    with pytest.raises(BadInput, match="no training history holds two items"):
        Batches(cut_windows(make_split([[1], []], 16), 4), None, 20, 1, CPU)
