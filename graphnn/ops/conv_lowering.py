"""Convolution as matrix products: im2col over blocks of samples or output rows, small enough to stay in cache.

A block holds `samples` samples with the sample as the innermost axis, (C, H, W, samples), so that the copies of im2col
run over long contiguous stretches even where images are narrow; its columns are the matrix (groups, K, columns) with
K = C/groups * kh * kw. Where one sample is wide enough by itself a block is one sample (no transposing), or some of
its output rows. Padding is done by copying into zeroed working memory. All arrays are made when a kernel is bound.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graphnn.ir.dtypes import DType
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.op import Call
from graphnn.ops.windows import Pair, span, steps, taps, windows

RUN = 320  # elements that one contiguous stretch of an im2col copy should have; col2im's additions want twice that
COLUMNS = 256  # columns that one matrix product should have
BUDGET = 1 << 21  # bytes that a block's columns may take


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


@dataclass(frozen=True)
class Geometry:
    """A convolution's sizes, how it is cut into blocks of `samples` samples or, of one sample, `rows` output rows."""

    x: Shape  # (N, C, H, W)
    weight: Shape  # (O, C/groups, kh, kw)
    size: Pair  # of the output
    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int
    samples: int
    rows: int

    @property
    def kernel(self) -> Pair:
        return self.weight[2], self.weight[3]

    @property
    def depth(self) -> int:
        """K: the products that are summed for one output element."""
        return self.weight[1] * self.weight[2] * self.weight[3]

    @property
    def matrix(self) -> Shape:
        """The weight's shape as one matrix a group."""
        return self.groups, self.weight[0] // self.groups, self.depth

    @property
    def padded(self) -> Shape:
        """One block's input with its padding: (C, H, W, samples)."""
        return self.x[1], self.x[2] + 2 * self.padding[0], self.x[3] + 2 * self.padding[1], self.samples

    @property
    def staged(self) -> bool:
        """Whether a block's input (or its gradient) lies in working memory, padded and transposed."""
        return self.samples > 1 or self.padding != (0, 0)

    @property
    def pointwise(self) -> bool:
        """Whether the input itself serves as columns."""
        return self.kernel == self.stride == (1, 1) and not self.staged

    @property
    def columns(self) -> int:
        """How many columns a full block has."""
        return self.rows * self.size[1] * self.samples

    def interior(self, padded: np.ndarray) -> np.ndarray:
        (ph, pw), (h, w) = self.padding, self.x[2:]
        return padded[:, ph : ph + h, pw : pw + w]

    def scratch(self, dtype: DType, *, output: bool) -> tuple[TensorType, ...]:
        """Working memory: the staged input, the columns, and the block of the output (or its gradient) if asked for."""
        staged = np.prod(self.padded, dtype=int) if self.staged else 0
        columns = 0 if self.pointwise else self.groups * self.depth * self.columns
        block = self.weight[0] * self.columns if output and self.samples > 1 else 0
        return tuple(TensorType(dtype, (int(n),)) for n in (staged, columns, block))


@functools.lru_cache(maxsize=1024)
def geometry(
    x: Shape,
    weight: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
    itemsize: int,
    budget: int = BUDGET,
    run: int = RUN,
) -> Geometry:
    """The sizes of a convolution and its blocks, whose columns keep within `budget` bytes where one row does."""
    oh, ow = ((x[2 + i] + 2 * padding[i] - span(weight[2 + i], dilation[i])) // stride[i] + 1 for i in range(2))
    row = max(1, x[1] * weight[2] * weight[3] * ow * itemsize)
    unpadded = weight[2:] == stride == (1, 1) and padding == (0, 0)
    samples = _samples(x[0], (oh, ow), stride[1], unpadded, budget // (row * oh), run)
    rows = oh if samples > 1 else max(1, min(oh, budget // row))
    return Geometry(x, weight, (oh, ow), stride, padding, dilation, groups, samples, ceil_div(oh, ceil_div(oh, rows)))


def _samples(count: int, size: Pair, stride: int, pointwise: bool, limit: int, run: int) -> int:
    """How many of `count` samples a block takes: enough for long runs and wide products."""
    if count == 0 or (pointwise and size[0] * size[1] * 4 >= COLUMNS):
        return 1
    length = size[1] if stride == 1 else 1  # strided, only the samples lie side by side
    samples = min(count, max(ceil_div(run, length), ceil_div(COLUMNS, size[0] * size[1])), limit)
    if samples <= 1 or (stride > 1 and samples < size[1]):
        return 1
    return ceil_div(count, ceil_div(count, samples))


@dataclass(frozen=True)
class Block:
    """Samples [start, stop), and of their outputs the rows [top, bottom)."""

    start: int
    stop: int
    top: int
    bottom: int

    @property
    def count(self) -> int:
        return self.stop - self.start


def sample_blocks(geo: Geometry) -> Iterator[tuple[int, int]]:
    for start in range(0, geo.x[0], geo.samples):
        yield start, min(start + geo.samples, geo.x[0])


def row_blocks(geo: Geometry, start: int, stop: int) -> Iterator[Block]:
    for top in range(0, geo.size[0], geo.rows):
        yield Block(start, stop, top, min(top + geo.rows, geo.size[0]))


def carve(memory: np.ndarray, shape: Shape) -> np.ndarray:
    """The front of flat working memory as an array of that shape."""
    return memory[: int(np.prod(shape, dtype=int))].reshape(shape)


def contiguous(array: np.ndarray, calls: list[Call]) -> np.ndarray:
    """The array itself where it is C-contiguous; else a buffer made now, and a call that fills it."""
    if array.flags.c_contiguous:
        return array
    buffer = np.empty(array.shape, array.dtype)
    calls.append((np.copyto, buffer, array))
    return buffer


class Stage:
    """Brings blocks of an (N, C, H, W) array into working memory, or back: transposed, padded by zeros."""

    def __init__(self, geo: Geometry, memory: np.ndarray, calls: list[Call]) -> None:
        self.geo = geo
        self.memory = memory
        self.calls = calls
        self._zeroed = -1

    def _carve(self, count: int) -> np.ndarray:
        return carve(self.memory, (*self.geo.padded[:3], count))

    def read(self, x: np.ndarray, start: int, stop: int) -> np.ndarray:
        """The samples as (C, H, W, count), padded; calls are added where they must be copied."""
        samples = x[start:stop].transpose(1, 2, 3, 0)
        if not self.geo.staged:
            return samples
        staged = self._carve(stop - start)
        if self._zeroed != stop - start and self.geo.padding != (0, 0):
            self.calls.append((staged.fill, 0))
            self._zeroed = stop - start
        self.calls.append((np.copyto, self.geo.interior(staged), samples))
        return staged

    def accumulator(self, out: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Zeroed memory (C, H, W, count), padded, in which to sum up those samples of `out`."""
        samples = out[start:stop].transpose(1, 2, 3, 0)
        target = self._carve(stop - start) if self.geo.staged else samples
        self.calls.append((target.fill, 0) if self.geo.staged else (np.copyto, target, 0))
        return target

    def write(self, target: np.ndarray, out: np.ndarray, start: int, stop: int) -> None:
        """Copies an accumulator to where it belongs."""
        if self.geo.staged:
            self.calls.append((np.copyto, out[start:stop], self.geo.interior(target).transpose(3, 0, 1, 2)))


def im2col(geo: Geometry, source: np.ndarray, memory: np.ndarray, block: Block, calls: list[Call]) -> np.ndarray:
    """The columns of a block, (groups, K, columns), copied from the staged input `source` (where they must be)."""
    if geo.pointwise:
        flat = source.reshape(geo.groups, geo.depth, -1)
        return flat[:, :, block.top * geo.size[1] : block.bottom * geo.size[1]]
    seen = windows(source, geo.kernel, geo.stride, geo.dilation, geo.size)[:, :, :, block.top : block.bottom]
    columns = carve(memory, seen.shape)
    calls.append((np.copyto, columns, seen))
    return columns.reshape(geo.groups, geo.depth, -1)


def col2im(geo: Geometry, columns: np.ndarray, target: np.ndarray, block: Block, calls: list[Call]) -> None:
    """Adds a block's columns to the places of `target` that im2col reads them from."""
    rows = block.bottom - block.top
    parts = columns.reshape(geo.x[1], *geo.kernel, rows, geo.size[1], block.count)
    for i, j in taps(geo.kernel):
        down = steps(i * geo.dilation[0] + block.top * geo.stride[0], geo.stride[0], rows)
        place = target[:, down, steps(j * geo.dilation[1], geo.stride[1], geo.size[1])]
        calls.append((np.add, place, parts[:, i, j], place))


def gather_rows(geo: Geometry, g: np.ndarray, memory: np.ndarray, block: Block, calls: list[Call]) -> np.ndarray:
    """A block of the contiguous output gradient `g` as (groups, O/groups, columns)."""
    groups, width, _ = geo.matrix
    if block.count == 1 and geo.samples == 1:
        flat = g[block.start].reshape(groups, width, -1)
        return flat[:, :, block.top * geo.size[1] : block.bottom * geo.size[1]]
    moved = carve(memory, (geo.weight[0], *geo.size, block.count))
    calls.append((np.copyto, moved, g[block.start : block.stop].transpose(1, 2, 3, 0)))
    return moved.reshape(groups, width, -1)
