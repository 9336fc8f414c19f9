"""Images as columns, one for each place of a sliding window, and the sum that takes columns back to images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.windows import Pair, span, steps, taps, windows

ONE: Pair = (1, 1)
NONE: Pair = (0, 0)


def _check(op: str, x: TensorType, **pairs: Pair) -> None:
    for name, pair in pairs.items():
        least = 0 if name == "padding" else 1
        if len(pair) != 2:
            raise ArgumentError(f"{op}: It is expected {name} equals to 2, but got size {len(pair)}")
        if min(pair) < least:
            wanted = "should be non-negative" if least == 0 else "should be greater than zero"
            raise ArgumentError(f"{op}: {name} {wanted}, but got {pair}")
    if not x.dtype.is_floating_point:
        raise DTypeError(f"{op}: is not implemented for {x.dtype!r}, got {x}; convert with .to(dtype)")


def _places(size: Shape, kernel_size: Pair, dilation: Pair, padding: Pair, stride: Pair) -> Pair:
    """How many places the window has, down and across; none or less where it does not fit."""
    each = zip(size, kernel_size, dilation, padding, stride, strict=True)
    rows, columns = ((n + 2 * p - span(k, d)) // s + 1 for n, k, d, p, s in each)
    return rows, columns


def _infer_im2col(
    x: TensorType, *, kernel_size: Pair, dilation: Pair = ONE, padding: Pair = NONE, stride: Pair = ONE
) -> TensorType:
    """The windows of (N, C, H, W) or (C, H, W) as columns: (N, C * kh * kw, places)."""
    _check("im2col", x, kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride)
    if x.ndim not in (3, 4) or 0 in x.shape[-3:]:
        raise ShapeError(
            "im2col: Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions "
            f"for input, but got: {x}"
        )
    places = _places(x.shape[-2:], kernel_size, dilation, padding, stride)
    if min(places) < 1:
        raise ShapeError(
            f"im2col: Given input with spatial size {x.shape[-2:]}, kernel_size={kernel_size}, dilation={dilation}, "
            f"padding={padding}, calculated shape of the array of sliding blocks as {places}, but its components must "
            f"be at least one: {x}"
        )
    return TensorType(x.dtype, (*x.shape[:-3], x.shape[-3] * math.prod(kernel_size), math.prod(places)))


def _infer_col2im(
    columns: TensorType,
    *,
    output_size: Pair,
    kernel_size: Pair,
    dilation: Pair = ONE,
    padding: Pair = NONE,
    stride: Pair = ONE,
) -> TensorType:
    """Columns (N, C * kh * kw, places) added up where im2col of (N, C, *output_size) would have read them."""
    sizes = {"kernel_size": kernel_size, "dilation": dilation, "padding": padding, "stride": stride}
    _check("col2im", columns, output_size=output_size, **sizes)
    if columns.ndim not in (2, 3) or 0 in columns.shape[-2:]:
        raise ShapeError(
            "col2im: Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero "
            f"dimensions for input, but got: {columns}"
        )
    depth, count = columns.shape[-2:]
    if depth % math.prod(kernel_size):
        raise ShapeError(
            f"col2im: Expected size of input's dimension {columns.ndim - 2} to be divisible by the product of "
            f"kernel_size, but got {depth} and kernel_size={kernel_size}: {columns}"
        )
    rows, across = (max(0, n) for n in _places(output_size, kernel_size, dilation, padding, stride))
    if rows * across != count:
        raise ShapeError(
            f"col2im: Given output_size={output_size}, kernel_size={kernel_size}, dilation={dilation}, "
            f"padding={padding}, stride={stride}, expected size of input's dimension {columns.ndim - 1} to match the "
            f"calculated number of sliding blocks {rows} * {across} = {rows * across}, but got {count}: {columns}"
        )
    return TensorType(columns.dtype, (*columns.shape[:-2], depth // math.prod(kernel_size), *output_size))


# ---- kernels; working memory holds all images padded, flat over samples and channels


def _padded(shape: Shape, padding: Pair) -> Shape:
    return (math.prod(shape[:-2]), shape[-2] + 2 * padding[0], shape[-1] + 2 * padding[1])


def _memory(dtype: Any, shape: Shape, padding: Pair) -> Types:
    return (TensorType(dtype, _padded(shape, padding) if padding != NONE else (0, 0, 0)),)


def _interior(padded: np.ndarray, padding: Pair, shape: Shape) -> np.ndarray:
    inner = padded[:, padding[0] : padding[0] + shape[-2], padding[1] : padding[1] + shape[-1]]
    return inner.reshape(shape, copy=False)


def _im2col(
    out: np.ndarray,
    x: np.ndarray,
    *,
    scratch: Any,
    kernel_size: Pair,
    dilation: Pair,
    padding: Pair,
    stride: Pair,
) -> list[Call]:
    """One copy of the strided windows."""
    if x.size == 0:
        return []
    calls: list[Call] = []
    samples = x if x.ndim == 4 else x[None]
    if padding != NONE:
        image = scratch[0]
        calls = [(np.copyto, image, 0), (np.copyto, _interior(image, padding, x.shape), x)]
        samples = image.reshape(*samples.shape[:2], *image.shape[1:])
    places = _places(x.shape[-2:], kernel_size, dilation, padding, stride)
    seen = np.moveaxis(windows(samples.transpose(1, 2, 3, 0), kernel_size, stride, dilation, places), -1, 0)
    return [*calls, (np.copyto, out.reshape(seen.shape), seen)]


def _col2im(
    out: np.ndarray,
    columns: np.ndarray,
    *,
    scratch: Any,
    output_size: Pair,
    kernel_size: Pair,
    dilation: Pair,
    padding: Pair,
    stride: Pair,
) -> list[Call]:
    """One addition for each tap of the window."""
    image = out.reshape(-1, *output_size) if padding == NONE else scratch[0]
    rows, across = _places(output_size, kernel_size, dilation, padding, stride)
    split = columns.reshape(*out.shape[:-2], *kernel_size, rows, across, copy=False)
    calls: list[Call] = [(np.copyto, image, 0)]
    for i, j in taps(kernel_size):
        place = image[:, steps(i * dilation[0], stride[0], rows), steps(j * dilation[1], stride[1], across)]
        place = place.reshape(*out.shape[:-2], rows, across, copy=False)
        calls.append((np.add, place, split[..., i, j, :, :], place))
    return calls if padding == NONE else [*calls, (np.copyto, out, _interior(image, padding, out.shape))]


im2col: Op = register(
    Op(
        "im2col",
        infer=_infer_im2col,
        numpy=_im2col,
        scratch=lambda x, *, padding, **attrs: _memory(x.dtype, x.shape, padding),
        vjp=lambda c, g: col2im(g, output_size=c.types[0].shape[-2:], **c.attrs),
        grad_name="Im2ColBackward0",
    )
)


def _col2im_scratch(columns: TensorType, **attrs: Any) -> Types:
    return _memory(columns.dtype, _infer_col2im(columns, **attrs).shape, attrs["padding"])


def _col2im_grad(c: Any, g: Any) -> Any:
    return im2col(g, **{name: value for name, value in c.attrs.items() if name != "output_size"})


col2im: Op = register(
    Op(
        "col2im",
        infer=_infer_col2im,
        numpy=_col2im,
        scratch=_col2im_scratch,
        vjp=_col2im_grad,
        grad_name="Col2ImBackward0",
    )
)
