"""Strides of dense memory, counted in elements."""

from __future__ import annotations

import functools

from graphnn.ir.types import Shape


@functools.lru_cache(maxsize=4096)
def contiguous_strides(shape: Shape) -> Shape:
    """C order."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


@functools.lru_cache(maxsize=4096)
def channels_last_strides(shape: Shape) -> Shape:
    """Of (N, C, H, W) stored as N, H, W, C."""
    n, h, w, c = contiguous_strides((shape[0], shape[2], shape[3], shape[1]))
    return n, c, h, w
