"""The NumPy kernels of convolution and of its two gradients: calls over the blocks of `conv_lowering`."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from graphnn.ops.blas import matmul
from graphnn.ops.conv_lowering import Block, Geometry, Lowering, Rows, carve, row_blocks, sample_blocks
from graphnn.ops.indices import contiguous
from graphnn.ops.op import Call

Scratch = Sequence[np.ndarray]


# ---- forward


def conv2d_calls(
    out: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    geo: Geometry,
    scratch: Scratch,
    relu: bool,
) -> list[Call]:
    """out = conv(x, weight) + bias, each block finished (bias, ReLU) while it is in cache."""
    calls, matrix = contiguous(weight, geo.matrix)
    bias = None if bias is None else bias.reshape(geo.matrix[0], -1, 1)
    if geo.pointwise:
        return calls + _pointwise(out, x, matrix, bias, relu)
    staged, columns, product = scratch
    lowering, rows = Lowering(geo, staged, columns), Rows(geo, out, product)
    finish = _finish_moved if rows.moved else _finish_in_place
    for start, stop in sample_blocks(geo):
        calls += lowering.stage(x, start, stop)
        for block in row_blocks(geo, start, stop):
            fill, right = lowering.im2col(x, block)
            calls += [*fill, (matmul, matrix, right, rows.matrix(block)), *finish(rows, block, bias, relu)]
    return calls


def _pointwise(out: np.ndarray, x: np.ndarray, matrix: np.ndarray, bias: np.ndarray | None, relu: bool) -> list[Call]:
    """Of 1 x 1 kernels: the images themselves are the columns, all in one call."""
    fill, right = contiguous(x, (x.shape[0], matrix.shape[0], matrix.shape[2], x.shape[2] * x.shape[3]))
    target = out.reshape(x.shape[0], *matrix.shape[:2], right.shape[3])
    return [*fill, (matmul, matrix, right, target), *_finish(target, bias, relu)]


def _finish(target: np.ndarray, bias: np.ndarray | None, relu: bool) -> list[Call]:
    calls: list[Call] = [] if bias is None else [(np.add, target, bias, target)]
    return [*calls, (functools.partial(np.maximum, target, 0, out=target),)] if relu else calls


def _finish_in_place(rows: Rows, block: Block, bias: np.ndarray | None, relu: bool) -> list[Call]:
    return _finish(rows.matrix(block), bias, relu)


def _finish_moved(rows: Rows, block: Block, bias: np.ndarray | None, relu: bool) -> list[Call]:
    """Moves a block's product to the output, the bias or the ReLU applied on the way."""
    target, moved = rows.whole[block.start : block.stop], rows.image(block)
    if relu:
        before = _finish(rows.matrix(block), bias, relu=False)
        return [*before, (functools.partial(np.maximum, moved, 0, out=target),)]
    return [(np.copyto, target, moved) if bias is None else (np.add, moved, bias.reshape(-1, 1, 1), target)]


# ---- gradients


def weight_grad_calls(out: np.ndarray, g: np.ndarray, x: np.ndarray, geo: Geometry, scratch: Scratch) -> list[Call]:
    """out = the sum over blocks of (output gradient) @ (columns of x) transposed."""
    if 0 in geo.x or 0 in geo.size:
        return [(np.copyto, out, 0)]
    staged, columns, moved, partial = scratch
    calls, g = contiguous(g, g.shape)
    if geo.pointwise:
        fill, x = contiguous(x, x.shape)
        calls += fill
    lowering, rows = Lowering(geo, staged, columns), Rows(geo, g, moved)
    total = target = out.reshape(geo.matrix)
    for start, stop in sample_blocks(geo):
        calls += lowering.stage(x, start, stop)
        for block in row_blocks(geo, start, stop):
            fill, right = lowering.im2col(x, block)
            calls += [*fill, *rows.gather(block), (matmul, rows.matrix(block), right.swapaxes(1, 2), target)]
            if target is not total:
                calls.append((np.add, total, target, total))
            target = carve(partial, geo.matrix) if partial.size else total
    return calls


def flipped_calls(out: np.ndarray, g: np.ndarray, weight: np.ndarray, geo: Geometry, scratch: Scratch) -> list[Call]:
    """The input's gradient as a convolution (`geo`) of the output's gradient with the kernels turned around."""
    *rest, memory = scratch
    width, depth = geo.weight[0] // geo.groups, geo.weight[1]
    fill, whole = contiguous(weight, (geo.groups, depth, width, *geo.kernel))
    turned, flipped = whole[..., ::-1, ::-1].swapaxes(1, 2), memory.reshape(geo.weight)
    copy: Call = (np.copyto, flipped.reshape(turned.shape), turned)
    return [*fill, copy, *conv2d_calls(out, g, flipped, None, geo, rest, relu=False)]


def input_grad_calls(out: np.ndarray, g: np.ndarray, weight: np.ndarray, geo: Geometry, scratch: Scratch) -> list[Call]:
    """out = the columns, (weight transposed) @ (output gradient), added where im2col would have read them."""
    (calls, matrix), (fill, g) = contiguous(weight, geo.matrix), contiguous(g, g.shape)
    calls, matrix = calls + fill, matrix.swapaxes(1, 2)
    if geo.pointwise:
        widths = zip((g, out), (geo.matrix[1], geo.depth), strict=True)
        parts = [a.reshape(geo.x[0], geo.groups, width, geo.x[2] * geo.x[3]) for a, width in widths]
        return [*calls, (matmul, matrix, *parts)]
    staged, columns, moved = scratch
    lowering, rows = Lowering(geo, staged, columns), Rows(geo, g, moved)
    shared: dict[tuple[int, int], list[Call]] = {}
    for start, stop in sample_blocks(geo):
        target = lowering.accumulator(out, start, stop)
        calls.append((np.copyto, target, 0))
        for block in row_blocks(geo, start, stop):
            left = rows.matrix(block)
            product = carve(columns, (geo.groups, geo.depth, left.shape[2]))
            key = (block.count if geo.staged else -1 - start, block.top)
            if key not in shared:
                shared[key] = lowering.col2im(product, target, block)
            calls += [*rows.gather(block), (matmul, matrix, left, product), *shared[key]]
        if geo.staged:
            calls.append((np.copyto, out[start:stop], geo.interior(target).transpose(3, 0, 1, 2)))
    return calls
