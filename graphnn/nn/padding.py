"""Layers that pad signals, images and volumes at their edges: all sides by one number, or (left, right, top, …)."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.errors import ShapeError
from graphnn.nn import functional as F
from graphnn.nn.module import Module
from graphnn.tensor.tensor import Tensor

Sides = int | Sequence[int]


class _Pad(Module):
    _spatial: int
    _mode: str

    def __init__(self, padding: Sides) -> None:
        super().__init__()
        self.padding = (padding,) * (2 * self._spatial) if isinstance(padding, int) else tuple(padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ReflectionPad1d(_Pad):
    """What lies beyond the edges mirrors what lies within; the outermost element is not repeated."""

    _spatial, _mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """What lies beyond the edges mirrors what lies within; the outermost elements are not repeated."""

    _spatial, _mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """What lies beyond the edges mirrors what lies within; the outermost elements are not repeated."""

    _spatial, _mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """The outermost element is repeated."""

    _spatial, _mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """The outermost elements are repeated."""

    _spatial, _mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """The outermost elements are repeated."""

    _spatial, _mode = 3, "replicate"


class _CircularPad(_Pad):
    _mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (self._spatial + 1, self._spatial + 2):
            raise ShapeError(f"expected {self._spatial + 1}D or {self._spatial + 2}D input (got {input.ndim}D input)")
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """What lies beyond one edge is taken from the other side."""

    _spatial = 1


class CircularPad2d(_CircularPad):
    """What lies beyond one edge is taken from the other side."""

    _spatial = 2


class CircularPad3d(_CircularPad):
    """What lies beyond one edge is taken from the other side."""

    _spatial = 3


class _ConstantPad(_Pad):
    _mode = "constant"

    def __init__(self, padding: Sides, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """The edges are extended by a number."""

    _spatial = 1


class ConstantPad2d(_ConstantPad):
    """The edges are extended by a number."""

    _spatial = 2


class ConstantPad3d(_ConstantPad):
    """The edges are extended by a number."""

    _spatial = 3


class ZeroPad1d(ConstantPad1d):
    """The edges are extended by zeros."""

    def __init__(self, padding: Sides) -> None:
        super().__init__(padding, 0.0)

    extra_repr = _Pad.extra_repr


class ZeroPad2d(ConstantPad2d):
    """The edges are extended by zeros."""

    def __init__(self, padding: Sides) -> None:
        super().__init__(padding, 0.0)

    extra_repr = _Pad.extra_repr


class ZeroPad3d(ConstantPad3d):
    """The edges are extended by zeros."""

    def __init__(self, padding: Sides) -> None:
        super().__init__(padding, 0.0)

    extra_repr = _Pad.extra_repr
