"""Layers in a trace: names of state, paths of modules, and state that a forward changes."""

import numpy as np
import pytest

import graphnn
from graphnn import nn
from graphnn.errors import ShapeError, TraceError
from graphnn.runtime.interpreter import interpret
from tests.nn.both import array


def arrays_after(graph, x):
    """Outputs, and the new values of state by name."""
    outputs, updates = interpret(graph, x)
    return outputs, {param.attrs["name"]: value for param, value in updates.items()}


def make_input(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


def test_nodes_know_their_modules_and_params_their_names():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Sequential(nn.Flatten(), nn.Linear(8, 2)))
    graph = graphnn.trace(net, graphnn.rand(3, 1, 4, 4))
    assert [(node.op.name, node.origins[0].module) for node in graph.nodes] == [
        ("conv2d", "0"), ("relu", "1"), ("flatten", "2.0"), ("linear", "2.1")
    ]  # fmt: skip
    assert [param.attrs["name"] for param in graph.params] == ["0.weight", "0.bias", "2.1.weight", "2.1.bias"]


LAYERS = {
    "linear": (lambda: nn.Linear(6, 2), (4, 6)),
    "conv": (lambda: nn.Conv2d(2, 3, 3, padding="same"), (2, 2, 6, 6)),
    "conv, unbatched": (lambda: nn.Conv2d(2, 3, (4, 3), padding="same"), (2, 6, 6)),
    "max pool": (lambda: nn.MaxPool2d(2, return_indices=True), (2, 2, 6, 6)),
    "avg pool": (lambda: nn.AvgPool2d(2), (2, 6, 6)),
    "batch norm, evaluating": (lambda: nn.BatchNorm2d(2).eval(), (2, 2, 6, 6)),
    "softmax": (lambda: nn.Softmax(dim=-1), (4, 6)),
    "normalize": (lambda: nn.functional.normalize, (4, 6)),
    "relu in place": (lambda: nn.Sequential(nn.Identity(), nn.Tanh(), nn.ReLU(inplace=True)), (4, 6)),
    "dropout, evaluating": (lambda: nn.Sequential(nn.Tanh(), nn.Dropout()).eval(), (4, 6)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_traced_layer_computes_what_the_eager_one_does(name):
    build, shape = LAYERS[name]
    layer, x = build(), make_input(*shape)
    graph = graphnn.trace(layer, graphnn.tensor(x))
    wanted = layer(graphnn.tensor(x))
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    outputs, updates = arrays_after(graph, x)
    assert updates == {}
    for got, expected in zip(outputs, wanted, strict=True):
        np.testing.assert_allclose(got, array(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("momentum", [0.1, None])
def test_training_batch_norm_updates_its_statistics_in_the_graph(momentum):
    layer, x = nn.BatchNorm1d(3, momentum=momentum), make_input(5, 3)
    layer(graphnn.tensor(x * 2))
    before = {name: array(value).copy() for name, value in layer.named_buffers()}
    graph = graphnn.trace(layer, graphnn.tensor(x))
    for name, value in layer.named_buffers():
        np.testing.assert_array_equal(array(value), before[name])
    _, updates = arrays_after(graph, x)
    layer(graphnn.tensor(x))
    assert sorted(updates) == ["num_batches_tracked", "running_mean", "running_var"]
    for name, value in updates.items():
        np.testing.assert_allclose(value, array(dict(layer.named_buffers())[name]), rtol=1e-6)


def test_training_dropout_draws_from_the_random_state():
    graph = graphnn.trace(nn.Dropout(0.5), graphnn.rand(4, 4))
    assert [param.attrs["role"] for param in graph.updates] == ["rng"]
    assert "dropout" in [node.op.name for node in graph.nodes]


def test_an_error_while_tracing_names_module_and_line_once():
    net = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 1))
    with pytest.raises(ShapeError) as caught:
        graphnn.trace(net, graphnn.rand(2, 3))
    assert str(caught.value).count("(1, test_traced_layers.py:") == 1


def test_one_hot_of_unknown_classes_needs_a_value_and_says_so():
    with pytest.raises(TraceError, match=r"read by \.item\(\) while tracing"):
        graphnn.trace(nn.functional.one_hot, graphnn.tensor([1, 2]))


def test_a_buffer_can_be_written_in_a_trace_but_not_replaced():
    class Counter(nn.Module):
        def __init__(self, replacing):
            super().__init__()
            self.replacing = replacing
            self.register_buffer("total", graphnn.zeros(2))

        def forward(self, x):
            if self.replacing:
                self.total = self.total + x
            else:
                self.total.add_(x)
            return self.total * 1

    graph = graphnn.trace(Counter(False), graphnn.ones(2))
    assert arrays_after(graph, np.ones(2, "float32"))[1]["total"].tolist() == [1.0, 1.0]
    with pytest.raises(TraceError, match=r"buffer 'total' is replaced .* \(test_traced_layers.py:.*self\.total\.copy_"):
        graphnn.trace(Counter(True), graphnn.ones(2))
