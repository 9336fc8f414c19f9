"""Batch normalisation by running statistics, folded into the weights beside it."""

from __future__ import annotations

from dataclasses import dataclass

from graphnn.ir.dtypes import float32, float64
from graphnn.ir.graph import Graph
from graphnn.ir.value import Node, Value
from graphnn.ops.batch_norm import batch_norm
from graphnn.ops.conv import conv1d, conv2d, conv3d
from graphnn.ops.conv_transpose import conv_transpose1d, conv_transpose2d, conv_transpose3d
from graphnn.ops.elementwise import add, mul, sub
from graphnn.ops.matrix import linear
from graphnn.ops.movement import reshape
from graphnn.ops.unary import rsqrt
from graphnn.passes.static_values import static_values
from graphnn.rewrite.edit import substitute
from graphnn.rewrite.pass_ import Pass, Tolerance

BY_ROW = (linear, conv1d, conv2d, conv3d)  # layers whose weight has its results along axis 0
TRANSPOSED = (conv_transpose1d, conv_transpose2d, conv_transpose3d)  # along axis 1


@dataclass(frozen=True)
class FoldBatchNorm(Pass):
    """batch_norm(conv2d(x, w, b)) -> conv2d(x, w * s, b * s + t), s = weight / sqrt(var + eps), t = bias - mean * s;
    the same with a linear before it or another convolution (a transposed one of one group), and linear(batch_norm(x), w, b)
    -> linear(x, w * s, w t + b).

    Done in evaluation mode, for (N, C) beside a linear, when what lies between has no other user, the statistics' new
    values are not asked for, and weights and statistics are made of state that this graph does not write; so the new
    weights are work for the prologue. Within the tolerance: sums are rounded in another order.
    """

    name = "fold-batch-norm"
    tolerance = Tolerance(rtol=1e-4, atol=1e-5)

    def apply(self, graph: Graph) -> bool:
        static = static_values(graph)
        folded = 0
        for node in graph.nodes:
            if node.op is batch_norm and _is_foldable(node, static):
                folded += _fold_back(graph, node, static) or _fold_forward(graph, node, static)
        return folded > 0


def _is_foldable(node: Node, static: set[Value | None]) -> bool:
    if node.attrs["training"] or node.output.type.dtype not in (float32, float64):
        return False
    return not any(v.uses for v in node.outputs[1:]) and all(v in static for v in node.operands[1:])


def _inputs(node: Node, count: int) -> tuple[Value | None, ...]:
    """The node's inputs, None for each that was left out at the end."""
    return (*node.inputs, *(None,) * (count - len(node.inputs)))


def _scale_and_shift(node: Node) -> tuple[Value, Value]:
    """s and t, for each channel, of batch_norm(x) = x * s + t."""
    _, mean, var, weight, bias = _inputs(node, 5)
    scale = rsqrt(add(var, node.attrs["eps"]))
    scale = scale if weight is None else mul(scale, weight)
    return scale, sub(0.0 if bias is None else bias, mul(mean, scale))


# ---- into the layer before


def _fold_back(graph: Graph, node: Node, static: set[Value | None]) -> bool:
    x = node.inputs[0]
    layer = x.producer if x is not None and x.has_one_use() else None
    if layer is None or layer.op not in (*BY_ROW, *TRANSPOSED) or not all(v in static for v in layer.operands[1:]):
        return False
    if layer.op is linear and node.output.type.ndim != 2:
        return False
    if layer.op in TRANSPOSED and layer.attrs["groups"] != 1:
        return False
    with graph.before(node, layer):
        substitute(graph, node, [_scaled_layer(layer, node), None, None, None, None])
    return True


def _scaled_layer(layer: Node, node: Node) -> Value:
    x, weight, bias = _inputs(layer, 3)
    assert weight is not None
    scale, shift = _scale_and_shift(node)
    axis = int(layer.op in TRANSPOSED)
    shape = [1] * weight.type.ndim
    shape[axis] = weight.shape[axis]
    along = reshape(scale, shape=tuple(shape))
    bias = shift if bias is None else add(mul(bias, scale), shift)
    value: Value = layer.op(x, mul(weight, along), bias, **layer.attrs)
    return value


# ---- into the linear after


def _fold_forward(graph: Graph, node: Node, static: set[Value | None]) -> bool:
    out = node.output
    layer = out.users[0] if out.has_one_use() else None
    if layer is None or layer.op is not linear or layer.inputs[0] is not out or out.type.ndim != 2:
        return False
    if not all(v in static for v in layer.operands[1:]):
        return False
    with graph.before(layer, node):
        _, weight, bias = _inputs(layer, 3)
        scale, shift = _scale_and_shift(node)
        bias = linear(shift, weight) if bias is None else linear(shift, weight, bias)
        substitute(graph, layer, [linear(node.inputs[0], mul(weight, scale), bias)])
    return True
