"""The NumPy kernels of rnn_tanh and rnn_relu: the products with all inputs first, then a loop over time that makes no
arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.ops.blas import matmul as blas_matmul
from graphnn.ops.op import Call
from graphnn.ops.recurrence import (
    BatchSizes,
    Span,
    flat,
    given_or_empty,
    project,
    spans_of,
    start_grads,
    sums_in_blocks,
)

Function = Callable[..., Any]


def kernel_of(act: Function) -> Function:
    def kernel(
        outs: Any,
        x: np.ndarray,
        h0: np.ndarray,
        w_ih: np.ndarray | None,
        w_hh: np.ndarray,
        b_ih: Any = None,
        b_hh: Any = None,
        *,
        reverse: bool,
        batch_sizes: BatchSizes,
        scratch: Any,
    ) -> list[Call]:
        product, memory = scratch
        calls, x2 = flat(x)
        last = given_or_empty(outs[1], h0.shape, x)
        calls.append((np.copyto, last, h0))
        for at, rows, spans in sums_in_blocks(spans_of(x, batch_sizes, reverse), outs[0], memory, x2.shape[0]):
            calls += project(x2[at], w_ih, (b_ih, b_hh), rows)
            calls.append((rnn_steps, spans, rows, last, w_hh.T, product, act))
        return calls

    return kernel


def rnn_steps(
    spans: list[Span], rows: np.ndarray, last: np.ndarray, weight: np.ndarray, product: np.ndarray, act: Function
) -> None:
    """The loop over time: `rows` holds what the inputs give and becomes the states; `last` is the running state."""
    for start, stop in spans:
        n = stop - start
        row, held, given = rows[start:stop], last[:n], product[:n]
        blas_matmul(held, weight, given)
        np.add(row, given, row)
        act(row)
        held[...] = row


# ---- the gradient


def grad_kernel_of(slope: Function) -> Function:
    def kernel(
        outs: Any,
        x: np.ndarray,
        h0: np.ndarray,
        w_ih: Any,
        w_hh: np.ndarray,
        b_ih: Any,
        b_hh: Any,
        out: np.ndarray,
        g: Any = None,
        g_h: Any = None,
        *,
        reverse: bool,
        batch_sizes: BatchSizes,
    ) -> list[Call]:
        (calls, states), (more, g2) = flat(out), ([], None) if g is None else flat(g)
        found, grad = given_or_empty(outs[0], states.shape, x), given_or_empty(outs[1], h0.shape, x)
        spans = spans_of(x, batch_sizes, reverse)
        loop = (rnn_grad_steps, spans, found, g2, states, grad, w_hh, slope)
        return [*calls, *more, *start_grads([(grad, g_h)]), loop]

    return kernel


def rnn_grad_steps(
    spans: list[Span],
    found: np.ndarray,
    g: Any,
    states: np.ndarray,
    grad: np.ndarray,
    weight: np.ndarray,
    slope: Function,
) -> None:
    """The loop back through time; `grad` is the running gradient of the state."""
    for start, stop in reversed(spans):
        row, held = found[start:stop], grad[: stop - start]
        if g is not None:
            np.add(held, g[start:stop], held)
        slope(states[start:stop], row)
        np.multiply(row, held, row)
        blas_matmul(row, weight, held)


# ---- the functions, in place, and their slopes


def slope_of_tanh(state: np.ndarray, out: np.ndarray) -> None:
    """1 - state²."""
    np.multiply(state, state, out)
    np.subtract(1.0, out, out)


def slope_of_relu(state: np.ndarray, out: np.ndarray) -> None:
    np.greater(state, 0.0, out)


def tanh_in_place(x: np.ndarray) -> None:
    np.tanh(x, x)


def relu_in_place(x: np.ndarray) -> None:
    np.maximum(x, 0.0, out=x)
