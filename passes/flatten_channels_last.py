"""Images stored channels-last that a linear layer reads flat: as they lie, with its weights turned into that order."""

from __future__ import annotations

import math
from dataclasses import dataclass

from graphnn.ir.graph import Graph
from graphnn.ir.value import Node, Value
from graphnn.ops.matrix import linear, linear_relu
from graphnn.ops.movement import flatten, permute, reshape
from graphnn.passes.static_values import static_values
from graphnn.plan.formats import channels_last_values
from graphnn.rewrite.edit import erase_unused, substitute
from graphnn.rewrite.pass_ import Pass, Tolerance

PIXELS_FIRST = (0, 2, 3, 1)


@dataclass(frozen=True)
class FlattenChannelsLast(Pass):
    """linear(flatten(x), w, b) -> linear(reshape(permute(x)), reshape(permute(reshape(w))), b), where x (N, C, H, W) is stored
    channels-last and w is made of state that the graph does not write; the same with a relu. The image is then read where it
    lies, and the weight is turned ahead of all runs. The sums are taken in another order."""

    name = "flatten-channels-last"
    tolerance = Tolerance(rtol=1e-4, atol=1e-5)

    def apply(self, graph: Graph) -> bool:
        stored, static = channels_last_values(graph.nodes), static_values(graph)
        flat = [
            n for n in graph.nodes if n.op in (linear, linear_relu) and n.inputs[1] in static and _image(n) in stored
        ]
        for node in flat:
            _turn(graph, node)
        return bool(flat)


def _image(node: Node) -> Value | None:
    """The images that the layer reads, a row each, with several channels and pixels."""
    assert node.inputs[0] is not None
    made = node.inputs[0].producer
    image = made.inputs[0] if made is not None and made.op in (flatten, reshape) else None
    if image is None or image.type.ndim != 4:
        return None
    n, *rest = image.type.shape
    several = rest[0] > 1 and math.prod(rest[1:]) > 1
    return image if several and node.inputs[0].type.shape == (n, math.prod(rest)) else None


def _turn(graph: Graph, node: Node) -> None:
    image, (flat, weight, *bias) = _image(node), node.inputs
    assert image is not None
    assert flat is not None
    assert weight is not None
    outputs, inputs = weight.type.shape
    with graph.before(node):
        x = graph.append(permute, (image,), {"dims": PIXELS_FIRST}).output
        x = graph.append(reshape, (x,), {"shape": flat.type.shape}).output
        kernel = graph.append(reshape, (weight,), {"shape": (outputs, *image.type.shape[1:])}).output
        kernel = graph.append(permute, (kernel,), {"dims": PIXELS_FIRST}).output
        kernel = graph.append(reshape, (kernel,), {"shape": (outputs, inputs)}).output
        made = graph.append(node.op, (x, kernel, *bias), node.attrs)
    substitute(graph, node, [made.output])
    if flat.producer is not None:
        erase_unused(graph, [flat.producer])
