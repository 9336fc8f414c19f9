"""What is left to place at one node of the search: buffers that hang together in time, and the skyline under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import lcm

import numpy as np
from numpy.typing import NDArray

from graphnn.plan.problem import Buffer

Ints = NDArray[np.int64]

ROWS = 7
ID, START, STOP, SIZE, ALIGNMENT, LOW, RANK = range(ROWS)

RANK_RANGE = 1 << 20
"""More than there are ranks: `low * RANK_RANGE + rank` orders by offset, then rank."""


@dataclass(frozen=True, slots=True)
class Part:
    """Unplaced buffers, by increasing start, over the moments that they span. Parts share arrays and never change them.

    `table[:, j]` is one buffer: its index in the problem; lifetime [START, STOP) in moments; SIZE, aligned; ALIGNMENT;
    LOW, the lowest offset open to it (aligned, above all that is placed and lives with it); RANK, smaller is tried
    earlier. `height[t]` is the top of what is placed at a moment, or the floor if that is higher; `load[t]` the bytes
    still to come. `floor` is the offset of the last placement: the next is not below it. `grid` is a multiple of every
    alignment.
    """

    table: Ints
    height: Ints
    load: Ints
    floor: int
    grid: int

    @property
    def count(self) -> int:
        return len(self.table[ID])

    def ranked(self, preference: NDArray[np.float64]) -> Part:
        """The same; of what may begin at one offset, the column with the smallest `preference` is tried first."""
        table = self.table.copy()
        table[RANK, preference.argsort(kind="stable")] = np.arange(self.count)
        return replace(self, table=table)

    def choices(self) -> Iterator[int]:
        """Columns that may be placed next, the most promising first."""
        low = self.table[LOW]
        columns = ((low >= self.floor) & (low < np.minimum.reduce(low + self.table[SIZE]))).nonzero()[0]
        return _lazily_sorted(columns, low[columns] * RANK_RANGE + self.table[RANK][columns])

    def place(self, column: int, target: int) -> Part | None:
        """What is left after placing one buffer at its lowest offset; None if that cannot end at or below `target`."""
        _, start, stop, size, _, offset, _ = self.table[:, column].tolist()
        if offset + np.maximum.reduce(self.load[start:stop]) > target:
            return None
        height = np.maximum(self.height, offset)
        height[start:stop] = offset + size
        load = self.load.copy()
        load[start:stop] -= size
        if np.maximum.reduce(height + load) > target:
            return None
        table = np.concatenate((self.table[:, :column], self.table[:, column + 1 :]), axis=1)
        self._raise_low(table[:, : table[START].searchsorted(stop)], start, offset + size)
        return Part(table, height, load, offset, self.grid)

    def _raise_low(self, table: Ints, start: int, top: int) -> None:
        """Lift what lives past `start` to `top` or above; `table` holds what is born before the placed buffer dies."""
        low, alignment = table[LOW], table[ALIGNMENT]
        aligned = -(-top // alignment) * alignment if top % self.grid else top
        np.maximum(low, aligned, out=low, where=table[STOP] > start)

    def split(self) -> list[Part]:
        """The pieces that share no moment, largest last; each is a problem of its own."""
        reach = np.maximum.accumulate(self.table[STOP])
        cuts = (reach[:-1] <= self.table[START, 1:]).nonzero()[0]
        if not len(cuts):
            return [self] if len(reach) else []
        edges = [0, *(cuts + 1).tolist(), len(reach)]
        pieces = [self._piece(first, last, int(reach[last - 1])) for first, last in pairwise(edges)]
        return sorted(pieces, key=lambda piece: piece.count)

    def _piece(self, first: int, last: int, end: int) -> Part:
        table = self.table[:, first:last].copy()
        begin = int(table[START, 0])
        table[START : STOP + 1] -= begin
        return Part(table, self.height[begin:end], self.load[begin:end], self.floor, self.grid)


def _lazily_sorted(columns: NDArray[np.intp], key: Ints) -> Iterator[int]:
    """The best column at once, the others sorted only when the search comes back for them."""
    if not len(columns):
        return
    best = key.argmin()
    yield int(columns[best])
    key[best] = np.iinfo(np.int64).max
    yield from columns[key.argsort()[:-1]].tolist()


def whole(buffers: Sequence[Buffer]) -> Part:
    """All buffers, nothing placed. A moment is a birth: buffers that live together do so when one of them is born."""
    births = np.array([buffer.start for buffer in buffers])
    moments = np.array(sorted(set(births.tolist())), dtype=births.dtype)  # np.unique would import numpy.ma
    table = np.zeros((ROWS, len(buffers)), np.int64)
    table[ID] = np.arange(len(buffers))
    table[START] = moments.searchsorted(births)
    table[STOP] = moments.searchsorted([buffer.stop for buffer in buffers])
    table[SIZE] = [buffer.aligned_size for buffer in buffers]
    table[ALIGNMENT] = [buffer.alignment for buffer in buffers]
    table = table[:, births.argsort(kind="stable")]
    grid = lcm(*{buffer.alignment for buffer in buffers})
    return Part(table, np.zeros(len(moments), np.int64), _load(table, len(moments)), floor=0, grid=grid)


def _load(table: Ints, moments: int) -> Ints:
    change = np.zeros(moments + 1, np.int64)
    np.add.at(change, table[START], table[SIZE])
    np.subtract.at(change, table[STOP], table[SIZE])
    return change[:-1].cumsum()
