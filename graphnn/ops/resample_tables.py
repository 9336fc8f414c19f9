"""Which input elements an output of resampling is made of, and with what weights, along one axis.

The coordinates follow PyTorch, in the precision that it has them in. Cubic: Keys, "Cubic convolution interpolation for
digital image processing" (1981), with a = -0.75, or -0.5 where the filter is widened against aliasing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.ops.axis_tables import Table, of_matrix

LINEAR = ("linear", "bilinear", "trilinear")


def _scale(size: int, count: int, align_corners: bool, scale: float | None, real: Any) -> Any:
    """The distance of two outputs in the input."""
    if align_corners:
        return real(size - 1) / real(count - 1) if count > 1 else real(0)
    return real(1.0 / scale) if scale is not None and scale > 0 else real(size) / real(count)


def _nearest(size: int, count: int, shift: float, scale: float | None) -> Table:
    step = _scale(size, count, False, scale, np.float32)
    places = np.floor((np.arange(count, dtype=np.float32) + np.float32(shift)) * step).astype(np.int64)
    return Table(size, np.clip(places, 0, size - 1)[:, None])


def _places(size: int, count: int, align_corners: bool, scale: float | None, real: Any) -> np.ndarray:
    """Where in the input the outputs lie."""
    step = _scale(size, count, align_corners, scale, real)
    outputs = np.arange(count, dtype=real)
    found: np.ndarray = outputs * step if align_corners else (outputs + real(0.5)) * step - real(0.5)
    return found


def _clipped(size: int, index: np.ndarray, weights: np.ndarray) -> Table:
    """Taps beyond an edge meet the element there."""
    return Table(size, np.clip(index, 0, size - 1), weights)


def _linear(size: int, count: int, align_corners: bool, scale: float | None, real: Any) -> Table:
    places = np.maximum(_places(size, count, align_corners, scale, real), 0)
    first = np.minimum(places.astype(np.int64), size - 1)
    part = np.clip(places - first.astype(real), 0, 1)
    return _clipped(size, np.stack([first, first + 1], 1), np.stack([1 - part, part], 1))


def cubic(x: np.ndarray, a: float) -> np.ndarray:
    """Keys' kernel at a distance."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _cubic(size: int, count: int, align_corners: bool, scale: float | None, real: Any) -> Table:
    places = _places(size, count, align_corners, scale, real)
    first = np.floor(places)
    part = (places - first)[:, None]
    offsets = np.arange(-1, 3)
    return _clipped(size, first.astype(np.int64)[:, None] + offsets, cubic(part - offsets, -0.75))


def _triangle(x: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.maximum(0, 1 - np.abs(x))
    return found


def _lanczos(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


FILTERS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "bilinear": (_triangle, 1.0),
    "bicubic": (lambda x: cubic(x, -0.5), 2.0),
    "lanczos": (_lanczos, 3.0),
}


def _smoothed(size: int, count: int, mode: str, align_corners: bool, scale: float | None, real: Any) -> Table:
    """Filters as wide as the outputs stand apart, so that nothing aliases when an image shrinks."""
    kernel, reach = FILTERS[mode]
    step = float(_scale(size, count, align_corners, scale, real))
    width = max(step, 1.0)
    matrix = np.zeros((count, size))
    for i in range(count):
        center = step * (i + 0.5)
        low, high = max(int(center - reach * width + 0.5), 0), min(int(center + reach * width + 0.5), size)
        weights = kernel((np.arange(low, high) - center + 0.5) / width)
        matrix[i, low:high] = weights / (weights.sum() or 1.0)
    return of_matrix(matrix)


def heeds(size: int, count: int, mode: str, dimensions: int, gradient: bool) -> bool:
    """Whether the user's factor places the outputs. PyTorch's "nearest" passes over one that gives the same size or twice
    the size in images, and in the gradients of signals and volumes."""
    return not (mode == "nearest" and (gradient or dimensions == 2) and count in (size, 2 * size))


@functools.lru_cache(maxsize=256)
def resample_table(
    size: int, count: int, mode: str, align_corners: bool, antialias: bool, scale: float | None, double: bool
) -> Table:
    """The table from `size` to `count` elements; `scale` is the user's factor where he gave one."""
    real = np.float64 if double else np.float32
    if mode in ("nearest", "nearest-exact"):
        return _nearest(size, count, 0.5 if mode == "nearest-exact" else 0.0, scale)
    if size == count and (antialias or mode in LINEAR):
        return Table(size, np.arange(size)[:, None])  # whatever the factor
    if antialias:
        return _smoothed(size, count, mode, align_corners, scale, real)
    make = _linear if mode in LINEAR else _cubic
    return make(size, count, align_corners, scale, real)


def gradient_table(
    size: int, count: int, mode: str, align_corners: bool, antialias: bool, scale: float | None, double: bool
) -> Table:
    """The table of the gradient: the other one transposed, but with antialias PyTorch's gradient heeds a factor that gives
    the same size, though the way forward does not."""
    if antialias:
        return _smoothed(size, count, mode, align_corners, scale, np.float64 if double else np.float32).transposed
    return resample_table(size, count, mode, align_corners, antialias, scale, double).transposed
