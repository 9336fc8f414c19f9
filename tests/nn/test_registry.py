"""Parameters, buffers and modules as attributes."""

import pytest

from graphnn import nn
from graphnn.errors import RegistrationError
from graphnn.ir import epoch
from graphnn.tensor.creation import zeros
from tests.nn.both import OURS, check_same_failure, torch


def make_net(t):
    class Net(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = t.nn.Sequential(t.nn.Linear(2, 3))
            self.scale = t.nn.Parameter(t.ones(3))
            self.register_buffer("mean", t.zeros(3))
            self.register_buffer("scratch", t.zeros(1), persistent=False)
            self.register_buffer("nothing", None)
            self.name = "net"

    return Net()


def make_hasty(t, value):
    class Hasty(t.nn.Module):
        def __init__(self):
            self.child = value(t)

    return Hasty()


def make_hasty_buffer(t):
    class Hasty(t.nn.Module):
        def __init__(self):
            self.register_buffer("mean", t.zeros(2))

    return Hasty()


REFUSED = {
    "absent attribute": lambda t: make_net(t).foo,
    "no module": lambda t: setattr(make_net(t), "body", 3),
    "no parameter": lambda t: setattr(make_net(t), "scale", 3),
    "tensor for parameter": lambda t: setattr(make_net(t), "scale", t.zeros(3)),
    "no buffer": lambda t: setattr(make_net(t), "mean", "x"),
    "parameter type": lambda t: make_net(t).register_parameter("new", 3),
    "parameter tensor": lambda t: make_net(t).register_parameter("new", t.zeros(2)),
    "parameter name with dot": lambda t: make_net(t).register_parameter("a.b", None),
    "parameter name empty": lambda t: make_net(t).register_parameter("", None),
    "parameter name taken": lambda t: make_net(t).register_parameter("forward", None),
    "parameter name type": lambda t: make_net(t).register_parameter(3, None),
    "buffer type": lambda t: make_net(t).register_buffer("new", 3),
    "buffer name with dot": lambda t: make_net(t).register_buffer("a.b", None),
    "buffer name empty": lambda t: make_net(t).register_buffer("", None),
    "buffer name taken": lambda t: make_net(t).register_buffer("body", None),
    "module type": lambda t: make_net(t).register_module("new", 3),
    "module name with dot": lambda t: make_net(t).register_module("a.b", t.nn.ReLU()),
    "module name empty": lambda t: make_net(t).register_module("", t.nn.ReLU()),
    "module too early": lambda t: make_hasty(t, lambda t: t.nn.ReLU()),
    "parameter too early": lambda t: make_hasty(t, lambda t: t.nn.Parameter(t.zeros(2))),
    "buffer too early": make_hasty_buffer,
    "absent submodule": lambda t: make_net(t).get_submodule("body.7"),
    "buffer as submodule": lambda t: make_net(t).get_submodule("mean"),
    "absent parameter": lambda t: make_net(t).get_parameter("body.0.foo"),
    "buffer as parameter": lambda t: make_net(t).get_parameter("mean"),
    "module as buffer": lambda t: make_net(t).get_buffer("body"),
    "no training mode": lambda t: make_net(t).train(3),
    "no forward": lambda t: make_net(t)(3),
    "integer conversion": lambda t: make_net(t).to(t.int64),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_in_pytorchs_words(what):
    check_same_failure(REFUSED[what])


WALKS = {
    "parameters": lambda m: [name for name, _ in m.named_parameters()],
    "own parameters": lambda m: [name for name, _ in m.named_parameters(recurse=False)],
    "prefixed parameters": lambda m: [name for name, _ in m.named_parameters(prefix="net")],
    "buffers": lambda m: [name for name, _ in m.named_buffers()],
    "modules": lambda m: [(name, type(module).__name__) for name, module in m.named_modules()],
    "children": lambda m: [name for name, _ in m.named_children()],
    "state": lambda m: list(m.state_dict()),
    "prefixed state": lambda m: list(m.state_dict(prefix="net.")),
    "shapes": lambda m: [list(p.shape) for p in m.parameters()],
    "buffer shapes": lambda m: [list(b.shape) for b in m.buffers()],
    "classes": lambda m: [type(module).__name__ for module in m.modules()],
    "get": lambda m: [
        list(m.get_parameter("body.0.weight").shape),
        list(m.get_buffer("mean").shape),
        m.get_submodule("") is m,
    ],
}


@pytest.mark.parametrize("walk", WALKS)
def test_walks_as_pytorch_does(walk):
    assert WALKS[walk](make_net(OURS)) == WALKS[walk](make_net(torch))


def test_what_is_shared_is_given_once_unless_asked_otherwise():
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, layer)
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias"]
    assert [name for name, _ in net.named_parameters(remove_duplicate=False)] == [
        "0.weight", "0.bias", "1.weight", "1.bias"
    ]  # fmt: skip
    assert [name for name, _ in net.named_modules()] == ["", "0"]
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_assigning_moves_a_name_from_one_table_to_another():
    net = make_net(OURS)
    net.name = nn.ReLU()
    net.mean = nn.Parameter(zeros(3))
    assert [name for name, _ in net.named_children()] == ["body", "name"]
    assert "mean" in dict(net.named_parameters())
    assert "mean" not in dict(net.named_buffers())


def test_none_holds_the_place_of_what_it_replaces():
    net = make_net(OURS)
    net.scale = None
    assert net.scale is None
    assert "scale" not in net.state_dict()
    net.scale = nn.Parameter(zeros(1))
    assert [name for name, _ in net.named_parameters()] == ["scale", "body.0.weight", "body.0.bias"]


def test_deleting_takes_an_attribute_out_of_its_table():
    net = make_net(OURS)
    del net.body, net.scale, net.mean, net.scratch, net.name
    assert list(net.state_dict()) == []
    assert not hasattr(net, "body")
    assert not hasattr(net, "name")


def test_dir_lists_what_is_registered_and_no_numbers():
    assert {"body", "scale", "mean", "name", "forward"} <= set(dir(make_net(OURS)))
    assert "0" not in dir(nn.Sequential(nn.ReLU()))


def test_a_parameter_cannot_be_the_result_of_a_computation():
    weight = nn.Parameter(zeros(2))
    computed = nn.Parameter(zeros(2))
    computed._node = (weight * 2)._node
    with pytest.raises(ValueError, match="Cannot assign non-leaf Tensor to parameter 'w'"):
        nn.Module().register_parameter("w", computed)


def test_the_message_is_not_quoted_as_key_errors_are():
    with pytest.raises(RegistrationError) as caught:
        nn.Module().register_buffer("a.b", None)
    assert str(caught.value) == 'buffer name can\'t contain "."'


CHANGES = {
    "attribute": lambda m: setattr(m, "width", 3),
    "removal": lambda m: delattr(m, "name"),
    "parameter": lambda m: setattr(m, "scale", nn.Parameter(zeros(3))),
    "buffer": lambda m: setattr(m, "mean", zeros(3)),
    "mode": lambda m: m.eval(),
    "hook": lambda m: m.register_forward_hook(lambda *args: None),
    "registering": lambda m: m.register_buffer("more", None),
    "appending": lambda m: m.body.append(nn.ReLU()),
    "converting": lambda m: m.double(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_raise_the_epoch(change):
    net = make_net(OURS)
    before = epoch.value
    CHANGES[change](net)
    assert epoch.value != before


def test_reading_and_setting_the_mode_again_leave_the_epoch():
    net = make_net(OURS)
    before = epoch.value
    net.train()
    assert net.scale is not None
    assert len(list(net.parameters())) == 3
    assert epoch.value == before
