import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.l2aug.actions import DROP, INSERT, KEEP, NO_PARTNER, REORDER, SUBSTITUTE, edit, partners_of
from tests.engine.conftest import make_split

PARTNERS = torch.tensor([10, 11, 12, NO_PARTNER, 14, *[NO_PARTNER] * 10])


def edited(items, actions, longest=99):
    found = edit(torch.tensor([items]), torch.tensor([len(items)]), torch.tensor([actions]), PARTNERS, longest)
    length = int(found.lengths[0])
    return found.items[0, :length].tolist(), found.origin[0, :length].tolist()


def test_each_action_does_what_it_is_called():
    assert edited([0, 1, 2], [KEEP] * 3) == ([0, 1, 2], [0, 1, 2])
    assert edited([0, 1, 2], [DROP, KEEP, DROP]) == ([1], [1])
    assert edited([0, 1, 2], [KEEP, SUBSTITUTE, KEEP]) == ([0, 11, 2], [0, 1, 2])
    assert edited([0, 1, 2], [REORDER, KEEP, KEEP]) == ([1, 0, 2], [1, 0, 2])
    assert edited([0, 1, 2], [KEEP, KEEP, REORDER]) == ([0, 1, 2], [0, 1, 2])
    assert edited([0, 1, 2], [INSERT, KEEP, INSERT]) == ([0, 10, 1, 2, 12], [0, 0, 1, 2, 2])


def test_an_item_without_a_partner_is_kept():
    assert edited([3, 3], [SUBSTITUTE, INSERT]) == ([3, 3], [0, 1])


def test_the_last_items_stay_where_too_many_are_put_in():
    assert edited([0, 1, 2], [INSERT] * 3, longest=4) == ([1, 11, 2, 12], [1, 1, 2, 2])


def test_a_whole_sequence_may_be_dropped():
    assert edited([0, 1], [DROP, DROP]) == ([], [])


def test_rows_of_other_lengths_do_not_meet():
    items, lengths = torch.tensor([[0, 1, 2], [4, 0, 0]]), torch.tensor([3, 1])
    found = edit(items, lengths, torch.tensor([[KEEP] * 3, [INSERT] * 3]), PARTNERS, 9)
    assert found.lengths.tolist() == [3, 2]
    assert found.items.tolist() == [[0, 1, 2], [4, 14, 0]]
    assert found.inside.tolist() == [[True] * 3, [True, True, False]]


@given(st.lists(st.lists(st.integers(0, 7), max_size=6), min_size=1, max_size=9))
@settings(max_examples=60)
def test_partners_are_those_of_sets_of_users(histories):
    split = make_split(histories, 8)
    users = [{user for user, history in enumerate(histories) if item in history} for item in range(8)]
    wanted = []
    for item in range(8):
        best, partner = 0.0, NO_PARTNER
        for other in range(8):
            if other == item or not users[item] or not users[other]:
                continue
            both = len(users[item] & users[other])
            value = both / math.sqrt(len(users[item]) * len(users[other]))
            if value > best + 1e-12:
                best, partner = value, other
        wanted.append(partner)
    assert partners_of(split.held, 8).tolist() == wanted
