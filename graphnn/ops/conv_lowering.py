"""Convolution as matrix products: im2col over blocks of samples or output rows, small enough to stay in cache.

A block holds `samples` samples with the sample as the innermost axis, (C, H, W, samples), so that the copies of im2col
run over long contiguous stretches even where images are narrow; its columns are the matrix (groups, K, columns) with
K = C/groups * kh * kw. Where one sample is wide enough by itself a block is one sample (no transposing), or some of
its output rows. Padding is done by copying into zeroed working memory. All arrays are made when a kernel is bound.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graphnn.ir.dtypes import DType
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.op import Call
from graphnn.ops.windows import Pair, span, steps, taps, windows

RUN = 320  # elements that one contiguous stretch of an im2col copy should have
COLUMNS = 256  # columns that one matrix product should have
BUDGET = 1 << 20  # bytes that a block's columns may take: more leave the cache, and eager code pays for fresh pages


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

    @functools.cached_property
    def kernel(self) -> Pair:
        return self.weight[2], self.weight[3]

    @functools.cached_property
    def depth(self) -> int:
        """K: the products that are summed for one output element."""
        return self.weight[1] * self.weight[2] * self.weight[3]

    @functools.cached_property
    def matrix(self) -> Shape:
        """The weight's shape as one matrix a group."""
        return self.groups, self.weight[0] // self.groups, self.depth

    @functools.cached_property
    def padded(self) -> Shape:
        """One block's input with its padding: (C, H, W, samples)."""
        return self.x[1], self.x[2] + 2 * self.padding[0], self.x[3] + 2 * self.padding[1], self.samples

    @functools.cached_property
    def staged(self) -> bool:
        """Whether a block's input (or its gradient) lies in working memory, padded and transposed."""
        return self.samples > 1 or self.padding != (0, 0)

    @functools.cached_property
    def pointwise(self) -> bool:
        """Whether the input itself serves as columns."""
        return self.kernel == self.stride == (1, 1) and not self.staged

    @functools.cached_property
    def columns(self) -> int:
        """How many columns a full block has."""
        return self.rows * self.size[1] * self.samples

    def columns_of(self, block: Block) -> slice:
        """Where a block of one sample's rows lies among all of that sample's columns."""
        return slice(block.top * self.size[1], block.bottom * self.size[1])

    def interior(self, padded: np.ndarray) -> np.ndarray:
        (ph, pw), (h, w) = self.padding, self.x[2:]
        return padded[:, ph : ph + h, pw : pw + w]

    def scratch(self, dtype: DType, *, output: bool) -> tuple[TensorType, ...]:
        """Working memory: the staged input, the columns, and the block of the output (or its gradient) if asked for."""
        staged = math.prod(self.padded) if self.staged else 0
        columns = 0 if self.pointwise else self.groups * self.depth * self.columns
        block = self.weight[0] * self.columns if output and self.samples > 1 else 0
        return tuple(TensorType(dtype, (n,)) for n in (staged, columns, block))


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
) -> Geometry:
    """The sizes of a convolution and its blocks, whose columns keep within `budget` bytes where one row does."""
    oh, ow = ((x[2 + i] + 2 * padding[i] - span(weight[2 + i], dilation[i])) // stride[i] + 1 for i in range(2))
    row = max(1, x[1] * weight[2] * weight[3] * ow * itemsize)
    unpadded = weight[2:] == stride == (1, 1) and padding == (0, 0)
    samples = _samples(x[0], (oh, ow), stride[1], unpadded, budget // (row * oh))
    rows = oh if samples > 1 else max(1, min(oh, budget // row))
    return Geometry(x, weight, (oh, ow), stride, padding, dilation, groups, samples, ceil_div(oh, ceil_div(oh, rows)))


def _samples(count: int, size: Pair, stride: int, pointwise: bool, limit: int) -> int:
    """How many of `count` samples a block takes: enough for long runs and wide products."""
    if count == 0 or (pointwise and size[0] * size[1] * 4 >= COLUMNS):
        return 1
    length = size[1] if stride == 1 else 1  # strided, only the samples lie side by side
    samples = min(count, max(ceil_div(RUN, length), ceil_div(COLUMNS, size[0] * size[1])), limit)
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
    return memory[: math.prod(shape)].reshape(shape)


class Lowering:
    """Makes the calls that bring blocks of images into working memory: padded and transposed (`staged`), then as
    columns. What blocks of one size share is made once."""

    def __init__(self, geo: Geometry, staged: np.ndarray, columns: np.ndarray) -> None:
        self.geo = geo
        self.staged = staged
        self.columns = columns
        self._zeroed = -1
        self._seen: dict[int, np.ndarray] = {}
        self._copies: dict[tuple[int, int], tuple[Call, np.ndarray]] = {}

    def image(self, count: int) -> np.ndarray:
        """The working memory of staged samples: (C, H, W, count), padded."""
        return carve(self.staged, (*self.geo.padded[:3], count))

    def stage(self, x: np.ndarray, start: int, stop: int) -> list[Call]:
        """Copies samples [start, stop) of x (N, C, H, W) to working memory, where they must be copied."""
        if not self.geo.staged:
            return []
        image = self.image(stop - start)
        calls: list[Call] = []
        if self._zeroed != stop - start and self.geo.padding != (0, 0):
            calls.append((np.copyto, image, 0))
            self._zeroed = stop - start
        return [*calls, (np.copyto, self.geo.interior(image), x[start:stop].transpose(1, 2, 3, 0))]

    def im2col(self, x: np.ndarray, block: Block) -> tuple[list[Call], np.ndarray]:
        """The columns of a block, (groups, K, columns), and the copy that fills them once the block is staged."""
        if self.geo.pointwise:
            flat = x[block.start].reshape(self.geo.groups, self.geo.depth, -1)
            return [], flat[:, :, self.geo.columns_of(block)]
        key = (block.count if self.geo.staged else -1 - block.start, block.top)
        if key not in self._copies:
            self._copies[key] = self._copy(x, block)
        call, columns = self._copies[key]
        return [call], columns

    def _copy(self, x: np.ndarray, block: Block) -> tuple[Call, np.ndarray]:
        seen = self._windows(x, block)[:, :, :, block.top : block.bottom]
        columns = carve(self.columns, seen.shape)
        return (np.copyto, columns, seen), columns.reshape(self.geo.groups, self.geo.depth, -1)

    def _windows(self, x: np.ndarray, block: Block) -> np.ndarray:
        """What each tap meets, (C, kh, kw, OH, OW, count)."""
        geo, key = self.geo, block.count if self.geo.staged else -1
        if key not in self._seen:
            source = self.image(block.count) if geo.staged else x.transpose(1, 2, 3, 0)
            self._seen[key] = windows(source, geo.kernel, geo.stride, geo.dilation, geo.size)
        return self._seen[key] if geo.staged else self._seen[key][..., block.start : block.stop]

    def accumulator(self, out: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Where to sum up the samples [start, stop) of `out`: (C, H, W, count), padded."""
        return self.image(stop - start) if self.geo.staged else out[start:stop].transpose(1, 2, 3, 0)

    def col2im(self, columns: np.ndarray, target: np.ndarray, block: Block) -> list[Call]:
        """Adds a block's columns to the places of `target` that im2col reads them from."""
        geo, rows = self.geo, block.bottom - block.top
        parts = columns.reshape(geo.x[1], *geo.kernel, rows, geo.size[1], block.count)
        calls: list[Call] = []
        for i, j in taps(geo.kernel):
            down = steps(i * geo.dilation[0] + block.top * geo.stride[0], geo.stride[0], rows)
            place = target[:, down, steps(j * geo.dilation[1], geo.stride[1], geo.size[1])]
            calls.append((np.add, place, parts[:, i, j], place))
        return calls


class Rows:
    """Blocks of the contiguous output (or its gradient) (N, O, OH, OW) as matrices (groups, O/groups, columns): parts
    of it where a block is one sample, else working memory with the sample innermost."""

    def __init__(self, geo: Geometry, whole: np.ndarray, memory: np.ndarray) -> None:
        self.geo = geo
        self.whole = whole
        self.memory = memory
        self.moved = geo.samples > 1
        self._blocks: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def matrix(self, block: Block) -> np.ndarray:
        if self.moved:
            return self._block(block.count)[0]
        groups, width, _ = self.geo.matrix
        sample: np.ndarray = self.whole[block.start]
        return sample.reshape(groups, width, -1)[:, :, self.geo.columns_of(block)]

    def image(self, block: Block) -> np.ndarray:
        """Working memory in the order of `whole`: (count, O, OH, OW)."""
        return self._block(block.count)[1]

    def gather(self, block: Block) -> list[Call]:
        """Fills the working memory from `whole`, where it is used."""
        return [(np.copyto, self.image(block), self.whole[block.start : block.stop])] if self.moved else []

    def _block(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        if count not in self._blocks:
            memory = carve(self.memory, (self.geo.weight[0], *self.geo.size, count))
            self._blocks[count] = memory.reshape(*self.geo.matrix[:2], -1), memory.transpose(3, 0, 1, 2)
        return self._blocks[count]
