"""A graph in numbers: what scheduling has to know of it, so that an order can be tried in a millisecond.

Steps are numbered in the graph's order, and so are the pieces of memory ("bases") that they read and make. Between
two phases stands a step of its own, the barrier, which reads what phase one hands out and makes the inputs that
come in late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, PARAM, Node, Value
from graphnn.plan.aliasing import Overwritable, in_place_updates
from graphnn.plan.layout import Layouts
from graphnn.plan.liveness import written
from graphnn.plan.phases import Phases
from graphnn.plan.target import Target

Group = tuple[int, ...]


@dataclass(slots=True)
class Steps:
    """One entry a step: its `nodes` (None: the barrier), the steps it has to come `after`, the bases it `reads`,
    `makes` (its first result first) and could write that result `over`, and the bytes of `scratch`. One entry a
    base: its bytes in the arena (`size`, 0 outside), the steps that read it (`readers`), and how often it is read
    at the end (`held`). `targets`: base -> the base of the param whose new value it is. `inputs` are live
    from the start, `outputs` to the end."""

    nodes: list[Node | None] = field(default_factory=list)
    after: list[set[int]] = field(default_factory=list)
    reads: list[Group] = field(default_factory=list)
    makes: list[Group] = field(default_factory=list)
    over: list[Group] = field(default_factory=list)
    scratch: list[int] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    readers: list[list[int]] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    targets: dict[int, int] = field(default_factory=dict)
    inputs: list[int] = field(default_factory=list)
    outputs: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.nodes)


def number_steps(
    graph: Graph,
    nodes: Sequence[Node],
    layouts: Layouts,
    over: Overwritable,
    target: Target,
    phases: Phases | None = None,
) -> Steps:
    return _Numbering(graph, layouts, over, target, phases).run(nodes)


class _Numbering:
    def __init__(
        self, graph: Graph, layouts: Layouts, over: Overwritable, target: Target, phases: Phases | None
    ) -> None:
        self.graph = graph
        self.layouts = layouts
        self.over = over
        self.target = target
        self.phases = phases
        self.steps = Steps()
        self.base_of: dict[Value, int] = {}
        self.step_of: dict[Node, int] = {}
        self.effect = -1
        self.checks: set[int] = set()
        self.state: set[int] = set()

    def run(self, nodes: Sequence[Node]) -> Steps:
        late = self.phases.late if self.phases else frozenset()
        self.steps.inputs = [self._base(v) for v in self.graph.inputs if v not in late]
        self.state = {self._base(param) for param in self.graph.params}
        if self.phases is None:
            self._add_nodes(nodes)
        else:
            self._add_phases(nodes, self.phases)
        self._hold()
        self._aim()
        return self.steps

    def _add_phases(self, nodes: Sequence[Node], phases: Phases) -> None:
        first = [n for n in nodes if n in phases.nodes]
        self._add_nodes(first)
        barrier = len(self.steps)
        outputs = [v for v in self.graph.outputs if v in phases.values and v.kind != LITERAL]
        reads = self._known([self.layouts[v].base for v in outputs])
        self._add(None, set(range(barrier)), reads, tuple(self._base(v) for v in phases.late), (), 0)
        self._add_nodes([n for n in nodes if n not in phases.nodes])
        for step in range(barrier + 1, len(self.steps)):
            self.steps.after[step].add(barrier)

    def _add_nodes(self, nodes: Sequence[Node]) -> None:
        alignment = self.target.alignment
        for node in nodes:
            self.step_of[node] = step = len(self.steps)
            values = [v for v in node.inputs if v is not None and v.kind != LITERAL]
            after = {self.step_of[v.producer] for v in values if v.producer in self.step_of}
            if Trait.EFFECT in node.op.traits:
                after |= {self.effect} - {-1}
                self.effect = step
            over = self._known(self.over.get(node, ()))
            if any(base in self.state for base in over):
                after |= self.checks  # a run that is refused leaves the state as it was
            if Trait.CHECKS in node.op.traits:
                self.checks.add(step)
            scratch = sum(aligned(t.nbytes, alignment) for t in self.target.scratch(node))
            reads = self._known([self.layouts[v].base for v in values])
            makes = tuple(map(self._base, written(node, self.layouts)))
            self._add(node, after, reads, makes, over, scratch)

    def _add(self, node: Node | None, after: set[int], reads: Group, makes: Group, over: Group, scratch: int) -> None:
        steps = self.steps
        for base in reads:
            steps.readers[base].append(len(steps))
        steps.nodes.append(node)
        steps.after.append(after)
        steps.reads.append(reads)
        steps.makes.append(makes)
        steps.over.append(over)
        steps.scratch.append(scratch)

    def _base(self, value: Value) -> int:
        """The number of a value that owns memory."""
        steps = self.steps
        self.base_of[value] = number = len(steps.size)
        steps.size.append(0 if value.kind == PARAM else aligned(value.type.nbytes, self.target.alignment))
        steps.readers.append([])
        steps.held.append(0)
        return number

    def _known(self, bases: Sequence[Value]) -> Group:
        """The numbers of the bases, each once; constants have none."""
        return tuple(dict.fromkeys(self.base_of[b] for b in bases if b in self.base_of))

    def _hold(self) -> None:
        """Outputs that leave at the end are never given up."""
        early = self.phases.values if self.phases else frozenset()
        for value in self.graph.outputs:
            if value.kind != LITERAL and value not in early:
                for base in self._known([self.layouts[value].base]):
                    self.steps.held[base] += 1
                    self.steps.outputs.add(base)

    def _aim(self) -> None:
        """New values of state are never given up, and come after all readings of the old ones where order allows."""
        steps, targets = self.steps, in_place_updates(self.graph.updates, self.layouts)
        for param, value in self.graph.updates.items():
            if value.kind == LITERAL:
                continue
            base = self.layouts[value].base
            number, old = self.base_of.get(base), self.base_of[param]
            if number is None:
                continue
            steps.held[number] += base is not param
            producer = self.step_of.get(base.producer) if base.producer is not None else None
            if targets.get(base) is not param or producer is None or steps.held[old]:
                continue
            readers = [s for s in steps.readers[old] if s != producer]
            if all(s < producer for s in readers):
                steps.targets[number] = old
                steps.after[producer].update(readers)


def aligned(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment
