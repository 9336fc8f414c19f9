"""Embeddings: bounded rows, refusals, pretrained weights, and both in compiled calls."""

import numpy as np
import pytest

import graphnn
import graphnn.nn.functional as F
from graphnn import nn
from graphnn.errors import ArgumentError, IndexOutOfRange, UnsupportedError

INDICES = graphnn.tensor([0, 2, 2, 5, 1])


@pytest.mark.parametrize("compiled", [False, True])
def test_rows_that_are_looked_up_are_bounded_in_place(compiled: bool):
    layer = nn.Embedding(6, 4, max_norm=1.0, _weight=graphnn.full((6, 4), 2.0))
    (graphnn.compile(layer) if compiled else layer)(INDICES)
    norms = layer.weight.detach().norm(dim=1).tolist()
    assert norms == pytest.approx([1.0, 1.0, 1.0, 4.0, 4.0, 1.0], rel=1e-5)


def test_the_gradient_of_a_bag_can_be_divided_by_frequency():
    weight = graphnn.ones(6, 2, requires_grad=True)
    F.embedding_bag(INDICES, weight, graphnn.tensor([0, 3]), mode="sum", scale_grad_by_freq=True).sum().backward()
    assert weight.grad[:, 0].tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 1.0]


def test_a_bag_is_one_node_and_has_pytorchs_name():
    layer = nn.EmbeddingBag(6, 4, mode="max")
    graph = graphnn.trace(layer, INDICES, graphnn.tensor([0, 3]))
    assert [node.op.name for node in graph.nodes] == ["embedding_bag"]
    assert type(layer(INDICES, graphnn.tensor([0, 3])).grad_fn).__name__ == "EmbeddingBagBackward0"


def test_a_pretrained_bag_keeps_its_weight_frozen():
    layer = nn.EmbeddingBag.from_pretrained(graphnn.arange(6.0).reshape(3, 2), mode="sum")
    assert not layer.weight.requires_grad
    assert layer(graphnn.tensor([[0, 2]])).tolist() == [[4.0, 6.0]]
    assert repr(layer) == "EmbeddingBag(3, 2, mode='sum')"


@pytest.mark.parametrize(
    ("given", "options", "error", "message"),
    [
        ([0, 1], {"offsets": [1]}, ArgumentError, r"offsets\[0\] has to be 0"),
        ([0, 1], {"offsets": [0, 9]}, ArgumentError, "can not be greater than input's length 2"),
        ([0, 1], {"offsets": [0, 2, 1]}, ArgumentError, "have to ascend"),
        ([0, 1], {}, ArgumentError, "offsets has to be a 1D Tensor"),
        ([[0, 1]], {"offsets": [0]}, ArgumentError, "if input is 2D, then offsets has to be None"),
        ([9], {"offsets": [0]}, IndexOutOfRange, "9, the weight has 6 rows"),
        ([0], {"offsets": [0], "mode": "median"}, ArgumentError, "one of sum, mean or max"),
        ([0], {"offsets": [0], "sparse": True}, UnsupportedError, "gradients are dense"),
        ([0], {"offsets": [0], "padding_idx": 6}, ArgumentError, "within num_embeddings"),
    ],
)
def test_refuses_what_pytorch_refuses(given: list, options: dict, error: type, message: str):
    options = {k: graphnn.tensor(v) if k == "offsets" else v for k, v in options.items()}
    with pytest.raises(error, match=message):
        F.embedding_bag(graphnn.tensor(given), graphnn.ones(6, 2), **options)


def test_weights_of_samples_go_with_sums_alone():
    with pytest.raises(UnsupportedError, match="only supported for mode='sum'"):
        F.embedding_bag(
            INDICES, graphnn.ones(6, 2), graphnn.tensor([0]), per_sample_weights=graphnn.ones(5), mode="mean"
        )
    assert np.allclose(F.embedding(INDICES, graphnn.ones(6, 2)).numpy(), 1.0)
