"""The NumPy kernels of pooling. Windows are taken apart: first along the rows of the image, then along its columns, so
that a window of k * k costs 2k passes. Padding is never made: each tap works on the outputs for which it lies inside.

The position of a maximum is tracked as its distance from the window's (padded) start in the flattened image, in the
smallest unsigned integer: along a row and then down the rows these distances grow, so a later winner's is a maximum.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from graphnn.ops.op import Call
from graphnn.ops.windows import Pair, Tap, line_taps, reached_by

BLOCK = 1 << 19  # bytes of working memory for values that one block of samples takes


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

    @functools.cached_property
    def lines(self) -> tuple[list[Tap], list[Tap]]:
        """The taps down an image (axis 0), and those across it (axis 1)."""
        rows, columns = zip(self.size, self.outputs, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return line_taps(0, *rows), line_taps(1, *columns)

    @functools.cached_property
    def covered(self) -> bool:
        """Whether every window meets the image at all (dilated ones may not)."""
        met = (sum(tap.first.stop - tap.first.start for tap in taps) for taps in self.lines)
        return tuple(met) == self.outputs

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

    @functools.cached_property
    def starts(self) -> np.ndarray:
        """Each window's start in the flattened image (outside of it where there is padding)."""
        rows, columns = (np.arange(o) * s - p for o, s, p in zip(self.outputs, self.stride, self.padding, strict=True))
        return rows[:, None] * self.size[1] + columns


def combine(ufunc: np.ufunc, source: np.ndarray, target: np.ndarray, taps: Sequence[Tap]) -> list[Call]:
    """target = the taps' elements of `source` along one axis, combined by a ufunc."""
    if len(taps) > 1 and taps[1].rest == taps[0].first == reached_by(taps):
        a, b = (source[t.of_reached] for t in taps[:2])
        return [(functools.partial(ufunc, a, b, out=target),), *_combine_rest(ufunc, source, target, taps[2:])]
    return _combine_rest(ufunc, source, target, taps)


def _combine_rest(ufunc: np.ufunc, source: np.ndarray, target: np.ndarray, taps: Sequence[Tap]) -> list[Call]:
    calls: list[Call] = []
    for tap in taps:
        if tap.has_first:
            calls.append((np.copyto, target[tap.to_first], source[tap.of_first]))
        if tap.has_rest:
            held = target[tap.to_rest]
            calls.append((functools.partial(ufunc, held, source[tap.of_rest], out=held),))
    return calls


# ---- the greatest element


def max_calls(out: np.ndarray, x: np.ndarray, pooling: Pooling, values: np.ndarray) -> list[Call]:
    """out = the greatest element of each window; rows are combined first, as whole rows are contiguous."""
    halfway = _front(values, (*x.shape[:-2], pooling.outputs[0], pooling.size[1]))
    calls = [] if pooling.covered else [(np.copyto, a, lowest(out.dtype)) for a in (out, halfway)]
    rows, columns = pooling.lines
    return calls + combine(np.maximum, x, halfway, rows) + combine(np.maximum, halfway, out, columns)


def lowest(dtype: np.dtype) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


class Tracked(NamedTuple):
    """Values with the distances of where they came from."""

    values: np.ndarray
    distances: np.ndarray

    def part(self, index: tuple[Any, ...]) -> Tracked:
        return Tracked(self.values[index], self.distances[index])


def max_tracked(
    x: np.ndarray, halfway: Tracked, result: Tracked, marks: np.ndarray, moved: np.ndarray, pooling: Pooling, nan: bool
) -> list[Call]:
    """`result` = the greatest element of each window and its distance: along rows first, which keeps the first of
    equal ones in row-major order, as PyTorch does; with `nan` the last NaN wins."""
    calls: list[Call] = []
    if not pooling.covered:
        calls += [(np.copyto, t.values, lowest(x.dtype)) for t in (halfway, result)]
        calls += [(np.copyto, t.distances, 0) for t in (halfway, result)]
    rows, columns = pooling.lines
    for tap in columns:
        step = tap.index * pooling.dilation[1]
        if tap.has_first:
            calls += _put(halfway.part(tap.to_first), x[tap.of_first], step)
        if tap.has_rest:
            calls += _win(halfway.part(tap.to_rest), Tracked(x[tap.of_rest], marks), step, marks, moved, nan)
    for tap in rows:
        step = tap.index * pooling.dilation[0] * pooling.size[1]
        if tap.has_first:
            source = halfway.part(tap.of_first)
            calls += _put(result.part(tap.to_first), source.values, source.distances, step)
        if tap.has_rest:
            calls += _win(result.part(tap.to_rest), halfway.part(tap.of_rest), step, marks, moved, nan)
    return calls


def _front(memory: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return memory[: math.prod(shape)].reshape(shape)


def _put(target: Tracked, values: np.ndarray, distances: Any, step: int = 0) -> list[Call]:
    place: Call = (np.add, distances, step, target.distances) if step else (np.copyto, target.distances, distances)
    return [(np.copyto, target.values, values), place]


def _win(best: Tracked, new: Tracked, step: int, marks: np.ndarray, moved: np.ndarray, nan: bool) -> list[Call]:
    """Where the new values are greater than the best so far they take its place: with them the distance `step`, added
    to the new ones' own (which `marks` stands for where they have none)."""
    mark, place = _front(marks, best.values.shape), _front(moved, best.values.shape)
    won = mark.view(np.uint8)
    calls: list[Call] = [(_greater_or_nan if nan else np.greater, new.values, best.values, mark)]
    calls.append((functools.partial(np.maximum, best.values, new.values, out=best.values),))
    if new.distances is marks:
        calls.append((np.multiply, won, step, place))
    else:
        calls += [(np.add, new.distances, step, place), (np.multiply, place, won, place)]
    return [*calls, (functools.partial(np.maximum, best.distances, place, out=best.distances),)]


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


def spread(source: np.ndarray, target: np.ndarray, taps: Sequence[Tap], disjoint: bool) -> list[Call]:
    """target = each element of `source` added to all elements along one axis that its window takes in."""
    calls: list[Call] = [(np.copyto, target, 0)]
    for tap in taps:
        place, part = target[tap.of_reached], source[tap.to_reached]
        calls.append((np.copyto, place, part) if disjoint else (np.add, place, part, place))
    return calls


def scatter_images(out: np.ndarray, flat: np.ndarray, values: np.ndarray, disjoint: bool) -> None:
    """Puts (or, where windows share elements, adds) values at flat positions of zeroed memory."""
    out.fill(0)
    if disjoint:
        out[flat] = values
    else:
        np.add.at(out, flat, values)
