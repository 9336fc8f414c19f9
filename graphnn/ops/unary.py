"""Functions of one tensor, element by element, and the gradients of the commonest."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.types import TensorType
from graphnn.ops.bits import keep_calls
from graphnn.ops.elementwise import (
    ELEMENTWISE,
    add,
    cast_call,
    div,
    map_op,
    mul,
    sub,
    ufunc_call,
    zeros_like,
)
from graphnn.ops.error_function import erf_calls, erf_scratch
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.typing import broadcast, float_dtype, result_dtype

# ---- exponentials, logarithms, roots

exp = map_op("exp", np.exp, lambda c, g, out: mul(g, out))
expm1 = map_op("expm1", np.expm1, lambda c, g, out: mul(g, add(out, 1.0)))
log = map_op("log", np.log, lambda c, g, x: div(g, x))
log1p = map_op("log1p", np.log1p, lambda c, g, x: div(g, add(x, 1.0)), grad_name="Log1PBackward0")
log2 = map_op("log2", np.log2, lambda c, g, x: div(g, mul(x, math.log(2.0))))
sqrt = map_op("sqrt", np.sqrt, lambda c, g, out: div(g, mul(out, 2.0)))
square = map_op("square", np.square, lambda c, g, x: mul(g, mul(x, 2.0)), kind="same", grad_name="PowBackward0")


def _reciprocal_kernel(out: np.ndarray, x: Any) -> list[Call]:
    return [ufunc_call(np.true_divide, out, 1.0, x)]


def _rsqrt_kernel(out: np.ndarray, x: Any) -> list[Call]:
    return [ufunc_call(np.sqrt, out, x), (np.true_divide, 1.0, out, out)]


reciprocal = map_op("reciprocal", _reciprocal_kernel, lambda c, g, out: mul(g, mul(mul(out, out), -1.0)))
rsqrt = map_op("rsqrt", _rsqrt_kernel, lambda c, g, out: mul(mul(g, -0.5), mul(out, mul(out, out))))


# ---- angles

sin = map_op("sin", np.sin, lambda c, g, x: mul(g, cos(x)))
cos: Op = map_op("cos", np.cos, lambda c, g, x: mul(g, mul(sin(x), -1.0)))


# ---- rounding, signs: flat almost everywhere


def _whole_kernel(ufunc: np.ufunc) -> Any:
    return lambda out, x: [(ufunc, x, out) if out.dtype.kind == "f" else cast_call(out, x)]


def _flat(c: Any, g: Any) -> Any:
    return zeros_like(g)


floor = map_op("floor", _whole_kernel(np.floor), _flat, kind="number")
ceil = map_op("ceil", _whole_kernel(np.ceil), _flat, kind="number")
round = map_op("round", _whole_kernel(np.rint), _flat, kind="number")
trunc = map_op("trunc", _whole_kernel(np.trunc), _flat, kind="number")


def _sign_kernel(out: np.ndarray, x: Any, scratch: Any) -> list[Call]:
    """`(x > 0) - (x < 0)`, so that a NaN has the sign 0, as in PyTorch."""
    above, below = scratch
    difference = functools.partial(np.subtract, dtype=np.int8 if out.dtype == bool else out.dtype, casting="unsafe")
    return [(np.greater, x, 0, above), (np.less, x, 0, below), (difference, above, below, out)]


def _two_masks(x: TensorType) -> Types:
    return (TensorType(dtypes.bool, x.shape), TensorType(dtypes.bool, x.shape))


sign = map_op("sign", _sign_kernel, _flat, kind="same", scratch=_two_masks)
abs = map_op("abs", np.absolute, lambda c, g, x: mul(g, sign(x)), kind="number")


# ---- activations

tanh = map_op("tanh", np.tanh, lambda c, g, out: tanh_grad(g, out))


def _sigmoid_kernel(out: np.ndarray, x: Any) -> list[Call]:
    return [
        ufunc_call(np.negative, out, x),
        (np.exp, out, out),
        (np.add, out, 1.0, out),
        (np.true_divide, 1.0, out, out),
    ]


sigmoid = map_op("sigmoid", _sigmoid_kernel, lambda c, g, out: sigmoid_grad(g, out))

erf = map_op(
    "erf",
    erf_calls,
    lambda c, g, x: mul(g, mul(exp(mul(mul(x, x), -1.0)), 2.0 / math.sqrt(math.pi))),
    scratch=erf_scratch,
)


def _relu_kernel(out: np.ndarray, x: Any) -> list[Call]:
    return [ufunc_call(np.maximum, out, x, 0)]


relu = map_op("relu", _relu_kernel, lambda c, g, out: relu_grad(g, out), kind="number")


# ---- gradients of activations, from the gradient and the activation's output


def _grad_type(name: str) -> Any:
    def infer(g: TensorType, out: TensorType) -> TensorType:
        return TensorType(float_dtype(result_dtype((g, out))), broadcast(name, g, out))

    return infer


def _grad_op(name: str, kernel: Any, vjp: Any, scratch: Any) -> Op:
    more: dict[str, Any] = {"numpy": kernel, "vjp": vjp, "scratch": scratch}
    return register(Op(name, infer=_grad_type(name), traits=ELEMENTWISE, outputs=("result",), **more))


def _one_mask(g: TensorType, out: TensorType) -> Types:
    return (TensorType(dtypes.int8, out.shape),)


def _relu_grad_kernel(result: np.ndarray, g: Any, out: Any, scratch: Any) -> list[Call]:
    """g where not out <= 0, so that a NaN lets the gradient through, as in PyTorch; an infinite g leaves no NaN."""
    (mask,) = scratch
    test: list[Call] = [(np.less_equal, out, 0, mask.view(np.bool_)), (np.subtract, mask, np.int8(1), mask)]
    if isinstance(g, np.ndarray) and g.dtype == result.dtype:
        return [*test, *keep_calls(result, g, mask)]
    return [*test, cast_call(result, g), *keep_calls(result, result, mask)]


relu_grad: Op = _grad_op("relu_grad", _relu_grad_kernel, lambda c, g, out: (relu_grad(g, out), None), _one_mask)


def _one_float(g: TensorType, out: TensorType) -> Types:
    return (_grad_type("grad")(g, out),)


def _tanh_grad_kernel(result: np.ndarray, g: Any, out: Any, scratch: Any) -> list[Call]:
    (slope,) = scratch
    return [
        ufunc_call(np.multiply, slope, out, out),
        (np.subtract, 1.0, slope, slope),
        ufunc_call(np.multiply, result, g, slope),
    ]


tanh_grad: Op = _grad_op(
    "tanh_grad",
    _tanh_grad_kernel,
    lambda c, h, g, out: (
        tanh_grad(h, out) if c.want[0] else None,
        mul(mul(h, g), mul(out, -2.0)) if c.want[1] else None,
    ),
    _one_float,
)


def _sigmoid_grad_kernel(result: np.ndarray, g: Any, out: Any, scratch: Any) -> list[Call]:
    (slope,) = scratch
    return [
        ufunc_call(np.subtract, slope, 1.0, out),
        ufunc_call(np.multiply, slope, slope, out),
        ufunc_call(np.multiply, result, g, slope),
    ]


sigmoid_grad: Op = _grad_op(
    "sigmoid_grad",
    _sigmoid_grad_kernel,
    lambda c, h, g, out: (
        sigmoid_grad(h, out) if c.want[0] else None,
        mul(mul(h, g), sub(1.0, mul(out, 2.0))) if c.want[1] else None,
    ),
    _one_float,
)


# ---- the same values again


def _copy_kernel(out: np.ndarray, x: Any) -> list[Call]:
    return [cast_call(out, x)]


copy = map_op("copy", _copy_kernel, lambda c, g: g, kind="same", grad_name="CloneBackward0")


def _contiguous(x: TensorType, *, memory_format: str = "contiguous_format") -> TensorType:
    """The same values, stored in C order or "channels_last" by backends that go by it; four axes for the latter."""
    if memory_format not in ("contiguous_format", "channels_last"):
        raise ArgumentError(f"contiguous: there are contiguous_format and channels_last, got {memory_format!r}")
    if memory_format == "channels_last" and x.ndim != 4:
        raise ShapeError(f"contiguous: channels_last is a format of images (N, C, H, W), got {x}")
    return x


contiguous: Op = register(
    Op(
        "contiguous",
        infer=_contiguous,
        numpy=lambda out, x, *, memory_format: [cast_call(out, x)],
        vjp=lambda c, g: g,
        grad_name="CloneBackward0",
    )
)


def _cast(x: TensorType, *, dtype: DType) -> TensorType:
    return TensorType(dtype, x.shape)


cast: Op = register(
    Op(
        "cast",
        infer=_cast,
        numpy=lambda out, x, *, dtype: [cast_call(out, x)],
        vjp=lambda c, g: cast(g, dtype=c.types[0].dtype),
        traits=ELEMENTWISE,
        grad_name="ToCopyBackward0",
    )
)
