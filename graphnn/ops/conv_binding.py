"""From a convolution's arrays to kernel calls: which lowering serves it, with which working memory.

Lines are images of one row, so that `conv_kernels` serves both; volumes are served by `conv3d_kernels`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.ir.types import Shape, TensorType
from graphnn.ops.conv3d_kernels import Volume, conv3d_calls, input_grad3d_calls, weight_grad3d_calls
from graphnn.ops.conv_kernels import conv2d_calls, flipped_calls, input_grad_calls, weight_grad_calls
from graphnn.ops.conv_lowering import BUDGET, Geometry, geometry
from graphnn.ops.op import Call
from graphnn.ops.windows import span

Types = tuple[TensorType, ...]
Attrs = dict[str, Any]

_OF_ONE_ROW = {"stride": 1, "padding": 0, "dilation": 1, "size": 1, "kernel_size": 1}


def _planar(attrs: Attrs) -> Attrs:
    """The attrs over images, from those over lines."""
    if len(attrs["stride"]) != 1:
        return attrs
    return {name: (_OF_ONE_ROW[name], *value) if name in _OF_ONE_ROW else value for name, value in attrs.items()}


def _shape(shape: Shape) -> Shape:
    return (*shape[:2], 1, shape[2]) if len(shape) == 3 else shape


def _images(array: np.ndarray) -> np.ndarray:
    return array[:, :, None] if array.ndim == 3 else array


def _without(attrs: Attrs, name: str) -> Attrs:
    return {key: value for key, value in attrs.items() if key != name}


# ---- forward


def forward_scratch(x: TensorType, weight: TensorType, bias: TensorType | None = None, **attrs: Any) -> Types:
    if x.ndim == 5:
        return Volume(x.shape, weight.shape, **attrs, itemsize=x.dtype.itemsize).scratch(x.dtype)
    geo = geometry(_shape(x.shape), _shape(weight.shape), **_planar(attrs), itemsize=x.dtype.itemsize)
    return geo.scratch(x.dtype, output=True)


def forward_kernel(
    out: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    scratch: Any,
    relu: bool = False,
    **attrs: Any,
) -> list[Call]:
    if x.ndim == 5:
        return conv3d_calls(out, x, weight, bias, Volume(x.shape, weight.shape, **attrs, itemsize=x.itemsize), scratch)
    out, x, weight = map(_images, (out, x, weight))
    geo = geometry(x.shape, weight.shape, **_planar(attrs), itemsize=x.itemsize)
    return conv2d_calls(out, x, weight, bias, geo, scratch, relu)


# ---- the input's gradient


def _input_geometry(g: Shape, weight: Shape, itemsize: int, attrs: Attrs) -> Geometry:
    x = (g[0], weight[1] * attrs["groups"], *attrs["size"])
    return geometry(x, weight, **_without(attrs, "size"), itemsize=itemsize)


def _input_volume(g: Any, weight: Any, itemsize: int, attrs: Attrs) -> Volume:
    x = (g.shape[0], weight.shape[1] * attrs["groups"], *attrs["size"])
    return Volume(x, weight.shape, **_without(attrs, "size"), itemsize=itemsize)


def _flipped_geometry(g: Shape, weight: Shape, itemsize: int, attrs: Attrs) -> Geometry | None:
    """The convolution of g with flipped kernels that gives the input's gradient; None where col2im is the better way:
    it needs less arithmetic for strided convolutions and where outputs are the more, and no copy of the weight."""
    outputs, inputs, *kernel = weight
    padding = tuple(span(k, d) - 1 - p for k, d, p in zip(kernel, attrs["dilation"], attrs["padding"], strict=True))
    small = math.prod(weight) * itemsize <= BUDGET and outputs <= inputs * attrs["groups"]
    if attrs["stride"] != (1, 1) or min(padding) < 0 or kernel == [1, 1] or not small:
        return None
    rows, columns = padding
    turned = (inputs * attrs["groups"], outputs // attrs["groups"], *kernel)
    return geometry(g, turned, (1, 1), (rows, columns), attrs["dilation"], attrs["groups"], itemsize)


def input_grad_scratch(g: TensorType, weight: TensorType, **attrs: Any) -> Types:
    itemsize = g.dtype.itemsize
    if g.ndim == 5:
        return _input_volume(g, weight, itemsize, attrs).scratch(g.dtype)
    attrs, shapes = _planar(attrs), (_shape(g.shape), _shape(weight.shape))
    flipped = _flipped_geometry(*shapes, itemsize, attrs)
    if flipped is not None:
        return (*flipped.scratch(g.dtype, output=True), TensorType(g.dtype, (weight.size,)))
    return _input_geometry(*shapes, itemsize, attrs).scratch(g.dtype, output=True)


def input_grad_kernel(out: np.ndarray, g: np.ndarray, weight: np.ndarray, *, scratch: Any, **attrs: Any) -> list[Call]:
    if g.ndim == 5:
        return input_grad3d_calls(out, g, weight, _input_volume(g, weight, out.itemsize, attrs), scratch)
    out, g, weight = map(_images, (out, g, weight))
    attrs = _planar(attrs)
    flipped = _flipped_geometry(g.shape, weight.shape, out.itemsize, attrs)
    if flipped is not None:
        return flipped_calls(out, g, weight, flipped, scratch)
    return input_grad_calls(out, g, weight, _input_geometry(g.shape, weight.shape, out.itemsize, attrs), scratch)


# ---- the weight's gradient


def _weight_shape(g: Any, x: Any, attrs: Attrs) -> Shape:
    return (g.shape[1], x.shape[1] // attrs["groups"], *attrs["kernel_size"])


def _weight_geometry(g: Any, x: Any, itemsize: int, attrs: Attrs) -> Geometry:
    weight, rest = _shape(_weight_shape(g, x, attrs)), _planar(_without(attrs, "kernel_size"))
    budget = max(BUDGET, math.prod(weight) * itemsize)
    return geometry(_shape(x.shape), weight, **rest, itemsize=itemsize, budget=budget)


def _weight_volume(g: Any, x: Any, itemsize: int, attrs: Attrs) -> Volume:
    return Volume(x.shape, _weight_shape(g, x, attrs), **_without(attrs, "kernel_size"), itemsize=itemsize)


def weight_grad_scratch(g: TensorType, x: TensorType, **attrs: Any) -> Types:
    if x.ndim == 5:
        return _weight_volume(g, x, x.dtype.itemsize, attrs).scratch(x.dtype)
    geo = _weight_geometry(g, x, g.dtype.itemsize, attrs)
    one_block = geo.samples >= geo.x[0] and geo.rows >= geo.size[0]
    partial = 0 if one_block else geo.weight[0] * geo.depth
    return (*geo.scratch(g.dtype, output=True), TensorType(g.dtype, (partial,)))


def weight_grad_kernel(out: np.ndarray, g: np.ndarray, x: np.ndarray, *, scratch: Any, **attrs: Any) -> list[Call]:
    if x.ndim == 5:
        return weight_grad3d_calls(out, g, x, _weight_volume(g, x, out.itemsize, attrs), scratch)
    geo = _weight_geometry(g, x, out.itemsize, attrs)
    return weight_grad_calls(_images(out), _images(g), _images(x), geo, scratch)
