"""Checks a solution of the memory problem, knowing nothing of how it was found."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from graphnn.errors import PlanError
from graphnn.plan.problem import Buffer, Problem, Solution

Placed = tuple[int, int, Buffer]
"""Begin and end in the arena (half-open, in bytes), and the buffer there."""


def validate(problem: Problem, solution: Solution) -> None:
    """Raise PlanError unless every buffer lies inside the arena, aligned, and apart from all that live with it."""
    if len(solution.offsets) != len(problem.buffers):
        raise PlanError(f"solution has {len(solution.offsets)} offsets, wanted {len(problem.buffers)}, one a buffer")
    placed = [
        (offset, offset + buffer.size, buffer) for offset, buffer in zip(solution.offsets, problem.buffers, strict=True)
    ]
    for item in placed:
        _check_range(item, solution.arena_bytes)
    _check_apart([item for item in placed if item[2].size])


def _check_range(item: Placed, arena_bytes: int) -> None:
    begin, end, buffer = item
    if begin < 0:
        raise PlanError(f"{_describe(item)}: offset is negative")
    if begin % buffer.alignment:
        raise PlanError(f"{_describe(item)}: offset {begin} is not a multiple of its alignment {buffer.alignment}")
    if end > arena_bytes:
        raise PlanError(f"{_describe(item)}: ends past the arena of {arena_bytes} bytes")


def _check_apart(placed: list[Placed]) -> None:
    """Walk through time, keeping what is live sorted by address: a newcomer can only hit one of its two neighbours."""
    live: list[tuple[int, int]] = []
    for _, arrives, index in _events(placed):
        begin = placed[index][0]
        at = bisect_left(live, (begin, index))
        if not arrives:
            del live[at]
            continue
        for _, other in live[max(at - 1, 0) : at + 1]:
            _check_pair(placed[other], placed[index])
        insort(live, (begin, index))


def _events(placed: list[Placed]) -> Iterator[tuple[int, bool, int]]:
    """(step, arrives, index into placed), in time; what ends at a step leaves before what starts there arrives."""
    starts = [(item[2].start, True, index) for index, item in enumerate(placed)]
    stops = [(item[2].stop, False, index) for index, item in enumerate(placed)]
    return iter(sorted(starts + stops))


def _check_pair(first: Placed, second: Placed) -> None:
    if first[0] < second[1] and second[0] < first[1]:
        raise PlanError(f"buffers share memory while both are live: {_describe(first)} and {_describe(second)}")


def _describe(item: Placed) -> str:
    begin, end, buffer = item
    return f"{buffer.name!r} (live in {buffer.lifetime}, at bytes [{begin}, {end}))"
