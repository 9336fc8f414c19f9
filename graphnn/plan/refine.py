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

NODES_PER_BUFFER = 100
"""Placements tried at most for each buffer, at effort 1; for a hundred buffers a few tenths of a second."""

COLUMNS = 20_000_000
"""Limits placements times buffers: one placement touches a column for every buffer left."""

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
    refinement = _Refinement(buffers, offsets, lower_bound, effort)
    refinement.climb()
    if refinement.arena_bytes > refinement.lower_bound * GOOD_ENOUGH:
        refinement.shuffle()
    return refinement.offsets


class _Refinement:
    """The best offsets so far, the work left, and the lower bound: raised where the search proves that nothing fits."""

    def __init__(self, buffers: Sequence[Buffer], offsets: list[int], lower_bound: int, effort: int) -> None:
        count = len(buffers)
        self.lower_bound = lower_bound
        self.sizes = [buffer.aligned_size for buffer in buffers]
        self.root = whole(buffers)
        self.preferences = _preferences(self.root)
        self.nodes_left = effort * max(2 * (count + SLACK), min(NODES_PER_BUFFER * count, COLUMNS // count))
        self._keep(offsets)

    def _keep(self, offsets: list[int]) -> None:
        self.offsets = offsets
        self.arena_bytes = max(offset + size for offset, size in zip(offsets, self.sizes, strict=True))

    def climb(self) -> None:
        """Try small arenas before large ones, until one works or they are no better than what is known."""
        for target in [int(self.lower_bound * factor) for factor in TARGETS]:
            for preference in self.preferences:
                if target >= self.arena_bytes:
                    return
                if target >= self.lower_bound:
                    self._dive(target, preference)

    def shuffle(self) -> None:
        """Ask again and again for an eighth less of what is above the lower bound, in orders never tried before."""
        orders = _shuffled(self.preferences)
        while self.nodes_left and self.arena_bytes > self.lower_bound:
            excess = self.arena_bytes - self.lower_bound
            self._dive(self.arena_bytes - -(-excess // 8), next(orders))

    def _dive(self, target: int, preference: Preference) -> None:
        attempt = min(len(self.sizes) + SLACK, self.nodes_left)
        budget = Budget(attempt)
        found = search(self.root.ranked(preference), target, budget)
        self.nodes_left -= attempt - budget.nodes
        if found is not None:
            self._keep([found[index] for index in range(len(self.sizes))])
        elif budget.nodes:
            self.lower_bound = target + 1


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
