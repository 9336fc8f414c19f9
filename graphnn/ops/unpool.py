"""Undoing max pooling: each value goes back to the place that it came from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.indices import contiguous
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.window_max import picked


def _infer(x: TensorType, indices: TensorType, *, size: Shape) -> TensorType:
    """Zeros whose last dimensions have `size`, with x where the indices into these, flattened, point."""
    if indices.dtype is not dtypes.int64:
        raise DTypeError(f"max_unpool: elements in indices should be type int64 but got: {indices}")
    if x.shape != indices.shape:
        raise ShapeError(
            f"max_unpool: Expected shape of indices to be same as that of the input tensor, got {x}, {indices}"
        )
    if x.ndim <= len(size) or any(s < 0 for s in size) or 0 in x.shape[x.ndim - len(size) :]:
        raise ShapeError(f"max_unpool: wants {len(size)} dimensions of space after others, none empty, got {x}")
    return TensorType(x.dtype, (*x.shape[: x.ndim - len(size)], *size))


def _place(
    out: np.ndarray, flat: np.ndarray, indices: np.ndarray, starts: np.ndarray, values: np.ndarray, size: Shape
) -> None:
    """Checks the indices, then writes the values into zeros."""
    volume = math.prod(size)
    if indices.size:
        least, most = int(indices.min()), int(indices.max())
        if least < 0 or most >= volume:
            shape = "x".join(map(str, size))
            wrong = least if least < 0 else most
            raise ArgumentError(f"max_unpool: Found an invalid max index: {wrong} (output volumes are of size {shape})")
    out.fill(0)
    np.add(indices, starts, flat)
    out[flat.reshape(-1)] = values


def _kernel(out: np.ndarray, x: np.ndarray, indices: np.ndarray, *, size: Shape, scratch: Any) -> list[Call]:
    calls, values = contiguous(x, (x.size,))
    lead = x.shape[: x.ndim - len(size)]
    starts = (np.arange(math.prod(lead)) * math.prod(size)).reshape(*lead, *(1,) * len(size))
    return [*calls, (_place, out.reshape(-1), scratch[0], indices, starts, values, size)]


def _scratch(x: TensorType, indices: TensorType, *, size: Shape) -> Types:
    return (TensorType(dtypes.int64, x.shape),)


max_unpool = register(
    Op(
        "max_unpool",
        infer=_infer,
        numpy=_kernel,
        scratch=_scratch,
        vjp=lambda c, g, indices: (picked(g, indices, len(c.attrs["size"])), None),
        grad_name=lambda types, attrs: f"MaxUnpool{len(attrs['size'])}DBackward0",
    )
)
