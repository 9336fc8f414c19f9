"""Functions of pairs: choosing between two, powers of numbers and tensors, comparing values."""

from __future__ import annotations

from typing import Any

from graphnn.errors import ArgumentTypeError
from graphnn.ops import compare
from graphnn.tensor.tensor import Tensor


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, `other` elsewhere."""
    if not isinstance(condition, Tensor):
        raise ArgumentTypeError(f"where(): argument 'condition' must be Tensor, not {type(condition).__name__}")
    if input is None or other is None:
        raise ArgumentTypeError("where() wants (condition, input, other); positions of true elements depend on values")
    return compare.where(condition, input, other)


def pow(input: Any, exponent: Any) -> Any:
    """`input ** exponent`; either may be a number."""
    if not isinstance(input, Tensor) and not isinstance(exponent, Tensor):
        raise ArgumentTypeError("pow(): argument 'input' (position 1) must be Tensor")
    return input**exponent


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """`|input - other| <= atol + rtol * |other|`, element by element."""
    near = (input - other).abs() <= (other.abs() * rtol + atol)
    found = compare.logical_or(compare.logical_and(near, compare.isfinite(other)), compare.eq(input, other))
    if equal_nan:
        found = compare.logical_or(found, compare.logical_and(compare.isnan(input), compare.isnan(other)))
    return found


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are close, as a Python bool."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shape and all elements are the same, as a Python bool."""
    return input.shape == other.shape and bool((input == other).all())


def is_tensor(obj: Any) -> bool:
    return isinstance(obj, Tensor)
