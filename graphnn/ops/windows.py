"""Sliding windows: the shape arithmetic and the strided views that convolutions and pools share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

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


class Tap:
    """One place `index` of a kernel along one axis of an image (0 or 1), and which elements meet there.

    Outputs [first.start, first.stop) meet the input here for the first time (earlier places lie in the padding), the
    outputs `rest` have met it before, `reached` is both; all others find padding here. `to_first` and so on index those
    outputs in arrays (..., H, W), and `of_first` and so on the inputs that they meet.
    """

    def __init__(self, index: int, axis: int, first: slice, rest: slice, offset: int, stride: int) -> None:
        self.index = index
        self.first, self.rest = first, rest
        self.reached = slice(first.start, max(first.stop, rest.stop))
        self.has_first, self.has_rest = first.start < first.stop, rest.start < rest.stop
        whole: tuple[Any, ...] = (slice(None),) * (1 - axis)

        def source(outputs: slice) -> tuple[Any, ...]:
            return (..., steps(offset + outputs.start * stride, stride, outputs.stop - outputs.start), *whole)

        index_of: list[tuple[Any, ...]] = [(..., s, *whole) for s in (first, rest, self.reached)]
        self.to_first, self.to_rest, self.to_reached = index_of
        self.of_first, self.of_rest, self.of_reached = map(source, (first, rest, self.reached))


def line_taps(axis: int, size: int, outputs: int, kernel: int, stride: int, padding: int, dilation: int) -> list[Tap]:
    """The taps of one axis of `size` elements that any of the outputs meet inside of it."""
    found: list[Tap] = []
    lowest = outputs
    for index in range(kernel):
        offset = index * dilation - padding
        low = max(0, -(offset // stride))
        high = min(outputs, (size - 1 - offset) // stride + 1)
        if low < high:
            first = slice(low, max(low, min(high, lowest)))
            found.append(Tap(index, axis, first, slice(first.stop, high), offset, stride))
            lowest = min(lowest, low)
    return found


def reached_by(taps: Sequence[Tap]) -> slice:
    """The outputs that meet the input anywhere; an empty slice for no taps."""
    ends = [(t.reached.start, t.reached.stop) for t in taps]
    return slice(min((e[0] for e in ends), default=0), max((e[1] for e in ends), default=0))
