"""What ops with index tensors share: range checks, flat positions, contiguous sources."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import DTypeError, IndexOutOfRange
from graphnn.ir import dtypes
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.op import Call

INDEX_DTYPES = (dtypes.int64, dtypes.int32)


def require_index(op: str, index: TensorType) -> None:
    """DTypeError unless the tensor can serve as an index."""
    if index.dtype not in INDEX_DTYPES:
        raise DTypeError(f"{op}: tensors used as indices must be int64 or int32, got {index}; convert with .long()")


def check_range(index: np.ndarray, low: int, size: int, op: str, dim: int) -> None:
    """IndexOutOfRange unless `low <= index < size` everywhere. A step of a kernel."""
    if index.size == 0:
        return
    least, most = int(index.min()), int(index.max())
    if low <= least and most < size:
        return
    wrong = least if least < low else most
    raise IndexOutOfRange(f"{op}: index {wrong} is out of bounds for dimension {dim} with size {size}")


def contiguous(x: np.ndarray, shape: tuple[int, ...]) -> tuple[list[Call], np.ndarray]:
    """The array in that shape, C-contiguous: a view where it is that already, else a buffer and the call filling it."""
    if x.flags.c_contiguous:
        return [], x.reshape(shape)
    buffer = np.empty(x.shape, x.dtype)
    return [(np.copyto, buffer, x)], buffer.reshape(shape)


def flat_positions(flat: np.ndarray, index: np.ndarray, shape: Shape, dim: int) -> list[Call]:
    """The calls that write into `flat` where `index` (along `dim`) points in a contiguous array of that shape."""
    stride = int(np.prod(shape[dim + 1 :], dtype=np.int64))
    calls: list[Call] = [(np.multiply, index, stride, flat)]
    step = 1
    for d in reversed(range(len(shape))):
        if d != dim and index.shape[d] > 1:
            offsets = (np.arange(index.shape[d]) * step).reshape([-1 if i == d else 1 for i in range(len(shape))])
            calls.append((np.add, flat, offsets, flat))
        step *= shape[d]
    return calls


def add_at(out: np.ndarray, key: Any, values: Any) -> None:
    """`out[key] += values`, each repetition of an index counting."""
    np.add.at(out, key, values)


def assign(out: np.ndarray, key: Any, values: Any) -> None:
    """`out[key] = values`."""
    out[key] = values
