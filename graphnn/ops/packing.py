"""Padded batches of sequences to the rows of all time steps one after the other, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir.types import TensorType
from graphnn.ops.op import Call, Op, register


def _check(op: str, batch_sizes: tuple[int, ...]) -> None:
    if not batch_sizes or min(batch_sizes) < 1 or list(batch_sizes) != sorted(batch_sizes, reverse=True):
        raise ArgumentError(f"{op}: batch_sizes must be positive and must not grow, got {list(batch_sizes)}")


def _copy_steps(rows: np.ndarray, padded: np.ndarray, batch_sizes: tuple[int, ...], pack: bool) -> None:
    """Copies each step's rows between the two forms. A step of kernels."""
    at = 0
    for t, n in enumerate(batch_sizes):
        if pack:
            rows[at : at + n] = padded[t, :n]
        else:
            padded[t, :n] = rows[at : at + n]
        at += n


# ---- pack_padded_sequence


def _pack(x: TensorType, *, batch_sizes: tuple[int, ...]) -> TensorType:
    """The first batch_sizes[t] rows of each step t of x (T, B, *), one after the other: (sum of batch_sizes, *)."""
    _check("pack_padded_sequence", batch_sizes)
    if x.ndim < 2:
        raise ShapeError(f"pack_padded_sequence: expected a padded batch (T, B, *), got {x}")
    if len(batch_sizes) > x.shape[0] or batch_sizes[0] > x.shape[1]:
        raise ArgumentError(
            f"pack_padded_sequence: {len(batch_sizes)} steps of up to {batch_sizes[0]} sequences asked for, got {x}"
        )
    return TensorType(x.dtype, (sum(batch_sizes), *x.shape[2:]))


def _pack_kernel(out: np.ndarray, x: np.ndarray, *, batch_sizes: tuple[int, ...]) -> list[Call]:
    return [(_copy_steps, out, x, batch_sizes, True)]


def _pack_vjp(c: Any, g: Any) -> Any:
    length, batch = c.types[0].shape[:2]
    return pad_packed_sequence(g, batch_sizes=c.attrs["batch_sizes"], length=length, batch=batch)


pack_padded_sequence = register(Op("pack_padded_sequence", infer=_pack, numpy=_pack_kernel, vjp=_pack_vjp))


# ---- pad_packed_sequence


def _pad(
    x: TensorType, *, batch_sizes: tuple[int, ...], length: int, batch: int, padding_value: float = 0.0
) -> TensorType:
    """The inverse: (length, batch, *), with `padding_value` where a sequence has ended."""
    _check("pad_packed_sequence", batch_sizes)
    if x.ndim < 1 or x.shape[0] != sum(batch_sizes):
        raise ShapeError(f"pad_packed_sequence: the batch sizes add up to {sum(batch_sizes)} rows, got {x}")
    if length < len(batch_sizes) or batch < batch_sizes[0]:
        raise ArgumentError(
            f"pad_packed_sequence: {len(batch_sizes)} steps of up to {batch_sizes[0]} sequences do not fit into "
            f"({length}, {batch})"
        )
    return TensorType(x.dtype, (length, batch, *x.shape[1:]))


def _pad_kernel(
    out: np.ndarray, x: np.ndarray, *, batch_sizes: tuple[int, ...], length: int, batch: int, padding_value: float
) -> list[Call]:
    return [(out.fill, padding_value), (_copy_steps, x, out, batch_sizes, False)]


pad_packed_sequence = register(
    Op(
        "pad_packed_sequence",
        infer=_pad,
        numpy=_pad_kernel,
        vjp=lambda c, g: pack_padded_sequence(g, batch_sizes=c.attrs["batch_sizes"]),
        grad_name="CopySlices",
    )
)
