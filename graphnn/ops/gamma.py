"""The logarithm of the gamma function and the derivatives of that, by Stirling's series.

NumPy has none of them. They are computed in float64, a block at a time, whatever the dtype. Formulas: NIST Handbook of
Mathematical Functions (2010), 5.5.3 and 5.5.4 (reflection), 5.11.1 and 5.11.2 (Stirling), 25.11.28 (Euler, Maclaurin).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError
from graphnn.ir.types import TensorType
from graphnn.ops.blockwise import block_calls, block_op
from graphnn.ops.elementwise import ELEMENTWISE, computed_type, mul
from graphnn.ops.op import Call, Op, register
from graphnn.ops.typing import float_dtype

BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)  # B2, B4, ..., B16
LARGE = 10.0  # from here on the series below are exact to the last bits of float64


def _lifted(x: np.ndarray) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """x raised by whole numbers to LARGE or more, and the steps: (numbers before, which of them took the step)."""
    steps, x = [], x.copy()
    while (low := x < LARGE).any():
        steps.append((np.where(low, x, 1.0), low))
        x += low
    return x, steps


def _log_gamma(x: np.ndarray) -> np.ndarray:
    """ln|gamma(x)|; below 1/2 by reflection."""
    reflect = x < 0.5
    found = _log_gamma_right(np.where(reflect, 1.0 - x, x))
    if not reflect.any():
        return found
    angle = np.where(reflect, x - 2 * np.rint(x / 2), 0.5)
    reflected = math.log(math.pi) - np.log(np.abs(np.sin(math.pi * angle))) - found
    poles = (x == np.floor(x)) & (x <= 0)
    return np.where(reflect, np.where(poles, np.inf, reflected), found)


def _log_gamma_right(x: np.ndarray) -> np.ndarray:
    far, steps = _lifted(np.where(np.isnan(x), LARGE, x))
    product = np.ones_like(x)
    for before, _ in steps:
        product *= before
    tail = sum(b / (2 * k * (2 * k - 1) * far ** (2 * k - 1)) for k, b in enumerate(BERNOULLI, 1))
    found = (far - 0.5) * np.log(far) - far + 0.5 * math.log(2 * math.pi) + tail - np.log(product)
    found = np.where(np.isinf(x), np.inf, found)
    return np.where(np.isnan(x), np.nan, found)


def _digamma(x: np.ndarray) -> np.ndarray:
    """The slope of ln|gamma(x)|: minus and plus infinity at -0.0 and 0.0, NaN at the other poles, as in PyTorch."""
    reflect = x < 0
    found = _digamma_right(np.where(reflect, 1.0 - x, np.where(x == 0, 1.0, x)))
    angle = np.where(reflect, x - np.rint(x), 0.25)
    poles = reflect & (x == np.floor(x))
    reflected = np.where(poles, np.nan, found - math.pi / np.tan(math.pi * angle))
    found = np.where(reflect, reflected, found)
    return np.where(x == 0, np.copysign(np.inf, -x), found)


def _digamma_right(x: np.ndarray) -> np.ndarray:
    far, steps = _lifted(np.where(np.isnan(x), LARGE, x))
    found = np.log(far) - 0.5 / far - sum(b / (2 * k * far ** (2 * k)) for k, b in enumerate(BERNOULLI, 1))
    for before, low in steps:
        found -= low / before
    return np.where(np.isnan(x), np.nan, found)


def hurwitz_zeta(s: Any, q: np.ndarray) -> np.ndarray:
    """The sum of (q + k)^-s over k = 0, 1, ...: the first terms one by one, the rest by Euler and Maclaurin."""
    total, at = np.zeros(np.broadcast(s, q).shape), np.where(np.isfinite(q), q, LARGE)
    while (low := at < LARGE).any():
        total += np.where(low, np.where(low, at, 1.0) ** -s, 0.0)
        at = at + low
    term = at**-s
    total += term * (at / (s - 1) + 0.5)
    for k, b in enumerate(BERNOULLI, 1):
        rising = math.factorial(2 * k)
        term = term * (s + 2 * k - 2) / at * ((s + 2 * k - 3) / at if k > 1 else 1.0)
        total += b / rising * term
    return np.where(np.isnan(q), np.nan, np.where(q == np.inf, 0.0, total))


def _poly(n: int) -> Any:
    """The n-th derivative of digamma; n = 1 by reflection left of 0, as PyTorch has it."""
    if n == 0:
        return _digamma
    if n == 1:
        return _trigamma
    sign = (-1) ** (n + 1) * math.factorial(n)
    return lambda x: sign * _zeta_with_poles(n + 1, x)


def _zeta_with_poles(s: int, x: np.ndarray) -> np.ndarray:
    poles = (x <= 0) & (x == np.floor(x))
    return np.where(poles, np.inf, hurwitz_zeta(s, np.where(poles, 1.0, x)))


def _trigamma(x: np.ndarray) -> np.ndarray:
    reflect = x < 0.5
    found = hurwitz_zeta(2, np.where(reflect, 1.0 - x, x))
    angle = np.where(reflect, x - np.rint(x), 0.5)
    return np.where(reflect, (math.pi / np.sin(math.pi * angle)) ** 2 - found, found)


# ---- the ops

lgamma: Op = block_op("lgamma", _log_gamma, lambda c, g, x: mul(g, digamma(x)))
digamma: Op = block_op("digamma", _digamma, lambda c, g, x: mul(g, polygamma(x, n=1)))


def _polygamma(x: TensorType, *, n: int) -> TensorType:
    """The n-th derivative of digamma."""
    if n < 0:
        raise ArgumentError(f"polygamma(n, x) does not support negative n, got {n}")
    return computed_type(float_dtype(x.dtype), x.shape, x)


def _polygamma_kernel(out: np.ndarray, x: Any, *, n: int) -> list[Call]:
    return block_calls(_poly(n), out, x)


polygamma: Op = register(
    Op(
        "polygamma",
        infer=_polygamma,
        numpy=_polygamma_kernel,
        vjp=lambda c, g, x: mul(g, polygamma(x, n=c.attrs["n"] + 1)),
        traits=ELEMENTWISE,
    )
)
