"""Scans: each element of the result combines those up to its place along one dimension (`cumsum` is in reduce.py)."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import DTypeError
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.compare import eq, gt, logical_and, lt, where
from graphnn.ops.elementwise import add, div, mul, neg, sub
from graphnn.ops.gathering import gather_grad
from graphnn.ops.movement import check_dim, flip
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.reduce import cumsum
from graphnn.ops.unary import copy, exp, log


def _scan_call(ufunc: np.ufunc, out: np.ndarray, x: np.ndarray, dim: int) -> Call:
    return (ufunc.accumulate, x, dim, out.dtype, out) if x.ndim else (np.copyto, out, x)


def _from_the_end(scan: Op, x: Any, dim: int) -> Any:
    """The scan of what comes at and after each place."""
    return flip(scan(flip(x, dims=(dim,)), dim=dim), dims=(dim,))


# ---- product


def _cumprod(x: TensorType, *, dim: int) -> TensorType:
    """The products of the elements up to each; integers and bools are multiplied as int64."""
    check_dim("cumprod", dim, x.ndim)
    return x if x.dtype.is_floating_point else TensorType(dtypes.int64, x.shape)


def _cumprod_vjp(c: Any, g: Any, x: Any, out: Any) -> Any:
    """Before the first zero the sum of `g * out` from there on, over x; at it the same with 1 for that zero; after it
    nothing (second derivatives leave out pairs of zeros)."""
    dim = c.attrs["dim"]
    if not c.types[0].ndim:
        return copy(g)
    is_zero = eq(x, 0)
    zeros = cumsum(is_zero, dim=dim)
    is_first = logical_and(is_zero, eq(zeros, 1))
    before = div(_from_the_end(cumsum, mul(g, out), dim), where(is_zero, 1.0, x))
    products = cumprod(where(is_first, 1.0, x), dim=dim)
    at_first = _from_the_end(cumsum, mul(g, products), dim)
    return where(eq(zeros, 0), before, where(is_first, at_first, 0.0))


cumprod: Op = register(
    Op(
        "cumprod",
        infer=_cumprod,
        numpy=lambda out, x, *, dim: [_scan_call(np.multiply, out, x, dim)],
        vjp=_cumprod_vjp,
    )
)


# ---- largest and smallest so far: the last of equals, and from the first NaN on the last NaN


def _extreme_scan(name: str, ufunc: np.ufunc) -> Op:
    def infer(x: TensorType, *, dim: int) -> Types:
        check_dim(name, dim, x.ndim)
        return x, TensorType(dtypes.int64, x.shape)

    def kernel(outs: Any, x: np.ndarray, scratch: Any, *, dim: int) -> list[Call]:
        values, indices = outs
        found, is_new, is_nan, places = scratch
        values = found if values is None else values
        calls = [_scan_call(ufunc, values, x, dim)]
        if indices is None:
            return calls
        calls += [(np.equal, x, values, is_new)]
        if x.dtype.kind == "f":
            calls += [(np.not_equal, x, x, is_nan), (np.logical_or, is_new, is_nan, is_new)]
        return [*calls, (np.multiply, is_new, _places(x, dim), places), _scan_call(np.maximum, indices, places, dim)]

    return register(
        Op(name, infer=infer, numpy=kernel, scratch=_extreme_scratch, vjp=_extreme_vjp, outputs=("values", "indices"))
    )


def _places(x: np.ndarray, dim: int) -> np.ndarray:
    """0, 1, 2, … along `dim`."""
    if not x.ndim:
        return np.zeros((), np.int64)
    return np.arange(x.shape[dim]).reshape([-1 if d == dim else 1 for d in range(x.ndim)])


def _extreme_scratch(x: TensorType, **_: Any) -> Types:
    truth = TensorType(dtypes.bool, x.shape)
    return x, truth, truth, TensorType(dtypes.int64, x.shape)


def _extreme_vjp(c: Any, g: Any, indices: Any) -> Any:
    """Each gradient goes to the element that was the extreme."""
    return gather_grad(g, indices, dim=c.attrs["dim"], shape=c.types[0].shape)


cummax = _extreme_scan("cummax", np.maximum)
cummin = _extreme_scan("cummin", np.minimum)


# ---- log of the sum of exponentials


def _logcumsumexp(x: TensorType, *, dim: int) -> TensorType:
    """log(cumsum(exp(x))), computed without overflow."""
    check_dim("logcumsumexp", dim, x.ndim)
    if not x.dtype.is_floating_point:
        raise DTypeError(f"logcumsumexp is not implemented for integers and bools, got {x}; convert with .float()")
    return x


def _logcumsumexp_vjp(c: Any, g: Any, x: Any, out: Any) -> Any:
    """The sum of `g * exp(x - out)` from each place on, kept in logarithms: one of the gradients above 0 and one below."""
    dim = c.attrs["dim"]
    if not c.types[0].ndim:
        return copy(g)
    least = float(dtypes.limits(c.types[0].dtype).min)
    risen = _share(gt(g, 0), g, x, out, dim, least)
    return sub(risen, _share(lt(g, 0), neg(g), x, out, dim, least))


def _share(some: Any, g: Any, x: Any, out: Any, dim: int, least: float) -> Any:
    """What comes from some of the gradients; the others count as `least`, since -inf would give NaN in its turn."""
    logs = where(some, log(where(some, g, 1.0)), least)
    return exp(add(_from_the_end(logcumsumexp, sub(logs, out), dim), x))


logcumsumexp: Op = register(
    Op(
        "logcumsumexp",
        infer=_logcumsumexp,
        numpy=lambda out, x, *, dim: [_scan_call(np.logaddexp, out, x, dim)],
        vjp=_logcumsumexp_vjp,
    )
)
