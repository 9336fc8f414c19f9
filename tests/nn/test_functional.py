"""Functions of nn.functional that no layer stands for, and how arguments are taken."""

import numpy as np
import pytest

import graphnn
import graphnn.functional as torch_functional
from graphnn.errors import DTypeError, UnsupportedError
from graphnn.nn import functional as F
from tests.nn.both import OURS, array, check_same_failure, torch

DATA = np.random.default_rng(0).standard_normal((2, 3, 4, 5))

CALLS = {
    "pad": lambda f, x: f.pad(x, (1, 2)),
    "pad more": lambda f, x: f.pad(x, (0, 1, 2, 0, 1, 1), value=3.0),
    "pad away": lambda f, x: f.pad(x, (-1, -1, 2, -2)),
    "normalize": lambda f, x: f.normalize(x),
    "normalize last": lambda f, x: f.normalize(x, dim=-1),
    "normalize by 1": lambda f, x: f.normalize(x, p=1.0, dim=2),
    "normalize by 3": lambda f, x: f.normalize(x, p=3.0),
    "normalize by max": lambda f, x: f.normalize(x, p=float("inf")),
    "softmin": lambda f, x: f.softmin(x, dim=1),
    "softmax of a dtype": lambda f, x: f.softmax(x.float(), dim=2, dtype=x.dtype),
    "max pool by a pair": lambda f, x: f.max_pool2d(x, (2, 2)),
    "max pool by a list": lambda f, x: f.max_pool2d(x, [2, 1], stride=[1, 2]),
    "avg pool": lambda f, x: f.avg_pool2d(x, 2, 1, 1),
    "relu": lambda f, x: f.relu(x),
    "batch norm": lambda f, x: f.batch_norm(x, x.detach()[0, :, 0, 0], x.detach()[0, :, 0, 0] ** 2),
    "batch norm in training": lambda f, x: f.batch_norm(x, None, None, training=True),
}


@pytest.mark.parametrize("call", CALLS)
def test_computes_and_differentiates_as_pytorch(call):
    outcomes = []
    for t, functions in ((OURS, F), (torch, torch.nn.functional)):
        x = t.tensor(DATA, requires_grad=True)
        out = CALLS[call](functions, x)
        (out * out * out).sum().backward()
        outcomes.append((array(out), array(x.grad)))
    for got, wanted in zip(*outcomes, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-10)


def test_one_hot_counts_classes_itself_or_as_told():
    classes = np.array([[0, 2], [1, 1]])
    for count in (-1, 5):
        np.testing.assert_array_equal(
            array(F.one_hot(OURS.tensor(classes), count)),
            array(torch.nn.functional.one_hot(torch.tensor(classes), count)),
        )


def test_one_hot_wants_indices():
    with pytest.raises(DTypeError, match="one_hot is only applicable to index tensor"):
        F.one_hot(OURS.zeros(3))


def test_dropout_outside_of_training_is_nothing():
    x = OURS.ones(3)
    assert F.dropout(x, training=False) is x


def test_other_modes_of_padding_are_refused():
    with pytest.raises(UnsupportedError, match="Unrecognised padding mode mirror"):
        F.pad(OURS.zeros(2, 2), (1, 1), mode="mirror")


REFUSED = {
    "odd padding": lambda t: functions(t).pad(t.zeros(2, 3), (1,)),
    "long padding": lambda t: functions(t).pad(t.zeros(2, 3), (1,) * 6),
    "reduction": lambda t: functions(t).mse_loss(t.zeros(3), t.zeros(3), reduction="x"),
    "probability": lambda t: functions(t).dropout(t.zeros(3), -0.5),
}


def functions(t):
    return t.nn.functional


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_in_pytorchs_words(what):
    check_same_failure(REFUSED[what])


def test_the_tutorials_other_name_has_the_same_functions():
    assert torch_functional.__all__ == F.__all__
    assert torch_functional.max_pool2d is F.max_pool2d
    assert torch_functional.cat is graphnn.cat
    assert graphnn.functional is torch_functional
