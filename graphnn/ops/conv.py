"""Convolution over lines, images and volumes, and its gradients. All three are bilinear, and each one's gradients are
the other two."""

from __future__ import annotations

import functools
import math
from typing import Any

from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ops.conv_binding import (
    forward_kernel,
    forward_scratch,
    input_grad_kernel,
    input_grad_scratch,
    weight_grad_kernel,
    weight_grad_scratch,
)
from graphnn.ops.conv_types import (
    Sizes,
    check_bias,
    check_floats,
    check_gradient,
    check_groups,
    check_ranks,
    output_type,
)
from graphnn.ops.op import Op, register
from graphnn.ops.reduce import sum as sum_
from graphnn.ops.unary import relu_grad

# ---- convolution, alone and with its ReLU


def _infer(name: str, n: int) -> Any:
    def infer(
        x: TensorType,
        weight: TensorType,
        bias: TensorType | None = None,
        *,
        stride: Sizes = (1,) * n,
        padding: Sizes = (0,) * n,
        dilation: Sizes = (1,) * n,
        groups: int = 1,
    ) -> TensorType:
        """Cross-correlation of (N, C, *spatial) with (O, C/groups, *kernel): (N, O, *spatial)."""
        check_ranks(name, n, input=x, weight=weight)
        out = output_type(name, x, weight, stride, padding, dilation, groups)
        check_floats(name, integers=True, input=x, weight=weight, bias=bias)
        check_bias(name, weight, bias, weight.shape[0])
        return out

    return infer


def _grads(c: Any, g: Any, x: Any, weight: Any) -> tuple[Any, ...]:
    size, kernel = c.types[0].shape[2:], c.types[1].shape[2:]
    return (
        INPUT_GRADS[len(size)](g, weight, size=size, **c.attrs) if c.want[0] else None,
        WEIGHT_GRADS[len(size)](g, x, kernel_size=kernel, **c.attrs) if c.want[1] else None,
        bias_grad(g, len(size)) if len(c.want) > 2 and c.want[2] else None,
    )[: len(c.want)]


def bias_grad(g: Any, n: int) -> Any:
    """The sum over all but the channels."""
    return sum_(g, dim=(0, *range(2, n + 2)), keepdim=False)


def _flops(x: TensorType, weight: TensorType, bias: TensorType | None = None, **attrs: Any) -> int:
    out = output_type("conv", x, weight, **attrs)
    return 2 * out.size * weight.size // weight.shape[0]


TRAITS = (Trait.EPILOGUE, Trait.CHANNELS_LAST, Trait.BEGINS_CHANNELS_LAST)


def _conv(n: int) -> Op:
    name = f"conv{n}d"
    return register(
        Op(
            name,
            infer=_infer(name, n),
            numpy=forward_kernel,
            scratch=forward_scratch,
            vjp=_grads,
            grad_name="ConvolutionBackward0",
            flops=_flops,
            traits=TRAITS if n == 2 else (),
        )
    )


conv1d, conv2d, conv3d = _conv(1), _conv(2), _conv(3)
CONVOLUTIONS = {1: conv1d, 2: conv2d, 3: conv3d}

conv2d_relu = register(
    Op(
        "conv2d_relu",
        infer=_infer("conv2d_relu", 2),
        numpy=functools.partial(forward_kernel, relu=True),
        scratch=forward_scratch,
        vjp=lambda c, g, x, weight, out: _grads(c, relu_grad(g, out), x, weight),
        flops=_flops,
        traits=(Trait.FUSED, *TRAITS),
        doc="relu(conv2d(x, weight, bias)) in one.",
    )
)


# ---- gradients


def _infer_input_grad(name: str, n: int) -> Any:
    def infer(
        g: TensorType,
        weight: TensorType,
        *,
        size: Sizes,
        stride: Sizes = (1,) * n,
        padding: Sizes = (0,) * n,
        dilation: Sizes = (1,) * n,
        groups: int = 1,
    ) -> TensorType:
        """The gradient of the convolution's input, whose spatial size was `size`: (N, C, *size)."""
        check_ranks(name, n, gradient=g, weight=weight)
        check_floats(name, gradient=g, weight=weight)
        x = TensorType(g.dtype, (g.shape[0], weight.shape[1] * groups, *size))
        check_gradient(name, g, output_type(name, x, weight, stride, padding, dilation, groups))
        return x

    return infer


def _infer_weight_grad(name: str, n: int) -> Any:
    def infer(
        g: TensorType,
        x: TensorType,
        *,
        kernel_size: Sizes,
        stride: Sizes = (1,) * n,
        padding: Sizes = (0,) * n,
        dilation: Sizes = (1,) * n,
        groups: int = 1,
    ) -> TensorType:
        """The gradient of the convolution's weight, whose kernels had `kernel_size`: (O, C/groups, *kernel_size)."""
        check_ranks(name, n, gradient=g, input=x)
        check_floats(name, gradient=g, input=x)
        check_groups(name, groups)
        weight = TensorType(g.dtype, (g.shape[1], x.shape[1] // groups, *kernel_size))
        check_gradient(name, g, output_type(name, x, weight, stride, padding, dilation, groups))
        return weight

    return infer


def _without(attrs: Any, name: str) -> dict[str, Any]:
    return {key: value for key, value in attrs.items() if key != name}


def _input_grad_grads(c: Any, gg: Any, g: Any, weight: Any) -> tuple[Any, ...]:
    attrs, kernel = _without(c.attrs, "size"), c.types[1].shape[2:]
    return (
        CONVOLUTIONS[len(kernel)](gg, weight, **attrs) if c.want[0] else None,
        WEIGHT_GRADS[len(kernel)](g, gg, kernel_size=kernel, **attrs) if c.want[1] else None,
    )


def _weight_grad_grads(c: Any, gg: Any, g: Any, x: Any) -> tuple[Any, ...]:
    attrs, size = _without(c.attrs, "kernel_size"), c.types[1].shape[2:]
    return (
        CONVOLUTIONS[len(size)](x, gg, **attrs) if c.want[0] else None,
        INPUT_GRADS[len(size)](g, gg, size=size, **attrs) if c.want[1] else None,
    )


def _input_grad_flops(g: TensorType, weight: TensorType, **attrs: Any) -> int:
    return 2 * g.size * weight.size // weight.shape[0]


def _weight_grad_flops(g: TensorType, x: TensorType, **attrs: Any) -> int:
    kernel: Sizes = attrs["kernel_size"]
    inputs: int = x.shape[1] // attrs["groups"]
    return 2 * g.size * inputs * math.prod(kernel)


def _input_grad(n: int) -> Op:
    name = f"conv{n}d_input_grad"
    return register(
        Op(
            name,
            infer=_infer_input_grad(name, n),
            numpy=input_grad_kernel,
            scratch=input_grad_scratch,
            vjp=_input_grad_grads,
            grad_name="ConvolutionBackwardBackward0",
            flops=_input_grad_flops,
            traits=(Trait.EPILOGUE, Trait.CHANNELS_LAST) if n == 2 else (),
        )
    )


def _weight_grad(n: int) -> Op:
    name = f"conv{n}d_weight_grad"
    return register(
        Op(
            name,
            infer=_infer_weight_grad(name, n),
            numpy=weight_grad_kernel,
            scratch=weight_grad_scratch,
            vjp=_weight_grad_grads,
            grad_name="ConvolutionBackwardBackward0",
            flops=_weight_grad_flops,
            traits=(Trait.EPILOGUE,) if n == 2 else (),
        )
    )


conv1d_input_grad, conv2d_input_grad, conv3d_input_grad = map(_input_grad, (1, 2, 3))
conv1d_weight_grad, conv2d_weight_grad, conv3d_weight_grad = map(_weight_grad, (1, 2, 3))
INPUT_GRADS = {1: conv1d_input_grad, 2: conv2d_input_grad, 3: conv3d_input_grad}
WEIGHT_GRADS = {1: conv1d_weight_grad, 2: conv2d_weight_grad, 3: conv3d_weight_grad}
