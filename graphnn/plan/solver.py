"""Solves the memory problem: cheap orders, then the search, until the lower bound is reached or the work spent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphnn.plan.greedy import by_area, by_size, neighbours, place_in_order
from graphnn.plan.problem import Buffer, Problem, Solution
from graphnn.plan.refine import is_searchable, refine
from graphnn.plan.sweep import first_fit, first_fit_backward, two_ended

PAIRS_LIMIT = 20_000
"""Pairs of buffers that live together, up to which a greedy order costs less than one dive of the search."""


def solve(problem: Problem, *, effort: int = 1) -> Solution:
    """Offsets for every buffer in the smallest arena found; the same problem has the same solution everywhere.

    On ordinary graphs the arena is the lower bound. `effort` multiplies the work spent where that is not reached.
    """
    taking = [index for index, buffer in enumerate(problem.buffers) if buffer.size]
    buffers = [problem.buffers[index] for index in taking]
    offsets = [0] * len(problem.buffers)
    for index, offset in zip(taking, _place(buffers, problem.lower_bound, effort), strict=True):
        offsets[index] = offset
    return Solution(tuple(offsets), _arena_bytes(problem.buffers, offsets))


def _place(buffers: Sequence[Buffer], lower_bound: int, effort: int) -> list[int]:
    best: list[int] = []
    for offsets in _greedy(buffers, lower_bound):
        if not best or _arena_bytes(buffers, offsets) < _arena_bytes(buffers, best):
            best = offsets
        if _arena_bytes(buffers, best) <= lower_bound:
            return best
    return refine(buffers, best, lower_bound, effort)


def _greedy(buffers: Sequence[Buffer], lower_bound: int) -> Iterator[list[int]]:
    """Solutions, those first that cost little for how often they are best."""
    near = neighbours(buffers, PAIRS_LIMIT)
    if near is not None:
        yield place_in_order(buffers, by_size(buffers), near)
        yield place_in_order(buffers, by_area(buffers), near)
    squeezed = two_ended(buffers, lower_bound)
    if squeezed is not None:
        yield squeezed
    yield first_fit(buffers)
    if not is_searchable(buffers):
        yield first_fit_backward(buffers)


def _arena_bytes(buffers: Sequence[Buffer], offsets: Sequence[int]) -> int:
    return max((offset + buffer.aligned_size for buffer, offset in zip(buffers, offsets, strict=True)), default=0)
