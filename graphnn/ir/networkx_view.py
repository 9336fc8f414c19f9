"""The graph as networkx sees it: made once, for questions and drawings; changes don't flow back."""

from __future__ import annotations

from typing import Any

from graphnn.ir.graph import Graph
from graphnn.ir.printer import format_node, format_use, format_value
from graphnn.ir.value import LITERAL, Node, Value


def to_networkx(graph: Graph) -> Any:
    """A networkx.MultiDiGraph on the graph's own objects: input and param Values, Nodes, the return Node.

    Vertices carry `kind` ("input", "param", "op", "return"), `op`, `label` and `origins`; Nodes also `literals`, the
    numbers among their inputs by position. An edge is one use of a value: `value`, its `type` as text, `nbytes`,
    `output` (its index at the producer) and `position` (its index at the user, the outputs of the graph and then its
    updates for the return), which is the edge's key. Vertices stand in the graph's order, which is topological.
    """
    import networkx

    view = networkx.MultiDiGraph(name=graph.name)
    for value in (*graph.inputs, *graph.params):
        view.add_node(value, kind=value.kind, op="", label=format_value(value), origins=(), literals={})
    for node in (*graph.nodes, graph.terminator):
        _add_node(view, node, "return" if node is graph.terminator else "op")
    return view


def _add_node(view: Any, node: Node, kind: str) -> None:
    literals = {i: v.literal for i, v in enumerate(node.inputs) if v is not None and v.kind == LITERAL}
    label = format_node(node)
    view.add_node(node, kind=kind, op=node.op.name, label=label, origins=node.origins, literals=literals)
    for position, value in enumerate(node.inputs):
        if value is not None and value.kind != LITERAL:
            _add_edge(view, value, node, position)


def _add_edge(view: Any, value: Value, user: Node, position: int) -> None:
    view.add_edge(
        value.producer or value,
        user,
        key=position,
        value=value,
        name=format_use(value),
        type=str(value.type),
        nbytes=value.type.nbytes,
        output=value.index,
        position=position,
    )
