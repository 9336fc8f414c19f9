"""What a trace makes of user code."""

import numpy as np
import pytest

import graphnn
from graphnn import nn, optim
from graphnn.errors import TraceError
from graphnn.runtime.interpreter import interpret
from tests.compiler.test_what_users_change import data, make_net, train_step


def test_a_module_s_graph_has_its_parameters_its_lines_and_its_module_paths():
    net = make_net()
    graph = graphnn.trace(net, data(5, 4))
    assert [p.attrs["name"] for p in graph.params] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert [n.op.name for n in graph.nodes] == ["linear", "relu", "linear"]
    assert [n.origins[0].module for n in graph.nodes] == ["0", "1", "2"]
    line = graph.nodes[0].origins[0]
    assert line.file.endswith("test_trace.py")
    assert line.line > 0


def test_a_graph_computes_what_the_code_does():
    net = make_net()
    x = data(5, 4)
    graph = graphnn.trace(net, x)
    (found,), _ = interpret(graph, x.numpy())
    assert np.allclose(found, net(x).detach().numpy(), rtol=1e-6)


def test_a_whole_step_is_one_graph_with_updates_and_scalar_inputs():
    net = make_net()
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    graph = graphnn.trace(train_step(net, optimizer), data(5, 4), data(5, 2))
    assert {p.attrs["name"] for p in graph.updates} == {
        f"{n}{tail}" for n, _ in net.named_parameters() for tail in ("", ".momentum_buffer")
    }
    assert [str(v.type) for v in graph.inputs[2:]] == ["f64", "f64"]
    assert {v.name for v in graph.inputs[2:]} == {"lr", "momentum"}
    assert "update %" in str(graph)


def test_tracing_changes_nothing():
    net = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    before = {k: v.clone() for k, v in net.state_dict().items()}
    graphnn.trace(train_step(net, optim.Adam(net.parameters())), data(5, 4), data(5, 4))
    for key, value in net.state_dict().items():
        assert np.array_equal(value.numpy(), before[key].numpy()), key
    assert all(p.grad is None for p in net.parameters())
    assert all(p.is_leaf and p.requires_grad for p in net.parameters())


def test_a_returned_argument_and_returned_state_are_outputs():
    weight = graphnn.ones(3)
    graph = graphnn.trace(lambda x: (x, weight), data(3))
    assert graph.outputs == (graph.inputs[0], graph.params[0])


def test_arguments_may_be_trees():
    def total(pair, more):
        return pair[0] + pair[1] * more["scale"]

    graph = graphnn.trace(total, (data(3), data(3)), more={"scale": data(3)})
    assert [v.name for v in graph.inputs] == ["pair_0", "pair_1", "more"]


def test_tensors_made_inside_are_nodes_and_constants():
    graph = graphnn.trace(lambda x: x + graphnn.zeros(3) + graphnn.tensor([1.0, 2.0, 3.0]), data(3))
    assert [n.op.name for n in graph.nodes] == ["full", "add", "constant", "add"]
    assert not graph.params


def test_a_tensor_from_outside_is_state_under_its_name():
    offset = graphnn.ones(3)
    graph = graphnn.trace(lambda x: x + offset, data(3))
    assert graph.params[0].attrs["name"] == "offset"
    assert graph.bindings[0].array is offset._array


def test_hooks_run_while_tracing():
    net = nn.Linear(4, 2)
    net.register_forward_hook(lambda module, args, output: output * 2.0)
    graph = graphnn.trace(net, data(5, 4))
    assert [n.op.name for n in graph.nodes] == ["linear", "mul"]


def test_gradient_nodes_come_from_the_forward_s_lines():
    net = make_net()
    graph = graphnn.trace(train_step(net, optim.SGD(net.parameters(), lr=0.1)), data(5, 4), data(5, 2))
    relu_grads = [n for n in graph.nodes if n.op.name == "relu_grad"]
    assert [n.origins[0].module for n in relu_grads] == ["1"]
    assert all(n.origins for n in graph.nodes)


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.item(),
        lambda x: float(x),
        lambda x: bool(x),
        lambda x: x.tolist(),
        lambda x: x.numpy(),
        lambda x: np.asarray(x),
        lambda x: f"{x:.3f}",
        lambda x: int(x),
    ],
)
def test_reading_a_value_raises_with_the_line_and_the_way_out(read):
    with pytest.raises(TraceError, match=r"test_trace.py:\d+.*graphnn.where"):
        graphnn.trace(lambda x: read(x.sum()), data(3))


def test_reading_state_raises_as_well():
    scale = graphnn.tensor(2.0)
    with pytest.raises(TraceError, match="item"):
        graphnn.trace(lambda x: x * scale.item(), data(3))


def test_printing_a_traced_tensor_shows_its_type():
    shown = []
    graphnn.trace(lambda x: shown.append(repr(x * 2.0)), data(3))
    assert "f32[3]" in shown[0]


def test_something_that_is_no_function_is_refused():
    with pytest.raises(TraceError, match="wants a module or a function"):
        graphnn.trace(3, data(3))
