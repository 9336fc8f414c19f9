"""What the recurrent layers' ops share: their shapes, the rows of each time step, and gradients that need no loop.

A layer runs over `x` (T, B, I), or over packed rows (N, I) with the batch size of each step in `batch_sizes`, which
never grows: sequences are sorted by falling length. Either way the steps are spans of rows of an (N, …) matrix. All
products with inputs and all weight gradients are one product over the N rows; only what depends on the state before is
left to a loop over time inside of a kernel, so that a layer is one node however long the sequence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.errors import ArgumentError, ShapeError
from graphnn.ir.attrs import Attrs
from graphnn.ir.types import TensorType
from graphnn.ops.blas import matmul as blas_matmul
from graphnn.ops.indices import contiguous
from graphnn.ops.joining import cat
from graphnn.ops.matrix import matmul
from graphnn.ops.movement import reshape, transpose
from graphnn.ops.op import Call, Op, register
from graphnn.ops.reduce import sum as sum_
from graphnn.ops.slicing import slice as slice_
from graphnn.ops.typing import require_float

Span = tuple[int, int]  # the rows of one time step, half-open
BatchSizes = tuple[int, ...] | None
BLOCK = 1 << 20  # bytes of sums that are kept at once where the gradient does not need them all


@dataclass(frozen=True)
class Layer:
    """The sizes of one layer in one direction: N rows in all, B sequences, H units, P numbers of the state handed on."""

    rows: int
    batch: int
    hidden: int
    state: int
    out: tuple[int, ...]


def check_layer(op: str, gates: int, batch_sizes: BatchSizes, *inputs: TensorType | None) -> Layer:
    """The sizes; errors unless x, h0, w_ih, w_hh, b_ih, b_hh and w_hr fit each other and the number of gates.

    Without w_ih, x is what the inputs give to the gates, (…, gates * H), with b_ih, which is not given then."""
    x, h0, w_ih, w_hh, b_ih, b_hh, w_hr = inputs
    assert x is not None
    assert h0 is not None
    assert w_hh is not None
    require_float(op, *inputs)
    steps = _check_steps(op, x, batch_sizes)
    hidden = w_hh.shape[0] // gates
    state = hidden if w_hr is None else w_hr.shape[0]
    width = (gates * hidden,)
    if w_ih is None:
        require_shape(op, "input", x, (*x.shape[:-1], *width))
        if b_ih is not None:
            raise ArgumentError(f"{op}: b_ih is given without w_ih; add it to the input")
    wanted: dict[str, tuple[TensorType | None, tuple[int, ...]]]
    wanted = {"h0": (h0, (steps[0], state)), "w_ih": (w_ih, (*width, x.shape[-1])), "w_hh": (w_hh, (*width, state))}
    wanted |= {"b_ih": (b_ih, width), "b_hh": (b_hh, width), "w_hr": (w_hr, (state, hidden))}
    for name, (found, shape) in wanted.items():
        require_shape(op, name, found, shape)
    return Layer(sum(steps), steps[0], hidden, state, (*x.shape[:-1], state))


def require_shape(op: str, name: str, found: TensorType | None, shape: tuple[int, ...]) -> None:
    if found is not None and found.shape != shape:
        raise ShapeError(f"{op}: Expected {name} of size {list(shape)}, got {found}")


def _check_steps(op: str, x: TensorType, batch_sizes: BatchSizes) -> tuple[int, ...]:
    """The batch size of each step."""
    dims = 3 if batch_sizes is None else 2
    if x.ndim != dims:
        raise ShapeError(f"{op}: input must have {dims} dimensions, got {x}")
    sizes = batch_sizes_of(x, batch_sizes)
    if not sizes:
        raise ArgumentError(f"{op}: Expected sequence length to be larger than 0 in RNN, got {x}")
    if batch_sizes is not None and (sum(sizes) != x.shape[0] or list(sizes) != sorted(sizes, reverse=True)):
        raise ArgumentError(f"{op}: batch_sizes must not grow and must add up to {x.shape[0]} rows, got {sizes}")
    return sizes


def batch_sizes_of(x: Any, batch_sizes: BatchSizes) -> tuple[int, ...]:
    return (x.shape[1],) * x.shape[0] if batch_sizes is None else batch_sizes


def spans_of(x: Any, batch_sizes: BatchSizes, reverse: bool) -> list[Span]:
    """The rows of each step, in the order in which the steps are taken."""
    found, at = [], 0
    for size in batch_sizes_of(x, batch_sizes):
        found.append((at, at + size))
        at += size
    return found[::-1] if reverse else found


def block_rows(x: Any, batch: int, width: int) -> TensorType:
    """Working memory for the sums of some steps, at least one: (rows, width)."""
    rows = max(batch, BLOCK // max(1, width * x.dtype.itemsize))
    return TensorType(x.dtype, (min(rows, math.prod(x.shape[:-1])), width))


def in_blocks(spans: list[Span], room: int) -> list[tuple[Span, list[Span]]]:
    """The steps in groups of at most `room` rows: the rows of each group, and its steps counted from the first row."""
    groups: list[list[Span]] = []
    left = 0
    for start, stop in spans:
        if not groups or stop - start > left:
            groups.append([])
            left = room
        groups[-1].append((start, stop))
        left -= stop - start
    found = [((min(g)[0], max(g)[1]), g) for g in groups]
    return [((low, high), [(a - low, b - low) for a, b in g]) for (low, high), g in found]


def sums_in_blocks(
    spans: list[Span], sums: np.ndarray | None, memory: np.ndarray, rows: int
) -> list[tuple[slice, np.ndarray, list[Span]]]:
    """Where the sums of the steps go: into `sums`, or through `memory` where they are not wanted."""
    if sums is not None:
        return [(slice(0, rows), sums.reshape(rows, sums.shape[-1]), spans)]
    return [(slice(a, b), memory[: b - a], part) for (a, b), part in in_blocks(spans, memory.shape[0])]


def before(spans: list[Span], k: int, rows: np.ndarray, first: np.ndarray, memory: np.ndarray) -> np.ndarray:
    """The states that step `k` started from, taken from the `rows` of all steps' states: a view where these lie
    together, else in `memory`. A sequence that begins later, run backwards, starts from `first`."""
    n = spans[k][1] - spans[k][0]
    if k == 0:
        return first[:n]
    start, stop = spans[k - 1]
    if stop - start >= n:
        return rows[start : start + n]
    m = stop - start
    memory[:m] = rows[start:stop]
    memory[m:n] = first[m:n]
    return memory[:n]


# ---- kernels' common parts


def flat(x: np.ndarray) -> tuple[list[Call], np.ndarray]:
    """x as (N, I), C-contiguous."""
    return contiguous(x, (math.prod(x.shape[:-1]), x.shape[-1]))


def given_or_empty(out: np.ndarray | None, shape: tuple[int, ...], like: np.ndarray) -> np.ndarray:
    """The output, or memory in its place where it is not wanted but needed on the way."""
    return np.empty(shape, like.dtype) if out is None else out.reshape(shape)


def start_grads(pairs: list[tuple[np.ndarray, np.ndarray | None]]) -> list[Call]:
    """The running gradients of the states begin as those of the last states, zero where none flows."""
    return [(grad.fill, 0) if given is None else (np.copyto, grad, given) for grad, given in pairs]


def project(x: np.ndarray, weight: np.ndarray | None, biases: tuple[Any, ...], out: np.ndarray) -> list[Call]:
    """out = x @ weightᵀ + biases, for all rows at once; x + biases where there is no weight."""
    added: list[Call] = [(np.add, out, bias, out) for bias in biases if bias is not None]
    product: Call = (np.copyto, out, x) if weight is None else (blas_matmul, x, weight.T, out)
    return [product, *added]


# ---- gradients without a loop


def layer_name(types: tuple[TensorType | None, ...], attrs: Attrs) -> str:
    """The grad_fn that PyTorch's layers end in: the steps' results, stacked, or joined when they are packed."""
    return "StackBackward0" if attrs["batch_sizes"] is None else "CatBackward0"


def layer_gradients(
    c: Any, states: int, x: Any, h0: Any, w_ih: Any, out: Any, input_grad: Any, hidden_grad: Any
) -> tuple[Any, Any, Any, Any, Any]:
    """The gradients of x, w_ih, w_hh, b_ih and b_hh from those of what the steps got from the inputs and from the
    states, (N, gates). `states` is how many first states stand between x and the weights."""
    wants = (c.want[0], *c.want[1 + states :], False, False)
    turned = transpose(hidden_grad, dim0=0, dim1=1)
    dx = input_grad if w_ih is None or not wants[0] else matmul(input_grad, w_ih)
    return (
        reshape(dx, shape=tuple(x.shape)) if wants[0] else None,
        matmul(transpose(input_grad, dim0=0, dim1=1), rows_of(x)) if wants[1] else None,
        matmul(turned, states_before(out, h0, **c.attrs)) if wants[2] else None,
        sum_(input_grad, dim=(0,)) if wants[3] else None,
        sum_(hidden_grad, dim=(0,)) if wants[4] else None,
    )


def rows_of(x: Any) -> Any:
    """x (T, B, I) as (N, I)."""
    return x if len(x.shape) == 2 else reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))


# ---- states_before


def _infer(out: TensorType, h0: TensorType, *, reverse: bool = False, batch_sizes: BatchSizes = None) -> TensorType:
    """The state (N, P) that each row of a recurrent layer's output was computed from: the one of the step before, or
    the first."""
    require_float("states_before", out, h0)
    steps = _check_steps("states_before", out, batch_sizes)
    require_shape("states_before", "h0", h0, (steps[0], out.shape[-1]))
    return TensorType(out.dtype, (sum(steps), out.shape[-1]))


def _kernel(
    found: np.ndarray, out: np.ndarray, h0: np.ndarray, *, reverse: bool, batch_sizes: BatchSizes
) -> list[Call]:
    calls, rows = flat(out)
    return [*calls, (_copy_earlier, found, rows, h0, spans_of(out, batch_sizes, reverse))]


def _copy_earlier(found: np.ndarray, rows: np.ndarray, h0: np.ndarray, spans: list[Span]) -> None:
    """A step of the kernel."""
    earlier = (0, 0)
    for start, stop in spans:
        n = min(stop - start, earlier[1] - earlier[0])
        found[start : start + n] = rows[earlier[0] : earlier[0] + n]
        found[start + n : stop] = h0[n : stop - start]
        earlier = (start, stop)


def _in_ops(out: Any, h0: Any, *, reverse: bool, batch_sizes: BatchSizes) -> Any:
    rows, parts, earlier = rows_of(out), [], (0, 0)
    for start, stop in spans_of(out, batch_sizes, reverse):
        n = min(stop - start, earlier[1] - earlier[0])
        taken = [part(rows, earlier[0], earlier[0] + n), part(h0, n, stop - start)]
        parts.append((start, [p for p in taken if p.shape[0]]))
        earlier = (start, stop)
    found = [p for _, taken in sorted(parts, key=lambda item: item[0]) for p in taken]
    return cat(*found, dim=0) if found else rows


def part(x: Any, start: int, stop: int) -> Any:
    """Rows of x; x itself where these are all."""
    return x if (start, stop) == (0, x.shape[0]) else slice_(x, dim=0, start=start, stop=stop)


states_before = register(Op("states_before", infer=_infer, numpy=_kernel, decompose=_in_ops))
