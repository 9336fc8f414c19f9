"""Convolution layers."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from graphnn.errors import ArgumentError, ArgumentTypeError
from graphnn.ir.dtypes import DType
from graphnn.nn import functional as F
from graphnn.nn import init
from graphnn.nn.functional.conv import IntOrSizes, Sizes, sizes
from graphnn.nn.linear import reset_bias
from graphnn.nn.module import Module
from graphnn.nn.parameter import Parameter
from graphnn.tensor.creation import empty
from graphnn.tensor.tensor import Tensor

PADDING_MODES = ("circular", "reflect", "replicate", "zeros")


class ConvNd(Module):
    """What all convolutions share, transposed ones included: their arguments, parameters and printing."""

    dimensions: ClassVar[int]
    transposed: ClassVar[bool] = False
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrSizes,
        stride: IntOrSizes,
        padding: str | IntOrSizes,
        dilation: IntOrSizes,
        output_padding: IntOrSizes,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: DType | None,
    ) -> None:
        super().__init__()
        count = self.dimensions
        _check(in_channels, out_channels, groups, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _kernel(kernel_size, count)
        self.stride = sizes(stride, count, "stride")
        self.padding = _check_padding(padding, self.stride)
        self.dilation = sizes(dilation, count, "dilation")
        self.output_padding = sizes(output_padding, count, "output_padding")
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._edges()
        outer, inner = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = Parameter(empty(outer, inner // groups, *self.kernel_size, device=device, dtype=dtype))
        bias_data = empty(out_channels, device=device, dtype=dtype) if bias else None
        self.register_parameter("bias", None if bias_data is None else Parameter(bias_data))
        self.reset_parameters()

    def _edges(self) -> list[int]:
        """The padding as `pad` takes it: (low, high) of the last dimension first."""
        if self.padding == "valid":
            return [0, 0] * self.dimensions
        if isinstance(self.padding, str):
            total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return [edge for t in reversed(total) for edge in (t // 2, t - t // 2)]
        return [p for p in reversed(self.padding) for _ in range(2)]

    def reset_parameters(self) -> None:
        """Uniform within 1 / sqrt(weight.shape[1] * the kernel's elements)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        reset_bias(self.bias, self.weight)

    def extra_repr(self) -> str:
        shown = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        zeros, ones = (0,) * self.dimensions, (1,) * self.dimensions
        usual = {"padding": zeros, "dilation": ones, "output_padding": zeros, "groups": 1}
        shown += [f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        shown += ["bias=False"] * (self.bias is None)
        return ", ".join(shown + [f"padding_mode={self.padding_mode}"] * (self.padding_mode != "zeros"))

    def _padded(self, input: Tensor) -> tuple[Tensor, str | Sizes]:
        """The input padded by the mode, and the padding that is left to the convolution."""
        if self.padding_mode == "zeros":
            return input, self.padding
        return F.pad(input, self._reversed_padding_repeated_twice, self.padding_mode), (0,) * self.dimensions


class Conv1d(ConvNd):
    """Slides out_channels kernels over (N, in_channels, L)."""

    dimensions = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrSizes,
        stride: IntOrSizes = 1,
        padding: str | IntOrSizes = 0,
        dilation: IntOrSizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        given = (kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device, dtype)
        super().__init__(in_channels, out_channels, *given)

    def forward(self, input: Tensor) -> Tensor:
        input, padding = self._padded(input)
        return F.conv1d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(ConvNd):
    """Slides out_channels kernels over (N, in_channels, H, W)."""

    dimensions = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrSizes,
        stride: IntOrSizes = 1,
        padding: str | IntOrSizes = 0,
        dilation: IntOrSizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        given = (kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device, dtype)
        super().__init__(in_channels, out_channels, *given)

    def forward(self, input: Tensor) -> Tensor:
        input, padding = self._padded(input)
        return F.conv2d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv3d(ConvNd):
    """Slides out_channels kernels over (N, in_channels, D, H, W)."""

    dimensions = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrSizes,
        stride: IntOrSizes = 1,
        padding: str | IntOrSizes = 0,
        dilation: IntOrSizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        given = (kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device, dtype)
        super().__init__(in_channels, out_channels, *given)

    def forward(self, input: Tensor) -> Tensor:
        input, padding = self._padded(input)
        return F.conv3d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


def _check(in_channels: int, out_channels: int, groups: int, padding_mode: str) -> None:
    if groups <= 0:
        raise ArgumentError("groups must be a positive integer")
    if in_channels % groups:
        raise ArgumentError(f"in_channels must be divisible by groups: {in_channels} and {groups}")
    if out_channels % groups:
        raise ArgumentError(f"out_channels must be divisible by groups: {out_channels} and {groups}")
    if padding_mode not in PADDING_MODES:
        raise ArgumentError(f"padding_mode must be one of {PADDING_MODES}, but got padding_mode={padding_mode!r}")


def _kernel(kernel_size: IntOrSizes, count: int) -> Sizes:
    found = sizes(kernel_size, count, "kernel_size")
    if not isinstance(kernel_size, int) and len(kernel_size) != count:
        raise ArgumentTypeError(f"kernel_size must be an int or {count} of them, got {kernel_size!r}")
    return found


def _check_padding(padding: str | IntOrSizes, stride: Sizes) -> str | Sizes:
    if not isinstance(padding, str):
        return sizes(padding, len(stride), "padding")
    if padding not in ("valid", "same"):
        raise ArgumentError(f"Invalid padding string {padding!r}, should be one of {{'same', 'valid'}}")
    if padding == "same" and any(s != 1 for s in stride):
        raise ArgumentError("padding='same' is not supported for strided convolutions")
    return padding
