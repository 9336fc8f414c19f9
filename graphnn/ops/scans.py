"""Scans: each element of the result combines those up to its place along one dimension (`cumsum` is in reduce.py)."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import DTypeError
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.compare import gt, lt, where
from graphnn.ops.elementwise import add, mul, neg, sub
from graphnn.ops.gathering import gather_grad
from graphnn.ops.movement import check_dim, flip, transpose, unsqueeze
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.reduce import sum as sum_
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


def _cumprod_vjp(c: Any, g: Any, x: Any) -> Any:
    return cumprod_grad(g, x, dim=c.attrs["dim"]) if c.types[0].ndim else copy(g)


cumprod: Op = register(
    Op(
        "cumprod",
        infer=_cumprod,
        numpy=lambda out, x, *, dim: [_scan_call(np.multiply, out, x, dim)],
        vjp=_cumprod_vjp,
    )
)


def _cumprod_grad(g: TensorType, x: TensorType, *, dim: int) -> TensorType:
    """For each element the sum, over all products that it is part of, of g times the product of the others."""
    check_dim("cumprod_grad", dim, x.ndim)
    return TensorType(g.dtype, x.shape)


def _write_cumprod_grad(out: np.ndarray, g: np.ndarray, x: np.ndarray, dim: int) -> None:
    """Before the first zero the sum of g * product from there on, over x; at it the same with 1 for that zero; after it 0."""
    is_zero = x == 0
    zeros = np.cumsum(is_zero, dim)
    is_first = is_zero & (zeros == 1)
    before = _sum_from_the_end(g * np.cumprod(x, dim), dim) / np.where(is_zero, 1, x)
    at_first = _sum_from_the_end(g * np.cumprod(np.where(is_first, 1, x), dim), dim)
    out[...] = np.where(zeros == 0, before, np.where(is_first, at_first, 0))


def _sum_from_the_end(x: np.ndarray, dim: int) -> np.ndarray:
    return np.flip(np.cumsum(np.flip(x, dim), dim), dim)


def _cumprod_grad_in_ops(g: Any, x: Any, *, dim: int) -> Any:
    """All products with one element left out, n * n of them: what can be differentiated again, zeros or not."""
    n, last = x.shape[dim], len(x.shape) - 1
    g, x = (unsqueeze(transpose(v, dim0=dim, dim1=last), dim=last) for v in (g, x))
    places = np.arange(n)
    without = cumprod(where(places[:, None] == places, 1.0, x), dim=last + 1)
    found = sum_(mul(where(places[:, None] <= places, without, 0.0), g), dim=(last + 1,))
    return transpose(found, dim0=dim, dim1=last)


cumprod_grad: Op = register(
    Op(
        "cumprod_grad",
        infer=_cumprod_grad,
        numpy=lambda out, g, x, *, dim: [(_write_cumprod_grad, out, g, x, dim)],
        decompose=_cumprod_grad_in_ops,
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
