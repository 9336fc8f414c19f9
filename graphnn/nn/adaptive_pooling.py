"""Pooling layers that give one size for inputs of any."""

from __future__ import annotations

from typing import Any

from graphnn.nn import functional as F
from graphnn.nn.functional.adaptive_pooling import Target
from graphnn.nn.module import Module
from graphnn.tensor.tensor import Tensor


class _AdaptiveAvgPool(Module):
    def __init__(self, output_size: Target) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The means of windows that cover (N, C, L) or (C, L) evenly."""

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The means of windows that cover (N, C, H, W) or (C, H, W) evenly."""

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The means of windows that cover (N, C, D, H, W) or (C, D, H, W) evenly."""

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool3d(input, self.output_size)


class _AdaptiveMaxPool(Module):
    def __init__(self, output_size: Target, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest of windows that cover (N, C, L) or (C, L) evenly; with `return_indices` also where it was."""

    def forward(self, input: Tensor) -> Any:
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest of windows that cover (N, C, H, W) or (C, H, W) evenly; with `return_indices` also where it was."""

    def forward(self, input: Tensor) -> Any:
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest of windows that cover (N, C, D, H, W) or (C, D, H, W) evenly; with `return_indices` also where."""

    def forward(self, input: Tensor) -> Any:
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)
