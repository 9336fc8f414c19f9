"""The NumPy kernels of pooling. Windows are taken apart: first along the rows of the image, then along its columns, so
that a window of k * k costs 2k passes. Padding is never made: each tap works on the outputs for which it lies inside.

The position of a maximum is tracked as its distance from the window's (padded) start in the flattened image, in the
smallest unsigned integer: along a row and then down the rows these distances grow, so a later winner's is a maximum.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.ops.op import Call
from graphnn.ops.windows import Pair, Tap, line_taps

BLOCK = 1 << 18  # bytes of working memory for values that one block of samples takes


@dataclass(frozen=True)
class Pooling:
    """A pooling's sizes: input and output images, the window, and how many leading entries make a block."""

    size: Pair
    outputs: Pair
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    block: int

    def taps(self, axis: int) -> list[Tap]:
        return line_taps(
            self.size[axis],
            self.outputs[axis],
            self.kernel[axis],
            self.stride[axis],
            self.padding[axis],
            self.dilation[axis],
        )

    @property
    def covered(self) -> bool:
        """Whether every window meets the image at all (dilated ones may not)."""
        return all(
            any(t.reached.start <= o < t.reached.stop for t in self.taps(axis))
            for axis in (0, 1)
            for o in range(self.outputs[axis])
        )

    @property
    def disjoint(self) -> bool:
        """Whether no two windows share an element."""
        return all(d * (k - 1) < s for k, s, d in zip(self.kernel, self.stride, self.dilation, strict=True))

    @property
    def reach(self) -> int:
        """The largest distance within a window, in the flattened image."""
        return (self.kernel[0] - 1) * self.dilation[0] * self.size[1] + (self.kernel[1] - 1) * self.dilation[1]

    @property
    def halfway(self) -> int:
        """Elements of an image of which only rows, or only columns, are pooled: the larger of both."""
        return max(self.size[0] * self.outputs[1], self.outputs[0] * self.size[1])

    def starts(self) -> np.ndarray:
        """Each window's start in the flattened image (outside of it where there is padding)."""
        rows, columns = (np.arange(o) * s - p for o, s, p in zip(self.outputs, self.stride, self.padding, strict=True))
        return rows[:, None] * self.size[1] + columns


def at(axis: int, positions: slice) -> tuple[Any, ...]:
    """The index of `positions` along rows (axis 0) or columns (axis 1) of images."""
    return (..., positions, slice(None)) if axis == 0 else (..., positions)


def combine(ufunc: np.ufunc, source: np.ndarray, target: np.ndarray, taps: Sequence[Tap], axis: int) -> list[Call]:
    """target = the taps' elements of `source` along one axis, combined by a ufunc."""
    whole = slice(0, target.shape[axis - 2])
    if len(taps) > 1 and taps[0].first == whole and taps[1].rest == whole:
        a, b = (source[at(axis, t.source(whole))] for t in taps[:2])
        return [(functools.partial(ufunc, a, b, out=target),), *_combine_rest(ufunc, source, target, taps[2:], axis)]
    return _combine_rest(ufunc, source, target, taps, axis)


def _combine_rest(
    ufunc: np.ufunc, source: np.ndarray, target: np.ndarray, taps: Sequence[Tap], axis: int
) -> list[Call]:
    calls: list[Call] = []
    for tap in taps:
        if tap.first.start < tap.first.stop:
            calls.append((np.copyto, target[at(axis, tap.first)], source[at(axis, tap.source(tap.first))]))
        if tap.rest.start < tap.rest.stop:
            held = target[at(axis, tap.rest)]
            calls.append((functools.partial(ufunc, held, source[at(axis, tap.source(tap.rest))], out=held),))
    return calls


# ---- the greatest element


def max_calls(out: np.ndarray, x: np.ndarray, pooling: Pooling, values: np.ndarray) -> list[Call]:
    """out = the greatest element of each window; rows are combined first, as whole rows are contiguous."""
    halfway = values[: x.shape[0] * x[0].size // pooling.size[0] * pooling.outputs[0]]
    halfway = halfway.reshape(*x.shape[:-2], pooling.outputs[0], pooling.size[1])
    calls = [] if pooling.covered else [(out.fill, lowest(out.dtype)), (halfway.fill, lowest(out.dtype))]
    calls += combine(np.maximum, x, halfway, pooling.taps(0), 0)
    return calls + combine(np.maximum, halfway, out, pooling.taps(1), 1)


def lowest(dtype: np.dtype) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


@dataclass(frozen=True)
class Tracked:
    """Values with the distances of where they came from."""

    values: np.ndarray
    distances: np.ndarray

    def part(self, axis: int, positions: slice) -> Tracked:
        return Tracked(self.values[at(axis, positions)], self.distances[at(axis, positions)])


def max_tracked(
    x: np.ndarray,
    halfway: Tracked,
    result: Tracked,
    marks: np.ndarray,
    shifted: np.ndarray,
    pooling: Pooling,
    nan: bool,
) -> list[Call]:
    """`result` = the greatest element of each window and its distance: along columns first, which keeps the first of
    equal ones in row-major order, as PyTorch does; with `nan` the last NaN wins."""
    calls: list[Call] = []
    if not pooling.covered:
        calls += [(a.fill, v) for t in (halfway, result) for a, v in ((t.values, lowest(x.dtype)), (t.distances, 0))]
    for tap in pooling.taps(1):
        distance = tap.index * pooling.dilation[1]
        target, best = halfway.part(1, tap.first), halfway.part(1, tap.rest)
        calls += _put(target, x[at(1, tap.source(tap.first))], distance)
        mark, moved = (_front(m, best.values.shape) for m in (marks, shifted))
        calls += _win(
            best, x[at(1, tap.source(tap.rest))], [(np.multiply, _bytes(mark), distance, moved)], mark, moved, nan
        )
    for tap in pooling.taps(0):
        distance = tap.index * pooling.dilation[0] * pooling.size[1]
        target, best = result.part(0, tap.first), result.part(0, tap.rest)
        first, rest = halfway.part(0, tap.source(tap.first)), halfway.part(0, tap.source(tap.rest))
        calls += _put(target, first.values, first.distances, distance)
        mark, moved = (_front(m, best.values.shape) for m in (marks, shifted))
        shift = [(np.add, rest.distances, distance, moved), (np.multiply, moved, _bytes(mark), moved)]
        calls += _win(best, rest.values, shift, mark, moved, nan)
    return calls


def _front(memory: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return memory[: int(np.prod(shape, dtype=int))].reshape(shape)


def _bytes(mark: np.ndarray) -> np.ndarray:
    return mark.view(np.uint8)


def _put(target: Tracked, values: np.ndarray, distances: Any, shift: int = 0) -> list[Call]:
    if target.values.size == 0:
        return []
    place: Call = (np.add, distances, shift, target.distances) if shift else (np.copyto, target.distances, distances)
    return [(np.copyto, target.values, values), place]


def _win(
    best: Tracked, values: np.ndarray, shift: list[Call], mark: np.ndarray, moved: np.ndarray, nan: bool
) -> list[Call]:
    """Where `values` are greater than the best so far they take its place, and `moved` its distance (0 elsewhere)."""
    if best.values.size == 0:
        return []
    mark_calls: list[Call] = (
        [(_greater_or_nan, values, best.values, mark)] if nan else [(np.greater, values, best.values, mark)]
    )
    return [
        *mark_calls,
        (functools.partial(np.maximum, best.values, values, out=best.values),),
        *shift,
        (functools.partial(np.maximum, best.distances, moved, out=best.distances),),
    ]


def _greater_or_nan(values: np.ndarray, best: np.ndarray, mark: np.ndarray) -> None:
    np.greater(values, best, mark)
    np.logical_or(mark, np.isnan(values), mark)


def settle_nans(out: np.ndarray, again: Callable[[], list[Call]]) -> None:
    """Runs the calls that `again` makes if `out` holds a NaN: the fast way does not follow where NaNs come from."""
    greatest = np.maximum.reduce(out, axis=None)
    if greatest != greatest:
        for call in again():
            call[0](*call[1:])


# ---- the mean, and gradients


def spread(source: np.ndarray, target: np.ndarray, taps: Sequence[Tap], axis: int, disjoint: bool) -> list[Call]:
    """target = each element of `source` added to all elements along one axis that its window takes in."""
    calls: list[Call] = [(target.fill, 0)]
    for tap in taps:
        place, part = target[at(axis, tap.source(tap.reached))], source[at(axis, tap.reached)]
        calls.append((np.copyto, place, part) if disjoint else (np.add, place, part, place))
    return calls


def scatter_images(out: np.ndarray, flat: np.ndarray, values: np.ndarray, disjoint: bool) -> None:
    """Puts (or, where windows share elements, adds) values at flat positions of zeroed memory."""
    out.fill(0)
    if disjoint:
        out[flat] = values
    else:
        np.add.at(out, flat, values)
