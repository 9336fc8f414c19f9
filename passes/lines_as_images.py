"""Lines (N, C, L) around convolutions as images of height 1, which have better kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import Node, Value
from graphnn.ops.batch_norm import batch_norm, batch_norm_grad
from graphnn.ops.conv import (
    conv1d,
    conv1d_input_grad,
    conv1d_weight_grad,
    conv2d,
    conv2d_input_grad,
    conv2d_weight_grad,
)
from graphnn.ops.conv_transpose import conv_transpose1d, conv_transpose2d
from graphnn.ops.movement import squeeze, unsqueeze
from graphnn.ops.op import Op
from graphnn.rewrite.edit import erase_unused, substitute
from graphnn.rewrite.pass_ import Pass

HEIGHT = 2  # the axis that images have and lines have not
CONVOLUTIONS: dict[Any, Op] = {
    conv1d: conv2d,
    conv_transpose1d: conv_transpose2d,
    conv1d_input_grad: conv2d_input_grad,
    conv1d_weight_grad: conv2d_weight_grad,
}
OF_HEIGHT_ONE = {"padding": 0, "output_padding": 0}  # what attributes are along the new axis; the others are 1
NORMS = (batch_norm, batch_norm_grad)


@dataclass(frozen=True)
class LinesAsImages(Pass):
    """conv1d(x, w) -> squeeze(conv2d(unsqueeze(x), unsqueeze(w))), its gradients and the transposed one likewise; what
    follows (elementwise ops, batch norm, pooling) is brought onto the image. Bit-exact, but that a backend may sum in
    another order."""

    name = "lines-as-images"

    def apply(self, graph: Graph) -> bool:
        images: dict[Value, Value] = {}
        begun: list[Node] = []
        changed = False
        for node in list(graph.nodes):
            if node.op is squeeze and node.attrs["dim"] == (HEIGHT,) and node.output.type.ndim == 3:
                assert node.inputs[0] is not None
                images[node.output] = node.inputs[0]  # what pooling of lines ends with
                continue
            if node.op in CONVOLUTIONS:
                _convolution(graph, node, images, begun)
            elif node.op is unsqueeze and node.attrs["dim"] == HEIGHT and node.inputs[0] in images:
                substitute(graph, node, [images[node.inputs[0]]])
            elif _goes_along(node, images):
                _along(graph, node, images, begun)
            else:
                continue
            changed = True
        erase_unused(graph, begun)  # views that nothing came to use
        return changed


def _goes_along(node: Node, images: dict[Value, Value]) -> bool:
    """Whether the node does the same to the image of what it reads, without attributes that count axes."""
    if not any(v in images for v in node.operands):
        return False
    if node.op in NORMS:
        return True
    lines = [v for v in node.operands if v.type.ndim]
    same = all(v.type.shape == node.output.type.shape for v in lines)
    return Trait.ELEMENTWISE in node.op.traits and len(node.outputs) == 1 and same


def _convolution(graph: Graph, node: Node, images: dict[Value, Value], begun: list[Node]) -> None:
    attrs = {k: v if k == "groups" else (OF_HEIGHT_ONE.get(k, 1), *v) for k, v in node.attrs.items()}
    with graph.before(node):
        inputs = [_image(v, images, begun) for v in node.inputs]
        _put(graph, node, CONVOLUTIONS[node.op](*inputs, **attrs), images, begun)


def _along(graph: Graph, node: Node, images: dict[Value, Value], begun: list[Node]) -> None:
    with graph.before(node):
        made = graph.append(node.op, [_image(v, images, begun) for v in node.inputs], node.attrs)
        if len(made.outputs) == 1:
            _put(graph, node, made.output, images, begun)
            return
        values: list[Value | None] = []
        values += [_line(v, images, begun) if v.type.ndim == 4 else v for v in made.outputs]
        substitute(graph, node, values)


def _put(graph: Graph, node: Node, image: Value, images: dict[Value, Value], begun: list[Node]) -> None:
    substitute(graph, node, [_line(image, images, begun)])


def _line(image: Value, images: dict[Value, Value], begun: list[Node]) -> Value:
    line: Value = squeeze(image, dim=(HEIGHT,))
    images[line] = image
    assert line.producer is not None
    begun.append(line.producer)
    return line


def _image(value: Any, images: dict[Value, Value], begun: list[Node]) -> Any:
    """The image of a line (or of a weight); other operands as they are."""
    if not isinstance(value, Value) or value.type.ndim != 3:
        return value
    if value not in images:
        images[value] = unsqueeze(value, dim=HEIGHT)
        made = images[value].producer
        assert made is not None
        begun.append(made)
    return images[value]
