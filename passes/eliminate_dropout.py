"""Dropout that drops nothing."""

from __future__ import annotations

from dataclasses import dataclass

from graphnn.ir.dtypes import bool as bool_
from graphnn.ir.graph import Graph
from graphnn.ir.registry import lookup
from graphnn.ir.value import Node
from graphnn.ops.dropout import dropout
from graphnn.rewrite.edit import substitute
from graphnn.rewrite.pass_ import Pass


@dataclass(frozen=True)
class EliminateDropout(Pass):
    """dropout(x){p=0} -> x, and its mask -> full(true). Bit-exact.

    With `evaluation`, whatever p is, where the mask has no user (no gradient is taken): that makes of a graph traced in
    training mode the one that evaluation mode gives, and so changes its numbers on purpose.
    """

    evaluation: bool = False

    name = "eliminate-dropout"

    def apply(self, graph: Graph) -> bool:
        found = [n for n in graph.nodes if n.op is dropout and (n.attrs["p"] == 0.0 or self._is_evaluation_of(n))]
        for node in found:
            _eliminate(graph, node)
        return bool(found)

    def _is_evaluation_of(self, node: Node) -> bool:
        return self.evaluation and not node.outputs[1].uses


def _eliminate(graph: Graph, node: Node) -> None:
    out, mask = node.outputs
    kept = None
    if mask.uses:
        with graph.before(node):
            kept = graph.append(lookup("full"), (), {"shape": mask.shape, "value": True, "dtype": bool_}).output
    substitute(graph, node, [node.inputs[0] if out.uses else None, kept])
