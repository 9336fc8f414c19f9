"""Tensors of positions: of triangles, of combinations of elements, of flat indices in a shape."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ArgumentTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.tensor.creation import check_device, of_numpy
from graphnn.tensor.joining import meshgrid, stack
from graphnn.tensor.tensor import Tensor


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: DType = dtypes.int64, device: Any = None) -> Tensor:
    """Rows and columns of the elements on and below a diagonal of a matrix, as two rows."""
    return _positions("tril_indices", np.tril_indices, row, col, offset, dtype, device)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: DType = dtypes.int64, device: Any = None) -> Tensor:
    """Rows and columns of the elements on and above a diagonal of a matrix, as two rows."""
    return _positions("triu_indices", np.triu_indices, row, col, offset, dtype, device)


def _positions(name: str, find: Any, row: int, col: int, offset: int, dtype: DType, device: Any) -> Tensor:
    check_device(device)
    for what, size in (("row", row), ("col", col)):
        if size < 0:
            raise ArgumentError(f"{name}: {what} must be non-negative, got {size}")
    return of_numpy(np.stack(find(row, offset, col)).astype(dtype.numpy))


def cartesian_prod(*tensors: Tensor) -> Any:
    """All rows that take one element of each vector; of a single vector itself."""
    for t in tensors:
        if t.ndim != 1:
            raise ShapeError(f"Expect a 1D vector, but got shape {list(t.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([grid.flatten() for grid in meshgrid(*tensors, indexing="ij")], dim=1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Any:
    """All rows of r elements of a vector, in their order; `with_replacement` an element may come again."""
    if input.ndim != 1:
        raise ShapeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise ArgumentError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.new_empty(0)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input.shape[0]), r)), np.int64).reshape(-1, r)
    return input[of_numpy(rows)]


def unravel_index(indices: Tensor, shape: Any) -> tuple[Any, ...]:
    """Where positions in a flattened tensor of that shape lie along each of its dimensions."""
    sizes: Sequence[int] = (shape,) if isinstance(shape, int) else tuple(shape)
    if indices.dtype.category != 1:
        raise ArgumentTypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype!r}")
    if any(size < 0 for size in sizes):
        raise ArgumentError(f"'shape' cannot have negative values, but got {tuple(sizes)}")
    steps = [math.prod(sizes[d + 1 :]) for d in range(len(sizes))]
    return tuple(indices.div(step, rounding_mode="floor") % size for step, size in zip(steps, sizes, strict=True))
