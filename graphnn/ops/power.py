"""Binary arithmetic beyond the four operations: powers, whole-number division, the larger and the smaller."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DivisionByZero
from graphnn.ir.attrs import Attrs
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.compare import eq, ge, gt, logical_and, lt, where
from graphnn.ops.elementwise import div, mul, neg, sub, tensors_alone, ufunc_call, zeros_like, zip_op
from graphnn.ops.op import Call
from graphnn.ops.unary import log


def as_number(item: Any) -> bool | int | float | None:
    """The Python number that a literal in a graph stands for, or the number itself; None for anything else."""
    number = getattr(item, "literal", item)
    return number if isinstance(number, bool | int | float) else None


# ---- powers


def _pow_kernel(out: np.ndarray, a: Any, b: Any) -> list[Call]:
    """Common exponents get their own calls, which are faster and, as in PyTorch, exact products and roots."""
    if isinstance(b, int) and b < 0 and out.dtype.kind in "iu":
        raise ArgumentError(
            f"pow: Integers to negative integer powers are not allowed, got the exponent {b}; use {b}.0"
        )
    if isinstance(b, bool | np.ndarray) or not isinstance(a, np.ndarray):
        return [ufunc_call(np.power, out, a, b)]
    if b == 2:
        return [ufunc_call(np.square, out, a)]
    if out.dtype.kind != "f" or b not in (0.5, -0.5, -1):
        return [ufunc_call(np.power, out, a, b)]
    if b == -1:
        return [ufunc_call(np.true_divide, out, 1.0, a)]
    root = ufunc_call(np.sqrt, out, a)
    return [root] if b == 0.5 else [root, (np.true_divide, 1.0, out, out)]


def _pow_vjp(c: Any, g: Any, a: Any, b: Any, out: Any) -> Any:
    return _pow_base(g, a, b) if c.want[0] else None, _pow_exponent(g, a, b, out) if c.want[1] else None


def _pow_base(g: Any, a: Any, b: Any) -> Any:
    number = as_number(b)
    if number is None:
        return where(eq(b, 0), 0.0, mul(g, mul(b, pow(a, sub(b, 1)))))
    if number == 0:
        return zeros_like(g)
    return mul(g, mul(a, 2.0)) if number == 2 else mul(g, mul(pow(a, number - 1), number))


def _pow_exponent(g: Any, a: Any, b: Any, out: Any) -> Any:
    number = as_number(a)
    slope = mul(g, mul(out, log(a) if number is None else _log(number)))
    if number is not None:
        return slope if number else where(ge(b, 0), 0.0, slope)
    return where(logical_and(eq(a, 0), ge(b, 0)), 0.0, slope)


def _log(number: float) -> float:
    if number > 0:
        return math.log(number)
    return -math.inf if number == 0 else math.nan


def _pow_name(types: tuple[TensorType, ...], attrs: Attrs) -> str:
    return "PowBackward0" if types[1].weak else "PowBackward2" if types[0].weak else "PowBackward1"


pow = zip_op("pow", _pow_kernel, _pow_vjp, kind="number", grad_name=_pow_name, grad_edges=tensors_alone)


# ---- whole-number division (towards minus infinity); integers are not divided by zero


def whole(name: str, ufunc: np.ufunc) -> Any:
    """The kernel of a division by a ufunc that refuses zeros among integer divisors."""

    def kernel(out: np.ndarray, a: Any, b: Any) -> list[Call]:
        call = ufunc_call(ufunc, out, a, b)
        return [call] if out.dtype.kind == "f" else [(refuse_zero, name, b, out), call]

    return kernel


def refuse_zero(name: str, divisor: Any, out: np.ndarray) -> None:
    """DivisionByZero where integers would be divided by zero. A step of a kernel."""
    if out.size and not np.all(divisor):
        raise DivisionByZero(f"ZeroDivisionError: {name} of integers by zero; convert to floats, or test the divisor")


floor_divide = zip_op("floor_divide", whole("floor_divide", np.floor_divide), kind="number", traits=(Trait.CHECKS,))


def _remainder_name(types: tuple[TensorType, ...], attrs: Attrs) -> str:
    return "RemainderBackward0" if types[1].weak else "RemainderBackward1"


remainder = zip_op(
    "remainder",
    whole("remainder", np.remainder),
    lambda c, g, a, b: (g, neg(mul(g, floor_divide(a, b))) if c.want[1] else None),
    kind="number",
    traits=(Trait.CHECKS,),
    grad_name=_remainder_name,
    grad_edges=tensors_alone,
)


# ---- the larger and the smaller: where equal, each gets half of the gradient; NaN wins. They don't commute to the bit:
# of 0.0 and -0.0 the second one is taken


def _extreme_vjp(loses: Any) -> Any:
    def vjp(c: Any, g: Any, a: Any, b: Any) -> Any:
        split = where(eq(a, b), div(g, 2.0), g)
        return (where(loses(a, b), 0.0, split), where(loses(b, a), 0.0, split))

    return vjp


maximum = zip_op("maximum", np.maximum, _extreme_vjp(lt))
minimum = zip_op("minimum", np.minimum, _extreme_vjp(gt))
