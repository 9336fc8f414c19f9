"""Storage: the memory that tensors are views of, and the counts of its writes."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np


class Changes:
    """`count` moves with every write to a storage that is observed, and when an array of one is handed out, through which
    writes cannot be seen."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


changes = Changes()


class Storage:
    """One block of memory. Views share it; every write through any of them is counted here.

    `array`    the whole block (while tracing a block that is made in the trace: a placeholder that nobody reads)
    `writes`   all writes ever, `.data` and compiled runs included: what prologues go by
    `version`  autograd's count (`.data` does not raise it, as in PyTorch)
    `history`  how often an in-place operation has changed the autograd history of the block
    `lock`     held by compiled runs that write the block
    `trace`    the trace it was made in; None for real memory
    `observed` whether something is kept that was computed from it, and good as long as `changes.count` stands
    """

    array: np.ndarray
    trace: Any = None
    foreign = False
    writes = 0
    version = 0
    history = 0
    lock: Any = None
    observed = False
    _exports: list[weakref.ref[np.ndarray]] | None = None  # defaults stand here, since most blocks keep them

    def __init__(self, array: np.ndarray, trace: Any = None, foreign: bool = False) -> None:
        self.array = array
        if trace is not None:
            self.trace = trace
        if foreign:
            self.foreign = foreign

    def wrote(self) -> None:
        """Counts a write that autograd sees too."""
        self.version += 1
        self.wrote_unseen()

    def wrote_unseen(self) -> None:
        """Counts a write that autograd does not see."""
        self.writes += 1
        if self.observed:
            changes.count += 1

    def export(self, array: np.ndarray) -> np.ndarray:
        """A view for users to keep; while it lives, writes through it cannot be seen."""
        handed = np.asarray(_Export(array))
        self._exports = [ref for ref in self._exports or () if ref() is not None]
        self._exports.append(weakref.ref(handed))
        if self.observed:
            changes.count += 1
        return handed

    @property
    def watched(self) -> bool:
        """False while somebody outside can write to the memory without being counted."""
        return not (self.foreign or (self._exports is not None and any(ref() is not None for ref in self._exports)))


class _Export:
    """Stands between a storage's array and the arrays handed out, so that views of those keep the handed one alive."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.__array_interface__ = array.__array_interface__
