"""Elementwise ops in a row as one node, run block by block, so that what they hand each other stays in cache."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from graphnn.ir.copying import copy_nodes, inline, translate
from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.ops.fused import fused
from graphnn.rewrite.edit import substitute
from graphnn.rewrite.pass_ import Pass


@dataclass(frozen=True)
class FuseElementwise(Pass):
    """tanh(add(x, y)) -> fused(x, y){body: tanh(add(x, y))}. Bit-exact: the same kernels, on blocks.

    A group has one result. It takes in, going backwards from there, each elementwise node of the same shape all of
    whose users are in the group; so no path can leave a group and come back. A second result is never taken in: it
    could not be written over an input, which costs more than the reading it saves. Tensors of fewer than
    `min_elements` stay apart: while they fit into the cache, whole arrays written in place are as fast.
    """

    min_elements: int = 1 << 21

    name = "fuse-elementwise"

    def apply(self, graph: Graph) -> bool:
        groups = [g for g in _groups(graph, self.min_elements).values() if len(g) > 1]
        for group in groups:
            _fuse(graph, group)
        return bool(groups)


def _groups(graph: Graph, min_elements: int) -> dict[Node, list[Node]]:
    """The nodes of each group, the last first, by their last node."""
    ends: dict[Node, Node] = {}
    groups: defaultdict[Node, list[Node]] = defaultdict(list)
    for node in reversed(graph.nodes):
        if _is_fusable(node, min_elements):
            end = ends[node] = _end_of_users(node, ends) or node
            groups[end].append(node)
    return groups


def _is_fusable(node: Node, min_elements: int) -> bool:
    if Trait.ELEMENTWISE not in node.op.traits or Trait.CHECKS in node.op.traits or len(node.outputs) != 1:
        return False
    return node.output.type.size >= max(min_elements, 1) and not node.output.type.weak


def _end_of_users(node: Node, ends: dict[Node, Node]) -> Node | None:
    """The last node of the group that all users are in, when that is one, of the node's shape."""
    found = {ends.get(user) for user in node.output.uses}
    end = found.pop() if len(found) == 1 else None
    return end if end is not None and end.output.shape == node.output.shape else None


def _fuse(graph: Graph, group: list[Node]) -> None:
    """Puts one node for the group, where its last node stood."""
    members = dict.fromkeys(reversed(group))
    operands = (v for node in members for v in node.operands)
    inputs = list(dict.fromkeys(v for v in operands if v.kind != LITERAL and v.producer not in members))
    with graph.before(group[0], *list(members)[:-1]):
        made = graph.append(fused, inputs, {"body": _body(members, inputs)})
    substitute(graph, group[0], [made.output])


def _body(members: dict[Node, None], inputs: list[Value]) -> Graph:
    body = Graph("body")
    mapping = {v: body.add_input(v.type, v.name) for v in inputs}
    for node in members:
        if node.op is fused:
            args = [translate(v, body, mapping) for v in node.operands]
            mapping[node.output] = inline(node.attrs["body"], args, (), body)[0]
        else:
            copy_nodes([node], body, mapping)
        last = mapping[node.output]
    body.outputs = [last]
    return body
