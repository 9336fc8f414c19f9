"""Errors in modules name the module's path and the user's line."""

import inspect
import pickle
from pathlib import Path

import pytest

from graphnn import nn
from graphnn.errors import ArgumentError, ShapeError, UnsupportedError
from graphnn.tensor.creation import zeros

FILE = Path(__file__).name


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.Linear(5, 1)))

    def forward(self, x):
        return self.body(x)


BODY_LINE = inspect.getsourcelines(Net.forward)[1] + 1


def test_the_path_is_the_failing_modules_and_the_line_the_nearest_of_the_user():
    with pytest.raises(ShapeError) as caught:
        Net()(zeros(2, 3))
    assert caught.value.place == f"body.1.1, {FILE}:{BODY_LINE}"
    assert str(caught.value).endswith(f" (body.1.1, {FILE}:{BODY_LINE})")
    assert "(" + caught.value.place not in caught.value.args[0]


def test_an_error_of_ones_own_forward_names_its_own_line():
    class Own(nn.Module):
        def forward(self, x):
            return x + zeros(7)

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Own()

        def forward(self, x):
            return self.inner(x)

    with pytest.raises(ShapeError) as caught:
        Outer()(zeros(2))
    assert caught.value.place == f"inner, {FILE}:{inspect.getsourcelines(Own.forward)[1] + 1}"


def test_with_no_code_of_the_user_inside_the_line_is_that_of_the_call():
    with pytest.raises(ShapeError) as caught:
        nn.Linear(2, 2)(zeros(3))
    line = inspect.currentframe().f_lineno - 1
    assert caught.value.place == f"{FILE}:{line}"


def test_errors_of_the_user_pass_through_untouched():
    class Failing(nn.Module):
        def forward(self):
            raise KeyError("mine")

    with pytest.raises(KeyError) as caught:
        Failing()()
    assert not hasattr(caught.value, "place")


def test_an_error_that_knows_its_place_keeps_it():
    class Failing(nn.Module):
        def forward(self):
            error = ArgumentError("no")
            error.place = "elsewhere"
            raise error

    with pytest.raises(ArgumentError, match=r"^no \(elsewhere\)$"):
        nn.Sequential(Failing())[0]()


def test_an_error_with_a_place_can_be_pickled():
    with pytest.raises(UnsupportedError) as caught:
        nn.Module()()
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
