"""Batch normalisation of (N, C), (N, C, L), (N, C, H, W), ...: each channel by its batch's, or its running, statistics.

Kernels see the input as (N, C, S). Statistics are kept in at least float32, and the passes that come last run over
blocks of samples that stay in cache.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.elementwise import add, div, mul, sub
from graphnn.ops.indices import contiguous
from graphnn.ops.movement import reshape
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.reduce import mean as mean_
from graphnn.ops.reduce import sum as sum_
from graphnn.ops.typing import require_float
from graphnn.ops.unary import rsqrt

BLOCK = 1 << 17  # bytes that one block of samples should take


# ---- shapes


def _check(op: str, x: TensorType, **vectors: TensorType | None) -> None:
    """Errors unless x has channels and each vector one number for each of them."""
    require_float(op, x, *vectors.values())
    if x.ndim < 2:
        raise ShapeError(f"{op}: expected an input (N, C), (N, C, L) or (N, C, H, W), got {x}")
    for name, vector in vectors.items():
        if vector is not None and vector.shape != x.shape[1:2]:
            raise ShapeError(f"{op}: {name} should contain {x.shape[1]} elements, got {vector} for the input {x}")


def _count(x: Any) -> int:
    """Elements a channel."""
    return math.prod(x.shape[:1] + x.shape[2:])


def _three(x: Any) -> tuple[int, int, int]:
    return x.shape[0], x.shape[1], math.prod(x.shape[2:])


def _wide(dtype: DType) -> DType:
    return dtypes.float32 if dtype in dtypes.NARROW else dtype


def _vectors(x: TensorType, count: int) -> Types:
    """Working memory: numbers for each channel, and the input's size again where it is widened."""
    wide = _wide(x.dtype)
    whole = TensorType(wide, _three(x) if wide is not x.dtype else (0,))
    return (*(TensorType(wide, (x.shape[1], 1)) for _ in range(count)), whole)


# ---- kernels


def total(out: np.ndarray, *factors: np.ndarray) -> Call:
    """out (C, 1) = the sum of products of (N, C, S) arrays over N and S."""
    names = ",".join("ncs" for _ in factors) + "->c"
    return (functools.partial(np.einsum, names, *factors, out=out.reshape(-1), dtype=out.dtype),)


def in_blocks(x: np.ndarray, make: Callable[[slice], list[Call]]) -> list[Call]:
    """The calls that `make` gives for each block of samples."""
    step = max(1, BLOCK * x.shape[0] // max(1, x.nbytes))
    return [call for start in range(0, x.shape[0], step) for call in make(slice(start, start + step))]


def _column(vector: np.ndarray) -> np.ndarray:
    return vector.reshape(-1, 1)


def _copy_vectors(pairs: list[tuple[np.ndarray | None, np.ndarray]]) -> list[Call]:
    return [(np.copyto, _column(out), found) for out, found in pairs if out is not None]


def _invert(var: np.ndarray, eps: float, out: np.ndarray) -> list[Call]:
    return [(np.add, var, eps, out), (np.sqrt, out, out), (np.true_divide, 1.0, out, out)]


def _update(
    out: np.ndarray | None, running: np.ndarray | None, found: np.ndarray, momentum: float, factor: float
) -> list[Call]:
    """out = running * (1 - momentum) + found * factor * momentum; changes `found`."""
    if out is None:
        return []
    calls: list[Call] = [(np.multiply, found, factor * (1.0 if running is None else momentum), found)]
    if running is not None:
        calls += [(_add_scaled, found, _column(running), 1.0 - momentum)]
    return [*calls, (np.copyto, _column(out), found)]


def _add_scaled(target: np.ndarray, vector: np.ndarray, factor: float) -> None:
    """target += vector * factor, for a handful of numbers. A step of kernels."""
    target += vector * factor


def _kernel(
    outs: Any,
    x: np.ndarray,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    *,
    training: bool,
    momentum: float,
    eps: float,
    scratch: Any,
) -> list[Call]:
    out, *statistics = outs
    mean, var, invstd, scale, wide = scratch
    fill, x3 = contiguous(x, _three(x))
    spare = wide if wide.size or out is None else out.reshape(x3.shape)
    work = spare if spare.size == x3.size else np.empty_like(x3)
    if not training:
        return fill + _evaluate(outs, work, x3, (running_mean, running_var, weight, bias), (invstd, scale, mean), eps)
    count = _count(x)
    calls = [*fill, total(mean, x3), (np.true_divide, mean, count, mean), (np.subtract, x3, mean, work)]
    calls += [total(var, work, work), (np.true_divide, var, count, var), *_invert(var, eps, invstd)]
    calls.append((np.copyto, scale, invstd) if weight is None else (np.multiply, invstd, _column(weight), scale))
    calls += _copy_vectors([(statistics[0], mean), (statistics[1], invstd)])
    calls += _update(statistics[2], running_mean, mean, momentum, 1.0)
    calls += _update(statistics[3], running_var, var, momentum, count / max(1, count - 1))
    return calls + (
        []
        if out is None
        else _finish(out.reshape(x3.shape), work, work, scale, None if bias is None else _column(bias))
    )


def _finish(
    out: np.ndarray, work: np.ndarray, source: np.ndarray, scale: np.ndarray, shift: np.ndarray | None
) -> list[Call]:
    """out = source * scale + shift, block by block."""

    def block(part: slice) -> list[Call]:
        calls: list[Call] = [(np.multiply, source[part], scale, work[part])]
        if shift is not None:
            calls.append((np.add, work[part], shift, work[part]))
        return calls if work.dtype == out.dtype else [*calls, (np.copyto, out[part], work[part])]

    return in_blocks(work, block)


def _evaluate(outs: Any, work: np.ndarray, x: np.ndarray, state: Any, memory: Any, eps: float) -> list[Call]:
    running_mean, running_var = map(_column, state[:2])
    weight, bias = (None if v is None else _column(v) for v in state[2:])
    invstd, scale, shift = memory
    calls = _invert(running_var, eps, invstd)
    calls.append((np.copyto, scale, invstd) if weight is None else (np.multiply, invstd, weight, scale))
    calls += [(np.multiply, running_mean, scale, shift), (np.subtract, 0.0 if bias is None else bias, shift, shift)]
    calls += _copy_vectors(list(zip(outs[1:], (running_mean, invstd, running_mean, running_var), strict=True)))
    return calls if outs[0] is None else calls + _finish(outs[0].reshape(x.shape), work, x, scale, shift)


# ---- batch_norm


def _infer(
    x: TensorType,
    running_mean: TensorType | None = None,
    running_var: TensorType | None = None,
    weight: TensorType | None = None,
    bias: TensorType | None = None,
    *,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Types:
    """(x - mean) / sqrt(var + eps) * weight + bias, the mean and inverse deviation that were used, and the running
    statistics' new values: `running * (1 - momentum) + found * momentum`, the variance by count - 1."""
    _check("batch_norm", x, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if training and _count(x) == 1:
        raise ShapeError(
            f"batch_norm: Expected more than 1 value per channel when training, got input size {list(x.shape)}"
        )
    if not training and (running_mean is None or running_var is None):
        raise ArgumentError(
            "batch_norm: running_mean and running_var must be given in evaluation mode (training=False)"
        )
    return (x, *(TensorType(x.dtype, x.shape[1:2]),) * 4)


def _vjp(c: Any, g: Any, x: Any, weight: Any, save_mean: Any, save_invstd: Any) -> Any:
    attrs = {name: c.attrs[name] for name in ("training", "eps")}
    found, weight_grad, bias_grad = batch_norm_grad(g, x, weight, save_mean, save_invstd, **attrs)
    return (found, None, None, weight_grad, bias_grad)[: len(c.want)]


batch_norm = register(
    Op(
        "batch_norm",
        infer=_infer,
        numpy=_kernel,
        scratch=lambda x, *_, **__: _vectors(x, 4),
        outputs=("out", "save_mean", "save_invstd", "new_running_mean", "new_running_var"),
        vjp=_vjp,
        grad_name="NativeBatchNormBackward0",
        grad_edges=(0, 3, 4),
        traits=(Trait.CHANNELS_LAST,),
    )
)


# ---- its gradient


def _infer_grad(
    g: TensorType,
    x: TensorType,
    weight: TensorType | None,
    save_mean: TensorType,
    save_invstd: TensorType,
    *,
    training: bool,
    eps: float,
) -> Types:
    """The gradients of batch_norm's x, weight and bias."""
    _check("batch_norm_grad", x, weight=weight, save_mean=save_mean, save_invstd=save_invstd)
    if g is not x:
        raise ShapeError(f"batch_norm_grad: the output's gradient must be {x}, got {g}")
    return x, *(TensorType(x.dtype, x.shape[1:2]),) * 2


def _grad_kernel(
    outs: Any,
    g: np.ndarray,
    x: np.ndarray,
    weight: Any,
    save_mean: np.ndarray,
    save_invstd: np.ndarray,
    *,
    training: bool,
    eps: float,
    scratch: Any,
) -> list[Call]:
    x_grad, *vectors = outs
    sums, products, scale, wide = scratch
    (fill, x3), (fill_g, g3) = (contiguous(a, _three(x)) for a in (x, g))
    work = wide if wide.size else np.empty_like(x3) if x_grad is None else x_grad.reshape(x3.shape)
    mean, invstd = _column(save_mean), _column(save_invstd)
    calls = [*fill, *fill_g, total(sums, g3), (np.subtract, x3, mean, work), total(products, work, g3)]
    calls += [
        (np.multiply, products, invstd, products),
        *_copy_vectors(list(zip(vectors, (products, sums), strict=True))),
    ]
    if x_grad is None:
        return calls
    calls.append((np.copyto, scale, invstd) if weight is None else (np.multiply, invstd, _column(weight), scale))
    out3, count = x_grad.reshape(x3.shape), max(1, _count(x))
    if not training:
        return calls + _finish(out3, work, g3, scale, None)
    calls += [(np.multiply, products, invstd, products), (np.true_divide, products, -count, products)]
    calls.append((np.true_divide, sums, -count, sums))
    return calls + in_blocks(work, functools.partial(_grad_block, out3, work, g3, products, sums, scale))


def _grad_block(
    out: np.ndarray,
    work: np.ndarray,
    g: np.ndarray,
    slope: np.ndarray,
    shift: np.ndarray,
    scale: np.ndarray,
    part: slice,
) -> list[Call]:
    """out = ((x - mean) * slope + shift + g) * scale, with x - mean in `work`."""
    held = work[part]
    calls: list[Call] = [(np.multiply, held, slope, held), (np.add, held, shift, held), (np.add, held, g[part], held)]
    return [*calls, (np.multiply, held, scale, held if work.dtype == out.dtype else out[part])]


def _grad_in_ops(
    g: Any, x: Any, weight: Any, save_mean: Any, save_invstd: Any, *, training: bool, eps: float
) -> tuple[Any, Any, Any]:
    """When training the statistics are computed again, so that they are differentiated as functions of x."""
    dims = (0, *range(2, len(x.shape)))
    along = (1, x.shape[1], *(1,) * (len(x.shape) - 2))
    if training:
        centred = sub(x, mean_(x, dim=dims, keepdim=True))
        invstd = rsqrt(add(mean_(mul(centred, centred), dim=dims, keepdim=True), eps))
    else:
        centred, invstd = sub(x, reshape(save_mean, shape=along)), reshape(save_invstd, shape=along)
    normal = mul(centred, invstd)
    sums, products = (sum_(a, dim=dims, keepdim=True) for a in (g, mul(g, normal)))
    found = sub(g, div(add(sums, mul(normal, products)), float(_count(x)))) if training else g
    scale = invstd if weight is None else mul(invstd, reshape(weight, shape=along))
    return mul(found, scale), reshape(products, shape=(x.shape[1],)), reshape(sums, shape=(x.shape[1],))


batch_norm_grad = register(
    Op(
        "batch_norm_grad",
        infer=_infer_grad,
        numpy=_grad_kernel,
        scratch=lambda g, x, *_, **__: _vectors(x, 3),
        outputs=("out", "weight_grad", "bias_grad"),
        decompose=_grad_in_ops,
        differentiable=3,
        grad_name="NativeBatchNormBackwardBackward0",
        traits=(Trait.CHANNELS_LAST,),
    )
)
