"""Pooling to a given size, over as many of the last dimensions as sizes are given."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.axis_tables import Table, Tables, of_matrix, table_calls, table_scratch, transposed
from graphnn.ops.op import Op, Types, register
from graphnn.ops.window_max import Windows, adaptive, adaptive_bounds, max_calls, max_scratch, picked_gradient


def _check(op: str, x: TensorType, size: Shape) -> None:
    spatial = x.ndim - len(size)
    if spatial < 1 or 0 in x.shape[spatial:]:
        raise ShapeError(
            f"{op}: Expected input to have non-zero size for non-batch dimensions, {len(size)} last ones: {x}"
        )
    if any(s < 0 for s in size):
        raise ArgumentError(
            f"{op}: elements of output_size must be greater than or equal to 0 but received {list(size)}"
        )


def _pooled(x: TensorType, size: Shape) -> Shape:
    return (*x.shape[: x.ndim - len(size)], *size)


# ---- the mean


@functools.lru_cache(maxsize=256)
def _mean_table(size: int, outputs: int) -> Table:
    matrix = np.zeros((outputs, size))
    for i, (start, stop) in enumerate(zip(*adaptive_bounds(size, outputs), strict=True)):
        matrix[i, start:stop] = 1.0 / (stop - start)
    return of_matrix(matrix)


def _mean_tables(sizes: Shape, size: Shape) -> Tables:
    return tuple(_mean_table(a, b) for a, b in zip(sizes, size, strict=True))


def _infer_avg(x: TensorType, *, size: Shape) -> TensorType:
    """The mean of each window; the windows cover the last dimensions evenly, and may overlap."""
    _check("adaptive_avg_pool", x, size)
    if not x.dtype.is_floating_point:
        raise DTypeError(f"adaptive_avg_pool: expected a floating-point tensor, got {x}; convert with .to(dtype)")
    return TensorType(x.dtype, _pooled(x, size))


def _of(x: Any, size: Shape) -> Tables:
    return _mean_tables(x.shape[x.ndim - len(size) :], size)


adaptive_avg_pool: Op = register(
    Op(
        "adaptive_avg_pool",
        infer=_infer_avg,
        numpy=lambda out, x, *, size, scratch: table_calls(out, x, _of(x, size), scratch),
        scratch=lambda x, *, size: table_scratch(x, _of(x, size)),
        vjp=lambda c, g: adaptive_avg_pool_grad(g, size=c.types[0].shape[-len(c.attrs["size"]) :]),
        grad_name=lambda types, attrs: f"AdaptiveAvgPool{len(attrs['size'])}DBackward0",
        traits=(Trait.CHANNELS_LAST,),
    )
)


def _infer_avg_grad(g: TensorType, *, size: Shape) -> TensorType:
    """The gradient of adaptive_avg_pool's input, whose last dimensions had `size`."""
    return TensorType(g.dtype, _pooled(g, size))


def _grad_tables(g: Any, size: Shape) -> Tables:
    return transposed(_mean_tables(size, g.shape[g.ndim - len(size) :]))


def _avg_grad_kernel(out: np.ndarray, g: np.ndarray, *, size: Shape, scratch: Any) -> Any:
    return [(np.copyto, out, 0)] if g.size == 0 else table_calls(out, g, _grad_tables(g, size), scratch)


adaptive_avg_pool_grad: Op = register(
    Op(
        "adaptive_avg_pool_grad",
        infer=_infer_avg_grad,
        numpy=_avg_grad_kernel,
        scratch=lambda g, *, size: table_scratch(g, _grad_tables(g, size)) if g.size else (),
        vjp=lambda c, gg: adaptive_avg_pool(gg, size=c.types[0].shape[-len(c.attrs["size"]) :]),
        grad_name=lambda types, attrs: f"AdaptiveAvgPool{len(attrs['size'])}DBackwardBackward0",
        traits=(Trait.CHANNELS_LAST,),
    )
)


# ---- the greatest element


def _infer_max(x: TensorType, *, size: Shape) -> Types:
    """The greatest element of each window, and where in its flattened image it stands."""
    _check("adaptive_max_pool", x, size)
    if x.dtype.category == 0:
        raise DTypeError(f"adaptive_max_pool: not implemented for bool, as in PyTorch: {x}")
    shape = _pooled(x, size)
    return TensorType(x.dtype, shape), TensorType(dtypes.int64, shape)


def _windows(x: Any, size: Shape) -> list[Windows]:
    return [adaptive(a, b) for a, b in zip(x.shape[x.ndim - len(size) :], size, strict=True)]


adaptive_max_pool = register(
    Op(
        "adaptive_max_pool",
        infer=_infer_max,
        numpy=lambda out, x, *, size, scratch: max_calls(out, x, _windows(x, size), scratch),
        scratch=lambda x, *, size: max_scratch(x, _windows(x, size)),
        outputs=("out", "indices"),
        vjp=lambda c, g, indices: picked_gradient(g, indices, c.types[0].shape[-len(c.attrs["size"]) :]),
        grad_name=lambda types, attrs: f"AdaptiveMaxPool{len(attrs['size'])}DBackward0",
    )
)
