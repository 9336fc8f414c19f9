"""Attrs are compared exactly and cannot be changed; constants are told apart by their bytes."""

import math
import pickle

import numpy as np
import pytest

from graphnn.ir import Attrs, Constant

APART = [1, 1.0, True, 0.0, -0.0, 0, False, math.nan, math.inf, "1", (1,), (1.0,), None]


@pytest.mark.parametrize("one", APART, ids=repr)
@pytest.mark.parametrize("other", APART, ids=repr)
def test_values_that_python_calls_equal_are_told_apart(one, other):
    same = repr(one) == repr(other)
    assert (Attrs(a=one) == Attrs(a=other)) is same
    assert (hash(Attrs(a=one)) == hash(Attrs(a=other))) is same


def test_lists_and_numpy_numbers_count_as_tuples_and_python_numbers():
    assert Attrs(a=[1, np.float64(2.0)]) == Attrs(a=(1, 2.0))


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.__setitem__("x", 2),
        lambda a: a.__delitem__("x"),
        lambda a: a.update(x=2),
        lambda a: a.pop("x"),
        lambda a: a.clear(),
        lambda a: a.setdefault("y", 1),
        lambda a: a.__ior__({"y": 1}),
    ],
)
def test_attrs_are_frozen(change):
    attrs = Attrs(x=1)
    with pytest.raises(TypeError, match="frozen"):
        change(attrs)
    assert dict(attrs) == {"x": 1}


def test_attrs_survive_pickle():
    attrs = Attrs(x=(1, -0.0), y=Constant(np.arange(3)))
    assert pickle.loads(pickle.dumps(attrs)) == attrs


CONSTANTS = [np.zeros(2), -np.zeros(2), np.zeros(2, np.float32), np.zeros((2, 1)), np.zeros((1, 2)), np.full(2, np.nan)]


@pytest.mark.parametrize("i", range(len(CONSTANTS)))
@pytest.mark.parametrize("j", range(len(CONSTANTS)))
def test_constants_are_equal_where_dtype_shape_and_bytes_are(i, j):
    assert (Constant(CONSTANTS[i]) == Constant(CONSTANTS[j].copy())) is (i == j)
