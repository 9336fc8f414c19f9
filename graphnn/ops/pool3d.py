"""Pooling over windows of volumes (C, D, H, W) or (N, C, D, H, W)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.axis_tables import Table, Tables, of_matrix, table_calls, table_scratch, transposed
from graphnn.ops.op import Op, Types, register
from graphnn.ops.pool import window_count
from graphnn.ops.window_max import Windows, max_calls, max_scratch, picked_gradient, regular

Triple = tuple[int, int, int]
ONE: Triple = (1, 1, 1)
NONE: Triple = (0, 0, 0)


def _require_triples(op: str, **triples: Triple) -> None:
    for name, triple in triples.items():
        least = 0 if name == "padding" else 1
        if len(triple) != 3 or not all(isinstance(t, int) and t >= least for t in triple):
            wanted = "three integers" + (", none negative" if least == 0 else " greater than zero")
            raise ArgumentError(f"{op}: {name} must be {wanted}, got {triple!r}")


def _output_size(
    op: str, x: TensorType, kernel_size: Triple, stride: Triple, padding: Triple, dilation: Triple, ceil_mode: bool
) -> Triple:
    if x.ndim not in (4, 5) or 0 in x.shape[-4:]:
        raise ShapeError(f"{op}: non-empty 4D or 5D (batch mode) tensor expected for input, got {x}")
    _require_triples(op, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
    if any(p > k // 2 for k, p in zip(kernel_size, padding, strict=True)):
        raise ArgumentError(
            f"{op}: pad should be at most half of kernel size, but got padding={list(padding)} and "
            f"kernel_size={list(kernel_size)}"
        )
    each = zip(x.shape[-3:], kernel_size, stride, padding, dilation, strict=True)
    depth, rows, columns = (window_count(*sizes, ceil_mode) for sizes in each)
    if min(depth, rows, columns) < 1:
        before, after = ("x".join(map(str, (x.shape[-4], *s))) for s in (x.shape[-3:], (depth, rows, columns)))
        raise ShapeError(
            f"{op}: Given input size: ({before}). Calculated output size: ({after}). Output size is too small: {x}"
        )
    return depth, rows, columns


# ---- the greatest element


def _infer_max(
    x: TensorType,
    *,
    kernel_size: Triple,
    stride: Triple,
    padding: Triple = NONE,
    dilation: Triple = ONE,
    ceil_mode: bool = False,
) -> Types:
    """The greatest element of each window, and where in its flattened volume (D * H * W) it stands; NaN is the
    greatest."""
    if x.dtype.category == 0:
        raise DTypeError(f"max_pool3d: not implemented for bool, as in PyTorch: {x}")
    size = _output_size("max_pool3d", x, kernel_size, stride, padding, dilation, ceil_mode)
    shape = (*x.shape[:-3], *size)
    return TensorType(x.dtype, shape), TensorType(dtypes.int64, shape)


def _windows(
    x: Any, kernel_size: Triple, stride: Triple, padding: Triple, dilation: Triple, ceil_mode: bool
) -> list[Windows]:
    each = zip(x.shape[-3:], kernel_size, stride, padding, dilation, strict=True)
    return [regular(n, window_count(n, k, s, p, d, ceil_mode), k, s, p, d) for n, k, s, p, d in each]


max_pool3d = register(
    Op(
        "max_pool3d",
        infer=_infer_max,
        numpy=lambda out, x, *, scratch, **attrs: max_calls(out, x, _windows(x, **attrs), scratch),
        scratch=lambda x, **attrs: max_scratch(x, _windows(x, **attrs)),
        outputs=("out", "indices"),
        vjp=lambda c, g, indices: picked_gradient(g, indices, c.types[0].shape[-3:]),
        grad_name="MaxPool3DWithIndicesBackward0",
    )
)


# ---- the mean


def _infer_avg(
    x: TensorType,
    *,
    kernel_size: Triple,
    stride: Triple,
    padding: Triple = NONE,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> TensorType:
    """The mean of each window: its sum over `divisor_override`, or over the number of its elements (with or without
    those in the padding; what overhangs the padding in ceil mode never counts)."""
    if not x.dtype.is_floating_point:
        raise DTypeError(f"avg_pool3d: expected a floating-point tensor, got {x}; convert with .to(dtype)")
    if divisor_override == 0:
        raise ArgumentError("avg_pool3d: divisor must be not zero, got divisor_override=0")
    size = _output_size("avg_pool3d", x, kernel_size, stride, padding, ONE, ceil_mode)
    if any(n < k for n, k in zip(x.shape[-3:], kernel_size, strict=True)):
        raise ShapeError(
            f"avg_pool3d: input image {list(x.shape[-3:])} smaller than kernel size {list(kernel_size)}: {x}"
        )
    return TensorType(x.dtype, (*x.shape[:-3], *size))


@functools.lru_cache(maxsize=256)
def _mean_table(
    size: int, kernel: int, stride: int, padding: int, ceil_mode: bool, include_pad: bool, divisor: int | None
) -> Table:
    """The windows of one axis, each element divided by their number, or by `divisor`."""
    outputs = window_count(size, kernel, stride, padding, 1, ceil_mode)
    matrix = np.zeros((outputs, size))
    for i in range(outputs):
        start = i * stride - padding
        stop = min(start + kernel, size + padding)
        inner = slice(max(start, 0), min(stop, size))
        number = stop - start if include_pad else inner.stop - inner.start
        matrix[i, inner] = 1.0 / (number if divisor is None else divisor)
    return of_matrix(matrix)


def _tables(
    sizes: Shape,
    kernel_size: Triple,
    stride: Triple,
    padding: Triple,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tables:
    divisors = (None,) * 3 if divisor_override is None else (divisor_override, 1, 1)
    each = zip(sizes, kernel_size, stride, padding, divisors, strict=True)
    return tuple(_mean_table(n, k, s, p, ceil_mode, count_include_pad, d) for n, k, s, p, d in each)


def _of(x: Any, **attrs: Any) -> Tables:
    return _tables(x.shape[-3:], **attrs)


avg_pool3d: Op = register(
    Op(
        "avg_pool3d",
        infer=_infer_avg,
        numpy=lambda out, x, *, scratch, **attrs: table_calls(out, x, _of(x, **attrs), scratch),
        scratch=lambda x, **attrs: table_scratch(x, _of(x, **attrs)),
        vjp=lambda c, g: avg_pool3d_grad(g, size=c.types[0].shape[-3:], **c.attrs),
        grad_name="AvgPool3DBackward0",
    )
)


def _infer_avg_grad(
    g: TensorType,
    *,
    size: Shape,
    kernel_size: Triple,
    stride: Triple,
    padding: Triple = NONE,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> TensorType:
    """The gradient of avg_pool3d's input, whose volumes had `size`."""
    x = TensorType(g.dtype, (*g.shape[:-3], *size))
    wanted = _output_size("avg_pool3d_grad", x, kernel_size, stride, padding, ONE, ceil_mode)
    if wanted != g.shape[-3:]:
        raise ShapeError(f"avg_pool3d_grad: the output's gradient must be {list(wanted)} in space, got {g}")
    return x


def _grad_tables(size: Shape, **attrs: Any) -> Tables:
    return transposed(_tables(size, **attrs))


def _avg_grad_vjp(c: Any, gg: Any) -> Any:
    return avg_pool3d(gg, **{name: value for name, value in c.attrs.items() if name != "size"})


avg_pool3d_grad: Op = register(
    Op(
        "avg_pool3d_grad",
        infer=_infer_avg_grad,
        numpy=lambda out, g, *, scratch, **attrs: table_calls(out, g, _grad_tables(**attrs), scratch),
        scratch=lambda g, **attrs: table_scratch(g, _grad_tables(**attrs)),
        vjp=_avg_grad_vjp,
        grad_name="AvgPool3DBackwardBackward0",
    )
)
