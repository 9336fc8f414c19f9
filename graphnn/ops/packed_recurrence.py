"""Weights of recurrent layers laid out as kernels read them, and the layers that take them so.

As `packed_weights.py`: a backend asks for it, and the layers are defined by those without packing.
"""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import numpy as np

from graphnn.errors import ShapeError
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.gru import gru
from graphnn.ops.lstm import lstm
from graphnn.ops.movement import permute, reshape
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.rnn import rnn_relu, rnn_tanh
from graphnn.ops.slicing import slice as slice_


class GatePacking(NamedTuple):
    """How a layer's weights shall come: those of the states in panels of `width` units of each gate, those of the inputs in
    panels of `inputs` units (0: as they are)."""

    width: int
    inputs: int = 0


class Recurrent(NamedTuple):
    """A layer: its op, the gates that its weights have side by side, and where the first weight stands; whether both
    biases are added to all gates."""

    op: Op
    gates: int
    first_weight: int
    joint_biases: bool = True


LAYERS = {
    "lstm": Recurrent(lstm, 4, 3),
    "gru": Recurrent(gru, 3, 2, joint_biases=False),
    "rnn_tanh": Recurrent(rnn_tanh, 1, 2),
    "rnn_relu": Recurrent(rnn_relu, 1, 2),
}

# ---- packing


def _pack_gates(weight: TensorType, *, gates: int, width: int) -> TensorType:
    """A weight (gates * H, K) as panels (⌈H / width⌉, K, gates, width): the same units of all gates side by side, zeros beyond
    the last one."""
    if weight.ndim != 2 or width < 1 or gates < 1 or weight.shape[0] % gates:
        raise ShapeError(f"pack_gates: wants a weight ({gates} * units, inputs) and a positive width, got {weight}")
    panels = -(-weight.shape[0] // gates // width)
    return TensorType(weight.dtype, (panels, weight.shape[1], gates, width))


def _pack_kernel(out: np.ndarray, weight: np.ndarray, *, gates: int, width: int) -> list[Call]:
    return [(_pack_into, out, weight.reshape(gates, -1, weight.shape[1]))]


def _pack_into(out: np.ndarray, weight: np.ndarray) -> None:
    width = out.shape[-1]
    for panel, first in enumerate(range(0, weight.shape[1], width)):
        part = weight[:, first : first + width]
        out[panel, ..., : part.shape[1]] = part.transpose(2, 0, 1)
        out[panel, ..., part.shape[1] :] = 0


pack_gates: Op = register(
    Op(
        "pack_gates",
        infer=_pack_gates,
        numpy=_pack_kernel,
        vjp=lambda c, g: unpacked_gates(g, c.types[0].shape[0] // c.attrs["gates"]),
    )
)


def unpacked_gates(weight: Any, hidden: int) -> Any:
    """The weight (gates * hidden, K) that was packed, by other ops."""
    panels, k, gates, width = weight.shape
    whole = reshape(permute(weight, dims=(2, 0, 3, 1)), shape=(gates, panels * width, k))
    units = whole if panels * width == hidden else slice_(whole, dim=1, start=0, stop=hidden, step=1)
    return reshape(units, shape=(gates * hidden, k))


# ---- layers


def _packed(name: str) -> Op:
    """The layer with one or both weights packed: those of four dimensions are."""
    base, gates, at, _ = LAYERS[name]

    def infer(*operands: TensorType | None, **attrs: Any) -> Types:
        plain = list(operands)
        for i in (at, at + 1):
            plain[i] = _plain_type(f"packed_{name}", plain[i], operands[1], gates)
        return base.infer(*plain, **attrs)  # type: ignore[no-any-return]

    def in_ops(*operands: Any, **attrs: Any) -> Any:
        plain = list(operands)
        for i in (at, at + 1):
            if plain[i] is not None and len(plain[i].shape) == 4:
                plain[i] = unpacked_gates(plain[i], operands[1].shape[-1])
        return base(*plain, **attrs)

    infer.__doc__ = f"{name} with its weights in panels, as `pack_gates` makes them."
    infer.__signature__ = inspect.signature(base.infer)  # type: ignore[attr-defined]
    made = Op(
        f"packed_{name}",
        infer=infer,
        decompose=in_ops,
        outputs=base.outputs,
        differentiable=base.differentiable,
        traits=(Trait.FUSED,),
    )
    return register(made)


def _plain_type(op: str, weight: TensorType | None, h0: TensorType | None, gates: int) -> TensorType | None:
    if weight is None or weight.ndim != 4 or h0 is None or h0.ndim != 2:
        return weight
    hidden, (panels, k, *rest) = h0.shape[1], weight.shape
    if rest[0] != gates or panels != -(-hidden // max(1, rest[1])):
        raise ShapeError(f"{op}: {weight} is not the packed form of a weight of {gates} gates of {hidden} units")
    return TensorType(weight.dtype, (gates * hidden, k))


PACKED = {name: _packed(name) for name in LAYERS}
