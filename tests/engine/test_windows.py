import torch
from hypothesis import given
from hypothesis import strategies as st

from methods.engine.windows import cut_windows
from tests.engine.conftest import make_split

histories = st.lists(st.lists(st.integers(0, 9), max_size=40), min_size=1, max_size=6)


def window_pairs(windows):
    """(user, prefix inside the window, next item) of every trained pair."""
    rows, positions = windows.samples
    for row, position in zip(rows.tolist(), positions.tolist(), strict=True):
        prefix = tuple(windows.inputs[row, : position + 1].tolist())
        yield windows.users[row].item(), prefix, windows.targets[row, position].item()


@given(histories, st.integers(2, 9))
def test_every_pair_is_trained_once_with_half_a_window_of_its_own_history(histories, length):
    windows = cut_windows(make_split(histories, 10), length)
    found = sorted((user, target, prefix) for user, prefix, target in window_pairs(windows))
    expected = [
        (user, history[: t + 1], history[t + 1])
        for user, history in enumerate(histories)
        for t in range(len(history) - 1)
    ]
    assert len(found) == len(expected)
    remaining = list(expected)
    for user, target, prefix in found:
        match = next(
            (case for case in remaining
             if case[0] == user and case[2] == target and tuple(case[1][-len(prefix):]) == prefix
             and len(prefix) >= min(len(case[1]), length - length // 2)),
            None,
        )  # fmt: skip
        assert match is not None, f"pair {prefix} to {target} of user {user} is not in the data, or lost its history"
        remaining.remove(match)


def test_a_history_that_fits_is_one_window_with_every_prefix_whole():
    windows = cut_windows(make_split([[3, 1, 4, 1, 5]], 10), 4)
    assert windows.inputs.tolist() == [[3, 1, 4, 1]]
    assert windows.targets.tolist() == [[1, 4, 1, 5]]
    assert windows.counts.all()


def test_users_without_a_pair_have_no_window():
    windows = cut_windows(make_split([[], [7], [1, 2]], 10), 4)
    assert windows.users.tolist() == [2]
    assert torch.equal(windows.counts, torch.tensor([[True, False, False, False]]))
