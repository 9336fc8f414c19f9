"""Convolution layers."""

from __future__ import annotations

import math
from typing import Any

from graphnn.errors import ArgumentError, UnsupportedError
from graphnn.ir.dtypes import DType
from graphnn.nn import functional as F
from graphnn.nn import init
from graphnn.nn.functional.arguments import IntOrPair, pair
from graphnn.nn.linear import reset_bias
from graphnn.nn.module import Module
from graphnn.nn.parameter import Parameter
from graphnn.tensor.creation import empty
from graphnn.tensor.tensor import Tensor

PADDING_MODES = ("zeros", "circular", "reflect", "replicate")


class Conv2d(Module):
    """Slides out_channels kernels over (N, in_channels, H, W)."""

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrPair,
        stride: IntOrPair = 1,
        padding: str | IntOrPair = 0,
        dilation: IntOrPair = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        _check(in_channels, out_channels, groups, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair(kernel_size, "kernel_size")
        self.stride = pair(stride, "stride")
        self.padding = _check_padding(padding, self.stride)
        self.dilation = pair(dilation, "dilation")
        self.groups = groups
        self.padding_mode = padding_mode
        self.transposed = False
        self.output_padding = (0, 0)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(empty(*shape, device=device, dtype=dtype))
        bias_data = empty(out_channels, device=device, dtype=dtype) if bias else None
        self.register_parameter("bias", None if bias_data is None else Parameter(bias_data))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform within 1 / sqrt(in_channels / groups * kH * kW)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        reset_bias(self.bias, self.weight)

    def forward(self, input: Tensor) -> Tensor:
        return F.conv2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        shown = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        usual = {"padding": (0, 0), "dilation": (1, 1), "groups": 1}
        shown += [f"{name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        return ", ".join(shown + ["bias=False"] * (self.bias is None))


def _check(in_channels: int, out_channels: int, groups: int, padding_mode: str) -> None:
    if groups <= 0:
        raise ArgumentError("groups must be a positive integer")
    if in_channels % groups:
        raise ArgumentError(f"in_channels must be divisible by groups: {in_channels} and {groups}")
    if out_channels % groups:
        raise ArgumentError(f"out_channels must be divisible by groups: {out_channels} and {groups}")
    if padding_mode not in PADDING_MODES:
        raise ArgumentError(f"padding_mode must be one of {PADDING_MODES}, but got padding_mode={padding_mode!r}")
    if padding_mode != "zeros":
        raise UnsupportedError(f"Conv2d: padding_mode={padding_mode!r} is not served; use padding_mode='zeros'")


def _check_padding(padding: str | IntOrPair, stride: tuple[int, int]) -> str | tuple[int, int]:
    if not isinstance(padding, str):
        return pair(padding, "padding")
    if padding not in ("valid", "same"):
        raise ArgumentError(f"Invalid padding string {padding!r}, should be one of {{'valid', 'same'}}")
    if padding == "same" and stride != (1, 1):
        raise ArgumentError("padding='same' is not supported for strided convolutions")
    return padding
