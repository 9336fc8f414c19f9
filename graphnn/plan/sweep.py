"""An allocator run through time: a buffer takes a gap when it is born and gives it back when it dies.

Costs n log n and the gaps looked at, so it serves problems of any size.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from heapq import heappop, heappush

from graphnn.plan.problem import Buffer

ENDLESS = 1 << 62


def first_fit(buffers: Sequence[Buffer]) -> list[int]:
    """Offsets when every buffer takes the lowest gap that holds it."""
    offsets = _through_time(buffers, ENDLESS, two_ended=False)
    assert offsets is not None, "an arena without an end holds everything"
    return offsets


def first_fit_backward(buffers: Sequence[Buffer]) -> list[int]:
    """The same through time from its end: what dies last goes lowest."""
    return first_fit([replace(buffer, start=-buffer.stop, stop=-buffer.start) for buffer in buffers])


def two_ended(buffers: Sequence[Buffer], capacity: int) -> list[int] | None:
    """Offsets when buffers go to the arena's bottom and top in turn, as suits a chain; None where one fits nowhere."""
    return _through_time(buffers, capacity, two_ended=True)


def _through_time(buffers: Sequence[Buffer], capacity: int, *, two_ended: bool) -> list[int] | None:
    gaps = _Gaps(capacity)
    live: list[tuple[int, int, int]] = []
    offsets = [0] * len(buffers)
    by_birth = sorted(range(len(buffers)), key=lambda index: (buffers[index].start, -buffers[index].size))
    for turn, index in enumerate(by_birth):
        buffer = buffers[index]
        while live and live[0][0] <= buffer.start:
            _, begin, end = heappop(live)
            gaps.give(begin, end)
        take = gaps.take_highest if two_ended and turn % 2 else gaps.take_lowest
        offset = take(buffer.aligned_size, buffer.alignment)
        if offset is None:
            return None
        offsets[index] = offset
        heappush(live, (buffer.stop, offset, offset + buffer.aligned_size))
    return offsets


class _Gaps:
    """The gaps of an arena by increasing address, as half-open byte ranges; gaps that touch are one."""

    def __init__(self, capacity: int) -> None:
        self.begins = [0]
        self.ends = [capacity]

    def take_lowest(self, size: int, alignment: int) -> int | None:
        """Take room from the bottom of the lowest gap that has it."""
        for gap, (begin, end) in enumerate(zip(self.begins, self.ends, strict=True)):
            offset = -(-begin // alignment) * alignment
            if offset + size <= end:
                return self._take(gap, offset, size)
        return None

    def take_highest(self, size: int, alignment: int) -> int | None:
        """Take room from the top of the highest gap that has it."""
        for gap in reversed(range(len(self.begins))):
            offset = (self.ends[gap] - size) // alignment * alignment
            if offset >= self.begins[gap]:
                return self._take(gap, offset, size)
        return None

    def _take(self, gap: int, offset: int, size: int) -> int:
        pieces = ((self.begins[gap], offset), (offset + size, self.ends[gap]))
        kept = [(begin, end) for begin, end in pieces if begin < end]
        self.begins[gap : gap + 1] = [begin for begin, _ in kept]
        self.ends[gap : gap + 1] = [end for _, end in kept]
        return offset

    def give(self, begin: int, end: int) -> None:
        first = last = bisect_left(self.begins, begin)
        if first and self.ends[first - 1] == begin:
            first -= 1
            begin = self.begins[first]
        if last < len(self.begins) and self.begins[last] == end:
            end = self.ends[last]
            last += 1
        self.begins[first:last] = [begin]
        self.ends[first:last] = [end]
