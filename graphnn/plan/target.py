"""What a backend tells the planner about itself."""

from __future__ import annotations

from dataclasses import dataclass

from graphnn.ir.types import TensorType
from graphnn.ir.value import Node
from graphnn.ops.packed_recurrence import GatePacking
from graphnn.ops.packed_weights import Packing

DEFAULT_ALIGNMENT = 64


@dataclass(frozen=True)
class Target:
    """`alignment` of buffers in bytes; whether view ops may name memory again, whether values may be stored
    channels-last, whether results may be written over inputs: the first
    one of an op that allows it, or every one of an elementwise op."""

    name: str = "numpy"
    alignment: int = DEFAULT_ALIGNMENT
    views: bool = True
    channels_last: bool = False
    inplace: bool = True
    every_result: bool = False

    def scratch(self, node: Node) -> tuple[TensorType, ...]:
        """Working memory that the node's kernel needs, while it runs only."""
        scratch = getattr(node.op, "scratch", None)
        if scratch is None:
            return ()
        return tuple(scratch(*(None if v is None else v.type for v in node.inputs), **node.attrs))

    def packing(self, node: Node) -> Packing | GatePacking | None:
        """How a layer's weights shall be packed ahead, if they are constant; None: they are better read as they are."""
        return None


NUMPY = Target()
