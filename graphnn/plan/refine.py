"""Betters a greedy solution: dives of the search from the lower bound upwards, then restarts in shuffled orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from graphnn.plan.part import SIZE, START, STOP, Part, whole
from graphnn.plan.problem import Buffer
from graphnn.plan.search import Budget, search

TARGETS = (1.0, 1.01, 1.02, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.7, 2.0)
"""Arenas to try, in lower bounds."""

GOOD_ENOUGH = 1.02
"""In lower bounds: where the restarts, which take far longer than all before them, are not worth it."""

NODES = 20_000
"""Placements tried at most, at effort 1; about half a second."""

COLUMNS = 20_000_000
"""The same for large problems, where one placement touches a column for every buffer left."""

SLACK = 100
"""Placements that one dive may take back."""

Preference = NDArray[np.float64]


def is_searchable(buffers: Sequence[Buffer]) -> bool:
    """Whether a dive through all buffers is within reach."""
    return len(buffers) ** 2 <= 2 * COLUMNS


def refine(buffers: Sequence[Buffer], offsets: list[int], lower_bound: int, effort: int) -> list[int]:
    """Offsets at least as good as those given."""
    if not is_searchable(buffers):
        return offsets
    refinement = _Refinement(buffers, offsets, effort)
    refinement.climb(lower_bound)
    if refinement.arena_bytes > lower_bound * GOOD_ENOUGH:
        refinement.shuffle(lower_bound)
    return refinement.offsets


class _Refinement:
    def __init__(self, buffers: Sequence[Buffer], offsets: list[int], effort: int) -> None:
        self.sizes = [buffer.aligned_size for buffer in buffers]
        self.root = whole(buffers)
        self.preferences = _preferences(self.root)
        self.nodes_left = effort * max(2 * (len(buffers) + SLACK), min(NODES, COLUMNS // len(buffers)))
        self._keep(offsets)

    def _keep(self, offsets: list[int]) -> None:
        self.offsets = offsets
        self.arena_bytes = max(offset + size for offset, size in zip(offsets, self.sizes, strict=True))

    def climb(self, lower_bound: int) -> None:
        """Try small arenas before large ones, until one works or they are no better than what is known."""
        for factor in TARGETS:
            target = int(lower_bound * factor)
            if target >= self.arena_bytes or any(self._dive(target, preference) for preference in self.preferences):
                return

    def shuffle(self, lower_bound: int) -> None:
        """Ask again and again for an eighth less of what is above the lower bound, in orders never tried before."""
        orders = _shuffled(self.preferences)
        while self.nodes_left and self.arena_bytes > lower_bound:
            self._dive(self.arena_bytes - -(-(self.arena_bytes - lower_bound) // 8), next(orders))

    def _dive(self, target: int, preference: Preference) -> bool:
        attempt = min(len(self.sizes) + SLACK, self.nodes_left)
        budget = Budget(attempt)
        found = search(self.root.ranked(preference), target, budget)
        self.nodes_left -= attempt - budget.nodes
        if found is None:
            return False
        self._keep([found[index] for index in range(len(self.sizes))])
        return True


def _preferences(root: Part) -> list[Preference]:
    """Columns to place early: of large area (size times lifetime), large, alive when most is, long among much."""
    start, stop, size = root.table[START], root.table[STOP], root.table[SIZE].astype(np.float64)
    loads = [root.load[begin:end] for begin, end in zip(start, stop, strict=True)]
    fullest = np.array([load.max() for load in loads], np.float64)
    lifetime = (stop - start) / (len(start) + 1)
    return [-size * lifetime, -size, -fullest - lifetime, -np.array([load.sum() for load in loads], np.float64)]


def _shuffled(preferences: Sequence[Preference]) -> Iterator[Preference]:
    """The preferences with noise, for ever: seeded, and by multiplication alone, which every machine rounds alike."""
    generator = np.random.default_rng(0)
    while True:
        for preference in preferences:
            yield preference * generator.uniform(0.6, 1.6, len(preference))
