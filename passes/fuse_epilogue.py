"""A product or convolution with the elementwise ops that follow it as one, so that its result is never stored in between."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, PARAM, Node, Value
from graphnn.ops.elementwise import COSTLY
from graphnn.ops.fused_epilogue import fused_epilogue
from graphnn.passes.grouping import fuse_group, gather, results_of, waiting_for
from graphnn.plan.formats import channels_last_values
from graphnn.rewrite.pass_ import Pass

FEW = 4  # channels, of which vectors would be nearly empty


@dataclass(frozen=True)
class FuseEpilogue(Pass):
    """gelu(linear(x, w, b)) -> fused_epilogue(x, w, b){body: gelu(linear(x, w, b))}. Within the rounding of what a backend
    keeps in registers.

    The head is an op with the trait EPILOGUE; with it goes what uses its result, and what uses that, as long as it is
    elementwise and of the head's shape. What else these read must have the head's shape and format, or be one
    number, or one number a channel (an output feature, for products), and must not wait for the group; or else it is
    elementwise itself, and comes along. So an optimizer's arithmetic goes with the product that makes a gradient.
    Exponentials and the like stay behind a head of less than four channels: a loop over all elements has fuller vectors.
    At most `max_ops` are taken in, and at most `max_results` come out. What waits for the graph's last `late_inputs`
    inputs goes into no group with what does not.
    """

    max_results: int = 4
    max_ops: int = 40
    late_inputs: int = 0

    name = "fuse-epilogue"

    def apply(self, graph: Graph) -> bool:
        walk = _Walk(graph, waiting_for(graph, self.late_inputs), self.max_results, self.max_ops)
        groups = list(walk.groups())
        if groups:
            gather(graph, groups)
        for group in groups:
            fuse_group(graph, group, fused_epilogue)
        return bool(groups)


class _Walk:
    def __init__(self, graph: Graph, late: set[Node], max_results: int, max_ops: int) -> None:
        self.graph = graph
        self.late = late
        self.max_results = max_results
        self.max_ops = max_ops
        self.formats = channels_last_values(graph.nodes)
        self.places = {node: i for i, node in enumerate(graph.nodes)}
        self.taken: set[Node] = set()

    def groups(self) -> Iterator[list[Node]]:
        for node in self.graph.nodes:
            if Trait.EPILOGUE in node.op.traits and len(node.outputs) == 1 and node not in self.taken:
                group = self._trimmed(self._grown(node))
                self.taken.update(group)
                if len(group) > 1:
                    yield [node, *sorted(group[1:], key=self.places.__getitem__)]

    def _grown(self, head: Node) -> list[Node]:
        """The head, and what joins it, in the order of joining: each after what it reads of the group."""
        group, waiting, seen = [head], self._users(head), set()
        while waiting:
            _, node = heapq.heappop(waiting)
            if node in seen:
                continue
            seen.add(node)
            joining = self._joining(node, head, group)
            if joining is None or len(group) + len(joining) > self.max_ops:
                continue
            group += joining
            for one in joining:
                for entry in self._users(one):
                    heapq.heappush(waiting, entry)
        return group

    def _users(self, node: Node) -> list[tuple[int, Node]]:
        found = [(self.places[n], n) for n in node.output.uses if n in self.places]
        heapq.heapify(found)
        return found

    def _trimmed(self, group: list[Node]) -> list[Node]:
        while len(group) > 1 and len(results_of(group)) > self.max_results:
            group = group[:-1]
        return group if results_of(group) else group[:1]

    def _joining(self, node: Node, head: Node, group: list[Node]) -> list[Node] | None:
        """The node and what has to come along with it; None when it cannot join."""
        if not self._is_alike(node, head):
            return None
        joining: list[Node] = []
        for value in node.operands:
            maker = value.producer
            if maker in group or (self._is_at_hand(value, head, group) and not _comes_of_state(maker)):
                continue
            along = self._joining(maker, head, group) if maker is not None and value.has_one_use() else None
            if along is None and not self._is_at_hand(value, head, group):
                return None
            joining += along or []
        return [*joining, node]

    def _is_alike(self, node: Node, head: Node) -> bool:
        result = head.output
        if Trait.ELEMENTWISE not in node.op.traits or len(node.outputs) != 1 or "body" in node.attrs:
            return False
        if channels_of(result) < FEW and node.op.name in COSTLY:
            return False
        if node in self.taken or (node in self.late) != (head in self.late) or node.output.type is not result.type:
            return False
        return (node.output in self.formats) == (result in self.formats)

    def _is_at_hand(self, value: Value, head: Node, group: list[Node]) -> bool:
        if value.kind == LITERAL:
            return True
        result = head.output
        if value.type.shape == result.type.shape and value.type.size > 1:
            fits = (value in self.formats) == (result in self.formats)
        else:
            sided = len(result.type.shape) != 4 or result in self.formats  # a vector lies along the channels
            fits = value.type.size == 1 or (sided and value.type.shape == channel_shape(result))
        return fits and not self._waits(value.producer, head, group)

    def _waits(self, maker: Node | None, head: Node, group: list[Node]) -> bool:
        """Whether the node needs something of the group."""
        first, inside = self.places[head], set(group)
        waiting, seen = [maker], {maker}
        while waiting:
            node = waiting.pop()
            if node is None or self.places[node] < first:
                continue
            if node in inside:
                return True
            makers = {v.producer for v in node.operands} - seen
            seen |= makers
            waiting += makers
        return False


def _comes_of_state(maker: Node | None) -> bool:
    """Whether the node works on state alone, as on an optimizer's averages: better done where that is read anyway."""
    return maker is not None and any(v.kind == PARAM and v.type.size > 1 for v in maker.operands)


def channels_of(result: Value) -> int:
    shape = result.type.shape
    return shape[1] if len(shape) == 4 else shape[-1] if shape else 1


def channel_shape(result: Value) -> tuple[int, ...]:
    """The shape of one number a channel, without leading ones: along axis 1 of images, along the last axis otherwise."""
    shape = result.type.shape
    return (channels_of(result), 1, 1) if len(shape) == 4 else shape[-1:]
