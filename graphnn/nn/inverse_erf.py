"""The inverse of the error function, for drawing from truncated normal distributions."""

from __future__ import annotations

import math

import numpy as np

from graphnn.ops.unary import erf

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
    return np.where(np.abs(y) < 1, x, np.copysign(np.inf, y))  # type: ignore[no-any-return]
