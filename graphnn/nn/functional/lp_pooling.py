"""Power-average pooling: the p-norm of each window."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from graphnn.nn.functional.pooling import avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool2d, max_pool3d
from graphnn.nn.functional.sizes import Sizes, several
from graphnn.tensor.tensor import Tensor


def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: Sizes, stride: Sizes | None = None, ceil_mode: bool = False
) -> Tensor:
    """(Σ xᵖ)^(1/p) over each window of (N, C, L) or (C, L)."""
    return _lp_pool(1, avg_pool1d, max_pool1d, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor, norm_type: float, kernel_size: Sizes, stride: Sizes | None = None, ceil_mode: bool = False
) -> Tensor:
    """(Σ xᵖ)^(1/p) over each window of (N, C, H, W) or (C, H, W)."""
    return _lp_pool(2, avg_pool2d, max_pool2d, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor, norm_type: float, kernel_size: Sizes, stride: Sizes | None = None, ceil_mode: bool = False
) -> Tensor:
    """(Σ xᵖ)^(1/p) over each window of (N, C, D, H, W) or (C, D, H, W)."""
    return _lp_pool(3, avg_pool3d, max_pool3d, input, norm_type, kernel_size, stride, ceil_mode)


def _lp_pool(
    spatial: int,
    average: Callable[..., Tensor],
    greatest: Callable[..., Any],
    input: Tensor,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None,
    ceil_mode: bool,
) -> Tensor:
    """Negative means, which odd powers may give, keep their sign until the root is taken."""
    if math.isinf(norm_type):
        sign = 1 if norm_type > 0 else -1
        return sign * greatest(sign * input.abs(), kernel_size, stride, 0, 1, ceil_mode)  # type: ignore[no-any-return]
    mean = average(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    size = math.prod(several(kernel_size, spatial, f"lp_pool{spatial}d: kernel_size"))
    return (mean.sign() * mean.abs().relu()).mul(size).pow(1.0 / norm_type)  # type: ignore[no-any-return]
