"""The convolution with its activation as one op."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphnn.ir.graph import Graph
from graphnn.ops.conv import conv2d, conv2d_relu
from graphnn.ops.unary import relu
from graphnn.rewrite.pass_ import Pass
from graphnn.rewrite.pattern import pattern


@pattern
def _conv_then_relu(
    x: Any, weight: Any, bias: Any = None, *, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Any:
    attrs = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return relu(conv2d(x, weight, bias, **attrs)), conv2d_relu(x, weight, bias, **attrs)


@dataclass(frozen=True)
class FuseConvReLU(Pass):
    """relu(conv2d(x, w, b)) -> conv2d_relu(x, w, b), when the convolution has no other user. Bit-exact."""

    name = "fuse-conv-relu"

    def apply(self, graph: Graph) -> bool:
        return _conv_then_relu.apply(graph)
