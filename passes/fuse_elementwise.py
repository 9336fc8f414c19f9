"""Elementwise ops in a row as one node, run block by block or as one loop, so that what they hand each other is not stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import Node
from graphnn.ops.fused import fused
from graphnn.passes.grouping import Grouping, fuse_group, gather, results_of, waiting_for
from graphnn.rewrite.pass_ import Pass


@dataclass(frozen=True)
class FuseElementwise(Pass):
    """tanh(add(x, y)) -> fused(x, y){body: tanh(add(x, y))}. Bit-exact: the same kernels, on blocks.

    A group has one result, unless `max_results` lets it have more. With one, it takes in, going backwards from there,
    each elementwise node of the same shape all of whose users are in the group; so no path can leave a group and
    come back. On NumPy a second result is never taken in: it could not be written over an input, which costs more
    than the reading it saves. Tensors of fewer than `min_elements` stay apart: while they fit into the cache, whole
    arrays written in place are as fast. With more results, nodes join the group of what they read, where that makes
    no circle, up to `max_ops` nodes; what waits for the graph's last `late_inputs` inputs stays apart from what does not.
    """

    min_elements: int = 1 << 21
    max_results: int = 1
    max_ops: int = 64
    late_inputs: int = 0

    name = "fuse-elementwise"

    def apply(self, graph: Graph) -> bool:
        if self.max_results > 1:
            late = waiting_for(graph, self.late_inputs)
            fusable = partial(_is_fusable, min_elements=self.min_elements)
            groups = Grouping(graph, fusable, late, self.max_results, self.max_ops).run()
            gather(graph, groups)
        else:
            groups = [g[::-1] for g in _groups(graph, self.min_elements) if len(g) > 1 and results_of(g)]
        for group in groups:
            fuse_group(graph, group, fused)
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
