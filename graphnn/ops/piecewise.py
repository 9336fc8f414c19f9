"""Activations made of straight pieces: leaky, clamped and shrunk ones.

Kernels choose between the pieces by a mask of bits. A NaN falls into the piece where PyTorch has it, which keeps it a NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.bits import keep_calls, select_calls
from graphnn.ops.compare import ge, gt, le, logical_and, logical_or, lt, where
from graphnn.ops.elementwise import ELEMENTWISE, add, mul
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.typing import broadcast, require_float


def same_float(name: str, x: TensorType) -> TensorType:
    """The type itself; DTypeError unless it is floating point."""
    require_float(name, x)
    return x


def mask_of(mask: np.ndarray, test: np.ufunc, x: np.ndarray, bound: Any) -> list[Call]:
    """The mask that keeps where the test holds."""
    return [(test, x, bound, mask.view(np.bool_)), (np.negative, mask, mask)]


def mask_but(mask: np.ndarray, test: np.ufunc, x: np.ndarray, bound: Any) -> list[Call]:
    """The mask that keeps where the test does not hold (a NaN passes no test, so it is kept)."""
    return [(test, x, bound, mask.view(np.bool_)), (np.subtract, mask, np.int8(1), mask)]


def one_and_mask(x: TensorType, *_: Any, **__: Any) -> Types:
    """Working memory: another array like x, and a mask."""
    return x, TensorType(dtypes.int8, x.shape)


def mask_alone(x: TensorType, **_: Any) -> Types:
    return (TensorType(dtypes.int8, x.shape),)


def like_x(x: TensorType, **_: Any) -> Types:
    return (x,)


# ---- leaky ones


def _leaky_calls(out: np.ndarray, x: np.ndarray, slope: Any, scratch: Any) -> list[Call]:
    """out = x where x > 0, else x * slope."""
    below, mask = scratch
    return [
        *mask_of(mask, np.greater, x, 0),
        (np.multiply, x, slope, below),
        *select_calls(out, x, below, mask),
    ]


def _leaky_relu(x: TensorType, *, negative_slope: float = 0.01) -> TensorType:
    """x where x > 0, else x * negative_slope."""
    return same_float("leaky_relu", x)


leaky_relu = register(
    Op(
        "leaky_relu",
        infer=_leaky_relu,
        numpy=lambda out, x, *, negative_slope, scratch: _leaky_calls(out, x, negative_slope, scratch),
        scratch=one_and_mask,
        vjp=lambda c, g, x: where(gt(x, 0), g, mul(g, c.attrs["negative_slope"])),
        traits=ELEMENTWISE,
    )
)


def _prelu(x: TensorType, weight: TensorType) -> TensorType:
    """x where x > 0, else x * weight; the weight is broadcast to x."""
    require_float("prelu", x, weight)
    if broadcast("prelu", x, weight) != x.shape:
        raise ArgumentError(f"prelu: the weight must be broadcast to the input's shape, got {weight} for {x}")
    return x


def _prelu_vjp(c: Any, g: Any, x: Any, weight: Any) -> Any:
    above = gt(x, 0)
    of_x = where(above, g, mul(g, weight)) if c.want[0] else None
    return of_x, where(above, 0.0, mul(g, x)) if c.want[1] else None


prelu = register(
    Op(
        "prelu",
        infer=_prelu,
        numpy=lambda out, x, weight, *, scratch: _leaky_calls(out, x, weight, scratch),
        scratch=one_and_mask,
        vjp=_prelu_vjp,
        traits=(ELEMENTWISE[0],),
        grad_name="PreluKernelBackward0",
    )
)


def _rrelu(x: TensorType, noise: TensorType | None = None, *, lower: float = 0.125, upper: float = 1 / 3) -> TensorType:
    """x where x > 0, else x times the noise (numbers between `lower` and `upper`), or their mean where there is none."""
    require_float("rrelu", x, noise)
    if noise is not None and noise.shape != x.shape:
        raise ArgumentError(f"rrelu: one number of noise an element is wanted, got {noise} for {x}")
    return x


def _slope(noise: Any, lower: float, upper: float) -> Any:
    return (lower + upper) / 2 if noise is None else noise


def _rrelu_vjp(c: Any, g: Any, x: Any, noise: Any) -> Any:
    above = gt(x, 0)
    of_x = where(above, g, mul(g, _slope(noise, **c.attrs))) if c.want[0] else None
    return (of_x, where(above, 0.0, mul(g, x)))[: len(c.types)]


rrelu = register(
    Op(
        "rrelu",
        infer=_rrelu,
        numpy=lambda out, x, noise=None, *, lower, upper, scratch: _leaky_calls(
            out, x, _slope(noise, lower, upper), scratch
        ),
        scratch=one_and_mask,
        vjp=_rrelu_vjp,
        grad_name="RreluWithNoiseBackward0",
        grad_edges=(0,),
    )
)


# ---- clamped ones


def _hardtanh(x: TensorType, *, min_val: float = -1.0, max_val: float = 1.0) -> TensorType:
    """x brought between the bounds."""
    return same_float("hardtanh", x)


def _clamp_calls(out: np.ndarray, x: np.ndarray, low: float, high: float) -> list[Call]:
    bottom, top = (np.asarray(b, out.dtype) for b in (low, high))
    return [(np.clip, x, bottom, top, out)]


def _between(x: Any, low: float, high: float) -> Any:
    return logical_and(gt(x, low), lt(x, high))


hardtanh = register(
    Op(
        "hardtanh",
        infer=_hardtanh,
        numpy=lambda out, x, *, min_val, max_val: _clamp_calls(out, x, min_val, max_val),
        vjp=lambda c, g, x: where(_between(x, c.attrs["min_val"], c.attrs["max_val"]), g, 0.0),
        traits=ELEMENTWISE,
    )
)


def _hardsigmoid(x: TensorType) -> TensorType:
    """x / 6 + 1/2, brought between 0 and 1."""
    return same_float("hardsigmoid", x)


def _hardsigmoid_calls(out: np.ndarray, x: np.ndarray) -> list[Call]:
    return [(np.add, x, 3.0, out), *_clamp_calls(out, out, 0.0, 6.0), (np.true_divide, out, 6.0, out)]


hardsigmoid = register(
    Op(
        "hardsigmoid",
        infer=_hardsigmoid,
        numpy=_hardsigmoid_calls,
        vjp=lambda c, g, x: where(_between(x, -3.0, 3.0), mul(g, 1 / 6), 0.0),
        traits=ELEMENTWISE,
    )
)


def _hardswish(x: TensorType) -> TensorType:
    """x * hardsigmoid(x)."""
    return same_float("hardswish", x)


def _hardswish_calls(out: np.ndarray, x: np.ndarray, scratch: Any) -> list[Call]:
    return [*_hardsigmoid_calls(scratch[0], x), (np.multiply, x, scratch[0], out)]


def _hardswish_vjp(c: Any, g: Any, x: Any) -> Any:
    inner = mul(g, add(mul(x, 1 / 3), 0.5))
    return where(le(x, -3.0), 0.0, where(ge(x, 3.0), g, inner))


hardswish = register(
    Op(
        "hardswish",
        infer=_hardswish,
        numpy=_hardswish_calls,
        scratch=like_x,
        vjp=_hardswish_vjp,
        traits=ELEMENTWISE,
    )
)


# ---- shrunk ones


def _outside(x: Any, bound: float) -> Any:
    return logical_or(lt(x, -bound), gt(x, bound))


def _softshrink(x: TensorType, *, lambd: float = 0.5) -> TensorType:
    """x moved towards 0 by `lambd`, at most to 0."""
    if lambd < 0:
        raise ArgumentError(f"softshrink: lambda must be greater or equal to 0, but found to be {lambd}")
    return same_float("softshrink", x)


softshrink = register(
    Op(
        "softshrink",
        infer=_softshrink,
        numpy=lambda out, x, *, lambd, scratch: [
            *_clamp_calls(scratch[0], x, -lambd, lambd),
            (np.subtract, x, scratch[0], out),
        ],
        scratch=like_x,
        vjp=lambda c, g, x: where(_outside(x, c.attrs["lambd"]), g, 0.0),
        traits=ELEMENTWISE,
    )
)


def _hardshrink(x: TensorType, *, lambd: float = 0.5) -> TensorType:
    """x, or 0 where it lies between -lambd and lambd."""
    return same_float("hardshrink", x)


def _hardshrink_calls(out: np.ndarray, x: np.ndarray, *, lambd: float, scratch: Any) -> list[Call]:
    size, mask = scratch
    return [(np.absolute, x, size), *mask_but(mask, np.less_equal, size, lambd), *keep_calls(out, x, mask)]


hardshrink = register(
    Op(
        "hardshrink",
        infer=_hardshrink,
        numpy=_hardshrink_calls,
        scratch=one_and_mask,
        vjp=lambda c, g, x: where(_outside(x, c.attrs["lambd"]), g, 0.0),
        traits=ELEMENTWISE,
    )
)


def _threshold(x: TensorType, *, threshold: float, value: float) -> TensorType:
    """x where x > threshold, else `value`."""
    return same_float("threshold", x)


threshold = register(
    Op(
        "threshold",
        infer=_threshold,
        numpy=lambda out, x, *, threshold, value, scratch: [
            *mask_but(scratch[0], np.less_equal, x, threshold),
            *select_calls(out, x, value, scratch[0]),
        ],
        scratch=mask_alone,
        vjp=lambda c, g, x: where(gt(x, c.attrs["threshold"]), g, 0.0),
        traits=ELEMENTWISE,
    )
)
