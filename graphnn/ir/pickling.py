"""A graph as flat tuples, for pickle and deepcopy: no recursion along the nodes, ops by name, no code.

Bindings stay behind: they are the owners of arrays in this process.
"""

from __future__ import annotations

from typing import Any

from graphnn.ir.graph import Graph
from graphnn.ir.registry import lookup
from graphnn.ir.value import LITERAL, Node, Value

State = tuple[Any, ...]


def flatten(graph: Graph) -> State:
    """Plain data that `rebuild` makes the same graph of."""
    places = {value: i for i, value in enumerate(graph.values())}

    def refer(value: Value | None) -> Any:
        """A value by its place; a literal as (number,)."""
        if value is None:
            return None
        return (value.literal,) if value.kind == LITERAL else places[value]

    return (
        graph.name,
        [(v.name, v.type, v.attrs) for v in graph.inputs],
        [(v.name, v.type, v.attrs) for v in graph.params],
        [
            (n.op.name, [refer(v) for v in n.inputs], n.attrs, n.origins, [(v.name, v.type) for v in n.outputs])
            for n in graph.nodes
        ],
        [refer(v) for v in graph.outputs],
        [(places[p], refer(v)) for p, v in graph.updates.items()],
    )


def rebuild(state: State) -> Graph:
    """The inverse of `flatten`; an op that this process doesn't know raises with the nearest name."""
    name, inputs, params, nodes, outputs, updates = state
    graph = Graph(name)
    for value_name, type, attrs in inputs:
        graph.add_input(type, value_name).attrs = attrs
    for value_name, type, attrs in params:
        graph.add_param(type, attrs["name"], value_name=value_name).attrs = attrs
    values = list(graph.values())

    def resolve(place: Any) -> Value | None:
        return None if place is None else graph.literal(place[0]) if isinstance(place, tuple) else values[place]

    for op, operands, attrs, origins, made in nodes:
        node = Node(graph, lookup(op), tuple(map(resolve, operands)), attrs, origins)
        graph._insert(node, [type for _, type in made], [name for name, _ in made])
        values.extend(node.outputs)
    graph.outputs = [resolve(place) for place in outputs]  # type: ignore[misc]
    graph.updates = {values[param]: resolve(value) for param, value in updates}  # type: ignore[misc]
    return graph
