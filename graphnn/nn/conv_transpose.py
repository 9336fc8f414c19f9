"""Transposed convolution layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.errors import ArgumentError
from graphnn.ir.dtypes import DType
from graphnn.nn import functional as F
from graphnn.nn.conv import ConvNd
from graphnn.nn.functional.conv import IntOrSizes, Sizes, sizes
from graphnn.ops.conv_types import transposed_size
from graphnn.tensor.tensor import Tensor


class ConvTransposeNd(ConvNd):
    """What transposed convolutions share: how `output_size` chooses the output padding."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrSizes,
        stride: IntOrSizes = 1,
        padding: IntOrSizes = 0,
        output_padding: IntOrSizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: IntOrSizes = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ArgumentError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        edges = sizes(padding, self.dimensions, "padding")
        given = (kernel_size, stride, edges, dilation, output_padding, groups, bias, padding_mode, device, dtype)
        super().__init__(in_channels, out_channels, *given)

    def _output_padding(self, input: Tensor, output_size: Sequence[int] | None) -> Sizes:
        """The layer's own, or what makes the output as large as asked for."""
        if output_size is None:
            return self.output_padding
        count = self.dimensions
        others = 2 if input.ndim == count + 2 else 1
        wanted = tuple(output_size)[others:] if len(output_size) == others + count else tuple(output_size)
        if len(wanted) != count:
            raise ArgumentError(
                f"ConvTranspose{count}D: for {input.ndim}D input, output_size must have {count} or {others + count} "
                f"elements (got {len(wanted)})"
            )
        return self._difference(tuple(input.shape[others:]), wanted)

    def _difference(self, size: Sizes, wanted: Sizes) -> Sizes:
        assert not isinstance(self.padding, str)
        options = (self.kernel_size, self.stride, self.padding, self.dilation)
        least = transposed_size(size, *options, (0,) * len(size))
        most = tuple(n + s - 1 for n, s in zip(least, self.stride, strict=True))
        if not all(low <= n <= high for low, n, high in zip(least, wanted, most, strict=True)):
            raise ArgumentError(
                f"requested an output size of {wanted}, but valid sizes range from {list(least)} to {list(most)} "
                f"(for an input of {list(size)})"
            )
        return tuple(n - low for n, low in zip(wanted, least, strict=True))


class ConvTranspose1d(ConvTransposeNd):
    """Each element of (N, in_channels, L) times out_channels kernels, added up."""

    dimensions = 1

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        extra = self._output_padding(input, output_size)
        given = (self.stride, self.padding, extra, self.groups, self.dilation)
        return F.conv_transpose1d(input, self.weight, self.bias, *given)  # type: ignore[arg-type]


class ConvTranspose2d(ConvTransposeNd):
    """Each element of (N, in_channels, H, W) times out_channels kernels, added up."""

    dimensions = 2

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        extra = self._output_padding(input, output_size)
        given = (self.stride, self.padding, extra, self.groups, self.dilation)
        return F.conv_transpose2d(input, self.weight, self.bias, *given)  # type: ignore[arg-type]


class ConvTranspose3d(ConvTransposeNd):
    """Each element of (N, in_channels, D, H, W) times out_channels kernels, added up."""

    dimensions = 3

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        extra = self._output_padding(input, output_size)
        given = (self.stride, self.padding, extra, self.groups, self.dilation)
        return F.conv_transpose3d(input, self.weight, self.bias, *given)  # type: ignore[arg-type]
