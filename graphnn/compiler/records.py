"""What users see of a plan: why it was made, what it assumes, how much memory it takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.compiler.entry import Entry
from graphnn.ir.graph import Graph
from graphnn.plan.plan import Plan
from graphnn.rewrite.report import PipelineReport
from graphnn.tracing.trees import flatten


class PlanRecord:
    """One plan of a compiled function."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    @property
    def plan(self) -> Plan:
        return self._entry.program.plan

    @property
    def graph(self) -> Graph:
        """The graph after all passes, its prologue taken out."""
        return self.plan.graph

    @property
    def passes(self) -> PipelineReport:
        """What each pass did: time, nodes before and after; prints as a table."""
        return self._entry.prepared.passes

    @property
    def kept(self) -> bool:
        """Whether plan and code were found in the cache, made by an earlier compilation, mostly in another process."""
        return self._entry.prepared.kept

    @property
    def source(self) -> str:
        """The generated C; BackendError for a backend that generates none."""
        return self._entry.program.backend.source(self.plan)

    @property
    def backend(self) -> str:
        """The name of the backend that runs it."""
        return self._entry.program.backend.name

    @property
    def reason(self) -> str:
        """Why the plan was made: "first call", or what was new."""
        return self._entry.reason

    @property
    def assumptions(self) -> tuple[str, ...]:
        """The Python values that were baked in; a call with others makes another plan."""
        return tuple(str(g) for g in self._entry.guards)

    @property
    def arena_bytes(self) -> int:
        return self.plan.arena_bytes

    @property
    def own_bytes(self) -> int:
        """What the threads of a run have beside the arena, for results that only some samples need at a time."""
        return self._entry.program.backend.own_bytes(self.plan)

    @property
    def lower_bound_bytes(self) -> int:
        """The most bytes that are alive at any one step: no arena can be smaller."""
        return self.plan.lower_bound_bytes

    @property
    def sum_bytes(self) -> int:
        """What all buffers would take without sharing memory."""
        return self.plan.sum_bytes

    @property
    def buffers(self) -> Any:
        """(name, offset, size, start, stop) of each buffer; alive in the steps start <= step < stop."""
        return self.plan.buffers

    @property
    def prologue(self) -> Graph | None:
        """What depends on unchanged parameters alone, and is computed ahead."""
        return self._entry.program.prologue.graph

    @property
    def prologue_runs(self) -> int:
        """How often the prologue has run."""
        return self._entry.program.prologue.runs

    def step_nanoseconds(self, *args: Any, runs: int = 20, **kwargs: Any) -> list[float]:
        """The least time of each step of `plan.order` over some runs on these arguments, 0 for views. Works on copies of the
        state; the gradients that a backward part is given are ones."""
        entry, plan = self._entry, self.plan
        leaves: list[Any] = []
        flatten((args, kwargs), leaves)
        seeds = [np.ones(v.type.shape, v.type.dtype.numpy) for v in plan.graph.inputs if v in plan.late]
        program = entry.program
        return program.backend.step_nanoseconds(plan, program.state(), [*entry.inputs(leaves), *seeds], runs)

    def __str__(self) -> str:
        origin = "; found in the cache" if self.kept else ""
        return f"made because: {self.reason}{origin}\n{self.plan}"

    def _repr_svg_(self) -> str:
        return self.plan._repr_svg_()

    def __repr__(self) -> str:
        return f"<plan: {self.reason}; arena {self.arena_bytes} bytes, {len(self.plan.order)} steps>"
