"""Powers of two, logarithms of other bases, sums of exponentials, and products with a logarithm that are 0 at 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.compare import eq, le, logical_and, where
from graphnn.ops.elementwise import add, div, map_op, mul, sub, tensors_alone, ufunc_call, zip_op
from graphnn.ops.op import Call, Types
from graphnn.ops.typing import broadcast, float_dtype, result_dtype
from graphnn.ops.unary import exp, log, log1p

exp2 = map_op("exp2", np.exp2, lambda c, g, out: mul(g, mul(out, math.log(2.0))))
log10 = map_op("log10", np.log10, lambda c, g, x: div(g, mul(x, math.log(10.0))))


# ---- log(exp(a) + exp(b)), without overflow


def _share(g: Any, a: Any, out: Any, log_base: float) -> Any:
    """g exp(a) / (exp(a) + exp(b)); all of it to both where all are one infinity, as in PyTorch."""
    return mul(g, exp(mul(sub(a, out), log_base)))


def _log_sum_vjp(log_base: float) -> Any:
    def vjp(c: Any, g: Any, a: Any, b: Any, out: Any) -> Any:
        return (
            _share(g, a, out, log_base) if c.want[0] else None,
            _share(g, b, out, log_base) if c.want[1] else None,
        )

    return vjp


logaddexp = zip_op("logaddexp", np.logaddexp, _log_sum_vjp(1.0), kind="number")
logaddexp2 = zip_op("logaddexp2", np.logaddexp2, _log_sum_vjp(math.log(2.0)), kind="number")


# ---- a log(b) and a log(1 + b), 0 where a is 0 and b is no NaN


def _product_kernel(logarithm: np.ufunc) -> Any:
    def kernel(out: np.ndarray, a: Any, b: Any, scratch: Any) -> list[Call]:
        work, is_zero, is_number = scratch
        return [
            (np.equal, a, 0, is_zero),
            (np.equal, b, b, is_number),
            (np.logical_and, is_zero, is_number, is_zero),
            ufunc_call(logarithm, work, b),
            ufunc_call(np.multiply, out, a, work),
            (_clear, out, is_zero),
        ]

    return kernel


def _numbered(name: str) -> Any:
    """PyTorch's name: 0 for two tensors, 1 for a number first, 2 for a number second."""
    return lambda types, attrs: f"{name}Backward{1 if types[0].weak else 2 if types[1].weak else 0}"


def _clear(out: np.ndarray, where: np.ndarray) -> None:
    np.copyto(out, 0, where=where)


def _scratch(a: TensorType, b: TensorType) -> Types:
    shape = broadcast("xlogy", a, b)
    mask = TensorType(dtypes.bool, shape)
    return TensorType(float_dtype(result_dtype((a, b))), shape), mask, mask


def _masked_log(g: Any, a: Any, b: Any, logarithm: Any) -> Any:
    """g log(b), and 0 where a is 0 and b is not positive."""
    zero_from = 0.0 if logarithm is log else -1.0
    return where(logical_and(eq(a, 0), le(b, zero_from)), 0.0, mul(g, logarithm(b)))


xlogy = zip_op(
    "xlogy",
    _product_kernel(np.log),
    lambda c, g, a, b: (
        _masked_log(g, a, b, log) if c.want[0] else None,
        mul(g, div(a, b)) if c.want[1] else None,
    ),
    kind="float",
    scratch=_scratch,
    grad_name=_numbered("Xlogy"),
    grad_edges=tensors_alone,
)


xlog1py = zip_op(
    "xlog1py",
    _product_kernel(np.log1p),
    lambda c, g, a, b: (
        _masked_log(g, a, b, log1p) if c.want[0] else None,
        mul(g, div(a, add(b, 1.0))) if c.want[1] else None,
    ),
    kind="float",
    scratch=_scratch,
    grad_name=_numbered("SpecialXlog1Py"),
    grad_edges=tensors_alone,
)
