"""Tensors from nothing: filled, counted, or given as they are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError
from graphnn.ir.attrs import Constant
from graphnn.ir.dtypes import DType, float32, of_numpy
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.elementwise import cast_call, wrap_number
from graphnn.ops.op import Call, Op, register

CREATION = (Trait.CREATION,)


def _full(*, shape: Shape, value: bool | int | float, dtype: DType = float32) -> TensorType:
    return TensorType(dtype, _checked("full", shape))


def _checked(op: str, shape: Shape) -> Shape:
    if any(s < 0 for s in shape):
        raise ArgumentError(f"{op}: Trying to create tensor with negative dimension: {list(shape)}")
    return shape


def _full_kernel(out: np.ndarray, *, value: Any, **_: Any) -> list[Call]:
    fill = wrap_number(value, out.dtype) if out.dtype.kind in "iu" else value
    return [cast_call(out, fill)]


full = register(Op("full", infer=_full, numpy=_full_kernel, traits=CREATION))


def _arange(*, start: float = 0, stop: float, step: float = 1, dtype: DType) -> TensorType:
    """`start + i * step`, up to and without `stop`."""
    if step == 0:
        raise ArgumentError("arange: step must be nonzero")
    if (stop - start) * step < 0:
        raise ArgumentError(f"arange: upper bound and lower bound inconsistent with step sign: {start}, {stop}, {step}")
    return TensorType(dtype, (math.ceil((stop - start) / step),))


def _arange_kernel(out: np.ndarray, *, start: float, stop: float, step: float, dtype: DType) -> list[Call]:
    values = start + np.arange(out.size) * step
    return [(np.copyto, out, values.astype(out.dtype))]


arange = register(Op("arange", infer=_arange, numpy=_arange_kernel, traits=CREATION))


def _constant(*, value: Constant) -> TensorType:
    """An array that is part of the graph."""
    return TensorType(of_numpy(value.array.dtype), value.array.shape)


constant = register(
    Op(
        "constant",
        infer=_constant,
        numpy=lambda out, *, value: [(np.copyto, out, value.array)],
        traits=CREATION,
    )
)
