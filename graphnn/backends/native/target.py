"""What the native backend tells the planner about itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphnn.backends.native.epilogue import head_of
from graphnn.backends.native.lowering import lowering_of
from graphnn.backends.native.prepacking import packing
from graphnn.backends.native.toolchain.machine import Machine, this_machine
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node
from graphnn.ops.packed_recurrence import GatePacking
from graphnn.ops.packed_weights import Packing
from graphnn.plan.target import Target


@dataclass(frozen=True)
class NativeTarget(Target):
    """Scratch as the lowerings ask for it; what they do not take has the scratch of its NumPy kernel."""

    name: str = "native"
    channels_last: bool = True
    every_result: bool = True
    machine: Machine = field(default_factory=this_machine)

    def scratch(self, node: Node) -> tuple[TensorType, ...]:
        found = lowering_of(node)
        return super().scratch(node) if found is None else found.scratch(head_of(node), self.machine)

    def packing(self, node: Node) -> Packing | GatePacking | None:
        return packing(node, self.machine)
