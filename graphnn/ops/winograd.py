"""The matrices of Winograd's minimal filtering F(4x4, 3x3), exact.

One-dimensional F(4, 3): y = Aᵀ[(G g) ⊙ (Bᵀ d)], from Lagrange interpolation at the points 0, 1, -1, 1/2, -2 and infinity
(Winograd, Arithmetic Complexity of Computations, 1980; Lavin and Gray, Fast Algorithms for Convolutional Neural Networks,
2015). With 1/2 and -2 in place of 2 and -2 the rounding is less than half of that of the usual points.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

POINTS = (Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(-2))
OUT, TAPS = 4, 3
SIZE = OUT + TAPS - 1
Matrix = tuple[tuple[Fraction, ...], ...]


def _times(polynomial: Sequence[Fraction], point: Fraction) -> list[Fraction]:
    """The polynomial (lowest power first) times (x - point)."""
    shifted = [Fraction(0), *polynomial]
    return [s - point * p for s, p in zip(shifted, [*polynomial, Fraction(0)], strict=True)]


@cache
def output_matrix() -> Matrix:
    """Aᵀ, 4 x 6: powers of the points; infinity gives to the last row alone."""
    rows = ([p**i for p in POINTS] + [Fraction(i == OUT - 1)] for i in range(OUT))
    return tuple(map(tuple, rows))


@cache
def weight_matrix() -> Matrix:
    """G, 6 x 3: powers of a point over its distances from the others; infinity takes the last tap."""
    rows = []
    for p in POINTS:
        apart = Fraction(1)
        for q in POINTS:
            apart *= p - q if p != q else 1
        rows.append(tuple(p**t / apart for t in range(TAPS)))
    return (*rows, (Fraction(0), Fraction(0), Fraction(1)))


@cache
def input_matrix() -> Matrix:
    """Bᵀ, 6 x 6: the coefficients of the products of (x - q) over all other points; of all points for infinity."""
    rows = []
    for p in (*POINTS, None):
        polynomial = [Fraction(1)]
        for q in POINTS:
            if q != p:
                polynomial = _times(polynomial, q)
        rows.append(tuple(polynomial + [Fraction(0)] * (SIZE - len(polynomial))))
    return tuple(rows)
