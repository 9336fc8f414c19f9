"""Search for offsets within a given arena, in canonical form: bottom-left placements by increasing offset.

Whoever has a solution can push every buffer down and sort by offset. So nothing is lost by placing each buffer at the
lowest offset open to it (`Part.table[LOW]`), never below the one placed before, and by passing over a buffer only for
one that begins below its end. A branch ends where the load still to come at some moment does not fit. Where the
unplaced buffers fall apart in time, each piece is searched on its own: it fails or fits whatever its peers do (compare
M. D. Moffitt, MiniMalloc, ASPLOS 2023).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphnn.plan.part import ID, LOW, Part

NO_PARENT = -1


@dataclass(slots=True)
class Budget:
    """Placements that may still be tried: a count, never a clock, so that a plan is the same on every machine."""

    nodes: int


@dataclass(frozen=True, slots=True)
class _Todo:
    """A stack of pieces to search; `parent` is the frame whose choice made the piece."""

    part: Part
    parent: int
    rest: _Todo | None


@dataclass(frozen=True, slots=True)
class _Frame:
    """A point of choice: the piece, where to go on when a choice works, where to go back when none does."""

    todo: _Todo
    choices: Iterator[int]


@dataclass(slots=True)
class _Search:
    target: int
    budget: Budget
    offsets: dict[int, int] = field(default_factory=dict)
    frames: list[_Frame] = field(default_factory=list)

    def run(self, root: Part) -> bool:
        todo = self._push(root, NO_PARENT, None)
        while todo is not None:
            self.frames.append(_Frame(todo, todo.part.choices()))
            child = self._next_child()
            if child is None:
                return False
            todo = self._push(child, len(self.frames) - 1, self.frames[-1].todo.rest)
        return True

    def _push(self, part: Part, parent: int, rest: _Todo | None) -> _Todo | None:
        for piece in part.split():
            rest = _Todo(piece, parent, rest)
        return rest

    def _next_child(self) -> Part | None:
        """Place one buffer more. Where a piece has no choice left, go back to the choice that made it."""
        while self.frames:
            frame = self.frames[-1]
            for column in frame.choices:
                if not self.budget.nodes:
                    return None
                self.budget.nodes -= 1
                child = frame.todo.part.place(column, self.target)
                if child is not None:
                    table = frame.todo.part.table
                    self.offsets[int(table[ID, column])] = int(table[LOW, column])
                    return child
            del self.frames[frame.todo.parent + 1 :]
        return None


def search(root: Part, target: int, budget: Budget) -> dict[int, int] | None:
    """Offsets by buffer index, with every top at or below `target`; None if the budget is spent, or some is left and
    so it is proved that there are none."""
    attempt = _Search(target, budget)
    return attempt.offsets if attempt.run(root) else None
