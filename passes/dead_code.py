"""Dropping what nothing uses."""

from __future__ import annotations

from dataclasses import dataclass

from graphnn.ir.graph import Graph
from graphnn.rewrite.edit import is_unused
from graphnn.rewrite.pass_ import Pass


@dataclass(frozen=True)
class DeadCode(Pass):
    """%1 = exp(%x), used by nothing -> no node. Ops with an effect stay. Bit-exact."""

    name = "dead-code"

    def apply(self, graph: Graph) -> bool:
        unused = 0
        for node in reversed(graph.nodes):
            if is_unused(node):
                graph.erase(node)
                unused += 1
        return unused > 0
