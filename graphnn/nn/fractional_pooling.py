"""Layers of max pooling over windows at random distances."""

from __future__ import annotations

from typing import Any

from graphnn.errors import ArgumentError
from graphnn.nn import functional as F
from graphnn.nn.functional.fractional_pooling import Ratio
from graphnn.nn.functional.sizes import Sizes
from graphnn.nn.module import Module
from graphnn.tensor.creation import tensor
from graphnn.tensor.tensor import Tensor


class _FractionalMaxPool(Module):
    _spatial: int

    def __init__(
        self,
        kernel_size: Sizes,
        output_size: Sizes | None = None,
        output_ratio: Ratio | None = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        self._check(kernel_size, output_size, output_ratio)
        self.kernel_size = self._each(kernel_size)
        self.return_indices = return_indices
        given = _random_samples is None or isinstance(_random_samples, Tensor)
        self.register_buffer("_random_samples", _random_samples if given else tensor(_random_samples))
        self.output_size = None if output_size is None else self._each(output_size)
        self.output_ratio = None if output_ratio is None else self._each(output_ratio)

    def _each(self, value: Any) -> tuple[Any, ...]:
        return (value,) * self._spatial if isinstance(value, int | float) else tuple(value)

    def _check(self, kernel_size: Any, output_size: Any, output_ratio: Any) -> None:
        name = type(self).__name__
        if not all(k > 0 for k in self._each(kernel_size)):
            raise ArgumentError(f"kernel_size must be greater than 0, but got {kernel_size}")
        if output_size is None and output_ratio is None:
            raise ArgumentError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ArgumentError("only one of output_size and output_ratio may be specified")
        if output_ratio is not None and not all(0 < r < 1 for r in self._each(output_ratio)):
            raise ArgumentError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def _options(self) -> tuple[Any, ...]:
        return self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples


class FractionalMaxPool2d(_FractionalMaxPool):
    """The largest of each window of (N, C, H, W) or (C, H, W), the windows lying at random distances."""

    _spatial = 2

    def forward(self, input: Tensor) -> Any:
        return F.fractional_max_pool2d(input, *self._options())


class FractionalMaxPool3d(_FractionalMaxPool):
    """The largest of each window of (N, C, D, H, W) or (C, D, H, W), the windows lying at random distances."""

    _spatial = 3

    def forward(self, input: Tensor) -> Any:
        return F.fractional_max_pool3d(input, *self._options())
