"""Broadcasting to a larger shape, and the summing that undoes it: each the other's gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.op import Call, Op, register
from graphnn.ops.typing import broadcast_shapes


def _expand(x: TensorType, *, shape: Shape) -> TensorType:
    if broadcast_shapes(x.shape, shape) == shape:
        return TensorType(x.dtype, shape)
    ndim = len(shape)
    if ndim < x.ndim:
        raise ShapeError(
            f"expand: the number of sizes provided ({ndim}) must be at least that of the tensor ({x.ndim}): {x}"
        )
    padded = (1,) * (ndim - x.ndim) + x.shape
    at = max(i for i in range(ndim) if padded[i] not in (1, shape[i]))
    raise ShapeError(
        f"expand: The expanded size of the tensor ({shape[at]}) must match the existing size ({padded[at]}) at "
        f"non-singleton dimension {at}. Target sizes: {list(shape)}. Tensor sizes: {list(x.shape)}"
    )


def _unexpand(base: Any, part: Any, *, shape: Shape) -> Any:
    padded = (1,) * (len(shape) - len(base.shape)) + tuple(base.shape)
    if padded == shape:
        return sum_to(part, shape=tuple(base.shape))
    raise ArgumentError(
        f"expand: more than one element of the written-to tensor {list(shape)} refers to a single memory location of "
        f"{list(base.shape)}; clone() the tensor before writing to it"
    )


expand = register(
    Op(
        "expand",
        infer=_expand,
        view=lambda x, *, shape: np.broadcast_to(x, shape),
        scatter=_unexpand,
        vjp=lambda c, g: sum_to(g, shape=c.types[0].shape),
        traits=(Trait.VIEW,),
    )
)


def _sum_to(x: TensorType, *, shape: Shape) -> TensorType:
    """Sums over what broadcasting `shape` to x's shape repeated."""
    if broadcast_shapes(x.shape, shape) != x.shape:
        raise ShapeError(f"sum_to: {list(shape)} does not broadcast to {list(x.shape)}, so nothing can be summed to it")
    return TensorType(dtypes.int64 if x.dtype.category == 0 else x.dtype, shape)


def _sum_to_kernel(out: np.ndarray, x: np.ndarray, *, shape: Shape) -> list[Call]:
    padded = (1,) * (x.ndim - len(shape)) + shape
    repeated = tuple(i for i, (size, kept) in enumerate(zip(x.shape, padded, strict=True)) if size != kept)
    if not repeated:
        first: Any = (*(0,) * (x.ndim - len(shape)), ...)
        return [(np.copyto, out, x[first])]
    return [(np.add.reduce, x, repeated, out.dtype, out.reshape(padded), True)]


sum_to: Op = register(
    Op(
        "sum_to",
        infer=_sum_to,
        numpy=_sum_to_kernel,
        vjp=lambda c, g: expand(g, shape=c.types[0].shape),
        grad_name="SumBackward1",
    )
)
