"""The NumPy kernels of convolution and of its two gradients: calls over the blocks of `conv_lowering`."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from graphnn.ops.conv_lowering import (
    Block,
    Geometry,
    Stage,
    carve,
    col2im,
    contiguous,
    gather_rows,
    im2col,
    row_blocks,
    sample_blocks,
)
from graphnn.ops.op import Call

Scratch = Sequence[np.ndarray]


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
    calls: list[Call] = []
    matrix = contiguous(weight, calls).reshape(geo.matrix)
    if geo.pointwise:
        return calls + _pointwise(out, contiguous(x, calls), matrix, bias, relu)
    staged, columns, product = scratch
    stage = Stage(geo, staged, calls)
    for start, stop in sample_blocks(geo):
        source = stage.read(x, start, stop)
        for block in row_blocks(geo, start, stop):
            right = im2col(geo, source, columns, block, calls)
            if geo.samples > 1:
                calls += _product_moved(out, matrix, right, bias, product, block, geo, relu)
            else:
                calls += _product_in_place(out, matrix, right, bias, block, geo, relu)
    return calls


def _pointwise(out: np.ndarray, x: np.ndarray, matrix: np.ndarray, bias: np.ndarray | None, relu: bool) -> list[Call]:
    count, groups = x.shape[0], matrix.shape[0]
    right = x.reshape(count, groups, matrix.shape[2], -1)
    target = out.reshape(count, groups, matrix.shape[1], -1)
    return [(np.matmul, matrix, right, target), *_finish(target, bias, (groups, matrix.shape[1], 1), relu)]


def _product_in_place(
    out: np.ndarray,
    matrix: np.ndarray,
    right: np.ndarray,
    bias: np.ndarray | None,
    block: Block,
    geo: Geometry,
    relu: bool,
) -> list[Call]:
    """One sample's product goes straight to `out`, whose rows it matches."""
    groups, width, _ = geo.matrix
    columns = slice(block.top * geo.size[1], block.bottom * geo.size[1])
    target = out[block.start].reshape(groups, width, -1)[:, :, columns]
    return [(np.matmul, matrix, right, target), *_finish(target, bias, (groups, width, 1), relu)]


def _finish(target: np.ndarray, bias: np.ndarray | None, shape: tuple[int, ...], relu: bool) -> list[Call]:
    calls: list[Call] = [] if bias is None else [(np.add, target, bias.reshape(shape), target)]
    return [*calls, (functools.partial(np.maximum, target, 0, out=target),)] if relu else calls


def _product_moved(
    out: np.ndarray,
    matrix: np.ndarray,
    right: np.ndarray,
    bias: np.ndarray | None,
    memory: np.ndarray,
    block: Block,
    geo: Geometry,
    relu: bool,
) -> list[Call]:
    """Several samples' product has the sample innermost; it is moved to `out` with the bias added on the way."""
    product = carve(memory, (geo.weight[0], *geo.size, block.count))
    target = out[block.start : block.stop]
    calls: list[Call] = [(np.matmul, matrix, right, product.reshape(*geo.matrix[:2], -1))]
    moved = product.transpose(3, 0, 1, 2)
    added = None if bias is None else bias.reshape(-1, 1, 1)
    if not relu:
        return [*calls, (np.copyto, target, moved) if added is None else (np.add, moved, added, target)]
    if added is not None:
        calls.append((np.add, product, added[..., None], product))
    return [*calls, (functools.partial(np.maximum, moved, 0, out=target),)]


def weight_grad_calls(out: np.ndarray, g: np.ndarray, x: np.ndarray, geo: Geometry, scratch: Scratch) -> list[Call]:
    """out = the sum over blocks of (output gradient) @ (columns of x) transposed."""
    if 0 in geo.x or 0 in geo.size:
        return [(out.fill, 0)]
    calls: list[Call] = []
    staged, columns, rows, partial = scratch
    g = contiguous(g, calls)
    x = contiguous(x, calls) if geo.pointwise else x
    stage = Stage(geo, staged, calls)
    total = target = out.reshape(geo.matrix)
    for start, stop in sample_blocks(geo):
        source = stage.read(x, start, stop)
        for block in row_blocks(geo, start, stop):
            right = im2col(geo, source, columns, block, calls).swapaxes(1, 2)
            calls.append((np.matmul, gather_rows(geo, g, rows, block, calls), right, target))
            if target is not total:
                calls.append((np.add, total, target, total))
            target = carve(partial, geo.matrix) if partial.size else total
    return calls


def flipped_calls(out: np.ndarray, g: np.ndarray, weight: np.ndarray, geo: Geometry, scratch: Scratch) -> list[Call]:
    """The input's gradient as a convolution (`geo`) of the output's gradient with the kernels turned around."""
    *rest, memory = scratch
    width, depth = geo.weight[0] // geo.groups, geo.weight[1]
    turned = weight.reshape(geo.groups, depth, width, *geo.kernel)[..., ::-1, ::-1].swapaxes(1, 2)
    flipped = memory.reshape(geo.weight)
    fill = (np.copyto, flipped.reshape(turned.shape), turned)
    return [fill, *conv2d_calls(out, g, flipped, None, geo, rest, relu=False)]


def input_grad_calls(out: np.ndarray, g: np.ndarray, weight: np.ndarray, geo: Geometry, scratch: Scratch) -> list[Call]:
    """out = the columns, (weight transposed) @ (output gradient), added where im2col would have read them."""
    calls: list[Call] = []
    matrix = contiguous(weight, calls).reshape(geo.matrix).swapaxes(1, 2)
    g = contiguous(g, calls)
    if geo.pointwise:
        parts = [a.reshape(geo.x[0], geo.groups, -1, geo.x[2] * geo.x[3]) for a in (g, out)]
        return [*calls, (np.matmul, matrix, *parts)]
    staged, columns, rows = scratch
    stage = Stage(geo, staged, calls)
    for start, stop in sample_blocks(geo):
        target = stage.accumulator(out, start, stop)
        for block in row_blocks(geo, start, stop):
            left = gather_rows(geo, g, rows, block, calls)
            product = carve(columns, (geo.groups, geo.depth, left.shape[2]))
            calls.append((np.matmul, matrix, left, product))
            col2im(geo, product, target, block, calls)
        stage.write(target, out, start, stop)
    return calls
