"""Elementwise ops in a row as one node, run block by block or as one loop, so that what they hand each other is not stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graphnn.ir.copying import copy_nodes, inline, translate
from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.ops.fused import fused
from graphnn.passes.grouping import Grouping, gather
from graphnn.rewrite.edit import erase_unused
from graphnn.rewrite.pass_ import Pass


@dataclass(frozen=True)
class FuseElementwise(Pass):
    """tanh(add(x, y)) -> fused(x, y){body: tanh(add(x, y))}. Bit-exact: the same kernels, on blocks.

    A group has one result, unless `max_results` lets it have more. With one, it takes in, going backwards from there,
    each elementwise node of the same shape all of whose users are in the group; so no path can leave a group and
    come back. On NumPy a second result is never taken in: it could not be written over an input, which costs more
    than the reading it saves. Tensors of fewer than `min_elements` stay apart: while they fit into the cache, whole
    arrays written in place are as fast. With more results, nodes join the group of what they read, where that makes
    no circle, up to `max_ops` nodes.
    """

    min_elements: int = 1 << 21
    max_results: int = 1
    max_ops: int = 64

    name = "fuse-elementwise"

    def apply(self, graph: Graph) -> bool:
        if self.max_results > 1:
            groups = Grouping(graph, lambda n: _is_fusable(n, self.min_elements), self.max_results, self.max_ops).run()
            gather(graph, groups)
        else:
            groups = [g[::-1] for g in _groups(graph, self.min_elements) if len(g) > 1]
        for group in groups:
            _fuse(graph, group)
        return bool(groups)


def _groups(graph: Graph, min_elements: int) -> Iterable[list[Node]]:
    """The nodes of each group, the last first."""
    ends: dict[Node, Node] = {}
    groups: dict[Node, list[Node]] = {}
    for node in reversed(graph.nodes):
        if _is_fusable(node, min_elements):
            end = ends[node] = _end_of_users(node, ends) or node
            groups.setdefault(end, []).append(node)
    return groups.values()


def _is_fusable(node: Node, min_elements: int) -> bool:
    if Trait.ELEMENTWISE not in node.op.traits or len(node.outputs) != 1:
        return False
    return node.output.type.size >= max(min_elements, 1) and not node.output.type.weak


def _end_of_users(node: Node, ends: dict[Node, Node]) -> Node | None:
    """The last node of the group that all users are in, when that is one, of the node's shape."""
    found = {ends.get(user) for user in node.output.uses}
    end = found.pop() if len(found) == 1 else None
    return end if end is not None and end.output.shape == node.output.shape else None


def _fuse(graph: Graph, group: list[Node]) -> None:
    """Puts one node for the group, where its last node stands."""
    members = dict.fromkeys(group)
    operands = (v for node in members for v in node.operands)
    inputs = list(dict.fromkeys(v for v in operands if v.kind != LITERAL and v.producer not in members))
    results = [n.output for n in group if any(user not in members for user in n.output.uses)]
    with graph.before(group[-1], *group[:-1]):
        made = graph.append(fused, inputs, {"body": _body(members, inputs, results)})
    for old, new in zip(results, made.outputs, strict=True):
        graph.replace_all_uses(old, new)
    erase_unused(graph, group)


def _body(members: dict[Node, None], inputs: list[Value], results: list[Value]) -> Graph:
    body = Graph("body")
    mapping = {v: body.add_input(v.type, v.name) for v in inputs}
    for node in members:
        if node.op is fused and len(node.outputs) == 1:
            args = [translate(v, body, mapping) for v in node.operands]
            mapping[node.output] = inline(node.attrs["body"], args, (), body)[0]
        else:
            copy_nodes([node], body, mapping)
    body.outputs = [mapping[v] for v in results]
    return body
