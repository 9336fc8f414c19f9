"""Sliding windows: the shape arithmetic and the strided views that convolutions and pools share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphnn.errors import ArgumentError

Pair = tuple[int, int]


def span(kernel: int, dilation: int) -> int:
    """How many elements a dilated kernel reaches over."""
    return dilation * (kernel - 1) + 1


def require_pairs(op: str, **pairs: Pair) -> None:
    """ArgumentError unless all are pairs of ints, positive ones (padding: not negative)."""
    for name, pair in pairs.items():
        least = 0 if name == "padding" else 1
        good = isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(p, int) and p >= least for p in pair)
        if not good:
            wanted = "two integers" + (", none negative" if least == 0 else " greater than zero")
            raise ArgumentError(f"{op}: {name} must be {wanted}, got {pair!r}")


def windows(x: np.ndarray, kernel: Pair, stride: Pair, dilation: Pair, size: Pair) -> np.ndarray:
    """`x` (C, H, W, N), padded already, seen as (C, kh, kw, OH, OW, N): what each tap meets at each place."""
    c, h, w, n = x.strides
    shape = (x.shape[0], *kernel, *size, x.shape[3])
    return as_strided(x, shape, (c, h * dilation[0], w * dilation[1], h * stride[0], w * stride[1], n))


def taps(kernel: Pair) -> Iterator[Pair]:
    """The places of a kernel, row by row."""
    return ((i, j) for i in range(kernel[0]) for j in range(kernel[1]))


def steps(offset: int, stride: int, count: int) -> slice:
    """The `count` positions from `offset` on, `stride` apart."""
    return slice(offset, offset + stride * (count - 1) + 1 if count else offset, stride)
