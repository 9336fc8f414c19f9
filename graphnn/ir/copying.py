"""Copying graphs, whole or in part, into others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graphnn.ir.graph import Graph
from graphnn.ir.value import LITERAL, Node, Value


def copy_graph(graph: Graph) -> Graph:
    """The same graph again: same names, types, attrs, origins and bindings; nothing that can change is shared."""
    new = Graph(graph.name)
    new.bindings = graph.bindings
    mapping: dict[Value, Value] = {}
    for value in graph.inputs:
        mapping[value] = new.add_input(value.type, value.name)
        mapping[value].attrs = value.attrs
    for value in graph.params:
        mapping[value] = new.add_param(value.type, value.attrs["name"], value_name=value.name)
        mapping[value].attrs = value.attrs
    copy_nodes(graph.nodes, new, mapping, keep_names=True)
    new.outputs = [translate(v, new, mapping) for v in graph.outputs]
    new.updates = {mapping[p]: translate(v, new, mapping) for p, v in graph.updates.items()}
    new._counter = graph._counter
    return new


def copy_nodes(nodes: Iterable[Node], into: Graph, mapping: dict[Value, Value], keep_names: bool = False) -> None:
    """Appends the nodes to `into`; `mapping` (old value -> new) must hold what they read and gains what they make."""
    for node in nodes:
        inputs = tuple(None if v is None else translate(v, into, mapping) for v in node.inputs)
        made = Node(into, node.op, inputs, node.attrs, node.origins)
        into._insert(made, [v.type for v in node.outputs], [v.name for v in node.outputs] if keep_names else ())
        mapping.update(zip(node.outputs, made.outputs, strict=True))


def translate(value: Value, into: Graph, mapping: Mapping[Value, Value]) -> Value:
    """The value's counterpart in `into`; literals are made there as needed."""
    if value.kind == LITERAL:
        assert value.literal is not None
        return into.literal(value.literal)
    return mapping[value]


def inline(graph: Graph, args: Iterable[Value], params: Iterable[Value], into: Graph) -> tuple[Value, ...]:
    """Appends a copy of `graph`'s nodes to `into`, given values standing for its inputs and params; its outputs."""
    mapping = dict(zip(graph.inputs, args, strict=True))
    mapping.update(zip(graph.params, params, strict=True))
    copy_nodes(graph.nodes, into, mapping)
    return tuple(translate(v, into, mapping) for v in graph.outputs)
