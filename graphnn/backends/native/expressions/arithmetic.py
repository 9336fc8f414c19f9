"""Arithmetic, of integers too."""

from __future__ import annotations

from graphnn.backends.native.expressions.registers import Number
from graphnn.backends.native.expressions.spelling import Spelling, spells
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType

BOOL_AS = {"add": "|", "mul": "&", "maximum": "|", "minimum": "&", "fmax": "|", "fmin": "&"}
OPERATORS = {"add": "+", "sub": "-", "mul": "*"}
RENAMED = {"maximum": "max", "minimum": "min"}


@spells("add", "sub", "mul", "maximum", "minimum")
def _arithmetic(s: Spelling) -> str | None:
    a, b = s.all_operands()
    name = s.node.op.name
    if s.dtype is dtypes.bool:
        return f"({a} {BOOL_AS[name]} {b})" if name in BOOL_AS else None
    if s.dtype.is_floating_point and name in OPERATORS:
        return f"({a} {OPERATORS[name]} {b})"
    return s.call(RENAMED.get(name, name), a, b)


@spells("fmax", "fmin")
def _losing_nan(s: Spelling) -> str:
    name = s.node.op.name
    a, b = s.all_operands()
    if s.dtype is dtypes.bool:
        return f"({a} {BOOL_AS[name]} {b})"
    return s.call(name if s.dtype.is_floating_point else name[1:], a, b)


@spells("neg", "abs", "relu", "square", "sign", "heaviside")
def _number_function(s: Spelling) -> str | None:
    name, operands = s.node.op.name, s.all_operands()
    if s.dtype is not dtypes.bool:
        return s.call(name, *operands)
    return operands[0] if name in ("square", "sign", "relu") else None


@spells("floor", "ceil", "round", "trunc")
def _whole(s: Spelling) -> str:
    return s.call(s.node.op.name, s.operand(0)) if s.dtype.is_floating_point else s.operand(0)


@spells("frac")
def _frac(s: Spelling) -> str:
    return s.call("frac", s.operand(0)) if s.dtype.is_floating_point else s.constant(0)


@spells("floor_divide", "div_floor", "remainder", "fmod", "div_trunc")
def _division(s: Spelling) -> str | None:
    """Integers are divided by constants only: by others the kernel has to test for zeros."""
    if s.dtype is dtypes.bool or (not s.dtype.is_floating_point and _wrapped(s.number(1), s.dtype) == 0):
        return None
    (a, b), name = s.all_operands(), s.node.op.name
    if name != "div_trunc":
        return s.call("floor_divide" if name == "div_floor" else name, a, b)
    if s.dtype.is_floating_point:
        return s.call("trunc", s.call("div", a, b))
    return s.call("floor_divide", s.call("sub", a, s.call("fmod", a, b)), b)


def _wrapped(number: Number | None, dtype: DType) -> int:
    return 0 if number is None else int(number) % (1 << 8 * dtype.itemsize)


@spells("gcd", "lcm", "bitwise_left_shift", "bitwise_right_shift")
def _integer_function(s: Spelling) -> str:
    return s.call(s.node.op.name, *s.all_operands())


@spells("pow")
def _pow(s: Spelling) -> str | None:
    exponent = s.number(1)
    if s.number(0) is None and exponent is not None and not isinstance(exponent, bool):
        special = {2: "square", 0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}.get(exponent)
        if special == "square" or (special is not None and s.dtype.is_floating_point):
            return s.call(special, s.operand(0))
    if not s.dtype.is_floating_point:
        return _integer_pow(s, exponent)
    wide = dtypes.float32 if s.dtype in dtypes.NARROW else s.dtype
    return s.call("pow", *(s.operand(i, wide) for i in range(2)))


def _integer_pow(s: Spelling, exponent: Number | None) -> str | None:
    """Negative exponents are refused by the kernel."""
    if s.dtype is dtypes.bool or (s.dtype.is_signed and (exponent is None or exponent < 0)):
        return None
    return s.call("pow", *s.all_operands())
