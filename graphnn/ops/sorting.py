"""Sorting along one dimension: the values in order and where each lay. NaN counts as larger than everything."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ops.gathering import gather_grad
from graphnn.ops.movement import check_dim
from graphnn.ops.op import Call, Op, Types, register


def _sort(x: TensorType, *, dim: int, descending: bool = False) -> Types:
    """The elements along `dim` in order, and their places before; equal ones keep their order."""
    check_dim("sort", dim, x.ndim)
    return x, TensorType(dtypes.int64, x.shape)


def _write_sorted(
    values: np.ndarray | None, indices: np.ndarray | None, x: np.ndarray, dim: int, descending: bool
) -> None:
    x = x.reshape(x.shape or (1,))
    if descending:  # both ways round, so that equal elements keep their order and NaN comes first
        order = x.shape[dim] - 1 - np.flip(np.argsort(np.flip(x, dim), dim, kind="stable"), dim)
    else:
        order = np.argsort(x, dim, kind="stable")
    if indices is not None:
        indices[...] = order.reshape(indices.shape)
    if values is not None:
        values[...] = np.take_along_axis(x, order, dim).reshape(values.shape)


def _sort_kernel(outs: Any, x: np.ndarray, *, dim: int, descending: bool) -> list[Call]:
    return [(_write_sorted, outs[0], outs[1], x, dim, descending)]


sort: Op = register(
    Op(
        "sort",
        infer=_sort,
        numpy=_sort_kernel,
        vjp=lambda c, g, indices: gather_grad(g, indices, dim=c.attrs["dim"], shape=c.types[0].shape),
        outputs=("values", "indices"),
    )
)
