"""State that a forward part updates while the backward part still wants its old value: the forward keeps a copy."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait, lookup
from graphnn.ir.value import PARAM, Node, Value
from graphnn.plan.phases import closure


def keep_old_values(graph: Graph, first: Sequence[Value]) -> list[Value]:
    """Puts copies of updated params, made by the forward part (what `first` depends on), where other nodes read the old
    values, also through views; the copies."""
    early, updated = closure(first), graph.updates
    copies: dict[Value, Value] = {}
    for node in list(graph.nodes):
        if node in early:
            continue
        for value in dict.fromkeys(node.operands):
            root = _root(value)
            if root in updated and (value.kind == PARAM or value.producer in early):
                node.replace_input(value, _seen_again(graph, value, root, copies))
    return list(copies.values())


def _root(value: Value) -> Value:
    """The value that a chain of views begins at."""
    while value.producer is not None and Trait.VIEW in value.producer.op.traits:
        value = value.producer.operands[0]
    return value


def _seen_again(graph: Graph, value: Value, root: Value, copies: dict[Value, Value]) -> Value:
    """`value`, a view of `root`, as the same view of a copy of `root`."""
    start = graph.nodes.first
    assert start is not None
    if root not in copies:
        copies[root] = graph.insert_before(start, lookup("copy"), [root]).output
    steps: list[Node] = []
    while value is not root:
        assert value.producer is not None
        steps.append(value.producer)
        value = value.producer.operands[0]
    seen = copies[root]
    place = seen.producer.next if seen.producer is not None else None
    for step in reversed(steps):
        assert place is not None
        seen = graph.insert_before(place, step.op, [seen], step.attrs).output
    return seen
