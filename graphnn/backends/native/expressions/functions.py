"""Functions of floating-point numbers."""

from __future__ import annotations

from graphnn.backends.native.expressions.registers import constant
from graphnn.backends.native.expressions.spelling import Spelling, spells
from graphnn.ir import dtypes

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
