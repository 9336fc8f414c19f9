"""Optimizer steps traced into a graph follow the eager ones, hyper-parameters read at every run."""

import numpy as np
import pytest

import graphnn
from graphnn import nn, optim
from graphnn.runtime.interpreter import interpret
from graphnn.tensor.creation import tensor
from graphnn.tracing.capture import capture

pytest.importorskip("torch")  # the steps that these compare with are told apart by PyTorch

from tests.optim.test_steps import OPTIMIZERS, OURS, make_params


def make_step(name):
    params = make_params(OURS, "float32")
    optimizer = OPTIMIZERS[name](OURS, params)

    def step(*gradients):
        for param, gradient in zip(params, gradients, strict=True):
            param.grad = gradient.clone()
        optimizer.step()

    return step, optimizer, params


def gradients_of(step, params):
    return [
        np.random.default_rng((step, i)).standard_normal(tuple(p.shape)).astype("float32") for i, p in enumerate(params)
    ]


def run_traced(captured, arrays):
    """One run of the traced step: scalars are read from their groups, updates are written into the bound arrays."""
    scalars = [group[key] for (_, key), (_, group) in captured.trace.scalars.items()]
    _, updates = interpret(captured.graph, *arrays, *scalars)
    owners = dict(zip(captured.graph.params, captured.graph.bindings, strict=True))
    for param, value in [(p, np.array(v)) for p, v in updates.items()]:
        np.copyto(owners[param].array, value)


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_traced_step_follows_the_eager_one_from_the_first_step_on(name, prepared):
    traced_step, optimizer, params = make_step(name)
    eager_step, eager, eager_params = make_step(name)
    if prepared:
        optimizer.prepare_all()
    captured = capture(traced_step, [tensor(g) for g in gradients_of(0, params)], {})
    for step in range(6):
        if step == 3:
            for group in (*optimizer.param_groups, *eager.param_groups):
                group["lr"] = 0.03
        arrays = gradients_of(step, params)
        run_traced(captured, arrays)
        eager_step(*map(tensor, arrays))
        for param, wanted in zip(params, eager_params, strict=True):
            np.testing.assert_allclose(param.detach().numpy(), wanted.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_tracing_changes_nothing_but_makes_the_state():
    step, optimizer, params = make_step("adam")
    before = [p.detach().numpy().copy() for p in params]
    capture(step, [tensor(g) for g in gradients_of(0, params)], {})
    for param, array in zip(params, before, strict=True):
        np.testing.assert_array_equal(param.detach().numpy(), array)
        assert {key: value.numpy().any() for key, value in optimizer.state[param].items()} == {
            "step": False, "exp_avg": False, "exp_avg_sq": False
        }  # fmt: skip


def test_a_whole_training_step_updates_parameters_buffers_and_optimizer_state_in_the_graph():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

    def step(x, y):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    graph = graphnn.trace(step, graphnn.rand(5, 3), tensor([0, 1, 1, 0, 1]))
    updated = sorted(param.attrs["name"] for param in graph.updates)
    weights = ["0.bias", "0.weight", "2.bias", "2.weight"]
    assert updated == sorted(weights + [f"{name}.momentum_buffer" for name in weights])
    assert [value.type.weak for value in graph.inputs] == [False, False, True, True]
