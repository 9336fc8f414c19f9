"""The plan of a graph: an order of its nodes and the place of every value, for any backend to bind and run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from importlib import import_module
from typing import Any

from graphnn.ir.attrs import Constant
from graphnn.ir.graph import Graph
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.plan.aliasing import find_homes, overwritable
from graphnn.plan.assemble import assemble
from graphnn.plan.formats import channels_last_values
from graphnn.plan.layout import find_layouts
from graphnn.plan.liveness import live_bytes, timeline
from graphnn.plan.phases import needed_nodes, split
from graphnn.plan.places import NUMBER, Copy, PlannedBuffer, Slot
from graphnn.plan.schedule import schedule
from graphnn.plan.steps import aligned, number_steps
from graphnn.plan.target import NUMPY, Target


@dataclass(frozen=True, eq=False)
class Plan:
    """Immutable: what a run changes lies in the arena and the state, which are no part of it.

    A run copies the graph's inputs to their slots (or reads them elsewhere, where that is the same to it), runs the nodes
    of `order` (the steps in `views` only name memory), copies the outputs out, and then performs `copies` one after
    another. With a `barrier`, the outputs in `early` are copied out before that step, then the early copies are
    performed, and then the inputs in `late` are copied in. The params in `early_updates` have their new values by then.
    An input or a result that nothing reads has no slot; a kernel makes no output that has none.
    """

    graph: Graph
    order: tuple[Node, ...]
    slots: Mapping[Value, Slot]
    scratch: tuple[tuple[Slot, ...], ...]
    views: frozenset[int]
    copies: tuple[Copy, ...]
    buffers: tuple[PlannedBuffer, ...]
    state_slots: tuple[str, ...]
    constants: tuple[Constant, ...]
    arena_bytes: int
    lower_bound_bytes: int
    sum_bytes: int
    target: Target
    barrier: int | None = None
    early: frozenset[Value] = frozenset()
    early_updates: frozenset[Value] = frozenset()
    late: frozenset[Value] = frozenset()

    def slot(self, value: Value) -> Slot:
        """The slot of any value, of literals too; KeyError for a value that nothing reads."""
        if value.kind == LITERAL:
            return Slot(NUMBER, 0, (), (), value.type.dtype.numpy, number=value.literal)
        return self.slots[value]

    def owner(self, value: Value) -> Value:
        """The value whose memory this one names: itself, unless a view made it."""
        while value in self._viewed:
            value = self._viewed[value]
        return value

    @cached_property
    def _viewed(self) -> dict[Value, Value]:
        nodes = (self.order[i] for i in self.views)
        return {n.outputs[0]: n.inputs[0] for n in nodes if n.inputs[0] is not None}

    @cached_property
    def live_bytes(self) -> tuple[int, ...]:
        """The bytes of the arena in use during each step, rounded up to the alignment."""
        rounded = ((b.start, b.stop, aligned(b.size, self.target.alignment)) for b in self.buffers)
        return tuple(live_bytes(rounded, len(self.order)))

    @property
    def peak_step(self) -> int:
        """The first step at which most bytes are in use; 0 where there is no step."""
        return self.live_bytes.index(max(self.live_bytes)) if self.live_bytes else 0

    def live_at(self, step: int) -> Iterator[PlannedBuffer]:
        """The buffers in use during a step."""
        return (b for b in self.buffers if b.start <= step < b.stop)

    def __str__(self) -> str:
        from graphnn.plan.report import format_plan

        return format_plan(self)

    def _repr_svg_(self) -> str:
        """What notebooks show. The drawing lies above this, and is found when one asks."""
        return str(import_module("graphnn.tools.drawing.notebook").plan_svg(self))

    def __repr__(self) -> str:
        return f"<Plan of {self.graph.name}: {len(self.order)} steps, {self.arena_bytes} bytes>"

    def __reduce__(self) -> tuple[Any, ...]:
        places: dict[Value, int] = {v: i for i, v in enumerate(self.graph.values())}
        steps: dict[Node, int] = {n: i for i, n in enumerate(self.graph.nodes)}
        state = {f.name: getattr(self, f.name) for f in fields(self)}
        state["order"] = [steps[n] for n in self.order]
        state["slots"] = [(places[v], s) for v, s in self.slots.items()]
        for name in ("early", "early_updates", "late"):
            state[name] = [places[v] for v in state[name]]
        return _rebuild, (state,)


def _rebuild(state: dict[str, Any]) -> Plan:
    values, nodes = list(state["graph"].values()), list(state["graph"].nodes)
    state["order"] = tuple(nodes[i] for i in state["order"])
    state["slots"] = {values[i]: slot for i, slot in state["slots"]}
    for name in ("early", "early_updates", "late"):
        state[name] = frozenset(values[i] for i in state[name])
    return Plan(**state)


def make_plan(
    graph: Graph,
    target: Target = NUMPY,
    *,
    phase_one_outputs: Iterable[Value] | None = None,
    late_inputs: Collection[Value] | None = None,
) -> Plan:
    """Orders the graph's nodes and gives every value its place; the graph must not be changed as long as the plan
    is used.

    `phase_one_outputs` (outputs, and new values of state) asks for two phases: all that these values need runs
    first, then comes the barrier, then the rest. `late_inputs` are given only at the barrier: those that phase one
    does not read, unless listed.
    """
    nodes = needed_nodes(graph)
    phases = None if phase_one_outputs is None else split(graph, nodes, phase_one_outputs, late_inputs)
    formats = channels_last_values(graph.nodes) if target.channels_last else ()
    layouts = find_layouts(graph, graph.nodes, target.views, formats)
    over = overwritable(nodes, layouts) if target.inplace else {}
    order = schedule(number_steps(graph, nodes, layouts, over, target, phases))
    line = timeline(graph, order, phases)
    early = frozenset() if phases is None else phases.values
    made = assemble(line, layouts, find_homes(line, layouts, over, target.every_result), target)
    return Plan(
        graph=graph,
        order=tuple(order),
        views=frozenset(i for i, n in enumerate(order) if n.outputs and layouts[n.outputs[0]].base is not n.outputs[0]),
        state_slots=tuple(p.attrs["name"] for p in graph.params),
        target=target,
        barrier=line.barrier,
        early=frozenset(v for v in graph.outputs if v in early and v.kind != LITERAL),
        early_updates=frozenset(p for p, v in graph.updates.items() if v in early and layouts.get(v) != layouts[p]),
        late=frozenset() if phases is None else phases.late,
        **made._asdict(),
    )
