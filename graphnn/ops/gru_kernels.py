"""The NumPy kernels of gru: the products with all inputs first, then a loop over time that makes no arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.ops.blas import matmul
from graphnn.ops.op import Call
from graphnn.ops.recurrence import (
    BatchSizes,
    Span,
    before,
    flat,
    given_or_empty,
    project,
    spans_of,
    start_grads,
    sums_in_blocks,
)


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
    *work, memory = scratch
    calls, x2 = flat(x)
    n = x2.shape[0]
    out, inner = None if outs[0] is None else outs[0].reshape(n, h0.shape[1]), outs[3]
    last = given_or_empty(outs[1], h0.shape, x)
    calls.append((np.copyto, last, h0))
    for at, gates, spans in sums_in_blocks(spans_of(x, batch_sizes, reverse), outs[2], memory, n):
        parts = (None if whole is None else whole[at] for whole in (inner, out))
        calls += project(x2[at], w_ih, (b_ih,), gates)
        calls.append((gru_steps, spans, gates, *parts, last, w_hh.T, b_hh, work))
    return calls


def gru_steps(
    spans: list[Span],
    gates: np.ndarray,
    inner: Any,
    out: Any,
    last: np.ndarray,
    weight: np.ndarray,
    bias: Any,
    scratch: Any,
) -> None:
    """The loop over time: `gates` holds what the inputs give; `last` is the running state."""
    (product, spare), width = scratch, last.shape[1]
    for start, stop in spans:
        n = stop - start
        gate, h, own, t = gates[start:stop], last[:n], product[:n], spare[:n]
        matmul(h, weight, own)
        if bias is not None:
            np.add(own, bias, own)
        if inner is not None:
            inner[start:stop] = own[:, 2 * width :]
        _sigmoid_of_sum(gate[:, : 2 * width], own[:, : 2 * width])
        r, z, new = (gate[:, k * width : (k + 1) * width] for k in range(3))
        np.multiply(r, own[:, 2 * width :], t)
        np.add(new, t, new)
        np.tanh(new, new)
        np.subtract(h, new, h)
        np.multiply(h, z, h)
        np.add(h, new, h)
        if out is not None:
            out[start:stop] = h


def _sigmoid_of_sum(x: np.ndarray, y: np.ndarray) -> None:
    """x = σ(x + y), by tanh."""
    np.add(x, y, x)
    np.multiply(x, 0.5, x)
    np.tanh(x, x)
    np.multiply(x, 0.5, x)
    np.add(x, 0.5, x)


# ---- the gradient


def grad_kernel(
    outs: Any,
    x: np.ndarray,
    h0: np.ndarray,
    w_ih: Any,
    w_hh: np.ndarray,
    b_ih: Any,
    b_hh: Any,
    out: np.ndarray,
    gates: np.ndarray,
    inner: np.ndarray,
    g: Any = None,
    g_h: Any = None,
    *,
    reverse: bool,
    batch_sizes: BatchSizes,
    scratch: Any,
) -> list[Call]:
    (calls, states), (more, g2) = flat(out), ([], None) if g is None else flat(g)
    found, turned = (given_or_empty(o, gates.shape, x) for o in outs[:2])
    dh = given_or_empty(outs[2], h0.shape, x)
    spans = spans_of(x, batch_sizes, reverse)
    loop = (gru_grad_steps, spans, (found, turned, dh), g2, states, gates, inner, h0, w_hh, scratch)
    return [*calls, *more, *start_grads([(dh, g_h)]), loop]


def gru_grad_steps(
    spans: list[Span],
    grads: Any,
    g: Any,
    states: np.ndarray,
    gates: np.ndarray,
    inner: np.ndarray,
    h0: np.ndarray,
    weight: np.ndarray,
    scratch: Any,
) -> None:
    """The loop back through time; dh is the running gradient of the state."""
    (found, turned, dh), (work, memory) = grads, scratch
    width = dh.shape[1]
    for k in reversed(range(len(spans))):
        start, stop = spans[k]
        n = stop - start
        gate, held, t = gates[start:stop], dh[:n], work[:n]
        if g is not None:
            np.add(held, g[start:stop], held)
        earlier = before(spans, k, states, h0, memory)
        _step_back(found[start:stop], turned[start:stop], gate, inner[start:stop], earlier, held, t)
        np.multiply(held, gate[:, width : 2 * width], memory[:n])
        matmul(turned[start:stop], weight, held)
        np.add(held, memory[:n], held)


def _step_back(
    found: np.ndarray,
    turned: np.ndarray,
    gate: np.ndarray,
    own: np.ndarray,
    earlier: np.ndarray,
    held: np.ndarray,
    t: np.ndarray,
) -> None:
    """The gradients of the gates' arguments, by what they got from the inputs and from the states."""
    width = held.shape[1]
    r, z, n = (gate[:, k * width : (k + 1) * width] for k in range(3))
    dr, dz, dn = (found[:, k * width : (k + 1) * width] for k in range(3))
    np.subtract(1.0, z, t)
    np.multiply(held, t, dn)
    np.multiply(held, z, dz)
    np.multiply(dz, t, dz)
    np.subtract(earlier, n, t)
    np.multiply(dz, t, dz)
    np.multiply(n, n, t)
    np.subtract(1.0, t, t)
    np.multiply(dn, t, dn)
    np.subtract(1.0, r, t)
    np.multiply(t, r, t)
    np.multiply(dn, own, dr)
    np.multiply(dr, t, dr)
    turned[:, : 2 * width] = found[:, : 2 * width]
    np.multiply(dn, r, turned[:, 2 * width :])
