"""What depends on state alone, of such as a graph does not write."""

from __future__ import annotations

from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, Value


def static_values(graph: Graph) -> set[Value | None]:
    """The values that stay the same from run to run as long as nobody else writes the state: work for the prologue."""
    updated = graph.updates
    static: set[Value | None] = {p for p in graph.params if p not in updated}
    for node in graph.nodes:
        if Trait.EFFECT not in node.op.traits and all(v in static or v.kind == LITERAL for v in node.operands):
            static.update(node.outputs)
    return static
