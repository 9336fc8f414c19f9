"""Elementwise methods: functions of each element, arithmetic by name, comparisons, choosing and bounding."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphnn.errors import ArgumentError
from graphnn.ir.attrs import Attrs
from graphnn.ops import compare, elementwise, power, rounded_division, unary
from graphnn.ops.op import Op
from graphnn.tensor.methods.naming import named

if TYPE_CHECKING:
    from graphnn.tensor.tensor import Tensor

NO_ATTRS = Attrs()


def of_one(op: Op) -> Callable[..., Any]:
    def method(self: Tensor) -> Any:
        return self.apply_op(op, (self,), NO_ATTRS)

    method.__name__, method.__doc__ = op.name, f"`{op.name}` of each element."
    return method


def of_two(op: Op) -> Callable[..., Any]:
    def method(self: Tensor, other: Any) -> Any:
        return self.apply_op(op, (self, other), NO_ATTRS)

    method.__name__, method.__doc__ = op.name, f"`{op.name}` of the elements of two tensors, broadcast."
    return method


class UnaryMethods:
    abs = absolute = of_one(unary.abs)
    ceil = of_one(unary.ceil)
    cos = of_one(unary.cos)
    erf = of_one(unary.erf)
    exp = of_one(unary.exp)
    expm1 = of_one(unary.expm1)
    floor = of_one(unary.floor)
    isfinite = of_one(compare.isfinite)
    isinf = of_one(compare.isinf)
    isnan = of_one(compare.isnan)
    log = of_one(unary.log)
    log1p = of_one(unary.log1p)
    log2 = of_one(unary.log2)
    logical_not = of_one(compare.logical_not)
    bitwise_not = of_one(compare.bitwise_not)
    neg = negative = of_one(elementwise.neg)
    reciprocal = of_one(unary.reciprocal)
    relu = of_one(unary.relu)
    rsqrt = of_one(unary.rsqrt)
    sigmoid = of_one(unary.sigmoid)
    sign = of_one(unary.sign)
    sin = of_one(unary.sin)
    sqrt = of_one(unary.sqrt)
    square = of_one(unary.square)
    tanh = of_one(unary.tanh)
    trunc = of_one(unary.trunc)

    def round(self: Tensor, *, decimals: int = 0) -> Any:
        """To the nearest whole number, halves to the even one."""
        if not decimals:
            return unary.round(self)
        scale = 10.0**decimals
        return named(unary.round(self * scale) / scale, "RoundBackward1")

    def positive(self: Tensor) -> Tensor:
        return self

    def softmax(self: Tensor, dim: int, dtype: Any = None) -> Any:
        """exp(x) / sum(exp(x)) along `dim`."""
        return _along("softmax", self if dtype is None else self.to(dtype), dim)

    def log_softmax(self: Tensor, dim: int, dtype: Any = None) -> Any:
        """log(softmax(x)) along `dim`, computed without overflow."""
        return _along("log_softmax", self if dtype is None else self.to(dtype), dim)


def _along(name: str, x: Tensor, dim: int) -> Any:
    from graphnn.ir.registry import lookup
    from graphnn.ops.typing import normalize_dim

    return lookup(name)(x, dim=normalize_dim(dim, x.ndim, name))


class BinaryMethods:
    mul = multiply = of_two(elementwise.mul)
    floor_divide = of_two(power.floor_divide)
    remainder = of_two(power.remainder)
    maximum = of_two(power.maximum)
    minimum = of_two(power.minimum)
    eq = of_two(compare.eq)
    ne = not_equal = of_two(compare.ne)
    lt = less = of_two(compare.lt)
    le = less_equal = of_two(compare.le)
    gt = greater = of_two(compare.gt)
    ge = greater_equal = of_two(compare.ge)
    logical_and = of_two(compare.logical_and)
    logical_or = of_two(compare.logical_or)
    logical_xor = of_two(compare.logical_xor)
    bitwise_and = of_two(compare.bitwise_and)
    bitwise_or = of_two(compare.bitwise_or)
    bitwise_xor = of_two(compare.bitwise_xor)
    true_divide = of_two(elementwise.div)

    def pow(self: Tensor, exponent: Any) -> Any:
        """`self ** exponent`."""
        if type(exponent) is bool and self.dtype.category == 0:  # the one power that bools have
            return self.clone() if exponent else compare.logical_or(self, True)
        return self.apply_op(power.pow, (self, exponent), NO_ATTRS)

    def add(self: Tensor, other: Any, *, alpha: Any = 1) -> Any:
        """`self + alpha * other`."""
        return elementwise.add(self, scaled(other, alpha))

    def sub(self: Tensor, other: Any, *, alpha: Any = 1) -> Any:
        """`self - alpha * other`."""
        return elementwise.sub(self, scaled(other, alpha))

    subtract = sub

    def div(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Any:
        """`self / other`; rounded towards zero ("trunc") or down ("floor")."""
        return quotient_op(rounding_mode)(self, other)

    divide = div


def quotient_op(rounding_mode: str | None) -> Op:
    """The op of `div` with that rounding."""
    if rounding_mode is None:
        return elementwise.div
    if rounding_mode == "floor":
        return rounded_division.div_floor
    if rounding_mode == "trunc":
        return rounded_division.div_trunc
    raise ArgumentError(
        f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found {rounding_mode!r}"
    )


def scaled(other: Any, alpha: Any) -> Any:
    """`alpha * other`, or `other` itself where alpha is the number 1."""
    return other if type(alpha) in (int, float) and alpha == 1 else elementwise.mul(other, alpha)


class ChoiceMethods:
    def where(self: Tensor, condition: Tensor, other: Any) -> Any:
        """`self` where the condition holds, `other` elsewhere."""
        return compare.where(condition, self, other)

    def masked_fill(self: Tensor, mask: Tensor, value: Any) -> Any:
        """`value` where the mask holds, `self` elsewhere."""
        return named(compare.where(mask, _like(self, value), self), "MaskedFillBackward0")

    def clamp(self: Tensor, min: Any = None, max: Any = None) -> Any:
        """Brought between `min` and `max`, numbers or tensors."""
        if _is_number(min) and _is_number(max):
            return compare.clamp(self, min=min, max=max)
        low = self if min is None else power.maximum(self, min)
        return low if max is None else named(power.minimum(low, max), "ClampBackward0")

    clip = clamp

    def clamp_min(self: Tensor, min: Any) -> Any:
        return named(self.clamp(min=min), "ClampMinBackward0")

    def clamp_max(self: Tensor, max: Any) -> Any:
        return named(self.clamp(max=max), "ClampMaxBackward0")

    def lerp(self: Tensor, end: Any, weight: Any) -> Any:
        """`self + weight * (end - self)`."""
        found = elementwise.add(self, elementwise.mul(elementwise.sub(end, self), weight))
        return named(found, f"LerpBackward{0 if isinstance(weight, int | float) else 1}")

    def addcmul(self: Tensor, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
        """`self + value * tensor1 * tensor2`."""
        return named(elementwise.add(self, scaled(elementwise.mul(tensor1, tensor2), value)), "AddcmulBackward0")

    def addcdiv(self: Tensor, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
        """`self + value * tensor1 / tensor2`."""
        return named(elementwise.add(self, scaled(elementwise.div(tensor1, tensor2), value)), "AddcdivBackward0")

    def nan_to_num(self: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
        """NaN and the infinities replaced by numbers: by default 0 and the dtype's largest and smallest."""
        from graphnn.ir import dtypes

        limits = dtypes.limits(self.dtype)
        high = float(limits.max) if posinf is None else posinf
        low = float(limits.min) if neginf is None else neginf
        found = compare.where(self.isnan(), nan, self)
        found = compare.where(found == float("inf"), high, found)
        return named(compare.where(found == float("-inf"), low, found), "NanToNumBackward0")


def _is_number(bound: Any) -> bool:
    return bound is None or isinstance(bound, int | float)


def _like(tensor: Tensor, value: Any) -> Any:
    """The value in the tensor's own dtype, so that filling never changes it."""
    if isinstance(value, bool | int | float):
        return (bool, int, float)[tensor.dtype.category](value)
    return value.to(tensor.dtype)
