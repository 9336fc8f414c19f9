"""Moving elements between channels and space."""

from __future__ import annotations

from graphnn.ops import shuffle
from graphnn.tensor.tensor import Tensor


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(..., C * r², H, W) -> (..., C, H * r, W * r) for the factor r."""
    return shuffle.pixel_shuffle(input, factor=upscale_factor)  # type: ignore[no-any-return]


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(..., C, H * r, W * r) -> (..., C * r², H, W) for the factor r."""
    return shuffle.pixel_unshuffle(input, factor=downscale_factor)  # type: ignore[no-any-return]


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """(N, C, ...) with the channels of the groups taken in turns."""
    return shuffle.channel_shuffle(input, groups=groups)  # type: ignore[no-any-return]
