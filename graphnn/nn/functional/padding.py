"""Padding tensors at their edges."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.errors import ArgumentError, UnsupportedError
from graphnn.ops.edge_pad import MODES, edge_pad
from graphnn.ops.joining import pad as pad_op
from graphnn.tensor.tensor import Tensor


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """`pad` holds (low, high) for the last dimension, then for the one before, …; negative numbers cut away.

    Modes: "constant" (with `value`), "reflect", "replicate", "circular".
    """
    if len(pad) % 2:
        raise ArgumentError("Padding length must be divisible by 2")
    if len(pad) > 2 * input.ndim:
        raise ArgumentError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {input.ndim}"
        )
    edges = tuple((pad[i], pad[i + 1]) for i in reversed(range(0, len(pad), 2)))
    if mode == "constant":
        padding = ((0, 0),) * (input.ndim - len(edges)) + edges
        return pad_op(input, padding=padding, value=0.0 if value is None else value)  # type: ignore[no-any-return]
    _check_edges(input, len(edges), mode, value)
    return edge_pad(input, padding=edges, mode=mode)  # type: ignore[no-any-return]


def _check_edges(input: Tensor, dims: int, mode: str, value: float | None) -> None:
    if mode not in MODES:
        raise UnsupportedError(
            f"Unrecognised padding mode {mode}: use 'constant', 'reflect', 'replicate' or 'circular'"
        )
    if value is not None and value != 0:
        raise ArgumentError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if dims > 3 or input.ndim not in (dims + 1, dims + 2):
        raise UnsupportedError(
            f"Padding size {2 * dims} is not supported for {input.ndim}D input tensor in mode {mode!r}: 2 numbers pad 2D "
            "or 3D input, 4 pad 3D or 4D, 6 pad 4D or 5D"
        )
