"""The greatest element of windows over any number of axes, and where in the flattened volume it stands.

The windows of an axis are a table (outputs, taps) of places. Axes are combined one after the other, the last first, so a
window of k * k * k costs 3k passes; of equal elements the first in row-major order is kept, of NaNs the last.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.ir import dtypes
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.gathering import gather, gather_grad
from graphnn.ops.indices import contiguous
from graphnn.ops.movement import reshape
from graphnn.ops.op import Call, Types
from graphnn.ops.pool_kernels import lowest


@dataclass(frozen=True, eq=False)
class Windows:
    """Along one axis: `index[i, k]` is the place of tap k of output i, each within the axis, never falling with k.

    `missed` marks outputs whose taps all lie in the padding, or is None.
    """

    index: np.ndarray
    missed: np.ndarray | None = None


@functools.lru_cache(maxsize=256)
def regular(size: int, outputs: int, kernel: int, stride: int, padding: int, dilation: int) -> Windows:
    """Windows at equal distances; a tap in the padding repeats the nearest one that is not."""
    places = np.arange(outputs)[:, None] * stride - padding + dilation * np.arange(kernel)
    inside = (places >= 0) & (places < size)
    first = np.argmax(inside, axis=1)
    last = kernel - 1 - np.argmax(inside[:, ::-1], axis=1)
    taps = np.clip(np.arange(kernel), first[:, None], last[:, None])
    missed: np.ndarray = np.logical_not(inside.any(1))
    return Windows(np.clip(np.take_along_axis(places, taps, 1), 0, size - 1), missed if missed.any() else None)


@functools.lru_cache(maxsize=256)
def adaptive(size: int, outputs: int) -> Windows:
    """`outputs` windows that cover the axis: from floor(i * size / outputs) to ceil((i + 1) * size / outputs)."""
    starts, stops = adaptive_bounds(size, outputs)
    width = int((stops - starts).max(initial=1))
    return Windows(np.minimum(starts[:, None] + np.arange(width), stops[:, None] - 1))


def adaptive_bounds(size: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Start and stop of each window, half open."""
    each = np.arange(outputs)
    return each * size // max(outputs, 1), -(-(each + 1) * size // max(outputs, 1))


def _passes(shape: Shape, tables: Sequence[Windows]) -> list[Shape]:
    """The shapes after each pass, the last axis first."""
    found = []
    for number, table in enumerate(reversed(tables)):
        at = len(shape) - 1 - number
        shape = (*shape[:at], table.index.shape[0], *shape[at + 1 :])
        found.append(shape)
    return found


def max_scratch(x: TensorType, tables: Sequence[Windows]) -> Types:
    """Values and places after each pass, those of one tap, and two masks."""
    shapes = _passes(x.shape, tables)
    widest = max(map(math.prod, shapes))
    kept = [TensorType(dtype, shape) for shape in shapes for dtype in (x.dtype, dtypes.int64)]
    tap = [TensorType(dtype, (widest,)) for dtype in (x.dtype, dtypes.int64, dtypes.bool, dtypes.bool)]
    return (*kept, *tap)


def max_calls(out: Sequence[Any], x: np.ndarray, tables: Sequence[Windows], scratch: Any) -> list[Call]:
    """Writes the greatest elements and their places, either of which may be None where it is not wanted."""
    if scratch[-1].size == 0:
        return []
    calls, values = contiguous(x, x.shape)
    places: np.ndarray | None = None
    step, kept, tap = 1, scratch[:-4], scratch[-4:]
    for number, table in enumerate(reversed(tables)):
        axis = x.ndim - 1 - number
        best = kept[2 * number], kept[2 * number + 1]
        calls += _pass_calls(best, (values, places), table.index, axis, step, tap)
        values, places = best
        step *= x.shape[axis]
    missed = _missed(tables)
    if missed is not None:
        calls.append((_fill, values, missed, lowest(x.dtype)))
    results = zip(out, (values, places), strict=True)
    return [*calls, *((np.copyto, target, source) for target, source in results if target is not None)]


def _missed(tables: Sequence[Windows]) -> np.ndarray | None:
    """Which windows meet nothing, or None for none."""
    if all(table.missed is None for table in tables):
        return None
    lines = [np.zeros(len(t.index), bool) if t.missed is None else t.missed for t in tables]
    return functools.reduce(np.logical_or.outer, lines)


def _fill(values: np.ndarray, where: np.ndarray, number: Any) -> None:
    np.copyto(values, number, where=where)


def _pass_calls(
    best: tuple[np.ndarray, np.ndarray],
    source: tuple[np.ndarray, Any],
    index: np.ndarray,
    axis: int,
    step: int,
    tap: Any,
) -> list[Call]:
    """`best` = the greatest of the taps along one axis; `step` is that axis' stride in the flattened volume."""
    values, places, won, is_nan = (m[: best[0].size].reshape(best[0].shape) for m in tap)
    column = tuple(-1 if d == axis else 1 for d in range(best[0].ndim))
    calls: list[Call] = []
    for k in range(index.shape[1]):
        line = np.ascontiguousarray(index[:, k])
        value, place = (values, places) if k else best
        calls.append((np.take, source[0], line, axis, value, "clip"))
        offset = (line * step).reshape(column)
        if source[1] is None:
            calls.append((np.copyto, place, offset))
        else:
            calls += [(np.take, source[1], line, axis, place, "clip"), (np.add, place, offset, place)]
        if k:
            calls.append((_keep_greater, *best, value, place, won, is_nan))
    return calls


def _keep_greater(
    best: np.ndarray,
    best_places: np.ndarray,
    values: np.ndarray,
    places: np.ndarray,
    won: np.ndarray,
    is_nan: np.ndarray,
) -> None:
    np.greater(values, best, won)
    if best.dtype.kind not in "iu":
        np.isnan(values, is_nan)
        np.logical_or(won, is_nan, won)
    np.copyto(best, values, where=won)
    np.copyto(best_places, places, where=won)


def picked_gradient(g: Any, indices: Any, size: Shape) -> Any:
    """Zeros whose last dimensions have `size`, with g added where the indices into these flattened point."""
    lead = g.shape[: len(g.shape) - len(size)]
    flat = (*lead, math.prod(g.shape[len(lead) :]))
    whole = (*lead, math.prod(size))
    dim = len(lead)
    found = gather_grad(reshape(g, shape=flat), reshape(indices, shape=flat), dim=dim, shape=whole)
    return reshape(found, shape=(*lead, *size))


def picked(x: Any, indices: Any, spatial: int) -> Any:
    """The elements of x, its last `spatial` dimensions flattened, that the indices name."""
    lead = x.shape[: len(x.shape) - spatial]
    flat = (*lead, math.prod(indices.shape[len(lead) :]))
    volume = reshape(x, shape=(*lead, math.prod(x.shape[len(lead) :])))
    return reshape(gather(volume, reshape(indices, shape=flat), dim=len(lead)), shape=tuple(indices.shape))
