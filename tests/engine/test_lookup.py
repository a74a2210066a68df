"""Gradients of rows of a table, without a table of zeros for each look-up."""

import torch
from torch import nn

from methods.engine.layers.lookup import Lookup


def test_gradients_of_rows_are_those_of_the_table():
    torch.manual_seed(1)
    table, weigh = nn.Embedding(7, 3), torch.randn(4, 5, 3)
    items, again = torch.randint(7, (4, 5)), torch.tensor([2, 2, 6])  # some more than once

    def loss(look_up):
        return (look_up(items) * weigh).sin().sum() + look_up(again).square().sum() + table.weight.cos().sum()

    lookup = Lookup(table)
    found = torch.autograd.grad(loss(lookup), [table.weight, *lookup.rows])
    total = found[0].clone()
    lookup.add(found[1:], total)
    torch.testing.assert_close(total, torch.autograd.grad(loss(table), table.weight)[0])


def test_what_is_given_is_not_tied_to_the_table():
    table = nn.Embedding(7, 3)
    lookup = Lookup(table)
    rows = lookup(torch.tensor([1, 4]))
    assert rows.is_leaf and rows.requires_grad and torch.equal(rows, table(torch.tensor([1, 4])))
