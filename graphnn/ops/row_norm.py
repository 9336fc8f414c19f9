"""What normalising rows takes, for layer, group and RMS normalisation alike.

Arrays are seen as (A, G, K, S): each of the A * G rows of K * S numbers is normalised by itself, and the weight and bias
(G, K) are repeated along A and S. Sums are kept in at least float32; the passes run over blocks that stay in cache.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.types import TensorType
from graphnn.ops.op import Call, Types

Four = tuple[int, int, int, int]
BLOCK = 1 << 17  # bytes


def wide(dtype: DType) -> DType:
    """What is computed in."""
    return dtypes.float32 if dtype in dtypes.NARROW else dtype


def _step(shape: Four, itemsize: int) -> int:
    """How many of the A make a block."""
    return max(1, min(shape[0], BLOCK // max(1, itemsize * math.prod(shape[1:]))))


def _in_blocks(shape: Four, itemsize: int, make: Callable[[slice], list[Call]]) -> list[Call]:
    step = _step(shape, itemsize)
    return [call for start in range(0, shape[0], step) for call in make(slice(start, min(start + step, shape[0])))]


def _rows(array: np.ndarray) -> np.ndarray:
    a, g, k, s = array.shape
    return array.reshape(a * g, k * s)


def _dot(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> Call:
    """out (A, G, 1, 1) = the sum of a * b over each row."""
    return (functools.partial(np.einsum, "rc,rc->r", _rows(a), _rows(b), out=out.reshape(-1)),)


def _total(x: np.ndarray, out: np.ndarray) -> Call:
    return (np.add.reduce, x, (2, 3), out.dtype, out, True)


# ---- forward


def forward_scratch(shape: Four, dtype: DType) -> Types:
    """A mean and a scale a row, and where float16 is widened, a block of it."""
    a, g, k, s = shape
    number = TensorType(wide(dtype), (a, g, 1, 1))
    step = _step(shape, wide(dtype).itemsize)
    return number, number, TensorType(wide(dtype), (step, g, k, s))


def forward_calls(
    out: np.ndarray | None,
    x: np.ndarray,
    affine: tuple[np.ndarray | None, np.ndarray | None],
    eps: float,
    centred: bool,
    scratch: Any,
) -> list[Call]:
    """out = (x - mean) / sqrt(mean square + eps) * weight + bias. The scratch then holds means and factors."""
    mean, rstd, spare = scratch

    def block(part: slice) -> list[Call]:
        direct = out is not None and out.dtype == spare.dtype
        work = out[part] if direct and out is not None else spare[: part.stop - part.start]
        calls = _statistics(x[part], work, mean[part], rstd[part], eps, centred)
        if out is None:
            return calls
        calls += [(np.multiply, work, rstd[part], work), *_scale_and_shift(work, *affine)]
        return calls if direct else [*calls, (np.copyto, out[part], work)]

    return _in_blocks(x.shape, spare.itemsize, block)


def _statistics(
    x: np.ndarray, work: np.ndarray, mean: np.ndarray, rstd: np.ndarray, eps: float, centred: bool
) -> list[Call]:
    """work = x - mean, with the means and factors of the rows."""
    count = max(1, x.shape[2] * x.shape[3])
    calls: list[Call] = [(np.copyto, work, x)]
    if centred:
        calls = [_total(x, mean), (np.true_divide, mean, count, mean), (np.subtract, x, mean, work)]
    calls += [_dot(work, work, rstd), (np.true_divide, rstd, count, rstd), (np.add, rstd, eps, rstd)]
    return [*calls, (np.sqrt, rstd, rstd), (np.true_divide, 1.0, rstd, rstd)]


def _scale_and_shift(work: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None) -> list[Call]:
    calls: list[Call] = [] if weight is None else [(np.multiply, work, weight, work)]
    return calls if bias is None else [*calls, (np.add, work, bias, work)]


# ---- backward


def backward_scratch(shape: Four, dtype: DType) -> Types:
    """Two blocks, two numbers for each of its rows, and three numbers for each weight."""
    _, g, k, s = shape
    step, kind = _step(shape, wide(dtype).itemsize), wide(dtype)
    block, number, weights = (TensorType(kind, t) for t in ((step, g, k, s), (step, g, 1, 1), (1, g, k, 1)))
    return block, block, number, number, weights, weights, weights


def backward_calls(
    outs: tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None],
    g: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray | None,
    mean: np.ndarray | None,
    rstd: np.ndarray,
    scratch: Any,
) -> list[Call]:
    """The gradients of x, weight and bias, from those of out and from what the forward kept."""
    normal, work, shift, slope, weights, biases, part_sum = scratch
    calls: list[Call] = [(weights.fill, 0), (biases.fill, 0)]

    def block(part: slice) -> list[Call]:
        size = part.stop - part.start
        held, spare = normal[:size], work[:size]
        made: list[Call] = [(np.copyto, held, x[part])]
        if mean is not None:
            made = [(np.subtract, x[part], mean[part], held)]
        made.append((np.multiply, held, rstd[part], held))
        if outs[1] is not None:
            made += [(np.multiply, g[part], held, spare), *_accumulate(spare, weights, part_sum)]
        if outs[2] is not None:
            made += _accumulate(g[part], biases, part_sum)
        if outs[0] is None:
            return made
        made.append((np.copyto, spare, g[part]) if weight is None else (np.multiply, g[part], weight, spare))
        sums = (None if mean is None else shift[:size], slope[:size])
        return made + _input_gradient(outs[0][part], held, spare, rstd[part], sums)

    calls += _in_blocks(x.shape, normal.itemsize, block)
    pairs = ((outs[1], weights), (outs[2], biases))
    return calls + [(np.copyto, out, found.reshape(out.shape)) for out, found in pairs if out is not None]


def _accumulate(values: np.ndarray, total: np.ndarray, part: np.ndarray) -> list[Call]:
    return [(np.add.reduce, values, (0, 3), part.dtype, part, True), (np.add, total, part, total)]


def _input_gradient(
    out: np.ndarray,
    normal: np.ndarray,
    g: np.ndarray,
    rstd: np.ndarray,
    sums: tuple[np.ndarray | None, np.ndarray],
) -> list[Call]:
    """out = (g - mean(g) - normal * mean(g * normal)) * rstd; g and normal are written over."""
    shift, slope = sums
    count = max(1, g.shape[2] * g.shape[3])
    calls: list[Call] = [_dot(g, normal, slope), (np.true_divide, slope, count, slope)]
    if shift is not None:
        calls += [_total(g, shift), (np.true_divide, shift, count, shift), (np.subtract, g, shift, g)]
    calls += [(np.multiply, normal, slope, normal), (np.subtract, g, normal, g)]
    return [*calls, (np.multiply, g, rstd, out)]
