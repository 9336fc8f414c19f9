"""A heavy op and the elementwise ops that follow it as one: what it computes is never stored in between.

The result may be written over what the elementwise ops read, never over what the heavy one reads.
"""

from __future__ import annotations

from typing import Any

from graphnn.errors import ShapeError
from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.evaluate import apply_graph
from graphnn.ops.op import Op, Types, register

EVERY = 1 << 30  # outputs carry gradients


def _infer(*xs: TensorType, body: Graph) -> Types:
    """The outputs of `body`: its first node has the trait EPILOGUE, all others are elementwise and of its shape."""
    if len(xs) != len(body.inputs):
        raise ShapeError(f"fused_epilogue: the body takes {len(body.inputs)} inputs, got {len(xs)}")
    head, *rest = body.nodes
    if Trait.EPILOGUE not in head.op.traits:
        raise ShapeError(f"fused_epilogue: the first op must take an epilogue, got {head!r}")
    for node in rest:
        if Trait.ELEMENTWISE not in node.op.traits or node.output.shape != head.outputs[0].shape:
            raise ShapeError(f"fused_epilogue: what follows must be elementwise and of one shape, got {node!r}")
    return tuple(v.type for v in body.outputs)


def _apply_body(*xs: Any, body: Graph) -> Any:
    found, _ = apply_graph(body, xs)
    return found[0] if len(found) == 1 else tuple(found)


fused_epilogue = register(
    Op(
        "fused_epilogue",
        infer=_infer,
        decompose=_apply_body,
        outputs=(),
        differentiable=EVERY,
        traits=(Trait.FUSED, Trait.INPLACE),
    )
)
