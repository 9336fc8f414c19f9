"""Fractional max pooling: windows at random distances. Graham, "Fractional Max-Pooling" (2014)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, DTypeError, ShapeError
from graphnn.ir import dtypes
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.indices import contiguous
from graphnn.ops.op import Call, Op, Types, register
from graphnn.ops.window_max import picked_gradient


def _infer(x: TensorType, samples: TensorType, *, kernel_size: Shape, size: Shape) -> Types:
    """The greatest element of each window, and its place in the flattened volume. `samples` (N, C, dimensions), in
    [0, 1), place the windows of each channel; their last number is the first dimension's in 2-d, the first in 3-d."""
    spatial = len(size)
    if x.ndim not in (spatial + 1, spatial + 2) or 0 in x.shape[1:] or len(kernel_size) != spatial:
        raise ShapeError(f"fractional_max_pool: expected {spatial + 1}D or {spatial + 2}D (batch mode) tensor, got {x}")
    if x.dtype.category == 0 or not samples.dtype.is_floating_point:
        raise DTypeError(f"fractional_max_pool: wants numbers, and floating-point samples; got {x} and {samples}")
    for name, n, k, o in zip(
        ("time", "height", "width")[-spatial:], x.shape[-spatial:], kernel_size, size, strict=True
    ):
        if o < 1 or k < 1 or o + k - 1 > n:
            raise ArgumentError(
                f"fractional_max_pool: pool {name} {k} too large relative to input {name} {n}, output {o}"
            )
    lead = x.shape[:-spatial] if x.ndim == spatial + 2 else (1, x.shape[0])
    if samples.shape != (*lead, spatial):
        raise ShapeError(f"fractional_max_pool: _random_samples must have shape {[*lead, spatial]}, got {samples}")
    shape = (*x.shape[:-spatial], *size)
    return TensorType(x.dtype, shape), TensorType(dtypes.int64, shape)


def window_starts(samples: np.ndarray, size: int, outputs: int, kernel: int) -> np.ndarray:
    """(channels, outputs): where the windows of each channel begin."""
    samples = samples[:, None]
    alpha = samples.dtype.type(size - kernel) / samples.dtype.type(max(outputs - 1, 1))
    steps = np.arange(outputs, dtype=samples.dtype)
    starts: np.ndarray = ((steps + samples) * alpha).astype(np.int64) - (samples * alpha).astype(np.int64)
    starts[:, -1] = size - kernel
    return starts


def _places(samples: np.ndarray, sizes: Shape, kernel_size: Shape, size: Shape) -> np.ndarray:
    """(channels, *size, taps): the flattened places of each window, in row-major order."""
    spatial, channels = len(size), samples.shape[0]
    found = np.zeros((channels, *(1,) * (2 * spatial)), np.int64)
    for d in range(spatial):
        column = samples[:, d if spatial == 3 else spatial - 1 - d]
        taps = window_starts(column, sizes[d], size[d], kernel_size[d])[:, :, None] + np.arange(kernel_size[d])
        shape = [1] * (2 * spatial)
        shape[d], shape[spatial + d] = size[d], kernel_size[d]
        found = found + taps.reshape(channels, *shape) * math.prod(sizes[d + 1 :])
    return found.reshape(channels, *size, math.prod(kernel_size))


def _pool(
    out: Any, indices: Any, x: np.ndarray, samples: np.ndarray, sizes: Shape, kernel_size: Shape, size: Shape
) -> None:
    """The places depend on the samples, so they are made at each run. `x` is (channels, volume)."""
    places = _places(samples.reshape(-1, len(size)), sizes, kernel_size, size)
    flat = places.reshape(len(places), -1)
    values = np.take_along_axis(x, flat, 1).reshape(places.shape)
    best = values.argmax(-1)[..., None]
    if out is not None:
        out[...] = np.take_along_axis(values, best, -1)[..., 0]
    if indices is not None:
        indices[...] = np.take_along_axis(places, best, -1)[..., 0]


def _kernel(out: Any, x: np.ndarray, samples: np.ndarray, *, kernel_size: Shape, size: Shape) -> list[Call]:
    if x.size == 0:
        return []
    spatial = len(size)
    sizes = x.shape[x.ndim - spatial :]
    calls, source = contiguous(x, (-1, math.prod(sizes)))
    targets = [None if o is None else o.reshape(-1, *size) for o in out]
    return [*calls, (_pool, *targets, source, samples, sizes, kernel_size, size)]


fractional_max_pool = register(
    Op(
        "fractional_max_pool",
        infer=_infer,
        numpy=_kernel,
        outputs=("out", "indices"),
        vjp=lambda c, g, indices: (picked_gradient(g, indices, c.types[0].shape[-len(c.attrs["size"]) :]), None),
        grad_name=lambda types, attrs: f"FractionalMaxPool{len(attrs['size'])}DBackward0",
    )
)
