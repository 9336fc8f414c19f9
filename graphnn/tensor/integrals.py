"""Integrals of sampled functions by the trapezoidal rule."""

from __future__ import annotations

from typing import Any

from graphnn.errors import ShapeError
from graphnn.ops.typing import normalize_dim
from graphnn.tensor.tensor import Tensor


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Any:
    """The integral along `dim` of what has the values y, at the places x or `dx` apart."""
    return _areas(y, x, dx, dim).sum(dim)


trapz = trapezoid


def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Any:
    """The integrals up to each place after the first."""
    return _areas(y, x, dx, dim).cumsum(dim)


def _areas(y: Tensor, x: Tensor | None, dx: float, dim: int) -> Any:
    at = normalize_dim(dim, y.ndim, "trapezoid")
    size = y.shape[at]
    heights = (y.narrow(at, 0, size - 1) + y.narrow(at, 1, size - 1)) / 2.0
    if x is None:
        return heights * dx
    if x.ndim == 1:
        x = x.reshape([-1 if i == at else 1 for i in range(y.ndim)])
    if x.shape[at] != size:
        raise ShapeError(f"trapezoid: there must be one `x` value for each sample point: {x.shape[at]} for {size}")
    return heights * (x.narrow(at, 1, size - 1) - x.narrow(at, 0, size - 1))
