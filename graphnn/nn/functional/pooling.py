"""Pooling over windows."""

from __future__ import annotations

from typing import Any

from graphnn.nn.functional.arguments import IntOrPair, batched, pair
from graphnn.ops.pool import avg_pool2d as avg_pool2d_op
from graphnn.ops.pool import max_pool2d as max_pool2d_op
from graphnn.tensor.tensor import Tensor


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> tuple[Tensor, Tensor]:
    """The largest of each window, and where it was: h * W + w within its channel's plane."""
    input, added = batched(input, "max_pool2d")
    kernel = pair(kernel_size, "kernel_size")
    out, indices = max_pool2d_op(
        input,
        kernel_size=kernel,
        stride=kernel if stride is None or stride == [] else pair(stride, "stride"),
        padding=pair(padding, "padding"),
        dilation=pair(dilation, "dilation"),
        ceil_mode=ceil_mode,
    )
    return (out.squeeze(0), indices.squeeze(0)) if added else (out, indices)


def max_pool2d(
    input: Tensor,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest of each window of (N, C, H, W) or (C, H, W); the stride is the window's size unless given."""
    found = max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


def avg_pool2d(
    input: Tensor,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of (N, C, H, W) or (C, H, W)."""
    input, added = batched(input, "avg_pool2d")
    kernel = pair(kernel_size, "kernel_size")
    out: Tensor = avg_pool2d_op(
        input,
        kernel_size=kernel,
        stride=kernel if stride is None or stride == [] else pair(stride, "stride"),
        padding=pair(padding, "padding"),
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )
    return out.squeeze(0) if added else out
