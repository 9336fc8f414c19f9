"""Pooling over windows. Min pooling is max pooling turned over: `-max_pool2d(-x, 2)` gives the least of each window."""

from __future__ import annotations

from typing import Any

from graphnn.nn.functional.sizes import Sizes, require_space, several, strides
from graphnn.ops.pool import avg_pool2d as avg_pool2d_op
from graphnn.ops.pool import max_pool2d as max_pool2d_op
from graphnn.ops.pool3d import avg_pool3d as avg_pool3d_op
from graphnn.ops.pool3d import max_pool3d as max_pool3d_op
from graphnn.tensor.tensor import Tensor

Window = dict[str, tuple[int, ...]]


def window(name: str, spatial: int, kernel_size: Any, stride: Any, padding: Any, **dilation: Any) -> Window:
    """The sizes of a window, one number for each dimension of space."""
    kernel = several(kernel_size, spatial, f"{name}: kernel_size")
    found = {"kernel_size": kernel, "stride": strides(stride, kernel, name)}
    found["padding"] = several(padding, spatial, f"{name}: padding")
    if dilation:
        found["dilation"] = several(dilation["dilation"], spatial, f"{name}: dilation")
    return found


def _as_row(line: Window) -> Window:
    """The window of a line as that of an image with one row."""
    return {key: (0 if key == "padding" else 1, *sizes) for key, sizes in line.items()}


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """The largest of each window of (N, C, L) or (C, L), and where it was."""
    require_space(input, 1, "max_pool1d")
    line = window("max_pool1d", 1, kernel_size, stride, padding, dilation=dilation)
    out, indices = max_pool2d_op(input.unsqueeze(-2), **_as_row(line), ceil_mode=ceil_mode)
    return out.squeeze(-2), indices.squeeze(-2)


def max_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest of each window of (N, C, L) or (C, L); the stride is the window's size unless given."""
    found = max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> tuple[Tensor, Tensor]:
    """The largest of each window, and where it was: h * W + w within its channel's plane."""
    require_space(input, 2, "max_pool2d")
    sizes = window("max_pool2d", 2, kernel_size, stride, padding, dilation=dilation)
    return max_pool2d_op(input, **sizes, ceil_mode=ceil_mode)  # type: ignore[no-any-return]


def max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest of each window of (N, C, H, W) or (C, H, W); the stride is the window's size unless given."""
    found = max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """The largest of each window, and where it was in its channel's flattened volume."""
    sizes = window("max_pool3d", 3, kernel_size, stride, padding, dilation=dilation)
    return max_pool3d_op(input, **sizes, ceil_mode=ceil_mode)  # type: ignore[no-any-return]


def max_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest of each window of (N, C, D, H, W) or (C, D, H, W); the stride is the window's size unless given."""
    found = max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


def avg_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of (N, C, L) or (C, L)."""
    require_space(input, 1, "avg_pool1d")
    row = _as_row(window("avg_pool1d", 1, kernel_size, stride, padding))
    out = avg_pool2d_op(input.unsqueeze(-2), **row, ceil_mode=ceil_mode, count_include_pad=count_include_pad)
    return out.squeeze(-2)  # type: ignore[no-any-return]


def avg_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of (N, C, H, W) or (C, H, W)."""
    require_space(input, 2, "avg_pool2d")
    return avg_pool2d_op(  # type: ignore[no-any-return]
        input,
        **window("avg_pool2d", 2, kernel_size, stride, padding),
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )


def avg_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of (N, C, D, H, W) or (C, D, H, W)."""
    return avg_pool3d_op(  # type: ignore[no-any-return]
        input,
        **window("avg_pool3d", 3, kernel_size, stride, padding),
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor_override=divisor_override,
    )
