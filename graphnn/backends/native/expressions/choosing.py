"""Comparisons, logic on truth values and bits, choosing by them, and conversions."""

from __future__ import annotations

import numpy as np

from graphnn.backends.native.expressions.registers import Number, constant
from graphnn.backends.native.expressions.spelling import Spelling, spells
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ops.typing import result_dtype

# ---- comparisons and truth

BITWISE = {
    f"{kind}_{name}": sign
    for kind in ("logical", "bitwise")
    for name, sign in (("and", "&"), ("or", "|"), ("xor", "^"))
}


@spells("eq", "ne", "lt", "le", "gt", "ge")
def _compare(s: Spelling) -> str | None:
    common = _common_dtype(s)
    if common is None:
        return None
    operands = (s.operand(i, common) for i in range(2))
    return _truth(s, s.call(s.node.op.name, *operands, dtype=common), common)


def _truth(s: Spelling, mask: str, dtype: DType) -> str:
    return s.call("truth", mask, dtype=dtype)


def _common_dtype(s: Spelling) -> DType | None:
    """In what two operands are compared: NumPy's choice for an array and a number, the promoted dtype for two arrays."""
    numbers = [s.number(i) for i in range(2)]
    arrays = [s.source(i) for i in range(2) if numbers[i] is None]
    if len(arrays) != 1:
        return result_dtype([s.value(i).type for i in range(2)]) if arrays else None
    number = numbers[0] if numbers[0] is not None else numbers[1]
    return _beside_number(arrays[0], number)


def _beside_number(dtype: DType, number: Number | None) -> DType | None:
    if dtype.is_floating_point or isinstance(number, bool):
        return dtype
    if isinstance(number, float):
        return dtypes.float64
    if dtype is dtypes.bool:
        return dtypes.int64
    limits = np.iinfo(dtype.numpy)
    return dtype if number is not None and limits.min <= number <= limits.max else None


@spells("logical_and", "logical_or", "logical_xor")
def _logical(s: Spelling) -> str:
    a, b = (_is_true(s, i) for i in range(2))
    return f"({a} {BITWISE[s.node.op.name]} {b})"


def _is_true(s: Spelling, i: int) -> str:
    return s.operand(i, dtypes.bool)


@spells("logical_not")
def _logical_not(s: Spelling) -> str:
    return f"({_is_true(s, 0)} ^ {constant(True, dtypes.bool, s.form)})"


@spells("isnan", "isinf", "isfinite", "signbit")
def _test(s: Spelling) -> str | None:
    name, dtype = s.node.op.name, s.source(0)
    if dtype.is_floating_point:
        return _truth(s, s.call(name, s.operand(0, dtype), dtype=dtype), dtype)
    if name == "signbit" and dtype.is_signed:
        zero = constant(0, dtype, s.form)
        return _truth(s, s.call("lt", s.operand(0, dtype), zero, dtype=dtype), dtype)
    return constant(name == "isfinite", dtypes.bool, s.form)


@spells("bitwise_and", "bitwise_or", "bitwise_xor")
def _bitwise(s: Spelling) -> str:
    a, b = s.all_operands()
    return f"({a} {BITWISE[s.node.op.name]} {b})"


@spells("bitwise_not")
def _bitwise_not(s: Spelling) -> str:
    ones = constant(True, s.dtype, s.form) if s.dtype is dtypes.bool else constant(-1, s.dtype, s.form)
    return f"({s.operand(0)} ^ {ones})"


# ---- choosing and converting


@spells("where")
def _where(s: Spelling) -> str:
    chosen = s.number(0)
    if chosen is not None:
        return s.operand(1 if chosen else 2)
    return s.call("select", s.call("mask", s.operand(0, dtypes.bool)), s.operand(1), s.operand(2))


@spells("clamp")
def _clamp(s: Spelling) -> str | None:
    text = s.operand(0)
    if s.attrs["min"] is not None:
        text = s.call("max", text, s.constant(s.attrs["min"]))
    return text if s.attrs["max"] is None else s.call("min", text, s.constant(s.attrs["max"]))


@spells("copy", "cast")
def _cast(s: Spelling) -> str:
    return s.operand(0)


@spells("zeros_like")
def _zeros_like(s: Spelling) -> str:
    return s.constant(0)
