"""Whether two graphs are the same program: same ops on the same operands in the same order.

Names of values and of the graph, and origins, don't count; types, attrs, literals and the names and roles of params do.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from graphnn.ir.attrs import Attrs, exact
from graphnn.ir.graph import Graph
from graphnn.ir.printer import format_node, format_use, format_value
from graphnn.ir.value import LITERAL, Node, Value

Places = dict[Value, int]  # value -> how many were made before it


def structurally_equal(a: Graph, b: Graph) -> bool:
    return difference(a, b) is None


def structural_key(graph: Graph) -> Hashable:
    """Equal for exactly those graphs that are structurally equal."""
    places: Places = {value: i for i, value in enumerate(graph.values())}
    return (
        tuple(v.type for v in graph.inputs),
        tuple((v.type, v.attrs) for v in graph.params),
        tuple(_node_key(node, places) for node in graph.nodes),
        tuple(_reference(v, places) for v in graph.outputs),
        tuple((_reference(p, places), _reference(v, places)) for p, v in graph.updates.items()),
    )


def difference(a: Graph, b: Graph) -> str | None:
    """The first difference in words, `a` before `b`; None where there is none."""
    return next(_differences(a, b), None)


def _node_key(node: Node, places: Places) -> Hashable:
    operands = tuple(None if v is None else _reference(v, places) for v in node.inputs)
    return node.op.name, operands, node.attrs, tuple(v.type for v in node.outputs)


def _reference(value: Value, places: Places) -> Hashable:
    return exact(value.literal) if value.kind == LITERAL else places[value]


def _differences(a: Graph, b: Graph) -> Iterator[str]:
    yield from _values("input", a.inputs, b.inputs)
    yield from _values("param", a.params, b.params)
    here: Places = {value: i for i, value in enumerate(a.values())}
    there: Places = {value: i for i, value in enumerate(b.values())}
    for i, (mine, other) in enumerate(zip_longest(a.nodes, b.nodes)):
        if mine is None or other is None:
            yield f"node {i}: {_shown(mine)} against {_shown(other)}"
        elif _node_key(mine, here) != _node_key(other, there):
            yield f"node {i}: {_fault(mine, other, here, there)}: {format_node(mine)} against {format_node(other)}"
    yield from _results("output", _listed(a.outputs, here), _listed(b.outputs, there))
    yield from _results("update", _updates(a, here), _updates(b, there))


def _shown(node: Node | None) -> str:
    return "nothing" if node is None else format_node(node)


def _values(kind: str, ours: Sequence[Value], theirs: Sequence[Value]) -> Iterator[str]:
    if len(ours) != len(theirs):
        yield f"{len(ours)} {kind}s against {len(theirs)}"
    for i, (a, b) in enumerate(zip(ours, theirs, strict=False)):
        if a.type is not b.type:
            yield f"{kind} {i}: the types differ: {format_value(a)} against {format_value(b)}"
        if kind == "param" and a.attrs != b.attrs:
            yield f"param {i}: {_attr_fault(a.attrs, b.attrs)}: {format_value(a)} against {format_value(b)}"


def _fault(a: Node, b: Node, here: Places, there: Places) -> str:
    if a.op.name != b.op.name:
        return "the ops differ"
    if _node_key(a, here)[1] != _node_key(b, there)[1]:  # type: ignore[index]
        return "the operands differ"
    return _attr_fault(a.attrs, b.attrs) if a.attrs != b.attrs else "the types differ"


def _attr_fault(a: Attrs, b: Attrs) -> str:
    differing = sorted(k for k in {*a, *b} if k not in a or k not in b or exact(a[k]) != exact(b[k]))
    within = [difference(a[k], b[k]) for k in differing if isinstance(a.get(k), Graph) and isinstance(b.get(k), Graph)]
    return f"the attrs differ in {', '.join(differing)}{f' ({within[0]})' if within else ''}"


def _listed(values: Sequence[Value], places: Places) -> list[tuple[Any, str]]:
    return [(_reference(v, places), format_use(v)) for v in values]


def _updates(graph: Graph, places: Places) -> list[tuple[Any, str]]:
    return [
        ((places[param], _reference(value, places)), f"{format_use(param)} = {format_use(value)}")
        for param, value in graph.updates.items()
    ]


def _results(kind: str, ours: list[tuple[Any, str]], theirs: list[tuple[Any, str]]) -> Iterator[str]:
    for i, (a, b) in enumerate(zip_longest(ours, theirs, fillvalue=(None, "nothing"))):
        if a[0] != b[0]:
            yield f"{kind} {i}: {a[1]} against {b[1]}"
