"""Two-dimensional convolution and its gradients. All three are bilinear, and each one's gradients are the other two."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.conv_kernels import conv2d_calls, flipped_calls, input_grad_calls, weight_grad_calls
from graphnn.ops.conv_lowering import BUDGET, Geometry, geometry
from graphnn.ops.op import Op, register
from graphnn.ops.reduce import sum as sum_
from graphnn.ops.unary import relu_grad
from graphnn.ops.windows import Pair, require_pairs, span

ONE: Pair = (1, 1)
NONE: Pair = (0, 0)
Types = tuple[TensorType, ...]


# ---- type rules


def _check_floats(op: str, **operands: TensorType | None) -> None:
    there = {name: t for name, t in operands.items() if t is not None}
    first = next(iter(there.values()))
    for name, t in there.items():
        if t.dtype is not first.dtype or not t.dtype.is_floating_point:
            listed = ", ".join(f"{n} {t}" for n, t in there.items())
            raise DTypeError(
                f"{op}: input, weight and bias must be floating point and of one dtype, got {listed}; "
                f"convert {name} with .to(dtype)"
            )


def _check_ranks(op: str, **operands: TensorType) -> None:
    for name, t in operands.items():
        if t.ndim != 4:
            raise ShapeError(f"{op}: expected a 4-D {name}, got {t.ndim} dimensions: {t}")


def _check_channels(op: str, x: TensorType, weight: TensorType, groups: int) -> None:
    if not isinstance(groups, int) or groups < 1:
        raise ArgumentError(f"{op}: groups must be a positive integer, got {groups!r}")
    if weight.shape[0] % groups:
        raise ShapeError(f"{op}: {weight.shape[0]} output channels do not divide into groups={groups}: {x} x {weight}")
    wanted = weight.shape[1] * groups
    if x.shape[1] != wanted:
        raise ShapeError(
            f"{op}: input has {x.shape[1]} channels, weight {weight} with groups={groups} wants {wanted}: {x}"
        )


def output_size(op: str, size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, shown: str) -> Pair:
    """The spatial size of a convolution's output; ShapeError where the kernel is larger than the padded input."""
    require_pairs(op, stride=stride, padding=padding, dilation=dilation)
    padded = tuple(s + 2 * p for s, p in zip(size, padding, strict=True))
    reach = tuple(map(span, kernel, dilation))
    if any(r > p for r, p in zip(reach, padded, strict=True)):
        raise ShapeError(
            f"{op}: Calculated padded input size per channel: ({padded[0]} x {padded[1]}). Kernel size: "
            f"({reach[0]} x {reach[1]}). Kernel size can't be greater than actual input size: {shown}"
        )
    rows, columns = ((p - r) // s + 1 for p, r, s in zip(padded, reach, stride, strict=True))
    return rows, columns


def _output_type(
    op: str, x: TensorType, weight: TensorType, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> TensorType:
    _check_ranks(op, input=x, weight=weight)
    _check_channels(op, x, weight, groups)
    kernel = (weight.shape[2], weight.shape[3])
    if 0 in weight.shape:
        raise ShapeError(f"{op}: weight has no elements: {weight}")
    size = output_size(op, (x.shape[2], x.shape[3]), kernel, stride, padding, dilation, f"{x} x {weight}")
    return TensorType(x.dtype, (x.shape[0], weight.shape[0], *size))


def _flops(x: TensorType, weight: TensorType, bias: TensorType | None = None, **attrs: Any) -> int:
    out = _output_type("conv2d", x, weight, *(attrs[name] for name in ("stride", "padding", "dilation", "groups")))
    return 2 * out.size * weight.size // weight.shape[0]


# ---- conv2d, alone and with its ReLU


def _infer_conv(op: str, x: TensorType, weight: TensorType, bias: TensorType | None, **attrs: Any) -> TensorType:
    out = _output_type(op, x, weight, **attrs)
    _check_floats(op, input=x, weight=weight, bias=bias)
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(
            f"{op}: Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with "
            f"{weight.shape[0]} elements, but got bias of size {list(bias.shape)}"
        )
    return out


def _geometry(x: Any, weight: Any, itemsize: int, attrs: dict[str, Any]) -> Geometry:
    return geometry(x.shape, weight.shape, **attrs, itemsize=itemsize)


def _conv_scratch(x: TensorType, weight: TensorType, bias: TensorType | None = None, **attrs: Any) -> Types:
    return _geometry(x, weight, x.dtype.itemsize, attrs).scratch(x.dtype, output=True)


def _conv_kernel(relu: bool) -> Any:
    def kernel(
        out: np.ndarray,
        x: np.ndarray,
        weight: np.ndarray,
        bias: np.ndarray | None = None,
        *,
        scratch: Any,
        **attrs: Any,
    ) -> Any:
        return conv2d_calls(out, x, weight, bias, _geometry(x, weight, out.itemsize, attrs), scratch, relu)

    return kernel


def _conv_grads(c: Any, g: Any, x: Any, weight: Any) -> tuple[Any, ...]:
    size, kernel = c.types[0].shape[2:], c.types[1].shape[2:]
    return (
        conv2d_input_grad(g, weight, size=size, **c.attrs) if c.want[0] else None,
        conv2d_weight_grad(g, x, kernel_size=kernel, **c.attrs) if c.want[1] else None,
        sum_(g, dim=(0, 2, 3), keepdim=False) if len(c.want) > 2 and c.want[2] else None,
    )[: len(c.want)]


def _infer_conv2d(
    x: TensorType,
    weight: TensorType,
    bias: TensorType | None = None,
    *,
    stride: Pair = ONE,
    padding: Pair = NONE,
    dilation: Pair = ONE,
    groups: int = 1,
) -> TensorType:
    """Cross-correlation of (N, C, H, W) with (O, C/groups, kh, kw): (N, O, OH, OW)."""
    return _infer_conv("conv2d", x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


def _infer_conv2d_relu(
    x: TensorType,
    weight: TensorType,
    bias: TensorType | None = None,
    *,
    stride: Pair = ONE,
    padding: Pair = NONE,
    dilation: Pair = ONE,
    groups: int = 1,
) -> TensorType:
    """relu(conv2d(x, weight, bias)) in one."""
    return _infer_conv("conv2d_relu", x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


conv2d = register(
    Op(
        "conv2d",
        infer=_infer_conv2d,
        numpy=_conv_kernel(relu=False),
        scratch=_conv_scratch,
        vjp=_conv_grads,
        grad_name="ConvolutionBackward0",
        flops=_flops,
    )
)

conv2d_relu = register(
    Op(
        "conv2d_relu",
        infer=_infer_conv2d_relu,
        numpy=_conv_kernel(relu=True),
        scratch=_conv_scratch,
        vjp=lambda c, g, x, weight, out: _conv_grads(c, relu_grad(g, out), x, weight),
        flops=_flops,
        traits=(Trait.FUSED,),
    )
)


# ---- gradients


def _infer_input_grad(
    g: TensorType,
    weight: TensorType,
    *,
    size: Pair,
    stride: Pair = ONE,
    padding: Pair = NONE,
    dilation: Pair = ONE,
    groups: int = 1,
) -> TensorType:
    """The gradient of conv2d's input, whose spatial size was `size`: (N, C, H, W)."""
    op = "conv2d_input_grad"
    _check_ranks(op, gradient=g, weight=weight)
    _check_floats(op, gradient=g, weight=weight)
    x = TensorType(g.dtype, (g.shape[0], weight.shape[1] * groups, *size))
    _check_gradient(op, g, _output_type(op, x, weight, stride, padding, dilation, groups))
    return x


def _infer_weight_grad(
    g: TensorType,
    x: TensorType,
    *,
    kernel_size: Pair,
    stride: Pair = ONE,
    padding: Pair = NONE,
    dilation: Pair = ONE,
    groups: int = 1,
) -> TensorType:
    """The gradient of conv2d's weight, whose kernels had `kernel_size`: (O, C/groups, kh, kw)."""
    op = "conv2d_weight_grad"
    _check_ranks(op, gradient=g, input=x)
    _check_floats(op, gradient=g, input=x)
    weight = TensorType(g.dtype, (g.shape[1], x.shape[1] // groups, *kernel_size))
    _check_gradient(op, g, _output_type(op, x, weight, stride, padding, dilation, groups))
    return weight


def _check_gradient(op: str, g: TensorType, wanted: TensorType) -> None:
    if g.shape != wanted.shape:
        raise ShapeError(f"{op}: the output's gradient must be {wanted}, got {g}")


def _input_geometry(g: Any, weight: Any, itemsize: int, attrs: dict[str, Any]) -> Geometry:
    rest = {name: value for name, value in attrs.items() if name != "size"}
    x = (g.shape[0], weight.shape[1] * attrs["groups"], *attrs["size"])
    return geometry(x, weight.shape, **rest, itemsize=itemsize)


def _flipped_geometry(g: Any, weight: Any, itemsize: int, attrs: dict[str, Any]) -> Geometry | None:
    """The convolution of g with flipped kernels that gives the input's gradient; None where col2im is the better way:
    it needs less arithmetic for strided convolutions and where outputs are the more, and no copy of the weight."""
    outputs, inputs, *kernel = weight.shape
    padding = tuple(span(k, d) - 1 - p for k, d, p in zip(kernel, attrs["dilation"], attrs["padding"], strict=True))
    small = outputs * inputs * kernel[0] * kernel[1] * itemsize <= BUDGET and outputs <= inputs * attrs["groups"]
    if attrs["stride"] != ONE or min(padding) < 0 or kernel == [1, 1] or not small:
        return None
    turned = (inputs * attrs["groups"], outputs // attrs["groups"], *kernel)
    return geometry(g.shape, turned, ONE, padding, attrs["dilation"], attrs["groups"], itemsize)


def _weight_geometry(g: Any, x: Any, itemsize: int, attrs: dict[str, Any]) -> Geometry:
    rest = {name: value for name, value in attrs.items() if name != "kernel_size"}
    weight = (g.shape[1], x.shape[1] // attrs["groups"], *attrs["kernel_size"])
    weight_bytes = weight[0] * weight[1] * weight[2] * weight[3] * itemsize
    return geometry(x.shape, weight, **rest, itemsize=itemsize, budget=max(BUDGET, weight_bytes))


def _input_scratch(g: TensorType, weight: TensorType, **attrs: Any) -> Types:
    flipped = _flipped_geometry(g, weight, g.dtype.itemsize, attrs)
    if flipped is not None:
        return (*flipped.scratch(g.dtype, output=True), TensorType(g.dtype, (weight.size,)))
    return _input_geometry(g, weight, g.dtype.itemsize, attrs).scratch(g.dtype, output=True)


def _weight_scratch(g: TensorType, x: TensorType, **attrs: Any) -> Types:
    geo = _weight_geometry(g, x, g.dtype.itemsize, attrs)
    one_block = geo.samples >= geo.x[0] and geo.rows >= geo.size[0]
    partial = 0 if one_block else geo.weight[0] * geo.depth
    return (*geo.scratch(g.dtype, output=True), TensorType(g.dtype, (partial,)))


def _input_kernel(out: np.ndarray, g: np.ndarray, weight: np.ndarray, *, scratch: Any, **attrs: Any) -> Any:
    flipped = _flipped_geometry(g, weight, out.itemsize, attrs)
    if flipped is not None:
        return flipped_calls(out, g, weight, flipped, scratch)
    return input_grad_calls(out, g, weight, _input_geometry(g, weight, out.itemsize, attrs), scratch)


def _weight_kernel(out: np.ndarray, g: np.ndarray, x: np.ndarray, *, scratch: Any, **attrs: Any) -> Any:
    return weight_grad_calls(out, g, x, _weight_geometry(g, x, out.itemsize, attrs), scratch)


def _input_grad_grads(c: Any, gg: Any, g: Any, weight: Any) -> tuple[Any, ...]:
    attrs = {name: value for name, value in c.attrs.items() if name != "size"}
    return (
        conv2d(gg, weight, **attrs) if c.want[0] else None,
        conv2d_weight_grad(g, gg, kernel_size=c.types[1].shape[2:], **attrs) if c.want[1] else None,
    )


def _weight_grad_grads(c: Any, gg: Any, g: Any, x: Any) -> tuple[Any, ...]:
    attrs = {name: value for name, value in c.attrs.items() if name != "kernel_size"}
    return (
        conv2d(x, gg, **attrs) if c.want[0] else None,
        conv2d_input_grad(g, gg, size=c.types[1].shape[2:], **attrs) if c.want[1] else None,
    )


def _grad_flops(g: TensorType, other: TensorType, **attrs: Any) -> int:
    make = _input_geometry if "size" in attrs else _weight_geometry
    geo = make(g, other, 1, attrs)
    return 2 * geo.x[0] * geo.weight[0] * geo.depth * geo.size[0] * geo.size[1]


conv2d_input_grad = register(
    Op(
        "conv2d_input_grad",
        infer=_infer_input_grad,
        numpy=_input_kernel,
        scratch=_input_scratch,
        vjp=_input_grad_grads,
        grad_name="ConvolutionBackwardBackward0",
        flops=_grad_flops,
    )
)

conv2d_weight_grad = register(
    Op(
        "conv2d_weight_grad",
        infer=_infer_weight_grad,
        numpy=_weight_kernel,
        scratch=_weight_scratch,
        vjp=_weight_grad_grads,
        grad_name="ConvolutionBackwardBackward0",
        flops=_grad_flops,
    )
)
