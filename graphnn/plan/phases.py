"""A plan in two phases that share one arena: a forward, a barrier at which the caller takes over, and a backward."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from graphnn.errors import PlanError
from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import Node, Value


@dataclass(frozen=True)
class Phases:
    """`nodes` run before the barrier; `values` (outputs, new values of state) leave the plan at the barrier; `late`
    graph inputs (gradient seeds) come in at the barrier. All other inputs come in before the first step."""

    nodes: frozenset[Node]
    values: frozenset[Value]
    late: frozenset[Value]


def needed_nodes(graph: Graph) -> list[Node]:
    """The nodes that have to run, in the graph's order: what outputs, updates and effects are made of, constants
    left out."""
    needed = closure([*graph.terminator.operands], (n for n in graph.nodes if Trait.EFFECT in n.op.traits))
    return [node for node in graph.nodes if node in needed and not is_constant(node)]


def is_constant(node: Node) -> bool:
    """Whether the node is an array in the graph, which is bound and never run."""
    return node.op.name == "constant"


def closure(values: Iterable[Value], nodes: Iterable[Node] = ()) -> set[Node]:
    """The nodes that the values are made by, those nodes, and all that these depend on."""
    todo = [*nodes, *(v.producer for v in values if v.producer is not None)]
    found: set[Node] = set()
    while todo:
        node = todo.pop()
        if node in found:
            continue
        found.add(node)
        todo.extend(v.producer for v in node.operands if v.producer is not None)
    return found


def split(
    graph: Graph, nodes: Iterable[Node], phase_one: Iterable[Value], late_inputs: Collection[Value] | None = None
) -> Phases:
    """The phases in which `phase_one` leaves the plan first. Inputs are late when phase one does not read them,
    unless given."""
    nodes, values = list(nodes), frozenset(phase_one)
    first = closure(values)
    first |= closure((), _effects_between(nodes, first))
    read = {v for node in first for v in node.operands} | values
    if late_inputs is None:
        late_inputs = [v for v in graph.inputs if v not in read]
    for value in late_inputs:
        if value in read:
            raise PlanError(
                f"%{value.name} comes in after the barrier, but phase one reads it; take it in from the start"
            )
    return Phases(frozenset(first), values, frozenset(late_inputs))


def _effects_between(nodes: list[Node], first: set[Node]) -> list[Node]:
    """Effects keep their order: those that stand before the last node of phase one belong to it."""
    last = max((i for i, node in enumerate(nodes) if node in first), default=-1)
    return [node for node in nodes[: last + 1] if Trait.EFFECT in node.op.traits]
