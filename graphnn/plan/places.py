"""The entries of a plan: where a value lies, what stands in the arena and when, what is copied into state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graphnn.ir.types import Shape

ARENA, STATE, CONSTANT, NUMBER = "arena", "state", "constant", "literal"


class Slot(NamedTuple):
    """Where a value lies. `offset` and `strides` are in bytes; `kind` is "arena", "state", "constant" or "literal",
    and `index` tells which of `plan.state_slots` or `plan.constants`. A literal has its number, and no place."""

    kind: str
    offset: int
    shape: Shape
    strides: Shape
    dtype: np.dtype
    index: int = 0  # type: ignore[assignment]
    number: bool | int | float | None = None


class PlannedBuffer(NamedTuple):
    """Bytes `[offset, offset + size)` of the arena, in use during the steps `start <= step < stop`."""

    name: str
    offset: int
    size: int
    start: int
    stop: int


class Copy(NamedTuple):
    """`source` is copied to `target` when the plan has run, or, if it is `early`, at the barrier. `param` names the
    state that is updated; it is "" where the target is only a place to wait in."""

    param: str
    source: Slot
    target: Slot
    early: bool
