"""The matrices of Winograd's minimal filtering F(m x m, 3x3), exact; m is 4, or 2 for small images.

One-dimensional F(m, 3): y = Aᵀ[(G g) ⊙ (Bᵀ d)], from Lagrange interpolation at the first m + 1 of the points 0, 1, -1, 1/2, -2
and at infinity (Winograd, Arithmetic Complexity of Computations, 1980; Lavin and Gray, Fast Algorithms for Convolutional
Neural Networks, 2015). With 1/2 and -2 in place of 2 and -2 the rounding of F(4, 3) is less than half of that of the usual
points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

POINTS = (Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(-2))
OUTS = (4, 2)
TAPS = 3
Matrix = tuple[tuple[Fraction, ...], ...]


def size_of(out: int) -> int:
    """Of the tiles that `out` results along an axis are made of."""
    return out + TAPS - 1


def out_of(products: int) -> int:
    """The inverse: of what F the two-dimensional tile has so many numbers."""
    return math.isqrt(products) - TAPS + 1


def points_of(out: int) -> tuple[Fraction, ...]:
    return POINTS[: out + 1]


def _times(polynomial: Sequence[Fraction], point: Fraction) -> list[Fraction]:
    """The polynomial (lowest power first) times (x - point)."""
    shifted = [Fraction(0), *polynomial]
    return [s - point * p for s, p in zip(shifted, [*polynomial, Fraction(0)], strict=True)]


@cache
def output_matrix(out: int) -> Matrix:
    """Aᵀ, m x (m + 2): powers of the points; infinity gives to the last row alone."""
    rows = ([p**i for p in points_of(out)] + [Fraction(i == out - 1)] for i in range(out))
    return tuple(map(tuple, rows))


@cache
def weight_matrix(out: int) -> Matrix:
    """G, (m + 2) x 3: powers of a point over its distances from the others; infinity takes the last tap."""
    rows = []
    for p in points_of(out):
        apart = Fraction(1)
        for q in points_of(out):
            apart *= p - q if p != q else 1
        rows.append(tuple(p**t / apart for t in range(TAPS)))
    return (*rows, (Fraction(0), Fraction(0), Fraction(1)))


@cache
def input_matrix(out: int) -> Matrix:
    """Bᵀ, (m + 2) x (m + 2): the coefficients of the products of (x - q) over all other points; of all points for infinity."""
    rows = []
    for p in (*points_of(out), None):
        polynomial = [Fraction(1)]
        for q in points_of(out):
            if q != p:
                polynomial = _times(polynomial, q)
        rows.append(tuple(polynomial + [Fraction(0)] * (size_of(out) - len(polynomial))))
    return tuple(rows)
