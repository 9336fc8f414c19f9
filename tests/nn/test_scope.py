"""The path of the module being called, as traces see it."""

import pytest

from graphnn import nn
from graphnn.ir.scope import current_module_path, scope
from graphnn.ops.op import builders


class Probe(nn.Module):
    def forward(self, seen):
        seen.append(current_module_path())
        return seen


class Net(nn.Module):
    def __init__(self, *, foreign=None):
        super().__init__()
        self.body = nn.Sequential(Probe(), nn.Sequential(Probe()))
        self.hidden = [foreign]

    def forward(self, seen):
        seen.append(current_module_path())
        if self.hidden[0] is not None:
            self.hidden[0](seen)
        return self.body(seen)


@pytest.fixture
def tracing():
    builders.stack.append(object())
    yield
    builders.stack.pop()


def test_paths_are_relative_to_the_outermost_module(tracing):
    assert Net()([]) == ["", "body.0", "body.1.0"]
    assert current_module_path() == ""


def test_modules_that_are_not_registered_count_from_their_caller(tracing):
    assert Net(foreign=Net())([]) == ["", "", "body.0", "body.1.0", "body.0", "body.1.0"]

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Net(foreign=nn.Sequential(Probe()))

        def forward(self, seen):
            return self.inner(seen)

    assert Outer()([]) == ["inner", "inner.0", "inner.body.0", "inner.body.1.0"]


def test_a_failing_forward_leaves_nothing_behind(tracing):
    class Failing(nn.Module):
        def forward(self):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        nn.Sequential(Failing())[0]()
    assert scope.frames == []


def test_hooks_run_inside_of_their_modules_path(tracing):
    net, seen = Net(), []
    net.body[1].register_forward_hook(lambda m, args, out: seen.append(current_module_path()))
    net([])
    assert seen == ["body.1"]


def test_eager_calls_keep_no_paths():
    assert Net()([]) == ["", "", ""]
