"""The NumPy steps of attention: a block of heads at a time, so that scores stay in the cache and are never kept.

Softmax is computed as exp(scores - log of their sum of exps). A query whose scores are all -inf gives zeros.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from graphnn.ir import dtypes
from graphnn.ir.dtypes import DType
from graphnn.ir.graph import numpy_type
from graphnn.ir.types import Shape, TensorType
from graphnn.ops.blas import matmul
from graphnn.ops.dropout import scale as dropout_scale
from graphnn.ops.elementwise import ufunc_call
from graphnn.ops.op import Call, Types
from graphnn.ops.random import fill_uniform

LIMIT = 1 << 17  # scores in a block
Key = tuple[slice, ...]


@dataclasses.dataclass(frozen=True)
class Layout:
    """Sizes: `batch` are the leading dimensions (query heads split into groups of one key head, where `split`), then
    `rows` queries and `columns` keys of `width` features, values of `depth`."""

    batch: Shape
    split: int
    rows: int
    columns: int
    width: int
    depth: int
    dtype: DType

    @property
    def heads(self) -> int:
        """Of one block, at most."""
        return max((math.prod(s.stop - s.start for s in key) for key in self.blocks()), default=1)

    def blocks(self) -> Iterator[Key]:
        """Slices of the batch dimensions that cut it into blocks of at most LIMIT scores, or single heads."""
        return _blocks(self.batch, max(1, LIMIT // max(1, self.rows * self.columns)))

    def spread(self, x: np.ndarray, rows: bool = True) -> np.ndarray:
        """x (..., heads, n, m), or (..., heads, n) without `rows`, as a view with all batch dimensions."""
        tail = 2 if rows else 1
        lead, rest = x.shape[: x.ndim - tail], x.shape[x.ndim - tail :]
        if self.split and lead:
            x = x.reshape(*lead[:-1], *self._heads(lead[-1]), *rest, copy=False)
        return np.broadcast_to(x, (*self.batch, *rest))

    def opened(self, x: np.ndarray | None, tail: Shape) -> np.ndarray | None:
        """An output (batch dimensions, *tail) as a view to write to."""
        return None if x is None else x.reshape(*self.batch, *tail, copy=False)

    def _heads(self, count: int) -> Shape:
        """Query heads, or those of one mask each, are `split` groups; key heads are one group each."""
        groups = self.batch[-1]
        if count == self.split * groups and groups > 1:
            return self.split, groups
        return count, 1


def _blocks(batch: Shape, limit: int) -> Iterator[Key]:
    if not batch:
        yield ()
        return
    inner = math.prod(batch[1:])
    step = max(1, limit // max(1, inner))
    tails = [tuple(slice(0, n) for n in batch[1:])] if inner <= limit else list(_blocks(batch[1:], limit))
    for start in range(0, batch[0], step):
        for tail in tails:
            yield (slice(start, min(start + step, batch[0])), *tail)


def compute_dtype(dtype: DType) -> DType:
    """What is computed in: float32 for half precision."""
    return dtypes.float32 if dtype.itemsize < 4 else dtype


def scratch_types(of: Layout, random: bool, backward: bool) -> Types:
    """Working memory, flat: random numbers, bools, scores, rows of queries, keys, values, outputs, numbers a row."""
    c, heads = compute_dtype(of.dtype), of.heads
    scores = heads * of.rows * of.columns
    drawn = math.prod(of.batch) * of.rows * of.columns if random else 0
    sizes = [scores * (1 + backward)]
    sizes += [heads * of.rows * of.width * (1 + backward), heads * of.columns * of.width * (1 + backward)]
    sizes += [heads * of.columns * of.depth * (1 + backward), heads * of.rows * of.depth * (1 + backward)]
    sizes += [2 * heads * of.rows]
    flat = [TensorType(c, (size,)) for size in sizes]
    return TensorType(dtypes.float32, (drawn,)), TensorType(dtypes.bool, (scores,)), *flat


class Memory:
    """Hands out the parts of flat working memory, one after the other."""

    def __init__(self, flat: np.ndarray) -> None:
        self.flat = flat
        self.used = 0

    def take(self, *shape: int) -> np.ndarray:
        size = math.prod(shape)
        self.used += size
        return self.flat[self.used - size : self.used].reshape(shape)


class Block:
    """One block of heads: the calls so far, and its parts of the working memory."""

    def __init__(self, of: Layout, key: Key, scratch: tuple[np.ndarray, ...]) -> None:
        self.of = of
        self.key = key
        self.batch = tuple(s.stop - s.start for s in key)
        self.calls: list[Call] = []
        self.bools = scratch[1]
        self.scores, self.queries, self.keys, self.values, self.outs, self.numbers = map(Memory, scratch[2:])

    def add(self, *call: Any) -> None:
        self.calls.append(call)

    def ready(self, x: np.ndarray, memory: Memory) -> np.ndarray:
        """The block of x as BLAS takes it: itself where its rows lie so, else a copy in the dtype computed in."""
        seen = x[self.key]
        plain = seen.strides[-1] == seen.itemsize and seen.strides[-2] >= seen.shape[-1] * seen.itemsize
        if plain and seen.dtype == memory.flat.dtype:
            return seen
        return self.copied(seen, memory)

    def copied(self, seen: np.ndarray, memory: Memory) -> np.ndarray:
        copy = memory.take(*seen.shape)
        self.add(np.copyto, copy, seen)
        return copy

    def scaled(self, q: np.ndarray, scale: float) -> np.ndarray:
        copy = self.copied(q[self.key], self.queries)
        self.add(np.multiply, copy, scale, copy)
        return copy

    def score(self, q: np.ndarray, k: np.ndarray, mask: np.ndarray | None, hidden: np.ndarray | None) -> np.ndarray:
        """q kᵀ with masks: a boolean one tells what to attend to, others are added; `hidden` (rows, columns)."""
        s = self.scores.take(*self.batch, self.of.rows, self.of.columns)
        self.add(matmul, q, k.swapaxes(-1, -2), s)
        if mask is not None:
            self._mask(s, mask[self.key])
        if hidden is not None:
            self.add(np.copyto, s, -math.inf, "same_kind", hidden)
        return s

    def _mask(self, s: np.ndarray, mask: np.ndarray) -> None:
        if mask.dtype != np.bool_:
            self.add(np.add, s, mask, s)
            return
        hidden = self.bools[: s.size].reshape(s.shape)
        self.add(np.logical_not, mask, hidden)
        self.add(np.copyto, s, -math.inf, "same_kind", hidden)

    def kept(self, drawn: np.ndarray, p: float) -> np.ndarray:
        """True where dropout keeps a weight."""
        kept = self.bools[: drawn[self.key].size].reshape(drawn[self.key].shape)
        self.add(np.greater_equal, drawn[self.key], p, kept)
        return kept

    def product(self, a: np.ndarray, b: np.ndarray, out: np.ndarray, memory: Memory, factor: Any, divide: bool) -> None:
        """The block of out = a b times, or divided by, the factor (None: as it is)."""
        target = out[self.key]
        direct = target.dtype == memory.flat.dtype
        found = target if direct else memory.take(*target.shape)
        self.add(matmul, a, b, found)
        if factor is not None:
            self.add(np.true_divide if divide else np.multiply, found, factor, found)
        if not direct:
            self.add(np.copyto, target, found, "unsafe")


def drawing(of: Layout, rng: np.ndarray, offset: int, scratch: Any) -> tuple[list[Call], np.ndarray]:
    """The call that draws dropout's numbers for all weights, and the numbers."""
    return [(fill_uniform, scratch[0], rng, offset)], scratch[0].reshape(*of.batch, of.rows, of.columns)


def causal(of: Layout, is_causal: bool) -> np.ndarray | None:
    """True where a query must not see a key: one that comes later."""
    return np.triu(np.ones((of.rows, of.columns), bool), 1) if is_causal else None


def least(of: Layout) -> float:
    return float(np.finfo(compute_dtype(of.dtype).numpy).min)


def forward_block(
    block: Block, out: Any, logs: Any, inputs: Any, hidden: Any, scale: float, drawn: Any, p: float
) -> list[Call]:
    """Weights without their sum, the sum, and the outputs divided by it."""
    q, k, v, mask = inputs
    s = block.score(block.scaled(q, scale), block.ready(k, block.keys), mask, hidden)
    top, sums = (block.numbers.take(*s.shape[:-1], 1) for _ in range(2))
    block.add(np.maximum.reduce, s, -1, None, top, True)
    block.calls.append(ufunc_call(np.maximum, top, top, least(block.of)))
    block.add(np.subtract, s, top, s)
    block.add(np.exp, s, s)
    block.add(np.add.reduce, s, -1, None, sums, True)
    if logs is not None:
        place = logs[block.key][..., None]
        block.add(np.log, sums, place)
        block.add(np.add, place, top, place)
    if out is not None:
        block.calls.append(ufunc_call(np.maximum, sums, sums, float(np.finfo(sums.dtype).tiny)))
        _drop(block, s, drawn, p, sums)
        block.product(s, block.ready(v, block.values), out, block.outs, sums, divide=True)
    return block.calls


def _drop(block: Block, s: np.ndarray, drawn: Any, p: float, sums: np.ndarray) -> None:
    """Drops weights; what is kept is scaled up through the sums."""
    if drawn is None:
        return
    block.add(np.multiply, s, block.kept(drawn, p), s)
    block.add(np.multiply, sums, 1.0 - p if p < 1.0 else 1.0, sums)


def backward_block(
    block: Block, found: Any, given: Any, inputs: Any, hidden: Any, scale: float, drawn: Any, p: float
) -> list[Call]:
    """The weights again, from the logs; then their gradients, and those of queries, keys and values."""
    (dq, dk, dv), (g, out, logs), (q, k, v, mask) = found, given, inputs
    scaled, keys = block.scaled(q, scale), block.ready(k, block.keys)
    s = block.score(scaled, keys, mask, hidden)
    log, delta = (block.numbers.take(*s.shape[:-1], 1) for _ in range(2))
    block.calls.append(ufunc_call(np.maximum, log, logs[block.key][..., None], least(block.of)))
    block.add(np.subtract, s, log, s)
    block.add(np.exp, s, s)
    t, grad = block.scores.take(*s.shape), block.ready(g, block.outs)
    weights, kept = (s, None) if drawn is None else (t, block.kept(drawn, p))
    if kept is not None:
        block.add(np.multiply, s, kept, t)
    if dv is not None:
        up = None if kept is None else dropout_scale(p)
        block.product(weights.swapaxes(-1, -2), grad, dv, block.values, up, divide=False)
    _score_gradient(block, (s, t, delta), grad, out, v, kept, p)
    if dq is not None:
        block.product(t, keys, dq, block.queries, scale, divide=False)
    if dk is not None:
        block.product(t.swapaxes(-1, -2), scaled, dk, block.keys, None, divide=False)
    return block.calls


def _score_gradient(block: Block, work: Any, grad: np.ndarray, out: Any, v: Any, kept: Any, p: float) -> None:
    """t = the gradient of scores: s (gradient of weights - sum of gradient times output)."""
    s, t, delta = work
    both = block.outs.take(*grad.shape)
    block.add(np.multiply, grad, out[block.key], both)
    block.add(np.add.reduce, both, -1, None, delta, True)
    block.add(matmul, grad, block.ready(v, block.values).swapaxes(-1, -2), t)
    if kept is not None:
        block.add(np.multiply, t, kept, t)
        block.add(np.multiply, t, dropout_scale(p), t)
    block.add(np.subtract, t, delta, t)
    block.add(np.multiply, t, s, t)


def type_of(x: Any) -> TensorType:
    """The type of an array, a graph value or a Tensor."""
    return numpy_type(x) if isinstance(x, np.ndarray) else x.tensor_type


def factor_of(width: int, scale: float | None) -> float:
    return 1.0 / math.sqrt(max(width, 1)) if scale is None else scale
