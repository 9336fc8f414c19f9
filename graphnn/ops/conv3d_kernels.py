"""Convolution over volumes as matrix products: im2col over blocks of one sample's output, and what undoes it.

A block is some of a sample's output planes, or of one plane some rows, so that its columns keep within the budget.
Its outputs lie side by side in memory, and its columns are the matrix (groups, K, columns) as in `conv_lowering`.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphnn.ir.dtypes import DType
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.blas import matmul
from graphnn.ops.conv_lowering import BUDGET, carve, ceil_div
from graphnn.ops.conv_types import Sizes
from graphnn.ops.indices import contiguous
from graphnn.ops.op import Call
from graphnn.ops.windows import span, steps

Scratch = Sequence[np.ndarray]
Block = tuple[slice, slice]  # output planes and rows


@dataclass(frozen=True)
class Volume:
    """The sizes of a convolution over volumes."""

    x: Shape  # (N, C, D, H, W)
    weight: Shape  # (O, C/groups, kd, kh, kw)
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    groups: int
    itemsize: int

    @functools.cached_property
    def kernel(self) -> Sizes:
        return self.weight[2:]

    @functools.cached_property
    def size(self) -> Sizes:
        """Of the output."""
        each = zip(self.x[2:], self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return tuple((n + 2 * p - span(k, d)) // s + 1 for n, k, s, p, d in each)

    @functools.cached_property
    def depth(self) -> int:
        return math.prod(self.weight[1:])

    @functools.cached_property
    def matrix(self) -> Shape:
        """The weight's shape as one matrix a group."""
        return self.groups, self.weight[0] // self.groups, self.depth

    @functools.cached_property
    def padded(self) -> Shape:
        return (self.x[1], *(n + 2 * p for n, p in zip(self.x[2:], self.padding, strict=True)))

    @functools.cached_property
    def staged(self) -> bool:
        """Whether a sample lies in working memory, padded."""
        return any(self.padding)

    @functools.cached_property
    def blocks(self) -> list[Block]:
        planes, rows, width = self.size
        room = max(1, BUDGET // (self.groups * self.depth * width * self.itemsize))  # rows whose columns fit
        deep = max(1, min(planes, room // rows))
        deep = ceil_div(planes, ceil_div(planes, deep))
        high = rows if room >= rows else ceil_div(rows, ceil_div(rows, room))
        starts = itertools.product(range(0, planes, deep), range(0, rows, high))
        return [(slice(d, min(d + deep, planes)), slice(h, min(h + high, rows))) for d, h in starts]

    def shape(self, block: Block) -> Sizes:
        return block[0].stop - block[0].start, block[1].stop - block[1].start, self.size[2]

    def place(self, block: Block) -> slice:
        """Where a block's outputs lie among all of its sample's."""
        start = (block[0].start * self.size[1] + block[1].start) * self.size[2]
        return slice(start, start + math.prod(self.shape(block)))

    def scratch(self, dtype: DType) -> tuple[TensorType, ...]:
        """Working memory: the padded sample, the columns, a product of the weight's gradient."""
        columns = max(math.prod(self.shape(block)) for block in self.blocks)
        sizes = (math.prod(self.padded) if self.staged else 0, self.groups * self.depth * columns)
        return tuple(TensorType(dtype, (n,)) for n in (*sizes, math.prod(self.weight)))

    def interior(self, padded: np.ndarray) -> np.ndarray:
        """A padded sample without its padding."""
        return padded[:, *(slice(p, p + n) for p, n in zip(self.padding, self.x[2:], strict=True))]

    def windows(self, image: np.ndarray) -> np.ndarray:
        """A padded sample as (C, kd, kh, kw, OD, OH, OW): what each tap meets at each place."""
        channel, *line = image.strides
        by_tap = (step * d for step, d in zip(line, self.dilation, strict=True))
        by_output = (step * s for step, s in zip(line, self.stride, strict=True))
        return as_strided(image, (self.x[1], *self.kernel, *self.size), (channel, *by_tap, *by_output))


# ---- forward


def conv3d_calls(
    out: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, geo: Volume, scratch: Scratch
) -> list[Call]:
    """out = conv(x, weight) + bias."""
    calls, matrix = contiguous(weight, geo.matrix)
    shift = None if bias is None else bias.reshape(geo.matrix[0], -1, 1)
    for n in range(geo.x[0]):
        fill, image = _image(geo, x[n], scratch[0], first=n == 0)
        calls += fill
        target = _flat(geo, out[n])
        for block in geo.blocks:
            copy, columns = _im2col(geo, image, block, scratch[1])
            calls += [copy, (matmul, matrix, columns, target[:, :, geo.place(block)])]
        calls += [] if shift is None else [(np.add, target, shift, target)]
    return calls


def _image(geo: Volume, x: np.ndarray, staged: np.ndarray, *, first: bool) -> tuple[list[Call], np.ndarray]:
    """The padded sample `x`, and the calls that make it."""
    if not geo.staged:
        return [], x
    image = carve(staged, geo.padded)
    zero: list[Call] = [(np.copyto, image, 0)] if first else []
    return [*zero, (np.copyto, geo.interior(image), x)], image


def _im2col(geo: Volume, image: np.ndarray, block: Block, memory: np.ndarray) -> tuple[Call, np.ndarray]:
    """The columns of a block, (groups, K, columns), and the copy that fills them."""
    seen = geo.windows(image)[..., block[0], block[1], :]
    columns = carve(memory, seen.shape)
    return (np.copyto, columns, seen), columns.reshape(geo.groups, geo.depth, -1)


def _flat(geo: Volume, sample: np.ndarray) -> np.ndarray:
    """A contiguous sample of the output, or of its gradient, as (groups, O/groups, all places)."""
    return sample.reshape(*geo.matrix[:2], -1)


# ---- gradients


def weight_grad3d_calls(out: np.ndarray, g: np.ndarray, x: np.ndarray, geo: Volume, scratch: Scratch) -> list[Call]:
    """out = the sum over blocks of (output gradient) @ (columns of x) transposed."""
    if geo.x[0] == 0:
        return [(np.copyto, out, 0)]
    calls, g = contiguous(g, g.shape)
    total = target = out.reshape(geo.matrix)
    for n in range(geo.x[0]):
        fill, image = _image(geo, x[n], scratch[0], first=n == 0)
        calls += fill
        for block in geo.blocks:
            copy, columns = _im2col(geo, image, block, scratch[1])
            left = _flat(geo, g[n])[:, :, geo.place(block)]
            calls += [copy, (matmul, left, columns.swapaxes(1, 2), target)]
            calls += [] if target is total else [(np.add, total, target, total)]
            target = carve(scratch[2], geo.matrix)
    return calls


def input_grad3d_calls(out: np.ndarray, g: np.ndarray, weight: np.ndarray, geo: Volume, scratch: Scratch) -> list[Call]:
    """out = the columns, (weight transposed) @ (output gradient), added where im2col would have read them."""
    (calls, matrix), (fill, g) = contiguous(weight, geo.matrix), contiguous(g, g.shape)
    calls, matrix = calls + fill, matrix.swapaxes(1, 2)
    for n in range(geo.x[0]):
        target = carve(scratch[0], geo.padded) if geo.staged else out[n]
        calls.append((np.copyto, target, 0))
        for block in geo.blocks:
            left = _flat(geo, g[n])[:, :, geo.place(block)]
            product = carve(scratch[1], (geo.groups, geo.depth, left.shape[2]))
            calls += [(matmul, matrix, left, product), *_col2im(geo, product, target, block)]
        calls += [(np.copyto, out[n], geo.interior(target))] if geo.staged else []
    return calls


def _col2im(geo: Volume, columns: np.ndarray, target: np.ndarray, block: Block) -> Iterator[Call]:
    """Adds a block's columns to the places of `target` that im2col reads them from."""
    shape = geo.shape(block)
    parts = columns.reshape(geo.x[1], *geo.kernel, *shape)
    starts = (block[0].start, block[1].start, 0)
    for tap in itertools.product(*map(range, geo.kernel)):
        each = zip(tap, geo.dilation, starts, geo.stride, shape, strict=True)
        place = target[:, *(steps(t * d + start * s, s, count) for t, d, start, s, count in each)]
        at: Any = (slice(None), *tap)
        yield np.add, place, parts[at], place
