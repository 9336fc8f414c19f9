"""Layers that copy an axis in few runs of neighbours, upwards, downwards or one element again and again: slices are
copied, and slices are added in the gradient. Padding by what stands at the edges is such a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.ir.types import Shape, TensorType
from graphnn.ops.op import Call, Types


@dataclass(frozen=True)
class Run:
    """Outputs [start, stop) are the inputs `first`, `first + step`, …; `step` is 1, -1 or 0."""

    start: int
    stop: int
    first: int
    step: int

    @property
    def inputs(self) -> slice:
        if self.step == 0:
            return slice(self.first, self.first + 1)
        end = self.first + self.step * (self.stop - self.start)
        return slice(self.first, None if end < 0 else end, self.step)


@dataclass(frozen=True)
class Axis:
    """An axis of `size` elements of which `count` are made."""

    size: int
    count: int
    runs: tuple[Run, ...]

    @property
    def is_identity(self) -> bool:
        return self.runs == (Run(0, self.size, 0, 1),)


def axis_of(size: int, places: np.ndarray) -> Axis:
    """The runs of the inputs at `places`."""
    runs, start = [], 0
    listed = places.tolist()
    while start < len(listed):
        stop, step = start + 1, 1
        if stop < len(listed) and abs(listed[stop] - listed[start]) <= 1:
            step = listed[stop] - listed[start]
            while stop < len(listed) and listed[stop] - listed[stop - 1] == step:
                stop += 1
        runs.append(Run(start, stop, listed[start], step))
        start = stop
    return Axis(size, len(listed), tuple(runs))


Axes = tuple[Axis, ...]


def _passes(shape: Shape, axes: Axes, backward: bool) -> list[tuple[int, Axis, Shape]]:
    """Which dimension each pass works on, and the shape that it gives."""
    found = []
    for dim, axis in enumerate(axes, len(shape) - len(axes)):
        if not axis.is_identity:
            shape = (*shape[:dim], axis.size if backward else axis.count, *shape[dim + 1 :])
            found.append((dim, axis, shape))
    return found


def run_scratch(x: TensorType, axes: Axes, backward: bool = False) -> Types:
    """What stands between the passes."""
    return tuple(TensorType(x.dtype, shape) for _, _, shape in _passes(x.shape, axes, backward)[:-1])


def run_calls(
    out: np.ndarray, x: np.ndarray, axes: Axes, scratch: Sequence[np.ndarray], backward: bool = False
) -> list[Call]:
    """out = the runs along the last axes of x; backward: each gradient added to the input that it came from."""
    passes = _passes(x.shape, axes, backward)
    if not passes:
        return [(np.copyto, out, x)]
    calls: list[Call] = []
    source, work = x, _added if backward else _copied
    for (dim, axis, _), target in zip(passes, [*scratch, out], strict=True):
        calls += work(target, source, axis.runs, dim)
        source = target
    return calls


def _part(array: np.ndarray, dim: int, part: slice) -> np.ndarray:
    place: Any = (*(slice(None),) * dim, part)
    found: np.ndarray = array[place]
    return found


def _copied(target: np.ndarray, source: np.ndarray, runs: Sequence[Run], dim: int) -> list[Call]:
    return [(np.copyto, _part(target, dim, slice(r.start, r.stop)), _part(source, dim, r.inputs)) for r in runs]


def _added(target: np.ndarray, source: np.ndarray, runs: Sequence[Run], dim: int) -> list[Call]:
    calls: list[Call] = [(np.copyto, target, 0)]
    for run in runs:
        place = _part(target, dim, run.inputs)
        parts = [slice(run.start, run.stop)] if run.step else [slice(i, i + 1) for i in range(run.start, run.stop)]
        calls += [(np.add, place, _part(source, dim, part), place) for part in parts]
    return calls
