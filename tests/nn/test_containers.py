import pytest

from graphnn import nn
from graphnn.tensor.creation import zeros
from tests.nn.both import OURS, check_same_failure, torch

EDITS = {
    "slice": lambda m: m[1:],
    "negative index": lambda m: m[-1],
    "append": lambda m: m.append(type(m[0])()),
    "insert": lambda m: (m.insert(1, m[2]), m)[1],
    "extend": lambda m: m.extend([m[0], m[1]]),
    "delete": lambda m: (m.__delitem__(0), m)[1],
    "delete slice": lambda m: (m.__delitem__(slice(0, 2)), m)[1],
    "set": lambda m: (m.__setitem__(0, m[2]), m)[1],
    "pop": lambda m: (m.pop(1), m)[1],
    "add": lambda m: m + m,
    "keys": lambda m: list(m._modules),
    "length": len,
}


def make(t, kind):
    modules = (t.nn.ReLU(), t.nn.Sigmoid(), t.nn.Tanh())
    return t.nn.Sequential(*modules) if kind == "Sequential" else t.nn.ModuleList(modules)


@pytest.mark.parametrize("kind", ["Sequential", "ModuleList"])
@pytest.mark.parametrize("edit", EDITS)
def test_edits_give_what_pytorchs_give(kind, edit):
    ours, theirs = EDITS[edit](make(OURS, kind)), EDITS[edit](make(torch, kind))
    assert repr(ours) == repr(theirs)
    assert list(getattr(ours, "_modules", ())) == list(getattr(theirs, "_modules", ()))


def test_a_sequential_can_be_repeated():
    assert len(nn.Sequential(nn.ReLU(), nn.Tanh()) * 3) == 6


def test_a_sequential_runs_its_modules_in_order():
    class Plus(nn.Module):
        def __init__(self, amount):
            super().__init__()
            self.amount = amount

        def forward(self, x):
            return [*x, self.amount]

    assert nn.Sequential(Plus(1), Plus(2), Plus(3))([0]) == [0, 1, 2, 3]


REFUSED = {
    "index": lambda t: t.nn.Sequential(t.nn.ReLU())[4],
    "list index": lambda t: t.nn.ModuleList([t.nn.ReLU()])[-2],
    "no module": lambda t: t.nn.Sequential(3),
    "no module in list": lambda t: t.nn.ModuleList([3]),
    "no iterable": lambda t: t.nn.ModuleList().extend(3),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_in_pytorchs_words(what):
    check_same_failure(REFUSED[what])


def test_a_module_dict_is_a_dict_of_registered_modules():
    modules = nn.ModuleDict({"a": nn.ReLU()})
    modules["b"] = nn.Linear(1, 1)
    modules.update([("c", nn.Tanh())])
    assert list(modules.keys()) == ["a", "b", "c"]
    assert "b" in modules
    assert isinstance(modules.pop("a"), nn.ReLU)
    assert [type(m).__name__ for m in modules.values()] == ["Linear", "Tanh"]
    assert len(list(modules.parameters())) == 2
    modules.clear()
    assert len(modules) == 0


def test_a_parameter_list_registers_its_tensors():
    params = nn.ParameterList([zeros(2), "x"])
    params.append(zeros(3))
    params += [zeros(1)]
    assert [name for name, _ in params.named_parameters()] == ["0", "2", "3"]
    assert [list(p.shape) for p in params[2:]] == [[3], [1]]
    params[0] = zeros(5)
    assert isinstance(params[0], nn.Parameter)
    assert len(params) == 4


def test_a_parameter_dict_registers_its_tensors():
    params = nn.ParameterDict({"a": zeros(2), "b": 3})
    params["c"] = nn.Parameter(zeros(1))
    assert list(params) == ["a", "b", "c"]
    assert [name for name, _ in params.named_parameters()] == ["a", "c"]
    assert params.get("z") is None
    assert params.pop("b") == 3
    del params["a"]
    assert list(params.state_dict()) == ["c"]
