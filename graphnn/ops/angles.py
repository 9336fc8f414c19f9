"""Circular and hyperbolic functions beyond sine and cosine, their inverses, and the length of a hypotenuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.compare import eq, where
from graphnn.ops.elementwise import add, div, map_op, mul, neg, sub, ufunc_call, zip_op
from graphnn.ops.op import Call, Op, Types
from graphnn.ops.typing import float_dtype
from graphnn.ops.unary import cos, reciprocal, rsqrt, sin, square

# ---- of one number

tan = map_op("tan", np.tan, lambda c, g, out: mul(g, add(square(out), 1.0)))
asin = map_op("asin", np.arcsin, lambda c, g, x: mul(g, rsqrt(sub(1.0, square(x)))))
acos = map_op("acos", np.arccos, lambda c, g, x: mul(g, neg(rsqrt(sub(1.0, square(x))))))
atan = map_op("atan", np.arctan, lambda c, g, x: div(g, add(square(x), 1.0)))

sinh: Op = map_op("sinh", np.sinh, lambda c, g, x: mul(g, cosh(x)))
cosh: Op = map_op("cosh", np.cosh, lambda c, g, x: mul(g, sinh(x)))
asinh = map_op("asinh", np.arcsinh, lambda c, g, x: mul(g, rsqrt(add(square(x), 1.0))))
acosh = map_op("acosh", np.arccosh, lambda c, g, x: mul(g, rsqrt(sub(square(x), 1.0))))
atanh = map_op("atanh", np.arctanh, lambda c, g, x: div(g, sub(1.0, square(x))))


# ---- sin(pi x) / (pi x)


def _sinc_kernel(out: np.ndarray, x: Any, scratch: Any) -> list[Call]:
    """Zero is moved to the smallest normal number, at which the quotient is 1."""
    angle, is_zero = scratch
    tiny = np.finfo(angle.dtype).tiny
    return [
        ufunc_call(np.multiply, angle, x, math.pi),
        (np.equal, angle, 0, is_zero),
        (_put, angle, tiny, is_zero),
        (np.sin, angle, out),
        (np.true_divide, out, angle, out),
    ]


def _put(x: np.ndarray, number: Any, where: np.ndarray) -> None:
    np.copyto(x, number, where=where)


def _sinc_scratch(x: TensorType) -> Types:
    return TensorType(dtypes.float64 if x.weak else float_dtype(x.dtype), x.shape), TensorType(dtypes.bool, x.shape)


def _sinc_slope(g: Any, x: Any) -> Any:
    """g (cos(pi x) / x - sin(pi x) / (pi x²)), and 0 at 0, where the quotients are taken at 1 instead."""
    is_zero = eq(x, 0.0)
    angle = mul(where(is_zero, 1.0, x), math.pi)
    slope = div(sub(mul(angle, cos(angle)), sin(angle)), mul(square(angle), 1.0 / math.pi))
    return where(is_zero, 0.0, mul(g, slope))


sinc = map_op("sinc", _sinc_kernel, lambda c, g, x: _sinc_slope(g, x), scratch=_sinc_scratch)


# ---- of two numbers


def _atan2_vjp(c: Any, g: Any, a: Any, b: Any) -> Any:
    share = mul(g, reciprocal(add(square(a), square(b))))
    return mul(share, b) if c.want[0] else None, neg(mul(share, a)) if c.want[1] else None


atan2 = zip_op("atan2", np.arctan2, _atan2_vjp, kind="float")

hypot = zip_op(
    "hypot",
    np.hypot,
    lambda c, g, a, b, out: (
        mul(g, div(a, out)) if c.want[0] else None,
        mul(g, div(b, out)) if c.want[1] else None,
    ),
    kind="number",
)
