"""Pooling over windows of images (C, H, W) or (N, C, H, W): the greatest element or the mean of each."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.gathering import gather
from graphnn.ops.indices import contiguous
from graphnn.ops.movement import reshape
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.pool_kernels import (
    BLOCK,
    Pooling,
    Tracked,
    combine,
    max_calls,
    max_tracked,
    scatter_images,
    settle_nans,
    spread,
)
from graphnn.ops.windows import Pair, require_pairs, span

ONE: Pair = (1, 1)
NONE: Pair = (0, 0)


# ---- sizes


def _check_image(op: str, x: TensorType) -> None:
    if x.ndim not in (3, 4) or 0 in x.shape[-3:]:
        raise ShapeError(f"{op}: expected (C, H, W) or (N, C, H, W), none empty but N, got {x}")


def window_count(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """How many windows fit; in ceil mode also one that overhangs but starts inside of it."""
    free = size + 2 * padding - span(kernel, dilation)
    count = (free + (stride - 1 if ceil_mode else 0)) // stride + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= size + padding else count


def _output_size(
    op: str, x: TensorType, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> Pair:
    _check_image(op, x)
    require_pairs(op, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
    if any(p > k // 2 for k, p in zip(kernel_size, padding, strict=True)):
        raise ArgumentError(
            f"{op}: pad should be at most half of kernel size, but got padding={list(padding)} and "
            f"kernel_size={list(kernel_size)}"
        )
    sizes = zip(x.shape[-2:], kernel_size, stride, padding, dilation, strict=True)
    rows, columns = (window_count(*each, ceil_mode) for each in sizes)
    if rows < 1 or columns < 1:
        before, after = ("x".join(map(str, (x.shape[-3], *s))) for s in (x.shape[-2:], (rows, columns)))
        raise ShapeError(
            f"{op}: Given input size: ({before}). Calculated output size: ({after}). Output size is too small: {x}"
        )
    return rows, columns


@functools.lru_cache(maxsize=1024)
def _pooling(
    shape: Shape, outputs: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, itemsize: int
) -> Pooling:
    size = (shape[-2], shape[-1])
    whole = Pooling(size, outputs, kernel, stride, padding, dilation, 1)
    entry = math.prod(shape[1:-2]) * whole.halfway * itemsize
    block = max(1, min(shape[0], BLOCK // max(1, entry)))
    return Pooling(size, outputs, kernel, stride, padding, dilation, block)


# ---- max_pool2d


def _infer_max_pool(
    x: TensorType,
    *,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair = NONE,
    dilation: Pair = ONE,
    ceil_mode: bool = False,
) -> Types:
    """The greatest element of each window, and where in its flattened image (H * W) it stands; NaN is the greatest."""
    if x.dtype.category == 0:
        raise DTypeError(f"max_pool2d: not implemented for bool, as in PyTorch: {x}")
    size = _output_size("max_pool2d", x, kernel_size, stride, padding, dilation, ceil_mode)
    shape = (*x.shape[:-2], *size)
    return TensorType(x.dtype, shape), TensorType(dtypes.int64, shape)


def _of_max(
    x: Any, itemsize: int, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> Pooling:
    sizes = zip(x.shape[-2:], kernel_size, stride, padding, dilation, strict=True)
    rows, columns = (window_count(*each, ceil_mode) for each in sizes)
    return _pooling(x.shape, (rows, columns), kernel_size, stride, padding, dilation, itemsize)


def _distance_type(pooling: Pooling) -> Any:
    return dtypes.uint8 if pooling.reach < 1 << 8 else dtypes.int32


def _max_scratch(x: TensorType, **attrs: Any) -> Types:
    pooling = _of_max(x, x.dtype.itemsize, **attrs)
    count = pooling.block * math.prod(x.shape[1:-2])
    half, whole = (count * n for n in (pooling.halfway, math.prod(pooling.outputs)))
    distance = _distance_type(pooling)
    sizes = [(x.dtype, half), (distance, half), (dtypes.bool, half), (distance, half), (distance, whole)]
    return tuple(TensorType(dtype, (n,)) for dtype, n in sizes)


def _max_kernel(out: Any, x: np.ndarray, *, scratch: Any, **attrs: Any) -> list[Call]:
    (values, indices), calls = out, []
    if x.size == 0:
        return []
    pooling = _of_max(x, x.itemsize, **attrs)
    for start in range(0, x.shape[0], pooling.block):
        part = slice(start, start + pooling.block)
        if indices is None:
            calls += max_calls(values[part], x[part], pooling, scratch[0])
        else:
            held = np.empty(indices[part].shape, x.dtype) if values is None else values[part]
            calls += _tracked_block(held, indices[part], x[part], pooling, scratch)
    return calls


def _tracked_block(out: np.ndarray, indices: np.ndarray, x: np.ndarray, pooling: Pooling, scratch: Any) -> list[Call]:
    values, distances, marks, shifted, found = scratch
    shape = (*x.shape[:-1], pooling.outputs[1])
    halfway = Tracked(*(m[: math.prod(shape)].reshape(shape) for m in (values, distances)))
    result = Tracked(out, found[: out.size].reshape(out.shape))
    make = functools.partial(max_tracked, x, halfway, result, marks, shifted, pooling)
    calls = make(nan=False)
    if out.dtype.kind == "f":
        calls.append((settle_nans, out, functools.partial(make, nan=True)))
    return [*calls, (np.copyto, indices, result.distances), (np.add, indices, pooling.starts, indices)]


def _max_vjp(c: Any, g: Any, indices: Any) -> Any:
    kernel, stride, dilation = (c.attrs[name] for name in ("kernel_size", "stride", "dilation"))
    disjoint = all(d * (k - 1) < s for k, s, d in zip(kernel, stride, dilation, strict=True))
    return max_pool2d_grad(g, indices, size=c.types[0].shape[-2:], disjoint=disjoint)


max_pool2d = register(
    Op(
        "max_pool2d",
        infer=_infer_max_pool,
        numpy=_max_kernel,
        scratch=_max_scratch,
        outputs=("out", "indices"),
        vjp=_max_vjp,
        grad_name="MaxPool2DWithIndicesBackward0",
        traits=(Trait.CHANNELS_LAST,),
    )
)


def _infer_max_grad(g: TensorType, indices: TensorType, *, size: Pair, disjoint: bool = False) -> TensorType:
    """Zeros of spatial `size`, with `g` added where `indices` point (`disjoint`: no two point to the same place)."""
    if g.shape != indices.shape:
        raise ShapeError(f"max_pool2d_grad: gradient and indices must have one shape, got {g} and {indices}")
    return TensorType(g.dtype, (*g.shape[:-2], *size))


def _max_grad_scratch(g: TensorType, indices: TensorType, **_: Any) -> Types:
    return (TensorType(dtypes.int64, (g.size,)),)


def _max_grad_kernel(
    out: np.ndarray, g: np.ndarray, indices: np.ndarray, *, size: Pair, disjoint: bool, scratch: Any
) -> list[Call]:
    images = math.prod(g.shape[:-2])
    offsets = (np.arange(images) * (size[0] * size[1])).reshape(*g.shape[:-2], 1, 1)
    calls, values = contiguous(g, (g.size,))
    (flat,) = scratch
    return [
        *calls,
        (np.add, indices, offsets, flat.reshape(g.shape)),
        (scatter_images, out.reshape(-1), flat, values, disjoint),
    ]


def _max_grad_vjp(c: Any, gg: Any, indices: Any) -> Any:
    shape = c.types[0].shape
    flat = (*shape[:-2], shape[-2] * shape[-1])
    images = reshape(gg, shape=(*shape[:-2], math.prod(c.attrs["size"])))
    return reshape(gather(images, reshape(indices, shape=flat), dim=len(flat) - 1), shape=shape), None


max_pool2d_grad = register(
    Op(
        "max_pool2d_grad",
        infer=_infer_max_grad,
        numpy=_max_grad_kernel,
        scratch=_max_grad_scratch,
        vjp=_max_grad_vjp,
        grad_name="MaxPool2DWithIndicesBackwardBackward0",
        traits=(Trait.CHANNELS_LAST,),
    )
)


# ---- avg_pool2d


def _infer_avg_pool(
    x: TensorType,
    *,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair = NONE,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> TensorType:
    """The mean of each window: its sum over `divisor_override`, or over the number of its elements (with or without
    those in the padding; what overhangs the padding in ceil mode never counts)."""
    if not x.dtype.is_floating_point:
        raise DTypeError(f"avg_pool2d: expected a floating-point tensor, got {x}; convert with .to(dtype)")
    if divisor_override == 0:
        raise ArgumentError("avg_pool2d: divisor must be not zero, got divisor_override=0")
    size = _output_size("avg_pool2d", x, kernel_size, stride, padding, ONE, ceil_mode)
    return TensorType(x.dtype, (*x.shape[:-2], *size))


def _of_avg(
    shape: Shape, itemsize: int, kernel_size: Pair, stride: Pair, padding: Pair, ceil_mode: bool, **_: Any
) -> Pooling:
    sizes = zip(shape[-2:], kernel_size, stride, padding, strict=True)
    rows, columns = (window_count(size, k, s, p, 1, ceil_mode) for size, k, s, p in sizes)
    return _pooling(shape, (rows, columns), kernel_size, stride, padding, ONE, itemsize)


def _divisor(pooling: Pooling, dtype: np.dtype, include_pad: bool, override: int | None) -> Any:
    """What each window's sum is divided by: a number, or an array (OH, OW)."""
    if override is not None:
        return override
    lines = [_elements(pooling, axis, include_pad) for axis in (0, 1)]
    counts = lines[0][:, None] * lines[1]
    return int(counts[0, 0]) if (counts == counts[0, 0]).all() else counts.astype(dtype)


def _elements(pooling: Pooling, axis: int, include_pad: bool) -> np.ndarray:
    size, padding = pooling.size[axis], pooling.padding[axis]
    start = np.arange(pooling.outputs[axis]) * pooling.stride[axis] - padding
    stop = np.minimum(start + pooling.kernel[axis], size + padding)
    return stop - start if include_pad else np.minimum(stop, size) - np.maximum(start, 0)


def _avg_scratch(x: TensorType, **attrs: Any) -> Types:
    pooling = _of_avg(x.shape, x.dtype.itemsize, **attrs)
    return (TensorType(x.dtype, (pooling.block * math.prod(x.shape[1:-2]) * pooling.halfway,)),)


def _avg_kernel(out: np.ndarray, x: np.ndarray, *, scratch: Any, **attrs: Any) -> list[Call]:
    pooling = _of_avg(x.shape, x.itemsize, **attrs)
    divisor = _divisor(pooling, x.dtype, attrs["count_include_pad"], attrs["divisor_override"])
    calls: list[Call] = []
    for start in range(0, x.shape[0], pooling.block):
        source, target = (a[start : start + pooling.block] for a in (x, out))
        shape = (*source.shape[:-2], pooling.outputs[0], pooling.size[1])
        halfway = scratch[0][: math.prod(shape)].reshape(shape)
        calls += combine(np.add, source, halfway, pooling.lines[0])
        calls += combine(np.add, halfway, target, pooling.lines[1])
        calls.append((np.true_divide, target, divisor, target))
    return calls


avg_pool2d: Op = register(
    Op(
        "avg_pool2d",
        infer=_infer_avg_pool,
        numpy=_avg_kernel,
        scratch=_avg_scratch,
        vjp=lambda c, g: avg_pool2d_grad(g, size=c.types[0].shape[-2:], **c.attrs),
        grad_name="AvgPool2DBackward0",
        traits=(Trait.CHANNELS_LAST,),
    )
)


def _infer_avg_grad(
    g: TensorType,
    *,
    size: Pair,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair = NONE,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> TensorType:
    """The gradient of avg_pool2d's input, whose images had `size`."""
    _check_image("avg_pool2d_grad", g)
    x = TensorType(g.dtype, (*g.shape[:-2], *size))
    wanted = _output_size("avg_pool2d_grad", x, kernel_size, stride, padding, ONE, ceil_mode)
    if wanted != g.shape[-2:]:
        raise ShapeError(f"avg_pool2d_grad: the output's gradient must be {list(wanted)} in space, got {g}")
    return x


def _avg_grad_scratch(g: TensorType, *, size: Pair, **attrs: Any) -> Types:
    pooling = _of_avg((*g.shape[:-2], *size), g.dtype.itemsize, **attrs)
    count = pooling.block * math.prod(g.shape[1:-2])
    outputs, halfway = math.prod(pooling.outputs), pooling.outputs[0] * size[1]
    return TensorType(g.dtype, (count * outputs,)), TensorType(g.dtype, (count * halfway,))


def _avg_grad_kernel(out: np.ndarray, g: np.ndarray, *, size: Pair, scratch: Any, **attrs: Any) -> list[Call]:
    pooling = _of_avg(out.shape, out.itemsize, **attrs)
    divisor = _divisor(pooling, out.dtype, attrs["count_include_pad"], attrs["divisor_override"])
    calls: list[Call] = []
    for start in range(0, g.shape[0], pooling.block):
        source, target = (a[start : start + pooling.block] for a in (g, out))
        shares = scratch[0][: source.size].reshape(source.shape)
        shape = (*source.shape[:-1], size[1])
        halfway = scratch[1][: math.prod(shape)].reshape(shape)
        calls.append((np.true_divide, source, divisor, shares))
        calls += spread(shares, halfway, pooling.lines[1], pooling.disjoint)
        calls += spread(halfway, target, pooling.lines[0], pooling.disjoint)
    return calls


def _avg_grad_vjp(c: Any, gg: Any) -> Any:
    return avg_pool2d(gg, **{name: value for name, value in c.attrs.items() if name != "size"})


avg_pool2d_grad: Op = register(
    Op(
        "avg_pool2d_grad",
        infer=_infer_avg_grad,
        numpy=_avg_grad_kernel,
        scratch=_avg_grad_scratch,
        vjp=_avg_grad_vjp,
        grad_name="AvgPool2DBackwardBackward0",
        traits=(Trait.CHANNELS_LAST,),
    )
)
