"""Constant weights brought into the layout that a backend's kernels read, ahead of all runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphnn.ir.graph import Graph
from graphnn.ir.value import Node, Value
from graphnn.ops.packed_recurrence import LAYERS as RECURRENT
from graphnn.ops.packed_recurrence import PACKED, GatePacking, pack_gates
from graphnn.ops.packed_weights import (
    Packing,
    pack_weight,
    packed_conv2d,
    packed_conv_transpose2d,
    packed_linear,
    turned,
)
from graphnn.passes.static_values import static_values
from graphnn.rewrite.edit import substitute
from graphnn.rewrite.pass_ import Pass, Tolerance

LAYERS = {
    "linear": packed_linear,
    "linear_relu": packed_linear,
    "conv2d": packed_conv2d,
    "conv2d_relu": packed_conv2d,
    "conv_transpose2d": packed_conv_transpose2d,
}
PACKABLE = LAYERS.keys() | RECURRENT.keys()
HowToPack = Callable[[Node], Packing | GatePacking | None]
Packed = dict[tuple[Any, ...], Value]  # by weight and way of packing


def _never(node: Node) -> None:
    return None


@dataclass(frozen=True)
class PackWeights(Pass):
    """linear(x, w, b) -> packed_linear(x, pack_weight(w){width=16}, b), where w is made of state that the graph does not
    write; the same for conv2d, for both with a relu, for conv_transpose2d, whose kernels are turned round, and for recurrent
    layers, the same units of all gates side by side.
    Bit-exact for values but for Winograd's; a backend may sum in another order.

    `packing` tells for a layer how many outputs lie side by side, and whether the kernels are transformed for Winograd's
    algorithm (then within its rounding); None leaves it alone.
    """

    packing: HowToPack = _never

    name = "pack-weights"
    tolerance = Tolerance(rtol=1e-4, atol=1e-4)

    def apply(self, graph: Graph) -> bool:
        static = static_values(graph)
        packed: Packed = {}
        changed = False
        for node in list(graph.nodes):
            if node.op.name not in PACKABLE or not all(v in static for v in _weights(node)):
                continue
            wanted = self.packing(node)
            if isinstance(wanted, GatePacking):
                _pack_gates(graph, node, wanted, packed)
            elif wanted is not None:
                _pack(graph, node, wanted, packed)
            changed = changed or wanted is not None
        return changed


def _weights(node: Node) -> list[Value]:
    at, end = 1, 2
    if node.op.name in RECURRENT:
        at = RECURRENT[node.op.name].first_weight
        end = at + 2
    return [w for w in node.inputs[at:end] if w is not None]


def _pack_gates(graph: Graph, node: Node, wanted: GatePacking, packed: Packed) -> None:
    layer, inputs = RECURRENT[node.op.name], list(node.inputs)
    with graph.before(node):
        for at, width in ((layer.first_weight, wanted.inputs), (layer.first_weight + 1, wanted.width)):
            key = (inputs[at], layer.gates, width)
            if width and inputs[at] is not None and key not in packed:
                attrs = {"gates": layer.gates, "width": width}
                packed[key] = graph.append(pack_gates, (inputs[at],), attrs).output
            inputs[at] = packed.get(key, inputs[at])
        made = graph.append(PACKED[node.op.name], tuple(inputs), node.attrs)
    substitute(graph, node, list(made.outputs))


def _pack(graph: Graph, node: Node, wanted: Packing, packed: Packed) -> None:
    x, weight, *bias = node.inputs
    assert weight is not None
    transposed = node.op.name == "conv_transpose2d"
    attrs = {**node.attrs, "shape": weight.type.shape}
    with graph.before(node):
        key = (weight, transposed, wanted)
        if key not in packed:
            plain = turned(weight) if transposed else weight
            packed[key] = graph.append(pack_weight, (plain,), wanted._asdict()).output
        if not transposed:
            attrs["relu"] = node.op.name.endswith("_relu")
        made = graph.append(LAYERS[node.op.name], (x, packed[key], *bias), attrs)
    substitute(graph, node, [made.output])
