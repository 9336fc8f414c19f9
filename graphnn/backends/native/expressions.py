"""Elementwise ops as C expressions on registers, the same text for vectors ("v") and single elements ("s").

A value is held in the register type of its dtype: f32v or f32s for float32 and, widened, for the 16-bit floats, b8v for
bools. Each op is computed as its NumPy kernel does it: operands are brought to the result's dtype first, integers wrap
around, and what comes out is rounded to 16 bits where the dtype has no more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.ops.typing import result_dtype

Number = bool | int | float

# ---- registers


def register_name(dtype: DType) -> str:
    """The name of the register type, without the form."""
    if dtype in dtypes.NARROW:
        return "f32"
    return "b8" if dtype is dtypes.bool else dtype.short


def register_type(dtype: DType, form: str) -> str:
    return register_name(dtype) + form


def _memory_name(dtype: DType) -> str:
    return "b8" if dtype is dtypes.bool else dtype.short


def load(dtype: DType, pointer: str, form: str) -> str:
    return f"gn_load_{_memory_name(dtype)}{form}({pointer})"


def store(dtype: DType, pointer: str, value: str, form: str) -> str:
    return f"gn_store_{_memory_name(dtype)}{form}({pointer}, {value})"


def splat(dtype: DType, value: str) -> str:
    """A vector of one element many times."""
    return f"gn_splat_{register_name(dtype)}v({value})"


def convert(value: str, source: DType, target: DType, form: str) -> str:
    """The value in another dtype, rounded to it; to 16 bits from float32, as the kernels do."""
    if source is target:
        return value
    a, b = register_name(source), register_name(target)
    found = value if a == b else f"gn_convert_{a}{form}_{b}{form}({value})"
    return rounded(found, target, form) if _needs_rounding(source, target) else found


def _needs_rounding(source: DType, target: DType) -> bool:
    exact = (dtypes.bool, dtypes.int8, dtypes.uint8)
    return target in dtypes.NARROW and source not in exact


def rounded(value: str, dtype: DType, form: str) -> str:
    """A register's number as the dtype can hold it."""
    return f"gn_round_{dtype.short}{form}({value})" if dtype in dtypes.NARROW else value


# ---- constants


def constant(number: Number, dtype: DType, form: str) -> str:
    """A Python number in a register, brought to the dtype as NumPy brings it."""
    text = _number(number, dtype)
    return text if form == "s" else f"gn_splat_{register_name(dtype)}v({text})"


def _number(number: Number, dtype: DType) -> str:
    if dtype is dtypes.bool:
        return str(int(bool(number)))
    if not dtype.is_floating_point:
        return _integer(number, dtype)
    with np.errstate(all="ignore"):
        held = np.array(float(number), dtype.numpy).astype(np.float64).item()
    if math.isnan(held):
        return "NAN"
    if math.isinf(held):
        return "INFINITY" if held > 0 else "-INFINITY"
    return held.hex() + ("" if dtype is dtypes.float64 else "f")


def _integer(number: Number, dtype: DType) -> str:
    bits = 8 * dtype.itemsize
    whole = int(number) % (1 << bits)
    if dtype.is_signed and whole >> (bits - 1):
        whole -= 1 << bits
    if whole == -(1 << 63):
        return "INT64_MIN"
    return str(whole) + ("ull" if dtype is dtypes.uint64 else "ll" if bits == 64 else "")


# ---- operands


class Spelling:
    """One node being spelled: its operands as C text, its attrs, the dtype in which it computes."""

    def __init__(self, node: Node, args: Sequence[str | None], form: str) -> None:
        self.node = node
        self.args = args
        self.form = form
        self.attrs: Any = node.attrs
        self.dtype = node.output.type.dtype

    def value(self, i: int) -> Value:
        found = self.node.inputs[i]
        assert found is not None
        return found

    def number(self, i: int) -> Number | None:
        """The Python number that operand i is, if it is one."""
        value = self.node.inputs[i] if i < len(self.node.inputs) else None
        return value.literal if value is not None and value.kind == LITERAL else None

    def source(self, i: int) -> DType:
        return self.value(i).type.dtype

    def operand(self, i: int, dtype: DType | None = None) -> str:
        """Operand i in the dtype, by default that of the result."""
        wanted = self.dtype if dtype is None else dtype
        number, text = self.number(i), self.args[i]
        if number is not None:
            return constant(number, wanted, self.form)
        assert text is not None
        return convert(text, self.source(i), wanted, self.form)

    def constant(self, number: Number) -> str:
        return constant(number, self.dtype, self.form)

    def call(self, function: str, *args: str, dtype: DType | None = None) -> str:
        name = register_name(self.dtype if dtype is None else dtype)
        return f"gn_{function}_{name}{self.form}({', '.join(args)})"

    def all_operands(self) -> list[str]:
        return [self.operand(i) for i in range(len(self.node.inputs))]


Speller = Callable[[Spelling], "str | None"]
SPELLERS: dict[str, Speller] = {}


def spells(*names: str) -> Callable[[Speller], Speller]:
    def decorate(speller: Speller) -> Speller:
        SPELLERS.update(dict.fromkeys(names, speller))
        return speller

    return decorate


def expression(node: Node, args: Sequence[str | None], form: str) -> str | None:
    """C text of the node's result in the register type of its dtype; None where it has no spelling.

    `args[i]` is the register that holds input i, None where that is absent or a literal.
    """
    speller = SPELLERS.get(node.op.name)
    if speller is None or any(v is None for v in node.inputs):
        return None
    spelling = Spelling(node, args, form)
    text = speller(spelling)
    if text is None or node.op.name in EXACT:
        return text
    return rounded(text, spelling.dtype, form)


EXACT = frozenset(("cast", "copy", "where", "maximum", "minimum", "neg", "abs", "zeros_like", "relu", "clamp", "sign"))


# ---- functions of floating-point numbers, whose C functions have the op's name and take its operands

FLOAT_FUNCTIONS = (
    *("exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "reciprocal", "div"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "sinc"),
    *("atan2", "hypot", "tanh", "sigmoid", "erf", "erfc", "erfcx", "erfinv", "log_ndtr", "lgamma", "digamma"),
    *("relu_grad", "tanh_grad", "sigmoid_grad", "silu", "mish", "log_sigmoid", "hardsigmoid", "hardswish"),
    *("copysign", "nextafter", "logaddexp", "logaddexp2", "xlogy", "xlog1py"),
)


@spells(*FLOAT_FUNCTIONS)
def _float_function(s: Spelling) -> str | None:
    if not s.dtype.is_floating_point:
        return None
    if s.node.op.name == "nextafter" and s.dtype in dtypes.NARROW:
        return None
    return s.call(s.node.op.name, *s.all_operands())


@spells("gelu")
def _gelu(s: Spelling) -> str:
    return s.call("gelu" if s.attrs["approximate"] == "none" else "gelu_tanh", s.operand(0))


@spells("polygamma")
def _polygamma(s: Spelling) -> str:
    return s.call("polygamma", s.operand(0), str(s.attrs["n"]))


# ---- activations with numbers of their own


@spells("elu", "celu")
def _elu(s: Spelling) -> str:
    alpha = s.attrs["alpha"]
    scale, inner = (s.attrs["scale"], 1.0) if s.node.op.name == "elu" else (1.0, 1.0 / alpha)
    return _with(s, "elu", scale, alpha * scale, inner)


def _with(s: Spelling, function: str, *numbers: float) -> str:
    """The function of the operand and of numbers, which have the precision in which it is computed."""
    wide = dtypes.float32 if s.dtype in dtypes.NARROW else s.dtype
    return s.call(function, s.operand(0), *(constant(n, wide, s.form) for n in numbers))


@spells("leaky_relu")
def _leaky_relu(s: Spelling) -> str:
    return _with(s, "leaky_relu", s.attrs["negative_slope"])


@spells("prelu")
def _prelu(s: Spelling) -> str:
    return s.call("leaky_relu", s.operand(0), s.operand(1))


@spells("hardtanh")
def _hardtanh(s: Spelling) -> str:
    return _with(s, "clip", s.attrs["min_val"], s.attrs["max_val"])


@spells("softshrink", "hardshrink")
def _shrink(s: Spelling) -> str:
    return _with(s, s.node.op.name, s.attrs["lambd"])


@spells("threshold")
def _threshold(s: Spelling) -> str:
    return _with(s, "threshold", s.attrs["threshold"], s.attrs["value"])


@spells("softplus")
def _softplus(s: Spelling) -> str:
    return _with(s, "softplus", s.attrs["beta"], s.attrs["threshold"])


# ---- arithmetic, of integers too

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


@spells("neg", "abs", "relu", "square", "sign", "fmod", "heaviside")
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


@spells("floor_divide", "remainder")
def _division(s: Spelling) -> str | None:
    """Integers are divided by constants only: by others the kernel has to test for zeros."""
    if not s.dtype.is_floating_point and _wrapped(s.number(1), s.dtype) == 0:
        return None
    return None if s.dtype is dtypes.bool else s.call(s.node.op.name, *s.all_operands())


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
