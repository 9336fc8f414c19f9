"""What ops say to wrong shapes, dtypes, dimensions and indices: the op, what came, what was wanted, a way out."""

from typing import Any

import numpy as np
import pytest

from graphnn import ops
from graphnn.errors import ArgumentError, DTypeError, GraphnnError, IndexOutOfRange, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.graph import Graph
from graphnn.ir.types import TensorType
from tests.ops.rows import bools, floats, ints

STATE = np.zeros(2, np.uint64)

CASES: list[tuple[Any, type[GraphnnError], str]] = [
    # elementwise
    (
        lambda: ops.add(floats(2, 3), floats(2, 4)),
        ShapeError,
        "add: The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1: "
        "f32[2, 3] and f32[2, 4] do not broadcast",
    ),
    (
        lambda: ops.sub(bools(2), bools(2)),
        DTypeError,
        "sub is not implemented for bool tensors: bool[2], bool[2]; convert with .to(dtype)",
    ),
    (
        lambda: ops.neg(bools(2)),
        DTypeError,
        "neg is not implemented for bool tensors: bool[2]; convert with .to(dtype)",
    ),
    (
        lambda: ops.bitwise_and(floats(2), ints(2)),
        DTypeError,
        "bitwise_and works on the bits of integers and bools, got f32[2]; compare first, or convert with .long()",
    ),
    (
        lambda: ops.where(floats(2), 1.0, 0.0),
        DTypeError,
        "where: expected condition to be a boolean tensor, got f32[2]; compare it with something",
    ),
    (lambda: ops.clamp(floats(2)), ArgumentError, "clamp: At least one of 'min' or 'max' must not be None"),
    (
        lambda: ops.pow(ints(2), -1),
        ArgumentError,
        "pow: Integers to negative integer powers are not allowed, got the exponent -1; use -1.0",
    ),
    (
        lambda: ops.add(np.ones(2, np.uint32), np.ones(2, np.int64)),
        DTypeError,
        "promotion of torch.int64 and torch.uint32 is not supported, as in PyTorch; convert one of them",
    ),
    # matrices
    (
        lambda: ops.linear(floats(64, 401), floats(120, 400)),
        ShapeError,
        "linear: input has 401 features, weight wants 400: f32[64, 401] x f32[120, 400]",
    ),
    (
        lambda: ops.linear(floats(2, 3), floats(4, 3), floats(5)),
        ShapeError,
        "linear: bias must have shape [4], one number an output feature: f32[2, 3] x f32[4, 3] x f32[5]",
    ),
    (
        lambda: ops.matmul(floats(2, 3), floats(4, 2)),
        ShapeError,
        "matmul: mat1 and mat2 shapes cannot be multiplied (2x3 and 4x2): f32[2, 3] @ f32[4, 2]; "
        "the last dimension of the first must be the one before the last of the second",
    ),
    (
        lambda: ops.matmul(floats(5, 2, 3), floats(4, 3, 2)),
        ShapeError,
        "matmul: the leading dimensions of f32[5, 2, 3] and f32[4, 3, 2] must match or be 1",
    ),
    (
        lambda: ops.matmul(floats(2, 3), floats(3, 2, dtype="f8")),
        DTypeError,
        "matmul: expected numbers of the same dtype, got f32[2, 3] and f64[3, 2]; convert one with .to(dtype)",
    ),
    # reductions
    (
        lambda: ops.sum(floats(2, 3), dim=(2,)),
        IndexOutOfRange,
        "sum: Dimension out of range (expected to be in range of [-2, 1], but got 2)",
    ),
    (lambda: ops.sum(floats(2, 3), dim=(1, 1)), ArgumentError, "sum: a dimension appears more than once in [1, 1]"),
    (
        lambda: ops.mean(ints(3)),
        DTypeError,
        "mean(): Input dtype must be a floating point dtype, got i64[3]; convert with .float()",
    ),
    (
        lambda: ops.amax(floats(0, 3), dim=(0,)),
        ArgumentError,
        "amax(): Expected reduction dim 0 to have non-zero size, got f32[0, 3]",
    ),
    # movement
    (
        lambda: ops.reshape(floats(3), shape=(2, 2)),
        ShapeError,
        "reshape: shape '[2, 2]' is invalid for input of size 3: f32[3]",
    ),
    (
        lambda: ops.expand(floats(2, 3), shape=(2, 4)),
        ShapeError,
        "expand: The expanded size of the tensor (4) must match the existing size (3) at non-singleton dimension 1. "
        "Target sizes: [2, 4]. Tensor sizes: [2, 3]",
    ),
    (
        lambda: ops.permute(floats(2, 3), dims=(0, 0)),
        ArgumentError,
        "permute(): duplicate dims are not allowed; got [0, 0] for f32[2, 3]",
    ),
    (
        lambda: ops.select(floats(2, 3), dim=1, index=7),
        IndexOutOfRange,
        "select(): index 7 out of range for tensor of size [2, 3] at dimension 1",
    ),
    (
        lambda: ops.slice(floats(4), dim=0, start=1, stop=9),
        ArgumentError,
        "slice: 1:9 lies outside of dimension 0 of f32[4]; clamp it to 0..4",
    ),
    (
        lambda: ops.cat(floats(2, 3), floats(2, 4), dim=0),
        ShapeError,
        "cat: Sizes of tensors must match except in dimension 0. Expected size 3 but got size 4 for tensor number 1 in "
        "the list: f32[2, 3], f32[2, 4]",
    ),
    (
        lambda: ops.stack(floats(2), floats(3)),
        ShapeError,
        "stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1",
    ),
    (
        lambda: ops.expand.scatter(floats(1), floats(3), shape=(3,)),
        ArgumentError,
        "expand: more than one element of the written-to tensor [3] refers to a single memory location of [1]; "
        "clone() the tensor before writing to it",
    ),
    # indices
    (
        lambda: ops.gather(floats(2, 3), np.array([[5]]), dim=1),
        IndexOutOfRange,
        "gather: index 5 is out of bounds for dimension 1 with size 3",
    ),
    (
        lambda: ops.gather(floats(2, 3), floats(1, 1), dim=1),
        DTypeError,
        "gather: tensors used as indices must be int64 or int32, got f32[1, 1]; convert with .long()",
    ),
    (
        lambda: ops.index(floats(2, 3), np.array([0, -3])),
        IndexOutOfRange,
        "index: index -3 is out of bounds for dimension 0 with size 2",
    ),
    (
        lambda: ops.index_put(floats(2), floats(1, dtype="f8"), np.array([0])),
        DTypeError,
        "index_put: the source and destination dtypes must match, got f64[1] for f32[2]",
    ),
    (
        lambda: ops.one_hot(np.array([5]), num_classes=3),
        IndexOutOfRange,
        "one_hot: Class values must be smaller than num_classes, got 5 for 3",
    ),
    # from nothing
    (
        lambda: ops.arange(stop=3, step=-1, dtype=dtypes.int64),
        ArgumentError,
        "arange: upper bound and lower bound inconsistent with step sign: 0, 3, -1",
    ),
    (
        lambda: ops.randint(STATE, low=3, high=3, shape=(2,)),
        ArgumentError,
        "random_ expects 'from' to be less than 'to', but got from=3 >= to=3",
    ),
    (
        lambda: ops.rand(floats(2), shape=(2,)),
        DTypeError,
        "rand: the random state is u64[2] = [key, counter], got f32[2]",
    ),
    # what Op itself says
    (lambda: ops.relu(floats(2), slope=1), ArgumentError, "relu has no attribute slope; it takes none"),
    (lambda: ops.reshape(floats(2)), ArgumentError, "reshape needs the attribute shape"),
    (lambda: ops.add(floats(2)), ArgumentError, "add takes the inputs (a, b), got 1 of them"),
]


@pytest.mark.parametrize(("call", "kind", "message"), CASES, ids=[message[:40] for _, _, message in CASES])
def test_says_what_is_wrong(call: Any, kind: type[GraphnnError], message: str):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message


def test_a_group_refuses_ops_that_are_not_elementwise():
    body = Graph("body")
    body.outputs = [ops.sum(body.add_input(TensorType(dtypes.float32, (3,))))]
    with pytest.raises(
        ShapeError, match="fused: only elementwise ops can be run block by block, got %0: f32\\[\\] = sum"
    ):
        ops.fused(floats(3), body=body)
