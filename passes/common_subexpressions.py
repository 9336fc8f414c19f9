"""Computing the same thing once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass

from graphnn.ir.graph import Graph
from graphnn.ir.origin import merge
from graphnn.ir.registry import Trait
from graphnn.ir.value import Node
from graphnn.rewrite.pass_ import Pass


@dataclass(frozen=True)
class CommonSubexpressions(Pass):
    """%1 = exp(%x), %2 = exp(%x) -> %1 = exp(%x), which the users of %2 take. Bit-exact.

    Two nodes are the same when their ops, operands and attrs are; operands of ops that commute may be swapped. Random
    ops are functions of their state and offset, so equal ones give equal numbers. Ops with an effect are never merged.
    """

    name = "common-subexpressions"

    def apply(self, graph: Graph) -> bool:
        first: dict[Hashable, Node] = {}
        merged: defaultdict[Node, list[Node]] = defaultdict(list)
        for node in graph.nodes:
            if Trait.EFFECT in node.op.traits:
                continue
            earlier = first.setdefault(_fingerprint(node), node)
            if earlier is not node:
                merged[earlier].append(node)
                _merge(graph, node, earlier)
        for node, copies in merged.items():
            node.origins = merge(node.origins, *(copy.origins for copy in copies))
        return bool(merged)


def _fingerprint(node: Node) -> Hashable:
    if Trait.COMMUTATIVE not in node.op.traits:
        return node.fingerprint
    a, b, *rest = node.inputs
    return node.op, frozenset((a, b)), tuple(rest), node.attrs


def _merge(graph: Graph, node: Node, earlier: Node) -> None:
    for old, new in zip(node.outputs, earlier.outputs, strict=True):
        graph.replace_all_uses(old, new)
    graph.erase(node)
