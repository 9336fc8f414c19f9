"""Layers that give signals, images and volumes another size."""

from __future__ import annotations

from graphnn.nn import functional as F
from graphnn.nn.functional.resampling import Factor, Size
from graphnn.nn.module import Module
from graphnn.tensor.tensor import Tensor


class Upsample(Module):
    """Another size, or one larger by a factor; modes as of `functional.interpolate`."""

    def __init__(
        self,
        size: Size | None = None,
        scale_factor: Factor | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        self.scale_factor = _floats(scale_factor)
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        given = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{given}, mode={self.mode!r}"


def _floats(factor: Factor | None) -> float | tuple[float, ...] | None:
    if isinstance(factor, tuple):
        return tuple(map(float, factor))
    return float(factor) if factor else None  # type: ignore[arg-type]


class UpsamplingNearest2d(Upsample):
    """Images larger by nearest neighbours."""

    def __init__(self, size: Size | None = None, scale_factor: Factor | None = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Images larger by bilinear interpolation between aligned corners."""

    def __init__(self, size: Size | None = None, scale_factor: Factor | None = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
