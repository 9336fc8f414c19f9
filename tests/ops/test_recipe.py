"""What eager code keeps for a signature: later calls compute what a fresh binding of the kernel does."""

from typing import Any

import numpy as np
import pytest

from graphnn import ops
from graphnn.ops.op import array_type
from tests.ops.rows import Row, Sample, floats, strided
from tests.ops.samples import ROWS
from tests.ops.table import as_tuple, for_samples, full_attrs


def changed(arg: Any) -> Any:
    """Another array of the same type; integers and truth values are kept, since they may be indices or masks."""
    if isinstance(arg, np.ndarray) and arg.dtype.kind == "f":
        return np.multiply(arg[::-1] if arg.ndim else arg, 0.5, out=np.empty(arg.shape, arg.dtype))
    return arg.copy() if isinstance(arg, np.ndarray) else arg


def bound_afresh(row: Row, sample: Sample, args: list[Any]) -> tuple[np.ndarray, ...]:
    attrs = full_attrs(row, sample)
    types = row.rule.infer_types([array_type(a) for a in args], attrs)
    return row.rule.run(args, attrs, types)


def assert_agrees(row: Row, sample: Sample, args: list[Any]) -> None:
    found = as_tuple(row.rule(*args, **sample.attrs))
    for a, b in zip(found, bound_afresh(row, sample, args), strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)


@for_samples()
def test_the_first_second_and_third_call_agree_with_a_fresh_binding(row: Row, sample: Sample):
    args = list(sample.args)
    for _ in range(4):
        assert_agrees(row, sample, args)
        args = [changed(a) for a in args]


@for_samples()
def test_a_call_on_strided_arrays_after_contiguous_ones_agrees(row: Row, sample: Sample):
    for _ in range(3):
        assert_agrees(row, sample, [changed(a) for a in sample.args])
    assert_agrees(row, sample, [strided(a) if isinstance(a, np.ndarray) else a for a in sample.args])


def test_one_array_given_twice_says_nothing_of_two():
    x, y = floats(3, seed=71), floats(3, seed=72)
    for _ in range(3):
        np.testing.assert_array_equal(ops.mul(x, x), x * x)
    np.testing.assert_array_equal(ops.mul(x, y), x * y)


def test_results_are_fresh_arrays():
    x = floats(3, seed=73)
    results = [ops.exp(x) for _ in range(4)]
    assert not any(np.may_share_memory(a, b) for a in results for b in results if a is not b)


@pytest.mark.parametrize("numbers", [(0.0, -0.0), (2, 2.0, True), (1, True, 1.0), (3.0, 0.5, 2.0, -1.0)])
def test_numbers_that_are_equal_or_near_are_told_apart(numbers: tuple[Any, ...]):
    x = floats(4, low=0.5, seed=74)
    for _ in range(4):
        for number in numbers:
            np.testing.assert_array_equal(ops.pow(x, number), x ** np.float32(number))
            assert np.signbit(ops.mul(x, number)).tolist() == np.signbit(x * np.float32(number)).tolist()


def test_elementwise_ops_get_by_without_binding_again():
    kept = [ops.relu, ops.add, ops.mul, ops.div, ops.exp, ops.sigmoid, ops.where]
    for op in kept:
        args = next(s.args for s in ROWS[op.name].samples)
        for _ in range(3):
            op(*args)
        recipes = list(op._recipes.values())
        assert any(r.fill is not None for r in recipes), op.name
