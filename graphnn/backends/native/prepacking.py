"""Which constant weights the native backend wants packed ahead of all runs, and how."""

from __future__ import annotations

from graphnn.backends.native.kernels.conv_forward import winograd_of
from graphnn.backends.native.kernels.conv_tile import tile_shape
from graphnn.backends.native.kernels.matrix_blocking import main_tile
from graphnn.backends.native.kernels.matrix_dots import FEW
from graphnn.backends.native.lowering import lowering_of
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir.value import Node
from graphnn.ops.packed_weights import Packing


def packing(node: Node, machine: Machine) -> Packing | None:
    """How the node's weight shall be packed; None: it is better read as it is."""
    weight = node.inputs[1]
    if weight is None or weight.type.dtype.short != "f32" or lowering_of(node) is None:
        return None
    outputs = weight.type.shape[0]
    if weight.type.ndim == 4:
        if node.attrs["groups"] != 1:
            return None
        return Packing(
            tile_shape(machine, outputs).vectors * machine.lanes, winograd_of(node, machine, True) is not None
        )
    rows = node.output.type.size // max(1, outputs)
    if rows <= FEW or outputs <= machine.lanes // 2:
        return None
    return Packing(main_tile(machine, outputs)[1] * machine.lanes)
