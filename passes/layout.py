"""Images stored channels-last around convolutions: with all channels of a pixel side by side, a vector is some of them."""

from __future__ import annotations

from dataclasses import dataclass

from graphnn.ir import dtypes
from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.ops.unary import contiguous
from graphnn.plan.formats import CHANNELS_LAST, is_channels_last, keeps_format
from graphnn.rewrite.pass_ import Pass


@dataclass(frozen=True)
class ChannelsLast(Pass):
    """conv2d(x, w) -> conv2d(contiguous(x){memory_format="channels_last"}, w). Bit-exact: types and values stay.

    A region begins at a convolution whose result has at least `min_channels` channels, and goes on through all ops that
    keep the format of what they read (pooling, normalisation, elementwise ops, their gradients): what else these read
    of the same shape as images is brought into it. It ends where an op makes its results in C order; such ops read images
    in any order.
    """

    min_channels: int = 4

    name = "channels-last"

    def apply(self, graph: Graph) -> bool:
        stored: set[Value] = set()
        made: dict[Value, Value] = {}
        for node in list(graph.nodes):
            if self._begins(node) or (keeps_format(node) and any(v in stored for v in node.operands)):
                for value in _images(node):
                    if value not in stored:
                        _convert(graph, node, value, made)
            if is_channels_last(node, stored | set(made.values())):
                stored.update(v for v in node.outputs if v.type.ndim == 4)
        return bool(made)

    def _begins(self, node: Node) -> bool:
        if Trait.BEGINS_CHANNELS_LAST not in node.op.traits:
            return False
        result = node.output.type
        return result.dtype is dtypes.float32 and result.shape[1] >= self.min_channels and result.size > 0


def _images(node: Node) -> list[Value]:
    """What the node reads that goes by the format: all of four axes but weights."""
    names = node.op.input_names  # type: ignore[attr-defined]
    named = zip(node.inputs, (*names, *[""] * (len(node.inputs) - len(names))), strict=False)
    found = [v for v, name in named if v is not None and v.kind != LITERAL and v.type.ndim == 4 and name != "weight"]
    if Trait.ELEMENTWISE in node.op.traits:
        found = [v for v in found if v.type.shape == node.outputs[0].type.shape]
    return list(dict.fromkeys(found))


def _convert(graph: Graph, node: Node, value: Value, made: dict[Value, Value]) -> None:
    if value in made.values():
        return
    if value not in made:
        with graph.before(node):
            made[value] = graph.append(contiguous, (value,), {"memory_format": CHANNELS_LAST}).output
    node.replace_input(value, made[value])
