"""The rows of movement: other shapes and orders, parts, joining, padding, and what is made from nothing."""

from typing import Any

import numpy as np

from graphnn.ir import dtypes
from graphnn.ir.attrs import Constant
from tests.ops.lazy_torch import torch, torch_dtype
from tests.ops.rows import Row, Sample, bools, floats, ints, sample

X = floats(2, 3, 4)


SHAPES = (
    Row(
        "reshape",
        (
            sample(X, shape=(6, 4)),
            sample(X, shape=(24,)),
            sample(X, shape=(2, 1, 12)),
            sample(floats(), shape=(1, 1)),
            sample(floats(1), shape=()),
            sample(floats(0, 3), shape=(3, 0, 2)),
            sample(ints(4), shape=(2, 2)),
        ),
        torch=lambda x, shape: x.view(shape),
    ),
    Row(
        "flatten",
        (
            sample(X, start_dim=1, end_dim=2),
            sample(X, start_dim=0, end_dim=2),
            sample(X, start_dim=0, end_dim=1),
            sample(floats(), start_dim=0, end_dim=0),
            sample(floats(0, 3), start_dim=0, end_dim=1),
        ),
        torch=torch.flatten,
    ),
    Row(
        "squeeze",
        (
            sample(floats(2, 1, 3, 1)),
            sample(floats(2, 1, 3, 1), dim=(1,)),
            sample(floats(2, 1, 3, 1), dim=(0, 3)),
            sample(floats(1), dim=(0,)),
            sample(floats()),
            sample(floats(0, 1)),
        ),
        torch=lambda x, dim=None: x.squeeze() if dim is None else x.squeeze(dim if len(dim) > 1 else dim[0]),
    ),
    Row(
        "unsqueeze",
        (sample(X, dim=0), sample(X, dim=2), sample(X, dim=3), sample(floats(), dim=0), sample(floats(0), dim=1)),
        torch=torch.unsqueeze,
    ),
)

ORDERS = (
    Row(
        "permute",
        (
            sample(X, dims=(2, 0, 1)),
            sample(X, dims=(0, 1, 2)),
            sample(floats(), dims=()),
            sample(floats(0, 3), dims=(1, 0)),
            sample(bools(2, 3), dims=(1, 0)),
        ),
        torch=torch.permute,
    ),
    Row(
        "transpose",
        (
            sample(X, dim0=0, dim1=2),
            sample(X, dim0=1, dim1=1),
            sample(floats(), dim0=0, dim1=0),
            sample(floats(0, 3), dim0=0, dim1=1),
        ),
        torch=torch.transpose,
    ),
    Row(
        "flip",
        (
            sample(X, dims=(0,)),
            sample(X, dims=(0, 2)),
            sample(X, dims=()),
            sample(floats(), dims=()),
            sample(ints(0), dims=(0,)),
        ),
        torch=torch.flip,
    ),
)


# ---- parts


def _key(x: Any, dim: int, key: Any) -> Any:
    return x[(*(slice(None),) * dim, key)]


PARTS = (
    {"dim": 1, "start": 1, "stop": 3},
    {"dim": 2, "start": 0, "stop": 4, "step": 2},
    {"dim": 2, "start": 1, "stop": 4, "step": 2},
    {"dim": 0, "start": 0, "stop": 2},
    {"dim": 1, "start": 2, "stop": 2},
)


def part_of(x: np.ndarray, dim: int, start: int, stop: int, step: int = 1) -> np.ndarray:
    return _key(x, dim, slice(start, stop, step)).copy()


def put_back(part: np.ndarray, attrs: dict[str, int]) -> Sample:
    return sample(part, size=X.shape[attrs["dim"]], **attrs)


SLICES = (
    Row(
        "slice",
        (*(sample(X, **attrs) for attrs in PARTS), sample(floats(0, 3), dim=0, start=0, stop=0)),
        torch=lambda x, dim, start, stop, step=1: torch.ops.aten.slice(x, dim, start, stop, step),
    ),
    Row(
        "slice_grad",
        tuple(put_back(part_of(X, **attrs), attrs) for attrs in PARTS),
        torch=lambda g, size, dim, start, stop, step=1: torch.ops.aten.slice_backward(
            g, (*g.shape[:dim], size, *g.shape[dim + 1 :]), dim, start, stop, step
        ),
        named=False,
    ),
    Row(
        "slice_scatter",
        (
            *(sample(X, part_of(floats(2, 3, 4, seed=1), **attrs), **attrs) for attrs in PARTS),
            sample(ints(4), ints(2, seed=1), dim=0, start=0, stop=4, step=2),
        ),
        torch=lambda x, part, dim, start, stop, step=1: torch.slice_scatter(x, part, dim, start, stop, step),
    ),
    Row(
        "select",
        (
            sample(X, dim=0, index=1),
            sample(X, dim=2, index=3),
            sample(floats(3), dim=0, index=0),
            sample(floats(2, 0), dim=0, index=1),
        ),
        torch=torch.select,
    ),
    Row(
        "select_grad",
        (
            sample(floats(3, 4), dim=0, size=2, index=1),
            sample(floats(2, 3), dim=2, size=4, index=3),
            sample(floats(), dim=0, size=3, index=0),
        ),
        torch=lambda g, dim, size, index: torch.ops.aten.select_backward(
            g, (*g.shape[:dim], size, *g.shape[dim:]), dim, index
        ),
        named=False,
    ),
    Row(
        "select_scatter",
        (
            sample(X, floats(3, 4, seed=1), dim=0, index=1),
            sample(X, floats(2, 3, seed=1), dim=2, index=3),
            sample(floats(3), floats(seed=1), dim=0, index=0),
        ),
        torch=torch.select_scatter,
    ),
)


# ---- joining

JOINED = (
    Row(
        "cat",
        (
            sample(floats(2, 3), floats(2, 1, seed=1), floats(2, 0), dim=1),
            sample(floats(2, 3), floats(1, 3, seed=1), dim=0),
            sample(floats(2, 3), dim=0),
            sample(floats(0), floats(2, 3), dim=1),
            sample(floats(0), floats(0), dim=0),
            sample(floats(3), ints(2), dim=0),
            sample(floats(1), floats(1, dtype="f8"), dim=0),
        ),
        torch=lambda *xs, dim: torch.cat(xs, dim),
    ),
    Row(
        "stack",
        (
            sample(floats(2, 3), floats(2, 3, seed=1), dim=0),
            sample(floats(2, 3), floats(2, 3, seed=1), dim=2),
            sample(floats(), floats(seed=1), floats(seed=2), dim=0),
            sample(floats(0, 2), floats(0, 2), dim=1),
            sample(floats(3), ints(3), dim=1),
        ),
        torch=lambda *xs, dim: torch.stack(xs, dim),
    ),
    Row(
        "pad",
        (
            sample(floats(2, 3), padding=((1, 0), (2, 1))),
            sample(floats(2, 3), padding=((0, 0), (1, 1)), value=-1.5),
            sample(floats(4, 5), padding=((-1, 1), (0, -2))),
            sample(ints(3), padding=((1, 2),), value=7),
            sample(floats(0, 2), padding=((1, 0), (0, 0))),
            sample(floats(), padding=()),
        ),
        torch=lambda x, padding, value=0: torch.nn.functional.pad(
            x, [p for d in reversed(padding) for p in d], value=value
        ),
    ),
)


# ---- from nothing


CREATED = (
    Row(
        "full",
        (
            sample(shape=(2, 3), value=1.5),
            sample(shape=(), value=0.0, dtype=dtypes.float64),
            sample(shape=(0, 2), value=1, dtype=dtypes.int64),
            sample(shape=(2,), value=True, dtype=dtypes.bool),
            sample(shape=(2,), value=3, dtype=dtypes.uint8),
        ),
        torch=lambda shape, value, dtype=dtypes.float32: torch.full(shape, value, dtype=torch_dtype(dtype)),
    ),
    Row(
        "arange",
        (
            sample(stop=5, dtype=dtypes.int64),
            sample(start=1.0, stop=2.0, step=0.25, dtype=dtypes.float32),
            sample(start=5, stop=-1, step=-2, dtype=dtypes.float64),
            sample(stop=0, dtype=dtypes.int32),
        ),
        torch=lambda stop, dtype, start=0, step=1: torch.arange(start, stop, step, dtype=torch_dtype(dtype)),
    ),
    Row(
        "constant",
        (sample(value=Constant(floats(2, 3))), sample(value=Constant(ints())), sample(value=Constant(bools(0, 2)))),
        torch=lambda value: torch.tensor(value.array),
    ),
)

ROWS = (*SHAPES, *ORDERS, *SLICES, *JOINED, *CREATED)
