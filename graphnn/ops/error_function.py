"""The error function for NumPy, which has none.

Rational approximations of W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of
Computation 23 (1969), 631-637: erf(y) = y P(y²)/Q(y²) up to 0.46875, and 1 - exp(-y²) R(y)/S(y) above.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.bits import select_calls
from graphnn.ops.op import Call, Types

# Coefficients from the highest power down.
P = (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3)
Q = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
R = (
    *(
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594,
        6.61191906371416295e1,
        2.98635138197400131e2,
    ),
    *(8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
)
S = (
    *(1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3),
    *(3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)
LIMIT = 0.46875
ONE_FROM = 6.0  # erf is 1 to the last bit of float64 from here on
BLOCK = 16384  # elements; the working arrays of a block stay in the second-level cache


def erf_scratch(x: TensorType) -> Types:
    dtype = dtypes.float64 if x.dtype is dtypes.float64 else dtypes.float32
    block = TensorType(dtype, (min(x.size, BLOCK),))
    return (block, block, block, block, TensorType(dtypes.int8, block.shape))


def erf_calls(out: np.ndarray, x: Any, scratch: Any) -> list[Call]:
    flat = out.reshape(-1)
    blocks = [flat[i : i + BLOCK] for i in range(0, flat.size, BLOCK)]
    return [(_copy, out, x), *(call for b in blocks for call in _block_calls(b, [s[: b.size] for s in scratch]))]


def _copy(out: np.ndarray, x: Any) -> None:
    np.copyto(out, x, casting="unsafe")


def _block_calls(x: np.ndarray, work: list[np.ndarray]) -> list[Call]:
    """x becomes erf(x); the other arrays are working memory of its size."""
    _, near, far, _, mask = work
    return [(_both_sides, x, *work), *select_calls(far, far, near, mask), (np.copysign, far, x, x)]


def _both_sides(
    x: np.ndarray, y: np.ndarray, near: np.ndarray, far: np.ndarray, work: np.ndarray, mask: np.ndarray
) -> None:
    """`near` and `far` become the two approximations of erf(|x|), the mask that of where `far` is the right one."""
    np.absolute(x, y)
    np.greater(y, LIMIT, mask.view(np.bool_))
    np.negative(mask, mask)
    np.multiply(y, y, far)
    np.minimum(far, LIMIT * LIMIT, out=far)
    _ratio(P, Q, far, near, work)
    np.multiply(near, y, near)
    np.minimum(y, ONE_FROM, out=y)
    _ratio(R, S, y, far, work)
    np.multiply(y, y, work)
    np.negative(work, work)
    np.exp(work, work)
    np.multiply(far, work, far)
    np.subtract(1.0, far, far)


def _ratio(
    top: tuple[float, ...], bottom: tuple[float, ...], at: np.ndarray, out: np.ndarray, work: np.ndarray
) -> None:
    """out = top(at) / bottom(at), by Horner's rule."""
    _polynomial(top, at, out)
    _polynomial(bottom, at, work)
    np.true_divide(out, work, out)


def _polynomial(coefficients: tuple[float, ...], at: np.ndarray, out: np.ndarray) -> None:
    np.multiply(at, coefficients[0], out)
    for coefficient in coefficients[1:-1]:
        np.add(out, coefficient, out)
        np.multiply(out, at, out)
    np.add(out, coefficients[-1], out)
