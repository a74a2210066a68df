import torch
from hypothesis import given
from hypothesis import strategies as some

from methods.engine.data.ragged import members, offsets_of, sent

CPU = torch.device("cpu")
LISTS = some.lists(some.lists(some.integers(0, 9), max_size=4), min_size=1, max_size=6)


@given(LISTS, some.data())
def test_members_are_those_of_the_lists_one_after_the_other(lists, data):
    chosen = data.draw(some.lists(some.integers(0, len(lists) - 1), max_size=8))
    values = torch.tensor([value for each in lists for value in each], dtype=torch.int64)
    offsets = offsets_of(torch.tensor([len(each) for each in lists]))
    owners, places = members(offsets, torch.tensor(chosen, dtype=torch.int64))
    expected = [(row, value) for row, number in enumerate(chosen) for value in lists[number]]
    assert list(zip(owners.tolist(), values[places].tolist(), strict=True)) == expected


@given(LISTS)
def test_what_is_sent_comes_back_in_its_lists(lists):
    values = torch.tensor([value for each in lists for value in each], dtype=torch.int64)
    assert [each.tolist() for each in sent(values, [len(each) for each in lists], CPU)] == lists
