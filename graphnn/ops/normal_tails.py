"""The inverse of the error function, and its complement where that is tiny.

The continued fraction is 7.9.3 in the NIST Handbook of Mathematical Functions (2010), the middle range Cody's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.ops.blockwise import block_op
from graphnn.ops.elementwise import div, mul, sub
from graphnn.ops.error_function import LIMIT, R, S
from graphnn.ops.op import Op
from graphnn.ops.unary import erf, exp, square

_A = 0.147  # Winitzki, "A handy approximation for the error function and its inverse" (2008)


def inverse_erf(y: np.ndarray) -> np.ndarray:
    """x with erf(x) = y, for float64 y in [-1, 1]: Winitzki's approximation, made exact by Halley's steps."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.log1p(-y * y)
        half = 2 / (math.pi * _A) + logarithm / 2
        x = np.copysign(np.sqrt(np.sqrt(half * half - logarithm / _A) - half), y)
        for _ in range(3):
            step = (erf(x) - y) * np.exp(x * x) * (math.sqrt(math.pi) / 2)
            x = x - step / (1 + x * step)
    outside = np.where(np.abs(y) == 1, np.copysign(np.inf, y), np.nan)
    return np.where(np.abs(y) < 1, x, outside)


# ---- 1 - erf(x)


def _scaled(x: np.ndarray) -> np.ndarray:
    """exp(x²) (1 - erf(x)), without the cancellation and underflow of its factors."""
    y = np.abs(x)
    middle = np.polyval(R, np.minimum(y, 4.0)) / np.polyval(S, np.minimum(y, 4.0))
    far = np.maximum(y, 4.0)
    fraction = far
    for k in range(50, 0, -1):
        fraction = far + k / 2 / fraction
    near = np.exp(np.minimum(y, LIMIT) ** 2) * (1.0 - erf(np.minimum(y, LIMIT)))
    found = np.where(y <= LIMIT, near, np.where(y < 4.0, middle, 1 / (math.sqrt(math.pi) * fraction)))
    return np.where(x < 0, 2.0 * np.exp(x * x) - found, found)


def _complement(x: np.ndarray) -> np.ndarray:
    y = np.clip(x, 0.0, 30.0)
    return np.where(x <= LIMIT, 1.0 - erf(x), _scaled(y) * np.exp(-y * y))  # type: ignore[no-any-return]


def _log_normal_cdf(x: np.ndarray) -> np.ndarray:
    """ln of the probability that a normal number is below x."""
    left, right = np.minimum(x, -1.0), np.maximum(x, -1.0)
    tail = np.log(_scaled(-left * math.sqrt(0.5)) / 2) - left * left / 2
    return np.where(x < -1.0, tail, np.log1p(-_complement(right * math.sqrt(0.5)) / 2))


def _bell(x: Any) -> Any:
    """The slope of erf."""
    return mul(exp(mul(square(x), -1.0)), 2.0 / math.sqrt(math.pi))


erfinv = block_op("erfinv", inverse_erf, lambda c, g, out: mul(g, mul(exp(square(out)), math.sqrt(math.pi) / 2)))
erfc = block_op("erfc", _complement, lambda c, g, x: mul(g, mul(_bell(x), -1.0)))
erfcx: Op = block_op(
    "erfcx",
    _scaled,
    lambda c, g, x, out: mul(g, sub(mul(mul(x, out), 2.0), 2.0 / math.sqrt(math.pi))),
    grad_name="SpecialErfcxBackward0",
)
log_ndtr = block_op(
    "log_ndtr",
    _log_normal_cdf,
    lambda c, g, x: mul(div(g, erfcx(mul(x, -math.sqrt(0.5)))), math.sqrt(2 / math.pi)),
    grad_name="SpecialLogNdtrBackward0",
)
