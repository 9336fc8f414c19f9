"""Smooth activations beyond sigmoid and tanh: each one op with a kernel of a few passes and a gradient from its input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.bits import select_calls
from graphnn.ops.compare import clamp, gt, where
from graphnn.ops.elementwise import ELEMENTWISE, add, mul, neg, sub
from graphnn.ops.error_function import erf_calls, erf_scratch
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.piecewise import like_x, mask_of, one_and_mask, same_float
from graphnn.ops.slicing import slice as slice_
from graphnn.ops.typing import normalize_dim, require_float
from graphnn.ops.unary import erf, exp, sigmoid, square, tanh

# ---- exponential for negative numbers


def _elu_calls(
    out: np.ndarray, x: np.ndarray, alpha: float, scale: float, input_scale: float, scratch: Any
) -> list[Call]:
    below, mask = scratch
    calls: list[Call] = [*mask_of(mask, np.greater, x, 0), (np.multiply, x, input_scale, below)]
    calls += [(np.expm1, below, below), (np.multiply, below, alpha * scale, below)]
    above = x
    if scale != 1.0:
        above = out
        calls.append((np.multiply, x, scale, out))
    return [*calls, *select_calls(out, above, below, mask)]


def _elu_vjp(g: Any, x: Any, alpha: float, scale: float, input_scale: float) -> Any:
    """Positive numbers are cut off before `exp`, so that what is not chosen is finite."""
    slope = mul(exp(mul(clamp(x, max=0.0), input_scale)), alpha * scale * input_scale)
    return where(gt(x, 0), mul(g, scale), mul(g, slope))


def _elu(x: TensorType, *, alpha: float = 1.0, scale: float = 1.0) -> TensorType:
    """scale * x where x > 0, else scale * alpha * (exp(x) - 1)."""
    return same_float("elu", x)


elu = register(
    Op(
        "elu",
        infer=_elu,
        numpy=lambda out, x, *, alpha, scale, scratch: _elu_calls(out, x, alpha, scale, 1.0, scratch),
        scratch=one_and_mask,
        vjp=lambda c, g, x: _elu_vjp(g, x, c.attrs["alpha"], c.attrs["scale"], 1.0),
        traits=ELEMENTWISE,
    )
)


def _celu(x: TensorType, *, alpha: float = 1.0) -> TensorType:
    """x where x > 0, else alpha * (exp(x / alpha) - 1)."""
    if alpha == 0:
        raise ArgumentError("celu: ZeroDivisionError: alpha cannot be 0 for CELU")
    return same_float("celu", x)


celu = register(
    Op(
        "celu",
        infer=_celu,
        numpy=lambda out, x, *, alpha, scratch: _elu_calls(out, x, alpha, 1.0, 1.0 / alpha, scratch),
        scratch=one_and_mask,
        vjp=lambda c, g, x: _elu_vjp(g, x, c.attrs["alpha"], 1.0, 1.0 / c.attrs["alpha"]),
        traits=ELEMENTWISE,
    )
)


# ---- x times a distribution function of x

ROOT, CUBE = math.sqrt(2.0 / math.pi), 0.044715


def _gelu(x: TensorType, *, approximate: str = "none") -> TensorType:
    """x times the normal distribution function of x; "tanh" approximates it."""
    if approximate not in ("none", "tanh"):
        raise ArgumentError(f"gelu: approximate argument must be either none or tanh, got {approximate!r}")
    return same_float("gelu", x)


def _gelu_kernel(out: np.ndarray, x: np.ndarray, *, approximate: str, scratch: Any) -> list[Call]:
    work, *more = scratch
    calls: list[Call] = [(np.copyto, work, x)]
    if approximate == "none":
        calls += [(np.multiply, work, math.sqrt(0.5), work), *erf_calls(work, work, more)]
    else:
        calls += [(np.multiply, work, work, work), (np.multiply, work, CUBE * ROOT, work), (np.add, work, ROOT, work)]
        calls += [(np.multiply, work, x, work), (np.tanh, work, work)]
    return [*calls, (np.add, work, 1.0, work), (np.multiply, work, 0.5, work), (np.multiply, x, work, out)]


def _gelu_scratch(x: TensorType, *, approximate: str) -> Types:
    """float16 is widened: 1 + tanh cancels for negative numbers."""
    work = TensorType(dtypes.float32 if x.dtype in dtypes.NARROW else x.dtype, x.shape)
    return (work, *erf_scratch(work)) if approximate == "none" else (work,)


def _gelu_vjp(c: Any, g: Any, x: Any) -> Any:
    if c.attrs["approximate"] == "none":
        share = mul(add(erf(mul(x, math.sqrt(0.5))), 1.0), 0.5)
        density = mul(exp(mul(square(x), -0.5)), 1.0 / math.sqrt(2.0 * math.pi))
        return mul(g, add(share, mul(x, density)))
    bent = tanh(mul(add(mul(square(x), CUBE * ROOT), ROOT), x))
    slope = mul(sub(1.0, square(bent)), add(mul(square(x), 3.0 * CUBE * ROOT), ROOT))
    return mul(mul(g, 0.5), add(add(bent, 1.0), mul(x, slope)))


gelu = register(Op("gelu", infer=_gelu, numpy=_gelu_kernel, scratch=_gelu_scratch, vjp=_gelu_vjp, traits=ELEMENTWISE))


def _silu(x: TensorType) -> TensorType:
    """x * sigmoid(x)."""
    return same_float("silu", x)


def _sigmoid_calls(out: np.ndarray, x: np.ndarray) -> list[Call]:
    return [(np.negative, x, out), (np.exp, out, out), (np.add, out, 1.0, out), (np.true_divide, 1.0, out, out)]


def _silu_vjp(c: Any, g: Any, x: Any) -> Any:
    share = sigmoid(x)
    return mul(mul(g, share), add(mul(x, sub(1.0, share)), 1.0))


silu = register(
    Op(
        "silu",
        infer=_silu,
        numpy=lambda out, x, scratch: [*_sigmoid_calls(scratch[0], x), (np.multiply, x, scratch[0], out)],
        scratch=like_x,
        vjp=_silu_vjp,
        traits=ELEMENTWISE,
    )
)


def _mish(x: TensorType) -> TensorType:
    """x * tanh(log(1 + exp(x)))."""
    return same_float("mish", x)


def _mish_kernel(out: np.ndarray, x: np.ndarray, scratch: Any) -> list[Call]:
    (work,) = scratch
    return [(np.exp, x, work), (np.log1p, work, work), (np.tanh, work, work), (np.multiply, x, work, out)]


def _mish_vjp(c: Any, g: Any, x: Any) -> Any:
    bent = tanh(softplus(x))
    return mul(g, add(bent, mul(mul(x, sigmoid(x)), sub(1.0, square(bent)))))


mish = register(Op("mish", infer=_mish, numpy=_mish_kernel, scratch=like_x, vjp=_mish_vjp, traits=ELEMENTWISE))


# ---- logarithms of sums of exponentials


def _softplus(x: TensorType, *, beta: float = 1.0, threshold: float = 20.0) -> TensorType:
    """log(1 + exp(beta * x)) / beta; x itself where beta * x > threshold."""
    return same_float("softplus", x)


def _softplus_kernel(out: np.ndarray, x: np.ndarray, *, beta: float, threshold: float, scratch: Any) -> list[Call]:
    work, mask = scratch
    calls: list[Call] = [(np.multiply, x, beta, work), *mask_of(mask, np.greater, work, threshold)]
    calls += [(np.exp, work, work), (np.log1p, work, work), (np.true_divide, work, beta, work)]
    return [*calls, *select_calls(out, x, work, mask)]


def _softplus_vjp(c: Any, g: Any, x: Any) -> Any:
    scaled = mul(x, c.attrs["beta"])
    return where(gt(scaled, c.attrs["threshold"]), g, mul(g, sigmoid(scaled)))


softplus = register(
    Op(
        "softplus",
        infer=_softplus,
        numpy=_softplus_kernel,
        scratch=one_and_mask,
        vjp=_softplus_vjp,
        traits=ELEMENTWISE,
    )
)


def _log_sigmoid(x: TensorType) -> TensorType:
    """log(1 / (1 + exp(-x))), without overflow."""
    return same_float("log_sigmoid", x)


def _log_sigmoid_kernel(out: np.ndarray, x: np.ndarray, scratch: Any) -> list[Call]:
    (work,) = scratch
    calls: list[Call] = [(np.absolute, x, work), (np.negative, work, work), (np.exp, work, work)]
    zero = np.zeros((), out.dtype)
    return [*calls, (np.log1p, work, work), (np.clip, x, None, zero, out), (np.subtract, out, work, out)]


log_sigmoid = register(
    Op(
        "log_sigmoid",
        infer=_log_sigmoid,
        numpy=_log_sigmoid_kernel,
        scratch=like_x,
        vjp=lambda c, g, x: mul(g, sigmoid(neg(x))),
        traits=ELEMENTWISE,
    )
)


# ---- gates


def _glu(x: TensorType, *, dim: int) -> TensorType:
    """The first half of x along `dim`, times the sigmoid of the second half."""
    require_float("glu", x)
    normalize_dim(dim, x.ndim, "glu")
    if x.ndim == 0:
        raise ShapeError("glu does not support 0-dimensional tensors")
    if x.shape[dim] % 2:
        raise ShapeError(f"Halving dimension must be even, but dimension {dim} is size {x.shape[dim]}")
    return TensorType(x.dtype, tuple(s // 2 if d == dim else s for d, s in enumerate(x.shape)))


def _glu_kernel(out: np.ndarray, x: np.ndarray, *, dim: int) -> list[Call]:
    size, before = x.shape[dim] // 2, (slice(None),) * dim
    return [
        *_sigmoid_calls(out, x[(*before, slice(size, None))]),
        (np.multiply, out, x[(*before, slice(0, size))], out),
    ]


def _glu_in_ops(x: Any, *, dim: int) -> Any:
    size = x.shape[dim]
    first, second = (slice_(x, dim=dim, start=a, stop=b) for a, b in ((0, size // 2), (size // 2, size)))
    return mul(first, sigmoid(second))


glu = register(Op("glu", infer=_glu, numpy=_glu_kernel, decompose=_glu_in_ops))
