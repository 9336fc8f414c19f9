"""Layers that work along one axis at a time: each output is a weighted sum of few inputs, which a table lists.

Resampling and averages over windows are such layers, and so are their gradients (by the transposed table). The tables
cover the last axes of an array; whatever stands before them is batch.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.ir.types import Shape, TensorType
from graphnn.ops.indices import contiguous
from graphnn.ops.op import Call, Types


@dataclass(frozen=True, eq=False)
class Table:
    """Output i is the sum over k of `weights[i, k] * input[index[i, k]]`; no weights: of the one input index[i, 0]."""

    size: int
    index: np.ndarray
    weights: np.ndarray | None = None

    @property
    def count(self) -> int:
        """How many outputs there are."""
        return int(self.index.shape[0])

    @functools.cached_property
    def is_identity(self) -> bool:
        if self.count != self.size or self.index.shape[1] != 1:
            return False
        same = bool((self.index[:, 0] == np.arange(self.size)).all())
        return same and (self.weights is None or bool((self.weights == 1).all()))

    @functools.cached_property
    def transposed(self) -> Table:
        """The table of the gradient: input i gathers from the outputs that it went into."""
        weights = np.ones(self.index.shape) if self.weights is None else self.weights
        outputs = np.broadcast_to(np.arange(self.count)[:, None], self.index.shape)
        return of_entries(self.index.reshape(-1), outputs.reshape(-1), weights.reshape(-1), self.size, self.count)


def of_entries(outputs: np.ndarray, inputs: np.ndarray, weights: np.ndarray, count: int, size: int) -> Table:
    """The table of the entries (output, input, weight); rows with fewer than others repeat one with the weight 0."""
    order = np.flatnonzero(weights)
    order = order[np.argsort(outputs[order], kind="stable")]
    outputs, inputs, weights = outputs[order], inputs[order], weights[order]
    counts = np.bincount(outputs, minlength=count)
    places = np.arange(len(outputs)) - (np.cumsum(counts) - counts)[outputs]
    width = max(1, int(counts.max(initial=0)))
    index, factors = np.zeros((count, width), np.int64), np.zeros((count, width))
    index[outputs, places], factors[outputs, places] = inputs, weights
    return Table(size, np.where(np.arange(width) < counts[:, None], index, index[:, :1]), factors)


def of_matrix(matrix: np.ndarray) -> Table:
    """The table of a matrix (outputs, inputs)."""
    outputs, inputs = np.nonzero(matrix)
    return of_entries(outputs, inputs, matrix[outputs, inputs], *matrix.shape)


Tables = tuple[Table, ...]


def transposed(tables: Tables) -> Tables:
    return tuple(table.transposed for table in tables)


@dataclass(frozen=True)
class Stage:
    """One pass along one axis (counted from the end: -1 is the last), giving `shape`."""

    axis: int
    table: Table
    shape: Shape


def stages(shape: Shape, tables: Tables) -> list[Stage]:
    """The passes, those first that shrink most; an axis that stays as it is has none."""
    axes = [(i - len(tables), table) for i, table in enumerate(tables) if not table.is_identity]
    found = []
    for axis, table in sorted(axes, key=lambda pair: (pair[1].count / max(1, pair[1].size), pair[0])):
        end = len(shape) + axis
        shape = (*shape[:end], table.count, *shape[end + 1 :])
        found.append(Stage(axis, table, shape))
    return found


def table_scratch(x: TensorType, tables: Tables) -> Types:
    """Memory for what stands between the passes (each has its own), and for one tap of the widest."""
    found = stages(x.shape, tables)
    between = [TensorType(x.dtype, stage.shape) for stage in found[:-1]]
    widest = max((TensorType(x.dtype, s.shape).size for s in found if s.table.weights is not None), default=0)
    return (*between, TensorType(x.dtype, (widest,)))


def table_calls(out: np.ndarray, x: np.ndarray, tables: Tables, scratch: Sequence[np.ndarray]) -> list[Call]:
    """out = the tables applied along the last axes of x."""
    found = stages(x.shape, tables)
    if out.size == 0:
        return []
    if not found:
        return [(np.copyto, out, x)]
    calls, source = contiguous(x, x.shape)
    for stage, target in zip(found, [*scratch[:-1], out], strict=True):
        calls += _stage_calls(target, source, stage, scratch[-1])
        source = target
    return calls


def _stage_calls(target: np.ndarray, source: np.ndarray, stage: Stage, work: np.ndarray) -> list[Call]:
    axis, table = source.ndim + stage.axis, stage.table
    if table.weights is None:
        return [_picked(source, table.index[:, 0], axis, target)]
    column = tuple(-1 if d == axis else 1 for d in range(source.ndim))
    weights = table.weights.astype(source.dtype)
    calls: list[Call] = []
    for k in range(table.index.shape[1]):
        part = work[: target.size].reshape(target.shape) if k else target
        calls.append(_picked(source, table.index[:, k], axis, part))
        calls.append((np.multiply, part, weights[:, k].reshape(column), part))
        if k:
            calls.append((np.add, target, part, target))
    return calls


def _picked(source: np.ndarray, index: np.ndarray, axis: int, out: np.ndarray) -> Call:
    """out = the source's slices along an axis that the index names: a copy of a view where they are evenly spaced."""
    step = int(index[1] - index[0]) if index.size > 1 else 1
    if step > 0 and (np.diff(index) == step).all():
        place: Any = (slice(None),) * axis
        return (np.copyto, out, source[(*place, slice(int(index[0]), int(index[-1]) + 1, step))])
    return (np.take, source, np.ascontiguousarray(index), axis, out, "clip")
