"""Weights laid out as kernels read them, and the layers that take them so.

A backend that can use it asks for it (`passes/pack_weights.py`); the packing of constant weights is then work for the
prologue, done once. The layers with packed weights are defined by those without.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.conv import CONVOLUTIONS, conv2d
from graphnn.ops.conv_transpose import conv_transpose2d
from graphnn.ops.matrix import linear, matmul
from graphnn.ops.movement import flip, permute, reshape
from graphnn.ops.op import Call, Op, register
from graphnn.ops.slicing import slice as slice_
from graphnn.ops.unary import relu as relu_
from graphnn.ops.winograd import OUTS, out_of, size_of, weight_matrix

# ---- packing


class Packing(NamedTuple):
    """How a layer's weight shall come: in panels of `width` outputs, transformed for Winograd's F(m x m, 3x3), m being
    `winograd` (2 or 4), or as it is (0)."""

    width: int
    winograd: int = 0


def packed_shape(shape: Shape, width: int, winograd: int = 0) -> Shape:
    """Of a weight (O, C, *kernel) in panels of `width` outputs: (panels, *kernel, C, width); transformed
    ((m + 2)², panels, C, width)."""
    outputs, channels, *kernel = shape
    panels = -(-outputs // width)
    return (size_of(winograd) ** 2, panels, channels, width) if winograd else (panels, *kernel, channels, width)


def _pack_weight(weight: TensorType, *, width: int, winograd: int = 0) -> TensorType:
    """A weight (O, C, *kernel) as panels (⌈O / width⌉, *kernel, C, width): all outputs of a panel side by side, zeros
    beyond the last one. For Winograd's F(m x m, 3x3), m being `winograd`, a 3x3 kernel g becomes the numbers G g Gᵀ, n = m + 2
    a side: (n², ⌈O / width⌉, C, width)."""
    if weight.ndim < 2 or width < 1:
        raise ShapeError(f"pack_weight: wants a weight (outputs, inputs, *kernel) and a positive width, got {weight}")
    if winograd not in (0, *OUTS):
        raise ArgumentError(f"pack_weight: winograd must be 0, 2 or 4, got {winograd}")
    if winograd and weight.shape[2:] != (3, 3):
        raise ShapeError(f"pack_weight: winograd is for kernels of 3x3, got {weight}")
    return TensorType(weight.dtype, packed_shape(weight.shape, width, winograd))


def _pack_kernel(out: np.ndarray, weight: np.ndarray, *, width: int, winograd: int) -> list[Call]:
    return [(_transform_into if winograd else _pack_into, out, weight)]


def _transform_into(out: np.ndarray, weight: np.ndarray) -> None:
    g = np.array(weight_matrix(out_of(len(out))), float)
    outputs, width = weight.shape[0], out.shape[-1]
    for panel, rows in enumerate(range(0, outputs, width)):
        part = np.einsum("xi,ocij,yj->xyco", g, weight[rows : rows + width].astype(float), g)
        out[:, panel, :, : part.shape[-1]] = part.reshape(len(out), *part.shape[2:])
        out[:, panel, :, part.shape[-1] :] = 0


def _pack_into(out: np.ndarray, weight: np.ndarray) -> None:
    outputs, width = weight.shape[0], out.shape[-1]
    kernel = range(2, weight.ndim)
    for panel, rows in enumerate(range(0, outputs, width)):
        part = weight[rows : rows + width]
        out[panel, ..., : len(part)] = part.transpose(*kernel, 1, 0)
        out[panel, ..., len(part) :] = 0


pack_weight: Op = register(
    Op(
        "pack_weight",
        infer=_pack_weight,
        numpy=_pack_kernel,
        vjp=lambda c, g: _pack_gradient(c, g),
    )
)


def _pack_gradient(c: Any, g: Any) -> Any:
    shape, out = c.types[0].shape, c.attrs["winograd"]
    return _through(g, shape, np.array(weight_matrix(out), float).T) if out else unpacked(g, shape)


def unpacked(weight: Any, shape: Shape) -> Any:
    """The weight of `shape` that was packed, by other ops."""
    if len(weight.shape) == 4 and len(shape) == 4:
        matrix = np.array(weight_matrix(out_of(weight.shape[0])), float)
        return _through(weight, shape, np.linalg.pinv(matrix))
    outputs, channels, *kernel = shape
    panels, *_, width = weight.shape
    axes = len(kernel)
    turned = permute(weight, dims=(0, axes + 2, axes + 1, *range(1, axes + 1)))
    whole = reshape(turned, shape=(panels * width, channels, *kernel))
    return slice_(whole, dim=0, start=0, stop=outputs, step=1) if panels * width != outputs else whole


def _through(weight: Any, shape: Shape, matrix: np.ndarray) -> Any:
    """(n², panels, C, width) as M X Mᵀ with M of 3 x n, for each kernel: a weight of that shape."""
    _, panels, channels, width = weight.shape
    size = matrix.shape[1]
    squares = permute(reshape(weight, shape=(size, size, panels, channels, width)), dims=(2, 4, 3, 0, 1))
    kind = getattr(weight, "type", weight).dtype  # of a value, a Tensor, or an array
    m = matrix.astype(getattr(kind, "numpy", kind))
    small = matmul(matmul(m, squares), np.ascontiguousarray(m.T))
    whole = reshape(small, shape=(panels * width, channels, 3, 3))
    return slice_(whole, dim=0, start=0, stop=shape[0], step=1) if panels * width != shape[0] else whole


# ---- layers


def _packed_linear(
    x: TensorType, weight: TensorType, bias: TensorType | None = None, *, shape: Shape, relu: bool = False
) -> TensorType:
    """linear(x, weight, bias), with relu if asked for, where the weight of `shape` comes packed."""
    return linear.infer(x, _unpacked_type("packed_linear", weight, shape), bias)  # type: ignore[no-any-return]


def _linear_in_ops(x: Any, weight: Any, bias: Any = None, *, shape: Shape, relu: bool) -> Any:
    found = linear(x, unpacked(weight, shape), bias)
    return relu_(found) if relu else found


packed_linear = register(
    Op(
        "packed_linear",
        infer=_packed_linear,
        decompose=_linear_in_ops,
        flops=lambda x, weight, bias=None, *, shape, relu: 2 * x.size * shape[0],
        traits=(Trait.FUSED, Trait.EPILOGUE),
    )
)


def _packed_conv2d(
    x: TensorType,
    weight: TensorType,
    bias: TensorType | None = None,
    *,
    shape: Shape,
    stride: Shape = (1, 1),
    padding: Shape = (0, 0),
    dilation: Shape = (1, 1),
    groups: int = 1,
    relu: bool = False,
) -> TensorType:
    """conv2d(x, weight, bias), with relu if asked for, where the weight of `shape` comes packed."""
    plain = _unpacked_type("packed_conv2d", weight, shape)
    return conv2d.infer(x, plain, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)  # type: ignore[no-any-return]


def _conv_in_ops(x: Any, weight: Any, bias: Any = None, *, shape: Shape, relu: bool, **geometry: Any) -> Any:
    found = CONVOLUTIONS[2](x, unpacked(weight, shape), bias, **geometry)
    return relu_(found) if relu else found


def _conv_flops(
    x: TensorType, weight: TensorType, bias: TensorType | None = None, *, shape: Shape, relu: bool, **geometry: Any
) -> int:
    out = conv2d.infer(x, TensorType(weight.dtype, shape), **geometry)
    return 2 * int(out.size) * math.prod(shape[1:])


packed_conv2d = register(
    Op(
        "packed_conv2d",
        infer=_packed_conv2d,
        decompose=_conv_in_ops,
        flops=_conv_flops,
        traits=(Trait.FUSED, Trait.EPILOGUE, Trait.CHANNELS_LAST, Trait.BEGINS_CHANNELS_LAST),
    )
)


def _packed_conv_transpose2d(
    x: TensorType,
    weight: TensorType,
    bias: TensorType | None = None,
    *,
    shape: Shape,
    stride: Shape = (1, 1),
    padding: Shape = (0, 0),
    output_padding: Shape = (0, 0),
    groups: int = 1,
    dilation: Shape = (1, 1),
) -> TensorType:
    """conv_transpose2d(x, weight, bias), where `turned(weight)` comes packed; the weight itself is of `shape`."""
    if len(shape) != 4 or groups != 1:
        raise ShapeError(f"packed_conv_transpose2d: wants four sizes of a weight and one group, got {shape}, {groups}")
    sizes = (shape[1], shape[0], *shape[2:])
    plain = _unpacked_type("packed_conv_transpose2d", weight, sizes, winograd=False).with_shape(shape)
    geometry = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    return conv_transpose2d.infer(x, plain, bias, groups=groups, **geometry)  # type: ignore[no-any-return]


def turned(weight: Any) -> Any:
    """A transposed convolution's weight (C, O, *kernel) as that of the convolution which does the same: (O, C, *kernel), the
    kernels turned round. Its own inverse."""
    axes = tuple(range(2, len(weight.shape)))
    return flip(permute(weight, dims=(1, 0, *axes)), dims=axes)


def _transposed_in_ops(x: Any, weight: Any, bias: Any = None, *, shape: Shape, **geometry: Any) -> Any:
    plain = turned(unpacked(weight, (shape[1], shape[0], *shape[2:])))
    return conv_transpose2d(x, plain, bias, **geometry)


packed_conv_transpose2d = register(
    Op(
        "packed_conv_transpose2d",
        infer=_packed_conv_transpose2d,
        decompose=_transposed_in_ops,
        flops=lambda x, weight, bias=None, *, shape, **geometry: 2 * x.size * math.prod(shape[1:]),
        traits=(Trait.FUSED, Trait.EPILOGUE, Trait.CHANNELS_LAST, Trait.BEGINS_CHANNELS_LAST),
    )
)


def _unpacked_type(op: str, weight: TensorType, shape: Shape, winograd: bool = True) -> TensorType:
    winograd = winograd and weight.ndim == 4 == len(shape) and shape[2:] == (3, 3)
    outs = [m for m in OUTS if size_of(m) ** 2 == weight.shape[0]] if winograd else [0]
    good = len(shape) >= 2 and outs and (winograd or weight.ndim == len(shape) + 1)
    if not good or weight.shape != packed_shape(shape, weight.shape[-1], outs[0]):
        raise ShapeError(f"{op}: {weight} is not the packed form of a weight of shape {list(shape)}")
    return TensorType(weight.dtype, shape)
