"""Whole training steps, compiled: each optimizer follows PyTorch's for 20 steps with one plan, while its rates change."""

from types import SimpleNamespace

import numpy as np
import pytest

import graphnn
from graphnn import nn, optim
from graphnn.tensor.creation import from_numpy, tensor
from tests.optim.test_steps import OPTIMIZERS

torch = pytest.importorskip("torch")

OURS = SimpleNamespace(nn=nn, optim=optim, tensor=tensor, from_numpy=from_numpy)
X = np.random.default_rng(0).standard_normal((16, 3)).astype("float32")
Y = np.sin(X.sum(1, keepdims=True))
EXCEPTIONS = {
    "LBFGS": "eager only, in test_lbfgs.py",
    "Muon": "not here: for matrices of large networks",
    "SparseAdam": "not here: for sparse gradients",
    "Optimizer": "the base class",
    "lr_scheduler": "a module, in test_lr_scheduler.py",
    "swa_utils": "a module, in test_swa_utils.py",
    "swap_in_optimizer_params_and_state": "not here: for distributed checkpoints",
}


def make_net(t, weights):
    net = t.nn.Sequential(t.nn.Linear(3, 6), t.nn.Tanh(), t.nn.Linear(6, 1))
    if not weights:
        rng = np.random.default_rng(1)
        weights.update({k: rng.standard_normal(tuple(v.shape)).astype("f4") / 2 for k, v in net.state_dict().items()})
    net.load_state_dict({key: t.from_numpy(value.copy()) for key, value in weights.items()})
    return net


def train(t, name, compiled, weights, steps=20):
    """The losses and the parameters; the rate falls at every epoch, and is zero at first."""
    net = make_net(t, weights)
    optimizer = OPTIMIZERS[name](t, list(net.parameters()))
    scheduler = t.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: min(epoch, 4) / 8)
    criterion = t.nn.SmoothL1Loss()

    def step(x, y):
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    step = graphnn.compile(step) if compiled else step
    losses = []
    for _ in range(steps):
        losses.append(step(t.tensor(X), t.tensor(Y)).item())
        scheduler.step()
    return losses, [p.detach().numpy() for p in net.parameters()], step


@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step|Seems like")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_compiled_step_follows_pytorch_with_one_plan(name):
    weights = {}
    wanted, parameters, _ = train(torch, name, False, weights)
    for compiled in (False, True):
        losses, found, step = train(OURS, name, compiled, weights)
        np.testing.assert_allclose(losses, wanted, rtol=2e-4, atol=1e-5)
        for a, b in zip(found, parameters, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4)
        assert not compiled or len(step.plans) == 1


def test_every_class_of_pytorch_has_a_row():
    built = {
        type(make(torch, [torch.nn.Parameter(torch.ones(2)) for _ in range(2)])).__name__
        for make in OPTIMIZERS.values()
    }
    assert sorted(set(torch.optim.__all__) - built - set(EXCEPTIONS)) == []
    assert built <= set(optim.__all__)
