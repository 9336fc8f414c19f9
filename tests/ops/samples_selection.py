"""The rows of places in an order, of the most frequent element, of combining scatters and of strided views."""

from typing import Any

import numpy as np

from graphnn.ir import dtypes
from tests.ops.lazy_torch import torch
from tests.ops.rows import Row, floats, ints, sample

ORDERED = np.sort(floats(7))
ROWS_IN_ORDER = np.sort(floats(2, 5), -1)
INDEX = ints(2, 4, low=0, high=3)
WINDOWS = {"size": (3, 2), "stride": (2, 3), "offset": 1}


def searchsorted(ordered: Any, values: Any, right: bool = False, dtype: Any = dtypes.int64) -> Any:
    return torch.searchsorted(ordered, values, right=right, out_int32=dtype is dtypes.int32)


def scatter_reduce(x: Any, index: Any, src: Any, dim: int, reduce: str, include_self: bool = True) -> Any:
    return x.scatter_reduce(dim, index, src, reduce, include_self=include_self)


def as_strided(x: Any, size: Any, stride: Any, offset: int = 0) -> Any:
    return torch.as_strided(x, size, stride, offset)


def as_strided_grad(g: np.ndarray, shape: Any, size: Any, stride: Any, offset: int = 0) -> np.ndarray:
    out = np.zeros(shape, g.dtype)
    for at in np.ndindex(*size):
        out.reshape(-1)[offset + sum(i * s for i, s in zip(at, stride, strict=True))] += g[at]
    return out


def as_strided_scatter(x: np.ndarray, part: np.ndarray, size: Any, stride: Any, offset: int = 0) -> np.ndarray:
    out = x.copy()
    for at in np.ndindex(*size):
        out.reshape(-1)[offset + sum(i * s for i, s in zip(at, stride, strict=True))] = part[at]
    return out


ROWS: tuple[Row, ...] = (
    Row(
        "searchsorted",
        (
            sample(ORDERED, floats(3, 2)),
            sample(ORDERED, ORDERED, right=True),
            sample(ORDERED, floats(4), dtype=dtypes.int32),
            sample(ROWS_IN_ORDER, floats(2, 3), right=True),
            sample(ints(4, low=0, high=1), ints(3)),
            sample(ORDERED, floats(0)),
        ),
        torch=searchsorted,
    ),
    Row(
        "mode",
        (
            sample(floats(3, 4), dim=1),
            sample(ints(5, 6, low=0, high=3), dim=0),
            sample(ints(4, 2, 3, low=0, high=2), dim=1),
            sample(floats(), dim=0),
        ),
        torch=lambda x, dim: tuple(torch.mode(x, dim)),
    ),
    Row(
        "scatter_reduce",
        (
            *(sample(floats(3, 4), INDEX, floats(2, 4), dim=0, reduce=r) for r in ("prod", "amax", "amin")),
            *(
                sample(floats(3, 4), INDEX, floats(2, 4), dim=0, reduce=r, include_self=False)
                for r in ("prod", "amax", "amin")
            ),
            sample(ints(3, 4), INDEX, ints(2, 4), dim=0, reduce="amin"),
            sample(floats(2, 3), ints(2, 0, low=0), floats(2, 0), dim=1, reduce="prod"),
        ),
        torch=scatter_reduce,
        named=False,
    ),
    Row(
        "as_strided",
        (
            sample(floats(3, 4), **WINDOWS),
            sample(floats(12), size=(2, 3, 2), stride=(4, 1, 1)),
            sample(floats(4), size=(), stride=(), offset=2),
            sample(floats(4), size=(0, 2), stride=(9, 1)),
        ),
        torch=as_strided,
    ),
    Row("as_strided_grad", (sample(floats(3, 2), shape=(3, 4), **WINDOWS),), numpy=as_strided_grad, named=False),
    Row(
        "as_strided_scatter",
        (sample(floats(3, 4), floats(3, 2), size=(3, 2), stride=(2, 1), offset=1),),
        numpy=as_strided_scatter,
        named=False,
    ),
)
