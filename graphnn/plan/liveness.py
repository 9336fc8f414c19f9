"""When memory is needed: half-open intervals of steps, step `i` being the `i`-th node of an order.

Times of reading are numbers: a node reads at its step; what leaves the plan at a step (the end, or the barrier) is
copied out just before that step; new values of state are copied into place at that step, after everything before
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphnn.ir.graph import Graph
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.plan.layout import Layouts
from graphnn.plan.phases import Phases

COPIED_OUT, COPIED_INTO_STATE = -0.5, -0.25  # relative to the step before which it happens


@dataclass(frozen=True)
class Timeline:
    """A graph's nodes in order. Values leave the plan at the barrier (those of phase one) or at the end,
    `len(order)`."""

    graph: Graph
    order: Sequence[Node]
    phases: Phases | None = None
    barrier: int | None = None

    @property
    def end(self) -> int:
        """The step before which the run ends; it comes after the barrier even where phase two has no nodes."""
        return len(self.order) + (self.barrier == len(self.order))

    def is_early(self, value: Value) -> bool:
        """Whether an output or a new value of state leaves at the barrier."""
        return self.phases is not None and value in self.phases.values

    def leaves(self, value: Value) -> int:
        """The step before which an output or a new value of state is copied to where it belongs."""
        return self.barrier if self.barrier is not None and self.is_early(value) else self.end

    def enters(self, value: Value) -> int:
        """The step before which a graph input is copied in."""
        late = self.phases is not None and value in self.phases.late
        return self.barrier if late and self.barrier is not None else 0

    def same_phase(self, first: float, second: float) -> bool:
        return self.barrier is None or (first < self.barrier) == (second < self.barrier)


def timeline(graph: Graph, order: Sequence[Node], phases: Phases | None = None) -> Timeline:
    """The order with its barrier, the step at which phase two begins (None where there are no phases)."""
    if phases is None:
        return Timeline(graph, order)
    return Timeline(graph, order, phases, sum(node in phases.nodes for node in order))


Times = dict[Value, float]


def last_reads(line: Timeline, layouts: Layouts) -> Times:
    """For each value that owns memory, the time at which one of its elements is read last, by whatever name,
    leaving out the updates of state. A result that nothing reads is needed while its step runs."""
    last: Times = {}
    for step, node in enumerate(line.order):
        for value in node.inputs:
            if value is not None and value.kind != LITERAL:
                last[layouts[value].base] = step
        for value in written(node, layouts):
            last[value] = step
    for value in line.graph.outputs:
        if value.kind != LITERAL:
            read_at(last, layouts[value].base, line.leaves(value) + COPIED_OUT)
    return last


def read_at(last: Times, base: Value, time: float) -> None:
    last[base] = max(last.get(base, time), time)


def written(node: Node, layouts: Layouts) -> Sequence[Value]:
    """The results that need memory of their own: the first, and the others that are used; none of a view."""
    outputs = node.outputs
    if len(outputs) == 1:
        return outputs if layouts[outputs[0]].base is outputs[0] else ()
    return [v for v in outputs if v.index == 0 or v.uses]


def made_at(line: Timeline, layouts: Layouts) -> dict[Value, int]:
    """For each value that owns memory, the step that writes it first (the one it is copied in before, for inputs)."""
    made = {value: line.enters(value) for value in line.graph.inputs}
    for step, node in enumerate(line.order):
        made.update((value, step) for value in written(node, layouts))
    return made


def interval(made: int, last: float) -> tuple[int, int]:
    """The steps `[start, stop)` during which something written at step `made` and read last at time `last` is live."""
    return made, max(int(last - COPIED_INTO_STATE), made) + 1


def live_bytes(intervals: Iterable[tuple[int, int, int]], steps: int) -> list[int]:
    """The live bytes of each step, of buffers given as (start, stop, size)."""
    change = [0] * (steps + 2)
    for start, stop, size in intervals:
        change[start] += size
        change[min(stop, steps + 1)] -= size
    total, live = 0, []
    for step in range(steps):
        total += change[step]
        live.append(total)
    return live
