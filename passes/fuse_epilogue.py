"""A product or convolution with the elementwise ops that follow it as one, so that its result is never stored in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphnn.ir.copying import copy_nodes
from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.ops.fused_epilogue import fused_epilogue
from graphnn.plan.formats import channels_last_values
from graphnn.rewrite.edit import substitute
from graphnn.rewrite.pass_ import Pass


@dataclass(frozen=True)
class FuseEpilogue(Pass):
    """gelu(linear(x, w, b)) -> fused_epilogue(x, w, b){body: gelu(linear(x, w, b))}. Bit-exact up to a backend's own way
    with intermediate results.

    The head is an op with the trait EPILOGUE whose result has one user; the ops taken in follow one another, each
    the only user of the one before, of the head's shape. What else they read must be there before the head, have
    the head's shape and format, or be one number, or one number a channel (an output feature, for products).
    At most `max_ops` are taken in.
    """

    max_ops: int = 32

    name = "fuse-epilogue"

    def apply(self, graph: Graph) -> bool:
        formats = channels_last_values(graph.nodes)
        places = {node: i for i, node in enumerate(graph.nodes)}
        chains = []
        taken: set[Node] = set()
        for node in graph.nodes:
            if Trait.EPILOGUE in node.op.traits and node not in taken:
                chain = list(_chain(node, formats, places, self.max_ops))
                taken.update(chain)
                if len(chain) > 1:
                    chains.append(chain)
        for chain in chains:
            _fuse(graph, chain)
        return bool(chains)


def _chain(head: Node, formats: set[Value], places: dict[Node, int], limit: int) -> Iterator[Node]:
    yield head
    last = head
    for _ in range(limit):
        users = list(last.outputs[0].uses)
        if len(users) != 1 or not _follows(users[0], last, head, formats):
            return
        last = users[0]
        yield last


def _follows(node: Node, last: Node, head: Node, formats: set[Value]) -> bool:
    result = head.outputs[0]
    if Trait.ELEMENTWISE not in node.op.traits or len(node.outputs) != 1 or "body" in node.attrs:
        return False
    if node.output.type.shape != result.type.shape or (node.output in formats) != (result in formats):
        return False
    if node.output.type.dtype is not result.type.dtype:
        return False
    return all(v is last.outputs[0] or _is_at_hand(v, head, formats) for v in node.operands)


def _is_at_hand(value: Value, head: Node, formats: set[Value]) -> bool:
    result = head.outputs[0]
    if value.kind == LITERAL or value.type.size == 1:
        return True
    if value.type.shape == result.type.shape:
        return (value in formats) == (result in formats)
    return value.type.shape == channel_shape(result)


def channel_shape(result: Value) -> tuple[int, ...]:
    """The shape of one number a channel, without leading ones: along axis 1 of images, along the last axis otherwise."""
    shape = result.type.shape
    return (shape[1], 1, 1) if len(shape) == 4 else shape[-1:]


def _fuse(graph: Graph, chain: list[Node]) -> None:
    members = dict.fromkeys(chain)
    operands = (v for node in chain for v in node.operands)
    inputs = list(dict.fromkeys(v for v in operands if v.kind != LITERAL and v.producer not in members))
    body = Graph("body")
    mapping = {v: body.add_input(v.type, v.name) for v in inputs}
    copy_nodes(chain, body, mapping)
    body.outputs = [mapping[chain[-1].output]]
    with graph.before(chain[-1], *chain[:-1]):
        made = graph.append(fused_epilogue, inputs, {"body": body})
    substitute(graph, chain[-1], [made.output])
