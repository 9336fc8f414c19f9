"""Parametrized tensors: PyTorch's names and values, assignment, removal, copies, caching, and compiled training."""

import copy
from typing import Any

import numpy as np
import pytest

import graphnn
from graphnn import nn
from graphnn.errors import ArgumentError
from graphnn.nn.utils import parametrizations, parametrize

torch = pytest.importorskip("torch")

X = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)


class Symmetric(nn.Module):
    def forward(self, x: graphnn.Tensor) -> graphnn.Tensor:
        return x.triu() + x.triu(1).t()


class Doubled(nn.Module):
    calls = 0

    def forward(self, x: graphnn.Tensor) -> graphnn.Tensor:
        type(self).calls += 1
        return x * 2

    def right_inverse(self, x: graphnn.Tensor) -> graphnn.Tensor:
        return x / 2


def numbers(tensor: Any) -> np.ndarray:
    return np.array(tensor.detach().numpy())


def pair(make: Any) -> tuple[nn.Module, Any]:
    """The same wrapped layer in both libraries, with the same state."""
    theirs, ours = make(torch.nn), make(nn)
    assert repr(ours) == repr(theirs)
    wanted = theirs.state_dict()
    assert list(ours.state_dict()) == list(wanted)
    assert [tuple(v.shape) for v in ours.state_dict().values()] == [tuple(v.shape) for v in wanted.values()]
    ours.load_state_dict({k: graphnn.tensor(v.numpy()) for k, v in wanted.items()})
    return ours, theirs


MAKERS = {
    "weight_norm": lambda n: n.utils.parametrizations.weight_norm(n.Linear(3, 4)),
    "weight_norm of columns": lambda n: n.utils.parametrizations.weight_norm(n.Linear(3, 4), dim=1),
    "weight_norm of all": lambda n: n.utils.parametrizations.weight_norm(n.Linear(3, 4), dim=None),
    "spectral_norm": lambda n: n.utils.parametrizations.spectral_norm(n.Linear(3, 4)),
    "spectral_norm of columns": lambda n: n.utils.parametrizations.spectral_norm(n.Linear(3, 4), "weight", 3, dim=1),
    "older weight_norm": lambda n: n.utils.weight_norm(n.Linear(3, 4)),
    "older weight_norm of all": lambda n: n.utils.weight_norm(n.Linear(3, 4), dim=None),
    "older spectral_norm": lambda n: n.utils.spectral_norm(n.Linear(3, 4), n_power_iterations=2),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated")
@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("compiled", [False, True])
def test_norms_give_pytorchs_values_gradients_and_state(name: str, compiled: bool):
    ours, theirs = pair(MAKERS[name])
    call = graphnn.compile(ours) if compiled else ours
    for mode in ("train", "train", "eval"):
        getattr(ours, mode)()
        getattr(theirs, mode)()
        ours.zero_grad()
        theirs.zero_grad()
        found, wanted = call(graphnn.tensor(X)), theirs(torch.tensor(X))
        found.pow(3).sum().backward()
        wanted.pow(3).sum().backward()
        np.testing.assert_allclose(numbers(found), numbers(wanted), rtol=2e-4, atol=2e-5)
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(numbers(a.grad), numbers(b.grad), rtol=2e-3, atol=2e-4)
        for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
            np.testing.assert_allclose(numbers(a), numbers(b), rtol=2e-4, atol=2e-5)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated")
@pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm"])
def test_the_older_norms_can_be_removed(kind: str):
    layer = getattr(nn.utils, kind)(nn.Linear(3, 4))
    before = numbers(layer.weight)
    getattr(nn.utils, f"remove_{kind}")(layer)
    assert type(layer) is nn.Linear
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    np.testing.assert_array_equal(numbers(layer.weight), before)
    with pytest.raises(ArgumentError, match=f"{kind} of 'weight' not found"):
        getattr(nn.utils, f"remove_{kind}")(layer)


def test_a_parametrized_weight_follows_its_original():
    layer = nn.Linear(3, 3)
    original = layer.weight
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert repr(layer).startswith("ParametrizedLinear(\n  in_features=3")
    assert layer.parametrizations.weight.original is original
    np.testing.assert_array_equal(numbers(layer.weight), numbers(layer.weight).T)
    assert isinstance(layer, nn.Linear)
    assert parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    assert parametrize.type_before_parametrizations(layer) is nn.Linear


def test_several_are_applied_in_order_and_assignment_inverts_them():
    layer = nn.Linear(2, 2)
    for _ in range(2):
        parametrize.register_parametrization(layer, "weight", Doubled())
    layer.weight = graphnn.full((2, 2), 8.0)
    assert layer.parametrizations.weight.original.tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert layer.weight.tolist() == [[8.0, 8.0], [8.0, 8.0]]


@pytest.mark.parametrize("leave", [True, False])
def test_removal_leaves_the_value_or_the_original(leave: bool):
    layer = nn.Linear(3, 3)
    original, param = numbers(layer.weight), layer.weight
    parametrize.register_parametrization(layer, "weight", Symmetric())
    computed = numbers(layer.weight)
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=leave)
    assert type(layer) is nn.Linear
    assert layer.weight is param
    np.testing.assert_array_equal(numbers(layer.weight), computed if leave else original)
    with pytest.raises(ArgumentError, match="does not have a parametrization on weight"):
        parametrize.remove_parametrizations(layer, "weight")


def test_a_copy_is_parametrized_by_itself():
    layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    other = copy.deepcopy(layer)
    parametrize.remove_parametrizations(layer, "weight")
    np.testing.assert_array_equal(numbers(other.weight), numbers(layer.weight))
    assert parametrize.is_parametrized(other)


def test_a_cached_weight_is_computed_once():
    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Doubled())
    Doubled.calls = 0
    with parametrize.cached():
        assert layer.weight is layer.weight
    assert Doubled.calls == 1
    assert layer.weight is not layer.weight


def test_trains_the_original_in_a_compiled_step():
    layer = parametrizations.weight_norm(nn.Linear(3, 1))
    optimizer = graphnn.optim.SGD(layer.parameters(), lr=0.05)

    @graphnn.compile
    def step(x: graphnn.Tensor) -> graphnn.Tensor:
        optimizer.zero_grad()
        loss = (layer(x) - 1.0).pow(2).mean()
        loss.backward()
        optimizer.step()
        return loss

    losses = [step(graphnn.tensor(X)).item() for _ in range(20)]
    assert losses[-1] < losses[0]
    assert len(step.plans) == 1


class WrongShape(nn.Module):
    def forward(self, x: graphnn.Tensor) -> graphnn.Tensor:
        return x[:1]


def test_refuses_what_pytorch_refuses():
    with pytest.raises(ArgumentError, match="may not change the shape"):
        parametrize.register_parametrization(nn.Linear(2, 2), "weight", WrongShape())
    with pytest.raises(ArgumentError, match="does not have a parameter, a buffer"):
        parametrize.register_parametrization(nn.Linear(2, 2), "scale", Doubled())
    with pytest.raises(NotImplementedError, match="does not implement right_inverse"):
        parametrize.register_parametrization(nn.Linear(2, 2), "weight", Symmetric()).weight = graphnn.ones(2, 2)
    with pytest.raises(ArgumentError, match="n_power_iterations to be positive"):
        parametrizations.spectral_norm(nn.Linear(2, 2), n_power_iterations=0)
    with pytest.raises(IndexError, match="Dimension out of range"):
        parametrizations.spectral_norm(nn.Linear(2, 2), dim=2)
    with pytest.raises(ArgumentError, match="in terms of a sequence"):
        parametrize.remove_parametrizations(parametrizations.weight_norm(nn.Linear(2, 2)), "weight", False)
