"""Optimizers against PyTorch's, for 20 steps on the same gradients."""

from types import SimpleNamespace

import numpy as np
import pytest

from graphnn import nn, optim
from graphnn.tensor.creation import from_numpy, tensor

torch = pytest.importorskip("torch")

OURS = SimpleNamespace(nn=nn, optim=optim, tensor=tensor, from_numpy=from_numpy)

OPTIMIZERS = {
    "sgd": lambda t, p: t.optim.SGD(p, lr=0.1),
    "sgd, decayed": lambda t, p: t.optim.SGD(p, lr=0.1, weight_decay=0.3),
    "sgd, maximizing": lambda t, p: t.optim.SGD(p, lr=0.1, maximize=True),
    "momentum": lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9),
    "momentum, dampened": lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.4),
    "momentum, everything": lambda t, p: t.optim.SGD(
        p, lr=0.1, momentum=0.9, dampening=0.4, weight_decay=0.01, maximize=True
    ),
    "nesterov": lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda t, p: t.optim.Adam(p, lr=0.1),
    "adam, its own betas": lambda t, p: t.optim.Adam(p, lr=0.1, betas=(0.5, 0.7), eps=1e-3),
    "adam, decayed": lambda t, p: t.optim.Adam(p, lr=0.1, weight_decay=0.3),
    "adam, decoupled": lambda t, p: t.optim.Adam(p, lr=0.1, weight_decay=0.3, decoupled_weight_decay=True),
    "adam, amsgrad": lambda t, p: t.optim.Adam(p, lr=0.1, amsgrad=True),
    "adam, everything": lambda t, p: t.optim.Adam(p, lr=0.1, weight_decay=0.1, amsgrad=True, maximize=True),
    "adamw": lambda t, p: t.optim.AdamW(p, lr=0.1),
    "adamw, amsgrad": lambda t, p: t.optim.AdamW(p, lr=0.1, weight_decay=0.2, amsgrad=True, maximize=True),
    "nadam": lambda t, p: t.optim.NAdam(p, lr=0.1),
    "nadam, decayed": lambda t, p: t.optim.NAdam(p, lr=0.1, weight_decay=0.2, momentum_decay=0.1, betas=(0.8, 0.95)),
    "nadam, decoupled": lambda t, p: t.optim.NAdam(
        p, lr=0.1, weight_decay=0.2, decoupled_weight_decay=True, maximize=True
    ),
    "radam": lambda t, p: t.optim.RAdam(p, lr=0.1),
    "radam, decayed": lambda t, p: t.optim.RAdam(p, lr=0.1, weight_decay=0.2, betas=(0.8, 0.9)),
    "radam, decoupled": lambda t, p: t.optim.RAdam(
        p, lr=0.1, weight_decay=0.2, decoupled_weight_decay=True, maximize=True
    ),
    "adamax": lambda t, p: t.optim.Adamax(p, lr=0.1),
    "adamax, everything": lambda t, p: t.optim.Adamax(p, lr=0.1, betas=(0.5, 0.8), weight_decay=0.2, maximize=True),
    "adagrad": lambda t, p: t.optim.Adagrad(p, lr=0.1),
    "adagrad, everything": lambda t, p: t.optim.Adagrad(
        p, lr=0.1, lr_decay=0.1, weight_decay=0.2, initial_accumulator_value=0.3, maximize=True
    ),
    "adadelta": lambda t, p: t.optim.Adadelta(p),
    "adadelta, everything": lambda t, p: t.optim.Adadelta(
        p, lr=0.3, rho=0.7, eps=1e-3, weight_decay=0.2, maximize=True
    ),
    "rmsprop": lambda t, p: t.optim.RMSprop(p, lr=0.1),
    "rmsprop, centered": lambda t, p: t.optim.RMSprop(p, lr=0.1, alpha=0.8, centered=True, eps=1e-3),
    "rmsprop, everything": lambda t, p: t.optim.RMSprop(
        p, lr=0.1, alpha=0.8, centered=True, momentum=0.8, eps=1e-3, weight_decay=0.2, maximize=True
    ),
    "rprop": lambda t, p: t.optim.Rprop(p, lr=0.1),
    "rprop, its own steps": lambda t, p: t.optim.Rprop(
        p, lr=0.1, etas=(0.3, 1.7), step_sizes=(0.05, 0.3), maximize=True
    ),
    "asgd": lambda t, p: t.optim.ASGD(p, lr=0.1),
    "asgd, averaging": lambda t, p: t.optim.ASGD(
        p, lr=0.1, lambd=0.1, alpha=0.6, t0=3, weight_decay=0.2, maximize=True
    ),
    "adafactor": lambda t, p: t.optim.Adafactor(p, lr=0.1),
    "adafactor, everything": lambda t, p: t.optim.Adafactor(
        p, lr=0.4, beta2_decay=-0.5, eps=(1e-4, 0.2), d=1.5, weight_decay=0.2, maximize=True
    ),
    "groups": lambda t, p: t.optim.SGD([{"params": p[:1], "lr": 0.01}, {"params": p[1:]}], lr=0.1, momentum=0.5),
}


def make_params(t, dtype):
    shapes = ((3, 4), (5,), ())
    return [
        t.nn.Parameter(t.tensor(np.random.default_rng(i).standard_normal(s).astype(dtype)))
        for i, s in enumerate(shapes)
    ]


def set_gradients(t, params, step):
    """New gradients for all but, in some steps, one: it keeps its place, and its own count of steps."""
    for i, param in enumerate(params):
        gradient = (
            np.random.default_rng((step, i)).standard_normal(tuple(param.shape)).astype(str(param.dtype).split(".")[1])
        )
        param.grad = None if i == 1 and step % 3 == 0 else t.tensor(gradient)


def run(t, build, steps, dtype):
    params = make_params(t, dtype)
    optimizer = build(t, params)
    for step in range(steps):
        set_gradients(t, params, step)
        optimizer.step()
    return optimizer, params


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_follows_pytorch_for_twenty_steps(name, dtype):
    (ours, params), (theirs, wanted) = (run(t, OPTIMIZERS[name], 20, dtype) for t in (OURS, torch))
    for param, expected in zip(params, wanted, strict=True):
        np.testing.assert_allclose(param.detach().numpy(), expected.detach().numpy(), rtol=2e-6, atol=1e-6)
    assert {i: sorted(s) for i, s in ours.state_dict()["state"].items()} == {
        i: sorted(s) for i, s in theirs.state_dict()["state"].items()
    }
    for i, state in theirs.state_dict()["state"].items():
        for key, value in state.items():
            found = ours.state_dict()["state"][i][key]
            assert str(found.dtype) == str(value.dtype)
            np.testing.assert_allclose(found.numpy(), value.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_hyper_parameters_are_read_at_every_step(name):
    outcomes = []
    for t in (OURS, torch):
        optimizer, params = run(t, OPTIMIZERS[name], 3, "float64")
        for group in optimizer.param_groups:
            group["lr"] = 0.5
            if "weight_decay" in group:
                group["weight_decay"] = 0.2
        set_gradients(t, params, 3)
        optimizer.step()
        outcomes.append([p.detach().numpy() for p in params])
    for got, wanted in zip(*outcomes, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9)


def test_a_step_leaves_no_history_and_keeps_the_gradients():
    optimizer, params = run(OURS, OPTIMIZERS["adam"], 2, "float32")
    assert all(p.is_leaf and p.requires_grad and p.grad is not None for p in params)
    assert not optimizer.state[params[0]]["exp_avg"].requires_grad


def test_a_closure_computes_the_loss_that_the_step_returns():
    weight = nn.Parameter(tensor([2.0]))
    optimizer = optim.SGD([weight], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (weight * weight).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4.0
    assert weight.item() == 1.0


def test_state_tensors_stay_the_same_objects():
    optimizer, params = run(OURS, OPTIMIZERS["adam"], 1, "float32")
    before = dict(optimizer.state[params[0]])
    set_gradients(OURS, params, 1)
    optimizer.step()
    assert all(optimizer.state[params[0]][key] is value for key, value in before.items())


def test_training_a_small_network_follows_pytorch():
    losses = []
    weights = None
    for t in (torch, OURS):
        net = t.nn.Sequential(t.nn.Linear(3, 8), t.nn.Tanh(), t.nn.Linear(8, 1))
        if weights is None:
            weights = {key: value.detach().numpy().copy() for key, value in net.state_dict().items()}
        net.load_state_dict({key: t.from_numpy(np.array(value)) for key, value in weights.items()})
        optimizer = t.optim.Adam(net.parameters(), lr=0.05)
        x = np.random.default_rng(0).standard_normal((16, 3)).astype("float32")
        losses.append([])
        for _ in range(20):
            optimizer.zero_grad()
            loss = t.nn.MSELoss()(net(t.tensor(x)), t.tensor(x.sum(1, keepdims=True)))
            loss.backward()
            optimizer.step()
            losses[-1].append(loss.item())
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4, atol=1e-5)
    assert losses[1][-1] < 0.5 * losses[1][0]
