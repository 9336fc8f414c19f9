"""The linear layer with its activation as one op."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphnn.ir.graph import Graph
from graphnn.ops.matrix import linear, linear_relu
from graphnn.ops.unary import relu
from graphnn.rewrite.pass_ import Pass
from graphnn.rewrite.pattern import pattern


@pattern
def _linear_then_relu(x: Any, weight: Any, bias: Any = None) -> Any:
    return relu(linear(x, weight, bias)), linear_relu(x, weight, bias)


@dataclass(frozen=True)
class FuseLinearReLU(Pass):
    """relu(linear(x, w, b)) -> linear_relu(x, w, b), when the linear has no other user. Bit-exact."""

    name = "fuse-linear-relu"

    def apply(self, graph: Graph) -> bool:
        return _linear_then_relu.apply(graph)
