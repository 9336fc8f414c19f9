"""The memory problem: buffers with sizes and lifetimes, to be laid into one arena.

Nothing here knows of graphs. Time is counted in steps, memory in bytes, and every interval is half-open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from graphnn.errors import PlanError

DEFAULT_ALIGNMENT = 64


@dataclass(frozen=True, slots=True)
class Buffer:
    """`size` bytes, needed during the steps `start <= step < stop`, at an offset that is a multiple of `alignment`."""

    name: str
    size: int
    start: int
    stop: int
    alignment: int = DEFAULT_ALIGNMENT

    def __post_init__(self) -> None:
        if self.size < 0:
            raise PlanError(f"buffer {self.name!r}: size is {self.size}, wanted 0 bytes or more")
        if self.stop <= self.start:
            raise PlanError(
                f"buffer {self.name!r}: live in steps [{self.start}, {self.stop}), wanted start < stop; "
                "a buffer is live for at least the step that writes it"
            )
        if self.alignment < 1:
            raise PlanError(f"buffer {self.name!r}: alignment is {self.alignment}, wanted 1 or more")

    @property
    def aligned_size(self) -> int:
        """Size rounded up to the alignment: what the buffer takes from the arena."""
        return -(-self.size // self.alignment) * self.alignment

    @property
    def lifetime(self) -> str:
        return f"steps [{self.start}, {self.stop})"


@dataclass(frozen=True)
class Problem:
    """Buffers to place; the order carries no meaning, names need not differ."""

    buffers: tuple[Buffer, ...]

    def __init__(self, buffers: Iterable[Buffer]) -> None:
        object.__setattr__(self, "buffers", tuple(buffers))

    @cached_property
    def lower_bound(self) -> int:
        """Largest sum of aligned sizes live at one step: no arena can be smaller."""
        change: dict[int, int] = {}
        for buffer in self.buffers:
            change[buffer.start] = change.get(buffer.start, 0) + buffer.aligned_size
            change[buffer.stop] = change.get(buffer.stop, 0) - buffer.aligned_size
        live = peak = 0
        for step in sorted(change):
            live += change[step]
            peak = max(peak, live)
        return peak

    @cached_property
    def total_bytes(self) -> int:
        """Sum of all aligned sizes: the arena that shares nothing."""
        return sum(buffer.aligned_size for buffer in self.buffers)


@dataclass(frozen=True, slots=True)
class Solution:
    """`offsets[i]` is where `problem.buffers[i]` begins; the arena is `arena_bytes` long."""

    offsets: tuple[int, ...]
    arena_bytes: int
