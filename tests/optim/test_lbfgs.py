"""LBFGS against PyTorch's: the same places, losses and states, step by step."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest

import graphnn
from graphnn import nn, optim
from graphnn.errors import ArgumentError, TraceError
from graphnn.tensor.creation import tensor

torch = pytest.importorskip("torch")

OURS = SimpleNamespace(nn=nn, optim=optim, tensor=tensor)
OPTIONS = {
    "fixed steps": {"lr": 0.1},
    "fixed steps, short memory": {"lr": 0.2, "history_size": 2, "max_iter": 7},
    "line search": {"line_search_fn": "strong_wolfe"},
    "line search, short": {"lr": 0.5, "line_search_fn": "strong_wolfe", "max_iter": 4, "history_size": 3},
    "line search, few evaluations": {"line_search_fn": "strong_wolfe", "max_iter": 5, "max_eval": 4},
    "tolerances": {"lr": 0.3, "tolerance_grad": 0.5, "tolerance_change": 1e-3},
}


def minimise(t, options, steps=8, loaded=None, start=0):
    """Rosenbrock's valley over two parameters, and one without a gradient; what was seen at each step."""
    x = t.nn.Parameter(t.tensor(np.array([-1.2, 0.8, 0.3])))
    y = t.nn.Parameter(t.tensor(np.array([[1.0], [0.4], [-0.5]])))
    idle = t.nn.Parameter(t.tensor(np.array([1.0])))
    optimizer = t.optim.LBFGS([x, idle, y], **options)
    if loaded is not None:
        x.data.copy_(t.tensor(loaded[0]))
        y.data.copy_(t.tensor(loaded[1]))
        optimizer.load_state_dict(loaded[2])

    def closure():
        optimizer.zero_grad()
        loss = ((1 - x) ** 2).sum() + 10 * ((y.squeeze(1) - x * x) ** 2).sum()
        loss.backward()
        return loss

    seen = []
    for _ in range(start, steps):
        loss = optimizer.step(closure).item()
        seen.append([loss, *x.detach().numpy().ravel(), *y.detach().numpy().ravel()])
    return np.array(seen), optimizer, (x, y)


@pytest.mark.parametrize("name", OPTIONS)
def test_goes_pytorchs_way(name):
    (ours, optimizer, _), (theirs, wanted, _) = (minimise(t, OPTIONS[name]) for t in (OURS, torch))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)
    state, expected = (next(iter(o.state_dict()["state"].values())) for o in (optimizer, wanted))
    assert set(expected) - {"al"} == set(state)
    for key in ("func_evals", "n_iter"):
        assert state[key] == expected[key]
    assert len(state["old_dirs"]) == len(expected["old_dirs"])
    np.testing.assert_allclose(state["d"].numpy(), expected["d"].numpy(), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", ["fixed steps", "line search, short"])
def test_a_loaded_optimizer_goes_on(name):
    whole, *_ = minimise(OURS, OPTIONS[name])
    _, optimizer, (x, y) = minimise(OURS, OPTIONS[name], steps=3)
    saved = (x.detach().numpy().copy(), y.detach().numpy().copy(), copy.deepcopy(optimizer.state_dict()))
    rest, *_ = minimise(OURS, OPTIONS[name], loaded=saved, start=3)
    np.testing.assert_allclose(rest, whole[3:], rtol=1e-9)


def test_the_line_search_finds_the_minimum():
    seen, *_ = minimise(OURS, OPTIONS["line search"], steps=10)
    assert seen[-1, 0] < 1e-8


def test_defaults_and_printing_are_pytorchs():
    built = [t.optim.LBFGS([t.nn.Parameter(t.tensor([1.0]))]) for t in (OURS, torch)]
    assert repr(built[0]) == repr(built[1])
    assert built[0].state_dict() == built[1].state_dict()


def test_wrong_arguments_are_refused():
    one, other = (nn.Parameter(tensor([1.0])) for _ in range(2))
    with pytest.raises(ValueError, match="per-parameter options"):
        optim.LBFGS([{"params": one}, {"params": other}])
    with pytest.raises(ArgumentError, match="strong_wolfe"):
        optim.LBFGS([one], line_search_fn="x").step(lambda: one.sum())


def test_it_is_refused_in_a_trace():
    weight = nn.Parameter(tensor([1.0]))
    optimizer = optim.LBFGS([weight])

    def step(x):
        return optimizer.step(lambda: (weight * x).sum())

    with pytest.raises(TraceError, match="LBFGS cannot be traced"):
        graphnn.trace(step, tensor([1.0]))
