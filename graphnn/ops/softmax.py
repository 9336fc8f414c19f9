"""Softmax and its logarithm along one dimension, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.ir.types import TensorType
from graphnn.ops.elementwise import mul, sub
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.reduce import sum as sum_
from graphnn.ops.typing import normalize_dim, require_float
from graphnn.ops.unary import exp


def _same(name: str) -> Any:
    def infer(x: TensorType, *, dim: int) -> TensorType:
        require_float(name, x)
        normalize_dim(dim, x.ndim, name)
        return x

    return infer


def _same_grad(name: str) -> Any:
    def infer(g: TensorType, out: TensorType, *, dim: int) -> TensorType:
        require_float(name, g, out)
        normalize_dim(dim, out.ndim, name)
        return out

    return infer


def _line(x: TensorType, *, dim: int) -> Types:
    """Working memory for one number a line along `dim`."""
    return (TensorType(x.dtype, tuple(1 if i == dim else s for i, s in enumerate(x.shape))),)


def _line_of_grad(g: TensorType, out: TensorType, *, dim: int) -> Types:
    return _line(out, dim=dim)


def _at_least_1d(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(a.reshape(1) if a.ndim == 0 else a for a in arrays)


# ---- softmax


def exp_calls(out: np.ndarray, x: np.ndarray, dim: int, greatest: np.ndarray, sums: np.ndarray) -> list[Call]:
    """out = exp(x - greatest of its line), which never overflows; sums = its sums (may be the memory of `greatest`)."""
    return [
        (np.maximum.reduce, x, dim, None, greatest, True),
        (np.subtract, x, greatest, out),
        (np.exp, out, out),
        (np.add.reduce, out, dim, None, sums, True),
    ]


def _softmax_kernel(out: np.ndarray, x: np.ndarray, *, dim: int, scratch: Any) -> list[Call]:
    if out.size == 0:
        return []
    out, x, line = _at_least_1d(out, x, *scratch)
    return [*exp_calls(out, x, dim, line, line), (np.true_divide, out, line, out)]


softmax: Op = register(
    Op(
        "softmax",
        infer=_same("softmax"),
        numpy=_softmax_kernel,
        scratch=_line,
        vjp=lambda c, g, out: softmax_grad(g, out, dim=c.attrs["dim"]),
    )
)


def _softmax_grad_kernel(result: np.ndarray, g: np.ndarray, out: np.ndarray, *, dim: int, scratch: Any) -> list[Call]:
    if result.size == 0:
        return []
    result, g, out, line = _at_least_1d(result, g, out, *scratch)
    return [
        (np.multiply, g, out, result),
        (np.add.reduce, result, dim, None, line, True),
        (np.subtract, g, line, result),
        (np.multiply, result, out, result),
    ]


softmax_grad: Op = register(
    Op(
        "softmax_grad",
        infer=_same_grad("softmax_grad"),
        numpy=_softmax_grad_kernel,
        scratch=_line_of_grad,
        outputs=("result",),
        decompose=lambda g, out, dim: mul(sub(g, sum_(mul(g, out), dim=(dim,), keepdim=True)), out),
        grad_name="SoftmaxBackwardDataBackward0",
    )
)


# ---- log_softmax


def log_softmax_calls(out: np.ndarray, x: np.ndarray, dim: int, greatest: np.ndarray, sums: np.ndarray) -> list[Call]:
    """out = x - greatest - log(sum of exp(x - greatest)), in this order, so that large inputs lose no digits."""
    return [
        *exp_calls(out, x, dim, greatest, sums),
        (np.log, sums, sums),
        (np.subtract, x, greatest, out),
        (np.subtract, out, sums, out),
    ]


def _log_softmax_kernel(out: np.ndarray, x: np.ndarray, *, dim: int, scratch: Any) -> list[Call]:
    if out.size == 0:
        return []
    out, x, greatest, sums = _at_least_1d(out, x, *scratch)
    return log_softmax_calls(out, x, dim, greatest, sums)


log_softmax: Op = register(
    Op(
        "log_softmax",
        infer=_same("log_softmax"),
        numpy=_log_softmax_kernel,
        scratch=lambda x, dim: _line(x, dim=dim) * 2,
        vjp=lambda c, g, out: log_softmax_grad(g, out, dim=c.attrs["dim"]),
    )
)


def _log_softmax_grad_kernel(
    result: np.ndarray, g: np.ndarray, out: np.ndarray, *, dim: int, scratch: Any
) -> list[Call]:
    if result.size == 0:
        return []
    result, g, out, line = _at_least_1d(result, g, out, *scratch)
    return [
        (np.add.reduce, g, dim, None, line, True),
        (np.exp, out, result),
        (np.multiply, result, line, result),
        (np.subtract, g, result, result),
    ]


log_softmax_grad: Op = register(
    Op(
        "log_softmax_grad",
        infer=_same_grad("log_softmax_grad"),
        numpy=_log_softmax_grad_kernel,
        scratch=_line_of_grad,
        outputs=("result",),
        decompose=lambda g, out, dim: sub(g, mul(exp(out), sum_(g, dim=(dim,), keepdim=True))),
        grad_name="LogSoftmaxBackwardDataBackward0",
    )
)
