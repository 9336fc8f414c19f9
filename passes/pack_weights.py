"""Constant weights brought into the layout that a backend's kernels read, ahead of all runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graphnn.ir.graph import Graph
from graphnn.ir.value import Node, Value
from graphnn.ops.packed_weights import pack_weight, packed_conv2d, packed_linear
from graphnn.passes.static_values import static_values
from graphnn.rewrite.edit import substitute
from graphnn.rewrite.pass_ import Pass

LAYERS = {"linear": packed_linear, "linear_relu": packed_linear, "conv2d": packed_conv2d, "conv2d_relu": packed_conv2d}


def _never(node: Node) -> int:
    return 0


@dataclass(frozen=True)
class PackWeights(Pass):
    """linear(x, w, b) -> packed_linear(x, pack_weight(w){width=16}, b), where w is made of state that the graph does not
    write; the same for conv2d and for both with a relu. Bit-exact for values; a backend may sum in another order.

    `panel_width` tells for a layer how many outputs lie side by side; 0 leaves it alone.
    """

    panel_width: Callable[[Node], int] = _never

    name = "pack-weights"

    def apply(self, graph: Graph) -> bool:
        static = static_values(graph)
        packed: dict[tuple[Value, int], Value] = {}
        for node in list(graph.nodes):
            if node.op.name in LAYERS and node.inputs[1] in static:
                width = self.panel_width(node)
                if width:
                    _pack(graph, node, width, packed)
        return bool(packed)


def _pack(graph: Graph, node: Node, width: int, packed: dict[tuple[Value, int], Value]) -> None:
    x, weight, *bias = node.inputs
    assert weight is not None
    with graph.before(node):
        if (weight, width) not in packed:
            packed[weight, width] = graph.append(pack_weight, (weight,), {"width": width}).output
        attrs = {**node.attrs, "shape": weight.type.shape, "relu": node.op.name.endswith("_relu")}
        made = graph.append(LAYERS[node.op.name], (x, packed[weight, width], *bias), attrs)
    substitute(graph, node, [made.output])
