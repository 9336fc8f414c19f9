"""Layer and RMS normalisation: each sample over its last dimensions, in one pass of its rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.elementwise import add, mul, sub
from graphnn.ops.indices import contiguous
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

# ---- shapes


def _check(op: str, x: TensorType, normalized_shape: Shape, **vectors: TensorType | None) -> None:
    require_float(op, x, *vectors.values())
    if not normalized_shape:
        raise ArgumentError(
            f"{op}: Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
            "but got normalized_shape = []"
        )
    if x.shape[-len(normalized_shape) :] != normalized_shape:
        raise ShapeError(
            f"{op}: Given normalized_shape={list(normalized_shape)}, expected input with shape "
            f"[*, {', '.join(map(str, normalized_shape))}], but got input of size {list(x.shape)}"
        )
    for name, vector in vectors.items():
        if vector is not None and vector.shape != normalized_shape:
            raise ShapeError(
                f"{op}: Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(vector.shape)} and normalized_shape = {list(normalized_shape)}"
            )


def _statistic(x: TensorType, normalized_shape: Shape) -> TensorType:
    """One number a row."""
    lead = x.ndim - len(normalized_shape)
    return TensorType(x.dtype, x.shape[:lead] + (1,) * len(normalized_shape))


def _four(x: Any, normalized_shape: Shape) -> Four:
    return math.prod(x.shape[: len(x.shape) - len(normalized_shape)]), 1, math.prod(normalized_shape), 1


def _seen(array: Any, shape: Four) -> Any:
    return None if array is None else array.reshape(shape)


def _vectors(*vectors: Any) -> tuple[list[Call], list[Any]]:
    """The calls that make weights contiguous, and views (1, K, 1) of them."""
    found = [(None, None) if v is None else contiguous(v, (1, v.size, 1)) for v in vectors]
    return [call for calls, _ in found for call in calls or ()], [seen for _, seen in found]


def _copies(outs: Any, held: Any) -> list[Call]:
    return [(np.copyto, o, h.reshape(o.shape)) for o, h in zip(outs, held, strict=False) if o is not None]


def _normal(x: Any, dims: tuple[int, ...], eps: float, centred: bool) -> tuple[Any, Any]:
    """In ops: x normalised, and the factor."""
    moved = sub(x, mean_(x, dim=dims, keepdim=True)) if centred else x
    rstd = rsqrt(add(mean_(mul(moved, moved), dim=dims, keepdim=True), eps))
    return mul(moved, rstd), rstd


def _dims(x: Any, normalized_shape: Shape) -> tuple[int, ...]:
    return tuple(range(len(x.shape) - len(normalized_shape), len(x.shape)))


def _gradient_in_ops(
    g: Any, x: Any, weight: Any, normalized_shape: Shape, eps: float, centred: bool
) -> tuple[Any, Any, Any]:
    """The statistics are computed again, so that they are differentiated as functions of x."""
    dims = _dims(x, normalized_shape)
    rest = tuple(range(dims[0]))
    normal, rstd = _normal(x, dims, eps, centred)
    scaled = g if weight is None else mul(g, weight)
    found = sub(scaled, mul(normal, mean_(mul(scaled, normal), dim=dims, keepdim=True)))
    if centred:
        found = sub(found, mean_(scaled, dim=dims, keepdim=True))
    weights, biases = mul(g, normal), g
    if rest:
        weights, biases = sum_(weights, dim=rest), sum_(biases, dim=rest)
    return mul(found, rstd), weights, biases


# ---- layer_norm


def _infer(
    x: TensorType,
    weight: TensorType | None = None,
    bias: TensorType | None = None,
    *,
    normalized_shape: Shape,
    eps: float = 1e-5,
) -> Types:
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions; with the means and 1 / sqrt(var + eps)."""
    _check("layer_norm", x, normalized_shape, weight=weight, bias=bias)
    return x, *(_statistic(x, normalized_shape),) * 2


def _kernel(
    outs: Any, x: Any, weight: Any = None, bias: Any = None, *, normalized_shape: Shape, eps: float, scratch: Any
) -> list[Call]:
    shape = _four(x, normalized_shape)
    fill, x4 = contiguous(x, shape)
    more, (w, b) = _vectors(weight, bias)
    calls = forward_calls(_seen(outs[0], shape), x4, (w, b), eps, True, scratch)
    return [*fill, *more, *calls, *_copies(outs[1:], scratch)]


def _vjp(c: Any, g: Any, x: Any, weight: Any, mean: Any, rstd: Any) -> Any:
    found = layer_norm_grad(g, x, weight, mean, rstd, **c.attrs)
    return tuple(f if w else None for f, w in zip(found, c.want, strict=False))


layer_norm = register(
    Op(
        "layer_norm",
        infer=_infer,
        numpy=_kernel,
        scratch=lambda x, *_, normalized_shape, eps: forward_scratch(_four(x, normalized_shape), x.dtype),
        outputs=("out", "mean", "rstd"),
        vjp=_vjp,
        grad_name="NativeLayerNormBackward0",
    )
)


def _infer_grad(
    g: TensorType,
    x: TensorType,
    weight: TensorType | None,
    mean: TensorType,
    rstd: TensorType,
    *,
    normalized_shape: Shape,
    eps: float = 1e-5,
) -> Types:
    """The gradients of layer_norm's x, weight and bias."""
    _check("layer_norm_grad", x, normalized_shape, weight=weight)
    if g is not x:
        raise ShapeError(f"layer_norm_grad: the output's gradient must be {x}, got {g}")
    return x, *(TensorType(x.dtype, normalized_shape),) * 2


def _grad_kernel(
    outs: Any, g: Any, x: Any, weight: Any, mean: Any, rstd: Any, *, normalized_shape: Shape, eps: float, scratch: Any
) -> list[Call]:
    shape = _four(x, normalized_shape)
    rows = (shape[0], 1, 1, 1)
    made = [contiguous(a, s) for a, s in ((g, shape), (x, shape), (mean, rows), (rstd, rows))]
    more, (w,) = _vectors(weight)
    g4, x4, mean4, rstd4 = (seen for _, seen in made)
    fills = [call for calls, _ in made for call in calls] + more
    seen = (_seen(outs[0], shape), outs[1], outs[2])
    return fills + backward_calls(seen, g4, x4, w, mean4, rstd4, scratch)


layer_norm_grad: Op = register(
    Op(
        "layer_norm_grad",
        infer=_infer_grad,
        numpy=_grad_kernel,
        scratch=lambda g, x, *_, normalized_shape, eps: backward_scratch(_four(x, normalized_shape), x.dtype),
        outputs=("out", "weight_grad", "bias_grad"),
        decompose=lambda g, x, weight, mean, rstd, *, normalized_shape, eps: _gradient_in_ops(
            g, x, weight, normalized_shape, eps, True
        ),
        differentiable=3,
        grad_name="NativeLayerNormBackwardBackward0",
    )
)


# ---- rms_norm


def _infer_rms(x: TensorType, weight: TensorType | None = None, *, normalized_shape: Shape, eps: float = 1e-5) -> Types:
    """x / sqrt(mean(x²) + eps) * weight over the last dimensions; with the factors."""
    _check("rms_norm", x, normalized_shape, weight=weight)
    return x, _statistic(x, normalized_shape)


def _rms_kernel(
    outs: Any, x: Any, weight: Any = None, *, normalized_shape: Shape, eps: float, scratch: Any
) -> list[Call]:
    shape = _four(x, normalized_shape)
    fill, x4 = contiguous(x, shape)
    more, (w,) = _vectors(weight)
    calls = forward_calls(_seen(outs[0], shape), x4, (w, None), eps, False, scratch)
    return [*fill, *more, *calls, *_copies(outs[1:], scratch[1:])]


def _rms_vjp(c: Any, g: Any, x: Any, weight: Any, rstd: Any) -> Any:
    found = rms_norm_grad(g, x, weight, rstd, **c.attrs)
    return tuple(f if w else None for f, w in zip(found, c.want, strict=False))


rms_norm = register(
    Op(
        "rms_norm",
        infer=_infer_rms,
        numpy=_rms_kernel,
        scratch=lambda x, *_, normalized_shape, eps: forward_scratch(_four(x, normalized_shape), x.dtype),
        outputs=("out", "rstd"),
        vjp=_rms_vjp,
        grad_name="MulBackward0",
    )
)


def _infer_rms_grad(
    g: TensorType,
    x: TensorType,
    weight: TensorType | None,
    rstd: TensorType,
    *,
    normalized_shape: Shape,
    eps: float = 1e-5,
) -> Types:
    """The gradients of rms_norm's x and weight."""
    _check("rms_norm_grad", x, normalized_shape, weight=weight)
    if g is not x:
        raise ShapeError(f"rms_norm_grad: the output's gradient must be {x}, got {g}")
    return x, TensorType(x.dtype, normalized_shape)


def _rms_grad_kernel(
    outs: Any, g: Any, x: Any, weight: Any, rstd: Any, *, normalized_shape: Shape, eps: float, scratch: Any
) -> list[Call]:
    shape = _four(x, normalized_shape)
    made = [contiguous(a, s) for a, s in ((g, shape), (x, shape), (rstd, (shape[0], 1, 1, 1)))]
    more, (w,) = _vectors(weight)
    g4, x4, rstd4 = (seen for _, seen in made)
    fills = [call for calls, _ in made for call in calls] + more
    return fills + backward_calls((_seen(outs[0], shape), outs[1], None), g4, x4, w, None, rstd4, scratch)


rms_norm_grad: Op = register(
    Op(
        "rms_norm_grad",
        infer=_infer_rms_grad,
        numpy=_rms_grad_kernel,
        scratch=lambda g, x, *_, normalized_shape, eps: backward_scratch(_four(x, normalized_shape), x.dtype),
        outputs=("out", "weight_grad"),
        decompose=lambda g, x, weight, rstd, *, normalized_shape, eps: _gradient_in_ops(
            g, x, weight, normalized_shape, eps, False
        )[:2],
        differentiable=2,
    )
)
