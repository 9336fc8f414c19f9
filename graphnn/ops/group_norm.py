"""Group normalisation of (N, C, ...): each sample's groups of channels by themselves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.elementwise import add, mul, sub
from graphnn.ops.indices import contiguous
from graphnn.ops.movement import reshape
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.reduce import mean as mean_
from graphnn.ops.reduce import sum as sum_
from graphnn.ops.row_norm import (
    Four,
    backward_calls,
    backward_scratch,
    forward_calls,
    forward_scratch,
)
from graphnn.ops.typing import require_float
from graphnn.ops.unary import rsqrt


def _check(op: str, x: TensorType, num_groups: int, **vectors: TensorType | None) -> None:
    require_float(op, x, *vectors.values())
    if x.ndim < 2:
        raise ShapeError(f"{op}: Expected at least 2 dimensions for input tensor but received {x.ndim}")
    if num_groups < 1 or x.shape[1] % num_groups:
        raise ArgumentError(
            f"{op}: Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(x.shape)} and num_groups={num_groups}"
        )
    for name, vector in vectors.items():
        if vector is not None and vector.shape != x.shape[1:2]:
            raise ShapeError(
                f"{op}: Expected {name} to be a vector of size equal to the number of channels in input, but got "
                f"{name} of shape {list(vector.shape)} and input of shape {list(x.shape)}"
            )


def _four(x: Any, num_groups: int) -> Four:
    return x.shape[0], num_groups, x.shape[1] // num_groups, math.prod(x.shape[2:])


def _vectors(shape: Four, *vectors: Any) -> tuple[list[Call], list[Any]]:
    """The calls that make weights contiguous, and views (G, K, 1) of them."""
    found = [(None, None) if v is None else contiguous(v, (shape[1], shape[2], 1)) for v in vectors]
    return [call for calls, _ in found for call in calls or ()], [seen for _, seen in found]


def _seen(array: Any, shape: Four) -> Any:
    return None if array is None else array.reshape(shape)


# ---- group_norm


def _infer(
    x: TensorType,
    weight: TensorType | None = None,
    bias: TensorType | None = None,
    *,
    num_groups: int,
    eps: float = 1e-5,
) -> Types:
    """(x - mean) / sqrt(var + eps) over each group, then * weight + bias by channel; with the means and factors."""
    _check("group_norm", x, num_groups, weight=weight, bias=bias)
    return x, *(TensorType(x.dtype, (x.shape[0], num_groups)),) * 2


def _kernel(
    outs: Any, x: Any, weight: Any = None, bias: Any = None, *, num_groups: int, eps: float, scratch: Any
) -> list[Call]:
    shape = _four(x, num_groups)
    fill, x4 = contiguous(x, shape)
    more, (w, b) = _vectors(shape, weight, bias)
    calls = forward_calls(_seen(outs[0], shape), x4, (w, b), eps, True, scratch)
    pairs = zip(outs[1:], scratch, strict=False)
    return [*fill, *more, *calls, *((np.copyto, o, h.reshape(o.shape)) for o, h in pairs if o is not None)]


def _vjp(c: Any, g: Any, x: Any, weight: Any, mean: Any, rstd: Any) -> Any:
    found = group_norm_grad(g, x, weight, mean, rstd, **c.attrs)
    return tuple(f if w else None for f, w in zip(found, c.want, strict=False))


group_norm = register(
    Op(
        "group_norm",
        infer=_infer,
        numpy=_kernel,
        scratch=lambda x, *_, num_groups, eps: forward_scratch(_four(x, num_groups), x.dtype),
        outputs=("out", "mean", "rstd"),
        vjp=_vjp,
        grad_name="NativeGroupNormBackward0",
        traits=(Trait.CHANNELS_LAST,),
    )
)


# ---- its gradient


def _infer_grad(
    g: TensorType,
    x: TensorType,
    weight: TensorType | None,
    mean: TensorType,
    rstd: TensorType,
    *,
    num_groups: int,
    eps: float = 1e-5,
) -> Types:
    """The gradients of group_norm's x, weight and bias."""
    _check("group_norm_grad", x, num_groups, weight=weight)
    if g is not x:
        raise ShapeError(f"group_norm_grad: the output's gradient must be {x}, got {g}")
    return x, *(TensorType(x.dtype, x.shape[1:2]),) * 2


def _grad_kernel(
    outs: Any, g: Any, x: Any, weight: Any, mean: Any, rstd: Any, *, num_groups: int, eps: float, scratch: Any
) -> list[Call]:
    shape = _four(x, num_groups)
    rows = (shape[0], num_groups, 1, 1)
    made = [contiguous(a, s) for a, s in ((g, shape), (x, shape), (mean, rows), (rstd, rows))]
    more, (w,) = _vectors(shape, weight)
    g4, x4, mean4, rstd4 = (seen for _, seen in made)
    fills = [call for calls, _ in made for call in calls] + more
    return fills + backward_calls((_seen(outs[0], shape), *outs[1:]), g4, x4, w, mean4, rstd4, scratch)


def _grad_in_ops(
    g: Any, x: Any, weight: Any, mean: Any, rstd: Any, *, num_groups: int, eps: float
) -> tuple[Any, Any, Any]:
    """The statistics are computed again, so that they are differentiated as functions of x."""
    whole, shape, channels = tuple(x.shape), _four(x, num_groups), x.shape[1]
    x, g = reshape(x, shape=shape), reshape(g, shape=shape)
    rows: dict[str, Any] = {"dim": (2, 3), "keepdim": True}
    moved = sub(x, mean_(x, **rows))
    factor = rsqrt(add(mean_(mul(moved, moved), **rows), eps))
    normal = mul(moved, factor)
    scaled = g if weight is None else mul(g, reshape(weight, shape=(shape[1], shape[2], 1)))
    found = sub(sub(scaled, mul(normal, mean_(mul(scaled, normal), **rows))), mean_(scaled, **rows))
    weights, biases = (reshape(sum_(a, dim=(0, 3)), shape=(channels,)) for a in (mul(g, normal), g))
    return reshape(mul(found, factor), shape=whole), weights, biases


group_norm_grad: Op = register(
    Op(
        "group_norm_grad",
        infer=_infer_grad,
        numpy=_grad_kernel,
        scratch=lambda g, x, *_, num_groups, eps: backward_scratch(_four(x, num_groups), x.dtype),
        outputs=("out", "weight_grad", "bias_grad"),
        decompose=_grad_in_ops,
        differentiable=3,
        grad_name="NativeGroupNormBackwardBackward0",
        traits=(Trait.CHANNELS_LAST,),
    )
)
