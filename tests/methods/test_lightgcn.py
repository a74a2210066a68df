"""The graph of LightGCN against dense matrices."""

from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from datasets.pipeline.errors import BadInput
from methods.engine.layers.graph import Graph
from tests.engine.conftest import make_split
from tests.methods.support import build, histories, scores, spread


def dense(rows, catalogue):
    """D^-1/2 A D^-1/2 of the graph of users and items, from the definition; a node without neighbours is a row of 0."""
    nodes = len(rows) + catalogue
    adjacency = torch.zeros(nodes, nodes, dtype=torch.float64)
    for user, row in enumerate(rows):
        for item in row:
            adjacency[user, len(rows) + item] = adjacency[len(rows) + item, user] = 1
    scale = adjacency.sum(1).clamp(min=1).rsqrt()
    return scale[:, None] * adjacency * scale


@pytest.mark.parametrize("by_one_product", [True, False])
@given(rows=histories(), layers=st.integers(0, 4), seed=st.integers(0, 99))
def test_layers_are_powers_of_the_normalised_adjacency(by_one_product, rows, layers, seed):
    graph = Graph(make_split(rows, 8).held, 8).double()
    vectors = torch.randn(len(rows) + 8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    matrix = dense(rows, 8)
    # the graph's weights are made in single precision
    torch.testing.assert_close(graph.product(vectors), matrix @ vectors, rtol=1e-6, atol=1e-6)
    expected = sum(torch.linalg.matrix_power(matrix, k) @ vectors for k in range(layers + 1)) / (layers + 1)
    with patch("methods.engine.layers.graph.PRODUCTS_PER_GATHER", 1e9 if by_one_product else 0):
        torch.testing.assert_close(graph.mean_of_layers(vectors, layers), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("products", [0, 1e9])
def test_gradient_of_the_propagation(products, monkeypatch):
    monkeypatch.setattr("methods.engine.layers.graph.PRODUCTS_PER_GATHER", products)
    graph = Graph(make_split([[0, 1], [1, 2, 3], [3]], 5).held, 5).double()
    vectors = torch.randn(8, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: graph.mean_of_layers(v, 3), vectors)
    assert torch.equal(vectors.detach(), vectors)


def test_propagation_leaves_the_vectors_as_they_are():
    graph = Graph(make_split([[0, 1], [1]], 2).held, 2)
    vectors = torch.ones(4, 2)
    graph.mean_of_layers(vectors, 2)
    assert torch.equal(vectors, torch.ones(4, 2))


def test_no_layer_is_matrix_factorisation():
    model = spread(build("lightgcn", make_split([[0, 1], [1]], 3), embedding=2, layers=0))
    expected = (model.user_embedding.weight @ model.item_embedding.weight.T).detach()
    torch.testing.assert_close(scores(model, [[0], [1]]), expected)


def test_what_was_propagated_follows_the_weights():
    model = spread(build("lightgcn", make_split([[0, 1], [1]], 3), embedding=2))
    before = scores(model, [[0], [1]])
    with torch.no_grad():
        model.item_embedding.weight[0] += 1.0
    after = scores(model, [[0], [1]])
    assert not torch.equal(before, after)
    torch.testing.assert_close(after, model.logits(torch.arange(2), torch.arange(3).expand(2, 3)).detach())


def test_the_graph_is_no_weight():
    state = build("lightgcn", make_split([[0, 1], [1]], 3), embedding=2).state_dict()
    assert set(state) == {"user_embedding.weight", "item_embedding.weight"}


def test_negative_layers_are_refused():
    with pytest.raises(BadInput, match="layers is -1"):
        build("lightgcn", make_split([[0]], 2), layers=-1)
