"""What all optimizers share: groups, printing, saving and loading, words for wrong arguments."""

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from graphnn import nn, optim
from graphnn.errors import GraphnnError, UnsupportedError
from graphnn.ir import epoch
from graphnn.tensor.creation import tensor, zeros

torch = pytest.importorskip("torch")

OURS = SimpleNamespace(nn=nn, optim=optim, tensor=tensor, zeros=zeros)


def make_param(t):
    return t.nn.Parameter(t.tensor([1.0, -2.0]))


def make_trained(t, kind="Adam", steps=2, **options):
    params = [make_param(t), make_param(t)]
    optimizer = getattr(t.optim, kind)(params, lr=0.1, **options)
    for step in range(steps):
        for param in params:
            param.grad = t.tensor([0.5, step + 1.0])
        optimizer.step()
    return optimizer, params


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_prints_as_pytorchs(kind):
    def build(t):
        return getattr(t.optim, kind)([{"params": [make_param(t)]}, {"params": make_param(t), "lr": 0.5, "note": "x"}])

    assert repr(build(OURS)) == repr(build(torch))


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_a_fresh_state_dict_is_pytorchs(kind):
    states = [getattr(t.optim, kind)([make_param(t), make_param(t)], lr=0.2).state_dict() for t in (OURS, torch)]
    assert states[0] == states[1]
    assert list(states[0]["param_groups"][0]) == list(states[1]["param_groups"][0])


def test_groups_have_defaults_and_can_be_added():
    first, second = make_param(OURS), make_param(OURS)
    optimizer = optim.SGD([{"params": first, "lr": 0.5}], lr=0.1, momentum=0.9)
    optimizer.add_param_group({"params": [second], "momentum": 0.0})
    assert [(g["lr"], g["momentum"]) for g in optimizer.param_groups] == [(0.5, 0.9), (0.1, 0.0)]
    assert optimizer.param_groups[0]["params"][0] is first
    assert isinstance(optimizer.param_groups[1], dict)


@pytest.mark.parametrize(("kind", "options"), [("SGD", {"momentum": 0.9}), ("Adam", {"amsgrad": True})])
def test_a_loaded_optimizer_goes_on_where_the_saved_one_was(kind, options):
    source, source_params = make_trained(OURS, kind, **options)
    target, target_params = make_trained(OURS, kind, steps=0, **options)
    source.param_groups[0]["lr"] = 0.03
    with_values = copy.deepcopy(source.state_dict())
    for mine, other in zip(target_params, source_params, strict=True):
        mine.data.copy_(other)
    target.load_state_dict(with_values)
    assert target.param_groups[0]["lr"] == 0.03
    for optimizer, params in ((source, source_params), (target, target_params)):
        for param in params:
            param.grad = tensor([1.0, 1.0])
        optimizer.step()
    for mine, other in zip(target_params, source_params, strict=True):
        np.testing.assert_array_equal(mine.detach().numpy(), other.detach().numpy())


def test_loading_writes_into_the_state_and_groups_that_are_there():
    source, _ = make_trained(OURS)
    target, params = make_trained(OURS, steps=1)
    group, mean = target.param_groups[0], target.state[params[0]]["exp_avg"]
    target.load_state_dict(source.state_dict())
    assert target.param_groups[0] is group
    assert target.state[params[0]]["exp_avg"] is mean
    assert target.state[params[0]]["step"].item() == 2.0
    source_state = next(iter(source.state.values()))
    assert not np.shares_memory(mean.numpy(), source_state["exp_avg"].numpy())


def test_a_deep_copied_state_dict_is_plain_and_pickles():
    state = make_trained(OURS)[0].state_dict()
    assert type(state["param_groups"][0]) is dict
    again = pickle.loads(pickle.dumps(state))
    np.testing.assert_array_equal(again["state"][0]["exp_avg"].numpy(), state["state"][0]["exp_avg"].numpy())


def test_gradients_are_dropped_or_zeroed():
    optimizer, params = make_trained(OURS)
    optimizer.zero_grad(set_to_none=False)
    assert params[0].grad.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert params[0].grad is None


REFUSED = {
    "nothing": lambda t: t.optim.SGD([]),
    "a tensor": lambda t: t.optim.SGD(t.zeros(2)),
    "no tensors": lambda t: t.optim.SGD([3]),
    "no leaf": lambda t: t.optim.SGD([make_param(t) * 2]),
    "rate": lambda t: t.optim.SGD([make_param(t)], lr=-1),
    "momentum": lambda t: t.optim.SGD([make_param(t)], momentum=-1),
    "decay": lambda t: t.optim.SGD([make_param(t)], weight_decay=-1),
    "nesterov": lambda t: t.optim.SGD([make_param(t)], nesterov=True),
    "betas": lambda t: t.optim.Adam([make_param(t)], betas=(0.1, 2)),
    "epsilon": lambda t: t.optim.Adam([make_param(t)], eps=-1),
    "twice": lambda t: (lambda p: t.optim.SGD([{"params": p}, {"params": p}]))([make_param(t)]),
    "set": lambda t: t.optim.SGD([{"params": {make_param(t)}}]),
    "group": lambda t: t.optim.SGD([make_param(t)]).add_param_group(3),
    "group count": lambda t: t.optim.SGD([make_param(t)]).load_state_dict({"param_groups": [], "state": {}}),
    "group size": lambda t: t.optim.SGD([make_param(t)]).load_state_dict(
        {"param_groups": [{"params": [0, 1]}], "state": {}}
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_in_pytorchs_words(what):
    errors = []
    for t in (OURS, torch):
        with pytest.raises((ValueError, TypeError)) as caught:
            REFUSED[what](t)
        errors.append(caught.value)
    assert str(errors[0]) == str(errors[1])
    assert isinstance(errors[0], type(errors[1]))
    assert isinstance(errors[0], GraphnnError)


def test_a_step_through_which_gradients_flow_is_refused():
    with pytest.raises(UnsupportedError, match="differentiable"):
        optim.SGD([make_param(OURS)], differentiable=True)


@pytest.mark.parametrize(("key", "value", "moves"), [
    ("lr", 0.5, False), ("lr", 0.0, False), ("lr", 1, True), ("weight_decay", 0.1, True), ("nesterov", True, True),
    ("weight_decay", 0, False), ("maximize", False, False),
])  # fmt: skip
def test_what_a_trace_bakes_in_raises_the_epoch_and_changes_the_structure(key, value, moves):
    optimizer = optim.SGD([make_param(OURS)], lr=0.1, momentum=0.9)
    before, structure = epoch.value, optimizer.structure()
    optimizer.param_groups[0][key] = value
    assert (epoch.value != before) is moves
    assert (optimizer.structure() != structure) is moves
    assert hash(structure) is not None


def test_an_optimizer_of_ones_own_needs_update():
    class Halving(optim.Optimizer):
        def update(self, group, param, grad):
            param.mul_(0.5)

    param = make_param(OURS)
    param.grad = zeros(2)
    Halving([param], {}).step()
    assert param.tolist() == [0.5, -1.0]
    with pytest.raises(UnsupportedError, match="Optimizer defines no update"):
        optim.Optimizer([param], {}).step()
