import torch
from hypothesis import given
from hypothesis import strategies as st

from methods.engine.data.windows import cut_windows
from tests.engine.conftest import make_split


def window_pairs(windows):
    """(user, prefix inside the window, next item) of every trained pair."""
    rows, positions = windows.samples
    for row, position in zip(rows.tolist(), positions.tolist(), strict=True):
        prefix = tuple(windows.inputs[row, : position + 1].tolist())
        yield windows.users[row].item(), prefix, windows.targets[row, position].item()


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(2, 9))
def test_every_pair_is_trained_once_with_half_a_window_of_its_own_history(lengths, length):
    # an item is its place in the history, so that a pair tells where it is from
    windows = cut_windows(make_split([list(range(size)) for size in lengths], 41), length)
    found = list(window_pairs(windows))
    expected = [(user, target) for user, size in enumerate(lengths) for target in range(1, size)]
    assert sorted((user, target) for user, _, target in found) == expected
    for _, prefix, target in found:
        assert prefix == tuple(range(target - len(prefix), target))
        assert len(prefix) >= min(target, length - length // 2)


def test_a_history_that_fits_is_one_window_with_every_prefix_whole():
    windows = cut_windows(make_split([[3, 1, 4, 1, 5]], 10), 4)
    assert windows.inputs.tolist() == [[3, 1, 4, 1]]
    assert windows.targets.tolist() == [[1, 4, 1, 5]]
    assert windows.counts.all()


def test_users_without_a_pair_have_no_window():
    windows = cut_windows(make_split([[], [7], [1, 2]], 10), 4)
    assert windows.users.tolist() == [2]
    assert torch.equal(windows.counts, torch.tensor([[True, False, False, False]]))
