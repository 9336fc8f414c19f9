"""What the layers' ops say to wrong input: the op, what came, what was wanted, a way out."""

from typing import Any

import numpy as np
import pytest

from graphnn import ops
from graphnn.errors import ArgumentError, DTypeError, GraphnnError, IndexOutOfRange, ShapeError
from tests.ops.rows import bools, floats, ints
from tests.ops.table import run

P: dict[str, Any] = {"kernel_size": (2, 2), "stride": (2, 2)}
KEY = np.zeros(2, np.uint64)

WRONG: list[tuple[Any, type[GraphnnError], str]] = [
    (
        lambda: ops.conv2d(floats(1, 3, 32, 32), floats(16, 6, 5, 5)),
        ShapeError,
        "conv2d: input has 3 channels, weight f32[16, 6, 5, 5] with groups=1 wants 6: f32[1, 3, 32, 32]",
    ),
    (
        lambda: ops.conv2d(floats(1, 4, 8, 8), floats(3, 2, 3, 3), groups=2),
        ShapeError,
        "conv2d: 3 output channels do not divide into groups=2: f32[1, 4, 8, 8] x f32[3, 2, 3, 3]",
    ),
    (
        lambda: ops.conv2d(floats(1, 3, 4, 4), floats(2, 3, 5, 5)),
        ShapeError,
        "conv2d: Calculated padded input size per channel: (4 x 4). Kernel size: (5 x 5). Kernel size can't be "
        "greater than actual input size: f32[1, 3, 4, 4] x f32[2, 3, 5, 5]",
    ),
    (
        lambda: ops.conv2d(floats(3, 4, 4), floats(2, 3, 5, 5)),
        ShapeError,
        "conv2d: expected a 4-D input, got 3 dimensions: f32[3, 4, 4]",
    ),
    (
        lambda: ops.conv2d(floats(1, 3, 4, 4), floats(2, 3, 3, 3, dtype="f8")),
        DTypeError,
        "conv2d: input, weight and bias must be floating point and of one dtype, got input f32[1, 3, 4, 4], "
        "weight f64[2, 3, 3, 3]; convert weight with .to(dtype)",
    ),
    (
        lambda: ops.conv2d(ints(1, 3, 4, 4) > 0, ints(2, 3, 3, 3) > 0),
        DTypeError,
        "conv2d: input, weight and bias must be floating point and of one dtype, got input bool[1, 3, 4, 4], "
        "weight bool[2, 3, 3, 3]; convert input with .to(dtype)",
    ),
    (
        lambda: ops.conv2d(floats(1, 3, 4, 4), floats(2, 3, 3, 3), floats(3)),
        ShapeError,
        "conv2d: Given weight of size [2, 3, 3, 3], expected bias to be 1-dimensional with 2 elements, but got "
        "bias of size [3]",
    ),
    (
        lambda: ops.conv2d(floats(1, 3, 4, 4), floats(2, 3, 3, 3), stride=(0, 1)),
        ArgumentError,
        "conv2d: stride must be two integers greater than zero, got (0, 1)",
    ),
    (
        lambda: ops.conv2d(floats(1, 3, 4, 4), floats(2, 3, 3, 3), padding=(-1, 0)),
        ArgumentError,
        "conv2d: padding must be two integers, none negative, got (-1, 0)",
    ),
    (
        lambda: ops.conv2d_input_grad(floats(1, 2, 3, 3), floats(2, 3, 3, 3), size=(4, 4)),
        ShapeError,
        "conv2d_input_grad: the output's gradient must be f32[1, 2, 2, 2], got f32[1, 2, 3, 3]",
    ),
    (
        lambda: ops.max_pool2d(floats(1, 1, 1, 4), **P),
        ShapeError,
        "max_pool2d: Given input size: (1x1x4). Calculated output size: (1x0x2). Output size is too small: "
        "f32[1, 1, 1, 4]",
    ),
    (
        lambda: ops.max_pool2d(floats(1, 1, 4, 4), padding=(2, 0), **P),
        ArgumentError,
        "max_pool2d: pad should be at most half of kernel size, but got padding=[2, 0] and kernel_size=[2, 2]",
    ),
    (
        lambda: ops.avg_pool2d(floats(4, 4), **P),
        ShapeError,
        "avg_pool2d: expected (C, H, W) or (N, C, H, W), none empty but N, got f32[4, 4]",
    ),
    (
        lambda: ops.max_pool2d(bools(1, 1, 4, 4), **P),
        DTypeError,
        "max_pool2d: not implemented for bool, as in PyTorch: bool[1, 1, 4, 4]",
    ),
    (
        lambda: ops.avg_pool2d(ints(1, 1, 4, 4), **P),
        DTypeError,
        "avg_pool2d: expected a floating-point tensor, got i64[1, 1, 4, 4]; convert with .to(dtype)",
    ),
    (
        lambda: ops.avg_pool2d(floats(1, 1, 4, 4), divisor_override=0, **P),
        ArgumentError,
        "avg_pool2d: divisor must be not zero, got divisor_override=0",
    ),
    (
        lambda: ops.softmax(ints(3), dim=0),
        DTypeError,
        "softmax: expected floating-point tensors of one dtype, got i64[3]; convert with .to(dtype)",
    ),
    (
        lambda: ops.softmax(floats(3), dim=1),
        IndexOutOfRange,
        "softmax: Dimension out of range (expected to be in range of [-1, 0], but got 1)",
    ),
    (
        lambda: ops.cross_entropy(floats(2, 3), np.array([0, 3])),
        IndexOutOfRange,
        "cross_entropy: Target 3 is out of bounds: the input has 3 classes",
    ),
    (
        lambda: ops.nll_loss(floats(2, 3), np.array([-1, 0])),
        IndexOutOfRange,
        "nll_loss: Target -1 is out of bounds: the input has 3 classes",
    ),
    (
        lambda: ops.cross_entropy(floats(2, 3), np.array([0, 1], "i4")),
        DTypeError,
        "cross_entropy: expected target dtype to be Long or Byte, got i32[2]; convert with .long()",
    ),
    (
        lambda: ops.cross_entropy(floats(2, 3), ints(3)),
        ShapeError,
        "cross_entropy: Expected input batch_size to match target batch_size, got f32[2, 3] and i64[3]",
    ),
    (
        lambda: ops.cross_entropy(floats(2, 3, 4), ints(2)),
        ShapeError,
        "cross_entropy: Expected target size [2, 4], got [2]: f32[2, 3, 4] and i64[2]",
    ),
    (
        lambda: ops.cross_entropy(floats(2, 3), floats(2, 4)),
        ShapeError,
        "cross_entropy: a floating-point target holds class probabilities and must have the input's shape, got "
        "f32[2, 3] and f32[2, 4]; for class indices convert it with .long()",
    ),
    (
        lambda: ops.cross_entropy(floats(2, 3), ints(2), floats(2)),
        ShapeError,
        "cross_entropy: weight tensor should be defined either for all 3 classes or no classes, got f32[2]: f32[2, 3]",
    ),
    (
        lambda: ops.cross_entropy(floats(2, 3), ints(2), reduction="avg"),
        ArgumentError,
        "cross_entropy: 'avg' is not a valid value for reduction; use one of mean, sum, none",
    ),
    (
        lambda: ops.cross_entropy(floats(2, 3), ints(2), label_smoothing=2.0),
        ArgumentError,
        "cross_entropy: label_smoothing must be between 0.0 and 1.0, got 2.0",
    ),
    (
        lambda: ops.cross_entropy(floats(2, 3), floats(2, 3), ignore_index=1),
        ArgumentError,
        "cross_entropy: ignore_index is not supported for class probabilities, got 1",
    ),
    (
        lambda: ops.cross_entropy(floats(), np.array(1)),
        ShapeError,
        "cross_entropy: the input needs a dimension of classes, (C,), (N, C) or (N, C, ...), got f32[]",
    ),
    (
        lambda: ops.mse_loss(floats(2), floats(3)),
        ShapeError,
        "mse_loss: The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0: "
        "f32[2] and f32[3] do not broadcast",
    ),
    (
        lambda: ops.mse_loss(ints(2), ints(2)),
        DTypeError,
        "mse_loss: expected floating-point tensors of one dtype, got i64[2]; convert with .to(dtype)",
    ),
    (
        lambda: ops.batch_norm(floats(1, 3), training=True),
        ShapeError,
        "batch_norm: Expected more than 1 value per channel when training, got input size [1, 3]",
    ),
    (
        lambda: ops.batch_norm(floats(2, 3), training=False),
        ArgumentError,
        "batch_norm: running_mean and running_var must be given in evaluation mode (training=False)",
    ),
    (
        lambda: ops.batch_norm(floats(2, 3), floats(2), floats(3)),
        ShapeError,
        "batch_norm: running_mean should contain 3 elements, got f32[2] for the input f32[2, 3]",
    ),
    (
        lambda: ops.batch_norm(floats(2), floats(2), floats(2)),
        ShapeError,
        "batch_norm: expected an input (N, C), (N, C, L) or (N, C, H, W), got f32[2]",
    ),
    (
        lambda: ops.batch_norm(floats(2, 3), floats(3, dtype="f8"), floats(3)),
        DTypeError,
        "batch_norm: expected floating-point tensors of one dtype, got f32[2, 3], f64[3], f32[3]; convert with "
        ".to(dtype)",
    ),
    (
        lambda: ops.dropout(floats(2), KEY, p=1.5),
        ArgumentError,
        "dropout: probability has to be between 0 and 1, but got p=1.5",
    ),
    (
        lambda: ops.dropout(ints(2), KEY),
        DTypeError,
        "dropout: expected floating-point tensors of one dtype, got i64[2]; convert with .to(dtype)",
    ),
    (
        lambda: ops.embedding(ints(2, low=3, high=4), floats(3, 2)),
        IndexOutOfRange,
        "embedding: index out of range in self: 3, the weight has 3 rows",
    ),
    (
        lambda: ops.embedding(floats(2), floats(3, 2)),
        DTypeError,
        "embedding: tensors used as indices must be int64 or int32, got f32[2]; convert with .long()",
    ),
    (
        lambda: ops.embedding(ints(2), floats(3)),
        ShapeError,
        "embedding: 'weight' must be 2-D, got f32[3]",
    ),
    (
        lambda: ops.embedding(ints(2, low=0), floats(3, 2), padding_idx=3),
        ArgumentError,
        "embedding: padding_idx must be a row of the weight, 0 to 2, got 3",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_wrong_input_is_refused_in_words(call: Any, error: type[GraphnnError], message: str):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message


def test_a_target_is_checked_again_at_every_run():
    target, outs = np.array([0, 1]), [np.empty((), "f4"), np.empty((), "f4")]
    calls = ops.nll_loss.bind(outs, [floats(2, 3), target], ops.nll_loss.attrs({}))
    run(calls)
    target[1] = 3
    with pytest.raises(IndexOutOfRange):
        run(calls)
