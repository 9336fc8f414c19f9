"""Places in an order, and what occurs most often."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import DTypeError, IndexOutOfRange, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.types import TensorType
from graphnn.ops.gathering import gather_grad
from graphnn.ops.movement import check_dim, unsqueeze
from graphnn.ops.op import Call, Op, Types, register

# ---- searchsorted


def _searchsorted(
    ordered: TensorType, values: TensorType, *, right: bool = False, dtype: DType = dtypes.int64
) -> TensorType:
    """How many elements of `ordered`, sorted along its last dimension, are less than each value (with `right`: no more
    than it). `ordered` is a vector, or has the leading dimensions of `values`. NaN is larger than all numbers."""
    if ordered.ndim == 0:
        raise ShapeError(f"searchsorted: boundaries tensor should have positive dimension, got {ordered}")
    if ordered.ndim != 1 and (values.ndim != ordered.ndim or values.shape[:-1] != ordered.shape[:-1]):
        raise ShapeError(
            "searchsorted: boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and "
            f"input value tensor must match, got {ordered} and {values}"
        )
    if not values.weak and values.dtype is not ordered.dtype:
        raise DTypeError(
            f"searchsorted: boundaries and input value tensors should have same dtype, got {ordered} and {values}"
        )
    return TensorType(dtype, values.shape)


def _write_places(out: np.ndarray, ordered: np.ndarray, values: Any, side: str) -> None:
    if ordered.ndim == 1:
        out[...] = np.searchsorted(ordered, values, side)  # type: ignore[call-overload]
        return
    for at in np.ndindex(ordered.shape[:-1]):
        out[at] = np.searchsorted(ordered[at], values[at], side)  # type: ignore[call-overload]


def _searchsorted_kernel(out: np.ndarray, ordered: np.ndarray, values: Any, *, right: bool, dtype: DType) -> list[Call]:
    return [(_write_places, out, ordered, values, "right" if right else "left")]


searchsorted = register(Op("searchsorted", infer=_searchsorted, numpy=_searchsorted_kernel, differentiable=0))

# ---- mode


def _mode(x: TensorType, *, dim: int) -> Types:
    """The element along `dim` that occurs most often, the smallest of those, and where it occurs last; `dim` goes."""
    check_dim("mode", dim, x.ndim)
    if x.ndim and x.shape[dim] == 0:
        raise IndexOutOfRange(f"mode(): Expected reduction dim {dim} to have non-zero size: {x}")
    shape = x.shape[:dim] + x.shape[dim + 1 :]
    return TensorType(x.dtype, shape), TensorType(dtypes.int64, shape)


def _write_modes(values: np.ndarray | None, indices: np.ndarray | None, x: np.ndarray, dim: int) -> None:
    rows = np.moveaxis(x.reshape(x.shape or (1,)), dim, -1)
    order = np.argsort(rows, -1, kind="stable")
    ordered = np.take_along_axis(rows, order, -1)
    size = x.shape[dim] if x.ndim else 1
    ends = np.ones(rows.shape, bool)
    ends[..., :-1] = ordered[..., 1:] != ordered[..., :-1]
    places = np.arange(size)
    before = np.maximum.accumulate(np.where(ends, places, -1), -1)
    starts = np.concatenate([np.full((*rows.shape[:-1], 1), -1), before[..., :-1]], -1)
    lengths = np.where(ends, places - starts, 0)
    chosen = np.argmax(lengths, -1)[..., None]
    if values is not None:
        values[...] = np.take_along_axis(ordered, chosen, -1)[..., 0].reshape(values.shape)
    if indices is not None:
        indices[...] = np.take_along_axis(order, chosen, -1)[..., 0].reshape(indices.shape)


def _mode_kernel(outs: Any, x: np.ndarray, *, dim: int) -> list[Call]:
    return [(_write_modes, outs[0], outs[1], x, dim)]


def _mode_vjp(c: Any, g: Any, indices: Any) -> Any:
    shape, dim = c.types[0].shape, c.attrs["dim"]
    if not shape:
        return g
    return gather_grad(unsqueeze(g, dim=dim), unsqueeze(indices, dim=dim), dim=dim, shape=shape)


mode: Op = register(Op("mode", infer=_mode, numpy=_mode_kernel, vjp=_mode_vjp, outputs=("values", "indices")))
