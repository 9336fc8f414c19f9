"""state_dict and load_state_dict."""

import copy
import pickle

import numpy as np
import pytest

from graphnn import nn
from graphnn.errors import StateDictError
from graphnn.tensor.creation import full, ones, tensor, zeros
from tests.nn.both import OURS, array, check_same_failure, torch


def make_net(t):
    class Net(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = t.nn.Parameter(t.ones(3))
            self.body = t.nn.Sequential(t.nn.Linear(2, 3), t.nn.Sequential(t.nn.BatchNorm1d(3)))
            self.head = t.nn.Linear(3, 1, bias=False)

    return Net()


def state_with(t, **changes):
    state = make_net(t).state_dict()
    for key, value in changes.items():
        key = key.replace("__", ".")
        if value is None:
            del state[key]
        else:
            state[key] = value(t)
    return state


MISFITS = {
    "empty": lambda t: {},
    "missing": lambda t: state_with(t, scale=None, body__0__bias=None),
    "unexpected": lambda t: state_with(t, more=lambda t: t.ones(1), head__bias=lambda t: t.ones(1)),
    "unexpected deeper": lambda t: state_with(
        t,
        head__bias=lambda t: t.ones(1),
        body__7__x=lambda t: t.ones(1),
        a__b__c=lambda t: t.ones(1),
        b=lambda t: t.ones(1),
    ),
    "shapes": lambda t: state_with(t, scale=lambda t: t.ones(4), head__weight=lambda t: t.ones(3, 1)),
    "all at once": lambda t: state_with(t, scale=None, more=lambda t: t.ones(1), head__weight=lambda t: t.ones(2, 2)),
    "no tensor": lambda t: state_with(t, scale=lambda t: 3),
    "no dict": lambda t: [],
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_refuses_a_state_that_does_not_fit_in_pytorchs_words(misfit):
    check_same_failure(lambda t: make_net(t).load_state_dict(MISFITS[misfit](t)))


def test_a_state_that_does_not_fit_changes_nothing():
    net = make_net(OURS)
    before = {key: array(value).copy() for key, value in net.state_dict().items()}
    state = {key: value + 1 for key, value in make_net(OURS).state_dict().items()}
    state["head.weight"] = zeros(7)
    with pytest.raises(StateDictError):
        net.load_state_dict(state, strict=False)
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(array(value), before[key])


def test_what_fits_is_loaded_when_not_strict():
    net = make_net(OURS)
    result = net.load_state_dict({"scale": full((3,), 7.0), "more": zeros(1)}, strict=False)
    assert array(net.scale).tolist() == [7.0, 7.0, 7.0]
    theirs = make_net(torch).load_state_dict({"scale": torch.full((3,), 7.0), "more": torch.zeros(1)}, strict=False)
    assert repr(result) == repr(theirs)
    assert result.unexpected_keys == ["more"]


def test_a_state_that_fits_says_so():
    net = make_net(OURS)
    assert repr(net.load_state_dict(make_net(OURS).state_dict())) == "<All keys matched successfully>"


def test_loading_writes_into_the_tensors_that_are_there():
    net = make_net(OURS)
    weight, memory = net.head.weight, net.head.weight._array
    state = make_net(OURS).state_dict()
    net.load_state_dict(state)
    assert net.head.weight is weight
    assert weight._array is memory
    np.testing.assert_array_equal(memory, array(state["head.weight"]))


def test_loading_converts_to_the_dtype_that_is_there():
    net = nn.Linear(1, 1)
    state = {"weight": tensor([[1.5]]).double(), "bias": tensor([2])}
    net.load_state_dict(state)
    assert (net.weight.dtype, array(net.weight).tolist()) == (OURS.float32, [[1.5]])
    assert array(net.bias).tolist() == [2.0]


def test_loading_with_assign_puts_the_tensors_themselves_in():
    net = nn.Linear(1, 1)
    net.weight.requires_grad = False
    given = {"weight": tensor([[3.0]]).double(), "bias": tensor([2.0])}
    net.load_state_dict(given, assign=True)
    assert isinstance(net.weight, nn.Parameter)
    assert net.weight.dtype is OURS.float64
    assert (net.weight.requires_grad, net.bias.requires_grad) == (False, True)


def test_the_state_shares_memory_and_has_no_history():
    net = nn.Linear(2, 1)
    state = net.state_dict()
    assert not state["weight"].requires_grad
    assert np.shares_memory(state["weight"]._array, net.weight._array)
    assert net.state_dict(keep_vars=True)["weight"] is net.weight


def test_the_state_knows_the_modules_versions():
    assert make_net(OURS).state_dict()._metadata == make_net(torch).state_dict()._metadata


def test_a_destination_and_a_prefix_collect_several_modules():
    collected = nn.Linear(1, 1).state_dict(prefix="a.")
    assert nn.Linear(1, 1).state_dict(destination=collected, prefix="b.") is collected
    assert list(collected) == ["a.weight", "a.bias", "b.weight", "b.bias"]


def test_extra_state_goes_along():
    class Counting(nn.Module):
        count = 0

        def get_extra_state(self):
            return self.count

        def set_extra_state(self, state):
            self.count = state

    source, target = nn.Sequential(Counting()), nn.Sequential(Counting())
    source[0].count = 5
    assert list(source.state_dict()) == ["0._extra_state"]
    target.load_state_dict(source.state_dict())
    assert target[0].count == 5
    with pytest.raises(StateDictError, match=r'Missing key.*"0\._extra_state"'):
        target.load_state_dict({})


def test_a_state_dict_outlives_training_when_copied():
    net = nn.Linear(1, 1)
    kept = {key: value.clone() for key, value in net.state_dict().items()}
    with OURS.no_grad():
        net.weight.add_(1)
    assert array(kept["weight"]).item() == pytest.approx(array(net.weight).item() - 1)
    net.load_state_dict(kept)
    assert array(net.weight).item() == array(kept["weight"]).item()
    assert ones(1).shape == net.bias.shape


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copied_module_has_the_same_state_in_memory_of_its_own(duplicate):
    net = make_picklable()
    again = duplicate(net)
    assert repr(again) == repr(net)
    for (key, value), (other_key, other) in zip(net.state_dict().items(), again.state_dict().items(), strict=True):
        assert key == other_key
        np.testing.assert_array_equal(array(value), array(other))
        assert not np.shares_memory(array(value), array(other))
    assert [type(p) for p in again.parameters()] == [nn.Parameter] * 4
    assert [p.requires_grad for p in again.parameters()] == [True, False, True, True]
    np.testing.assert_allclose(array(again(ones(2, 3))), array(net(ones(2, 3))))


def make_picklable():
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).eval()
    net[0].bias.requires_grad = False
    return net
