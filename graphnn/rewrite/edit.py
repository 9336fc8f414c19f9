"""Edits that passes share, on top of the graph's four mutators."""

from __future__ import annotations

from collections.abc import Iterable

from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import Node, Value


def is_unused(node: Node) -> bool:
    """Whether nothing uses a result of the node and it has no effect."""
    return not any(v.uses for v in node.outputs) and Trait.EFFECT not in node.op.traits


def erase_unused(graph: Graph, nodes: Iterable[Node]) -> list[Node]:
    """Erases those of the nodes that nothing uses, and what only they used; the nodes erased."""
    waiting = list(nodes)
    erased: list[Node] = []
    while waiting:
        node = waiting.pop()
        if node.graph is None or not is_unused(node):
            continue
        makers = [v.producer for v in node.operands if v.producer is not None]
        graph.erase(node)
        waiting += makers
        erased.append(node)
    return erased


def substitute(graph: Graph, node: Node, values: Iterable[Value | None]) -> list[Node]:
    """Puts a value for each of the node's outputs (None: it has no user); erases the node and what only it used.
    The nodes erased."""
    for old, new in zip(node.outputs, values, strict=True):
        if new is not None:
            graph.replace_all_uses(old, new)
    return erase_unused(graph, [node])
