"""Cutting arrays of one broadcast shape into blocks that fit the cache, after merging the dimensions that allow it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graphnn.ir.types import Shape


def merged_dims(shape: Shape, arrays: Sequence[np.ndarray]) -> list[tuple[int, ...]]:
    """Groups of neighbouring dimensions that all arrays (of as many dimensions, each of full size or 1) can merge."""
    groups: list[tuple[int, ...]] = []
    for d in (d for d, size in enumerate(shape) if size != 1):
        if groups and all(_can_merge(a, groups[-1][-1], d) for a in arrays):
            groups[-1] = (*groups[-1], d)
        else:
            groups.append((d,))
    return groups


def _can_merge(array: np.ndarray, a: int, b: int) -> bool:
    if array.shape[a] == 1 or array.shape[b] == 1:
        return bool(array.shape[a] == array.shape[b])
    return bool(array.strides[a] == array.strides[b] * array.shape[b])


def blocks_of(sizes: Shape, limit: int) -> Iterator[tuple[Any, ...]]:
    """Keys (indices, then a slice) that cut an array of that shape into blocks of at most `limit` elements."""
    axis = next(a for a in range(len(sizes)) if a == len(sizes) - 1 or math.prod(sizes[a + 1 :]) <= limit)
    pieces = math.ceil(sizes[axis] / max(1, limit // math.prod(sizes[axis + 1 :])))
    length = math.ceil(sizes[axis] / pieces)
    for outer in itertools.product(*map(range, sizes[:axis])):
        for start in range(0, sizes[axis], length):
            yield (*outer, slice(start, min(start + length, sizes[axis])))


class Cutter:
    """Cuts arrays, and says what shape a value's block has, for one application of the group."""

    def __init__(self, shape: Shape, arrays: Sequence[np.ndarray]) -> None:
        self.ndim = len(shape)
        self.groups = merged_dims(shape, [self._padded(a) for a in arrays])
        self.sizes = self._merged(shape) or (1,)

    def _padded(self, array: np.ndarray) -> np.ndarray:
        return array.reshape((1,) * (self.ndim - array.ndim) + array.shape)

    def _merged(self, shape: Shape) -> Shape:
        padded = (1,) * (self.ndim - len(shape)) + shape
        return tuple(math.prod(padded[d] for d in group) for group in self.groups)

    def merge(self, array: Any) -> Any:
        """A view of the array with merged dimensions; 0-d arrays and numbers stay."""
        if not isinstance(array, np.ndarray) or array.ndim == 0:
            return array
        return array.reshape(self._merged(array.shape) or (1,), copy=False)

    def cut(self, array: Any, key: tuple[Any, ...]) -> Any:
        """The block of a merged array, which is repeated along dimensions of size 1."""
        if not isinstance(array, np.ndarray) or array.ndim == 0:
            return array
        at = zip(key, array.shape, self.sizes, strict=False)
        own: Any = tuple(k if have == full else (slice(0, 1) if isinstance(k, slice) else 0) for k, have, full in at)
        return array[own]

    def block_shape(self, shape: Shape, key: tuple[Any, ...]) -> Shape:
        """The shape of a block of a value of that shape."""
        if not shape:
            return ()
        merged, axis = self._merged(shape) or (1,), len(key) - 1
        length = key[-1].stop - key[-1].start
        return (length if merged[axis] == self.sizes[axis] else 1, *merged[axis + 1 :])
