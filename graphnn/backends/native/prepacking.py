"""Which constant weights the native backend wants packed ahead of all runs, and how."""

from __future__ import annotations

from graphnn.backends.native.kernels.conv_forward import winograd_of
from graphnn.backends.native.kernels.conv_input_grad import InputGrad, winograd_of_grad
from graphnn.backends.native.kernels.conv_slim import slim_shape
from graphnn.backends.native.kernels.conv_tile import tile_shape
from graphnn.backends.native.kernels.matrix_blocking import packed_vectors
from graphnn.backends.native.kernels.recurrent import gate_packing
from graphnn.backends.native.lowering import lowering_of
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir.value import Node
from graphnn.ops.packed_recurrence import LAYERS as RECURRENT
from graphnn.ops.packed_recurrence import GatePacking
from graphnn.ops.packed_weights import Packing

DOTS = 1  # rows of a linear layer that dot products take best, with the weights in place
DOTS_OF_LARGE = 4  # the same where the weights come from memory at each run
LARGE = 1 << 22  # floats


def packing(node: Node, machine: Machine) -> Packing | GatePacking | None:
    """How the node's weights shall be packed; None: they are better read as they are."""
    if node.op.name in RECURRENT:
        return gate_packing(node, machine) if lowering_of(node) is not None else None
    weight = node.inputs[1]
    if weight is None or weight.type.dtype.short != "f32" or lowering_of(node) is None:
        return None
    if node.op.name == "conv_transpose2d":
        return _transposed(node, machine)
    outputs = weight.type.shape[0]
    if weight.type.ndim == 4:
        taps = weight.type.shape[2] * weight.type.shape[3]
        if node.attrs["groups"] != 1 or slim_shape(machine, weight.type.shape[1], outputs, taps, 1):
            return None
        winograd = winograd_of(node, machine, True)
        return Packing(tile_shape(machine, outputs).vectors * machine.lanes, 0 if winograd is None else winograd.out)
    rows = node.output.type.size // max(1, outputs)
    if rows <= (DOTS_OF_LARGE if weight.type.size > LARGE else DOTS) or outputs <= machine.lanes // 2:
        return None
    return Packing(packed_vectors(machine, rows, outputs) * machine.lanes)


def _transposed(node: Node, machine: Machine) -> Packing | None:
    if node.attrs["groups"] != 1 or winograd_of_grad(node, machine) is not None:
        return None
    made = InputGrad(node, machine)
    return None if made.slim else Packing(made.panels.nr)
