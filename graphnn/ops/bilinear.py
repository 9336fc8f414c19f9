"""A bilinear map of two inputs."""

from __future__ import annotations

import math
from typing import Any

from graphnn.errors import ShapeError
from graphnn.ir.attrs import Attrs
from graphnn.ir.types import TensorType
from graphnn.ops.elementwise import add, mul
from graphnn.ops.matrix import matmul
from graphnn.ops.movement import permute, reshape, unsqueeze
from graphnn.ops.op import Op, Types, register
from graphnn.ops.reduce import sum as sum_
from graphnn.ops.typing import require_float


def _infer(x1: TensorType, x2: TensorType, weight: TensorType, bias: TensorType | None = None) -> TensorType:
    """out[..., o] = sum over i, j of x1[..., i] * weight[o, i, j] * x2[..., j], + bias[o]."""
    require_float("bilinear", x1, x2, weight, bias)
    if weight.ndim != 3 or x1.ndim < 1 or x1.shape[:-1] != x2.shape[:-1]:
        raise ShapeError(f"bilinear(): input batch dimensions do not match: got {x1} and {x2}, and the weight {weight}")
    for name, x, size in (("input1", x1, weight.shape[1]), ("input2", x2, weight.shape[2])):
        if x.shape[-1] != size:
            raise ShapeError(
                f"bilinear(): {name} size does not match weight size: got {x.shape[-1]} but expected {size}"
            )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(f"bilinear(): bias size does not match weight size: got {bias} but expected {weight.shape[0]}")
    return TensorType(x1.dtype, (*x1.shape[:-1], weight.shape[0]))


def _in_ops(x1: Any, x2: Any, weight: Any, bias: Any = None) -> Any:
    """x1 times the weight as a matrix (in1, out * in2), then times x2 and summed over in2."""
    (out, in1, in2), lead = tuple(weight.shape), tuple(x1.shape[:-1])
    rows = math.prod(lead)
    matrix = reshape(permute(weight, dims=(1, 0, 2)), shape=(in1, out * in2))
    first = reshape(matmul(reshape(x1, shape=(rows, in1)), matrix), shape=(rows, out, in2))
    second = unsqueeze(reshape(x2, shape=(rows, in2)), dim=1)
    found = reshape(sum_(mul(first, second), dim=(2,)), shape=(*lead, out))
    return found if bias is None else add(found, bias)


def _name(types: Types, attrs: Attrs) -> str:
    return "ViewBackward0" if len(types) < 4 or types[3] is None else "AddBackward0"


bilinear = register(Op("bilinear", infer=_infer, decompose=_in_ops, grad_name=_name))
