"""The NumPy kernels of lstm: the products with all inputs first, then a loop over time that makes no arrays."""

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
    c0: np.ndarray,
    w_ih: np.ndarray | None,
    w_hh: np.ndarray,
    b_ih: Any = None,
    b_hh: Any = None,
    w_hr: Any = None,
    *,
    reverse: bool,
    batch_sizes: BatchSizes,
    scratch: Any,
) -> list[Call]:
    *work, memory = scratch
    calls, x2 = flat(x)
    n, hidden = x2.shape[0], c0.shape[1]
    out, cells = None if outs[0] is None else outs[0].reshape(n, h0.shape[1]), outs[4]
    last, cell = given_or_empty(outs[1], h0.shape, x), given_or_empty(outs[2], c0.shape, x)
    weights, halves = (w_hh.T, None if w_hr is None else w_hr.T), _halves(hidden, x.dtype)
    calls += [(np.copyto, last, h0), (np.copyto, cell, c0)]
    for at, gates, spans in sums_in_blocks(spans_of(x, batch_sizes, reverse), outs[3], memory, n):
        parts = (None if whole is None else whole[at] for whole in (cells, out))
        calls += project(x2[at], w_ih, (b_ih, b_hh), gates)
        calls.append((lstm_steps, spans, gates, *parts, last, cell, weights, work, halves))
    return calls


def _halves(hidden: int, dtype: np.dtype[Any]) -> tuple[np.ndarray, np.ndarray]:
    """A factor and a term for each gate: σ(x) = tanh(x / 2) / 2 + 1 / 2, so that one tanh serves them all."""
    factor, term = (np.repeat(np.array(v, dtype), hidden) for v in ((0.5, 0.5, 1.0, 0.5), (0.5, 0.5, 0.0, 0.5)))
    return factor, term


def lstm_steps(
    spans: list[Span],
    gates: np.ndarray,
    cells: Any,
    out: Any,
    last: np.ndarray,
    cell: np.ndarray,
    weights: tuple[np.ndarray, Any],
    scratch: Any,
    halves: tuple[np.ndarray, np.ndarray],
) -> None:
    """The loop over time: `gates` holds what the inputs give; `last` and `cell` are the running states."""
    (product, spare), (factor, term), width = scratch, halves, cell.shape[1]
    for start, stop in spans:
        n = stop - start
        gate, h, c, t = gates[start:stop], last[:n], cell[:n], spare[:n]
        matmul(h, weights[0], product[:n])
        np.add(gate, product[:n], gate)
        np.multiply(gate, factor, gate)
        np.tanh(gate, gate)
        np.multiply(gate, factor, gate)
        np.add(gate, term, gate)
        i, f, g, o = (gate[:, k * width : (k + 1) * width] for k in range(4))
        np.multiply(c, f, c)
        np.multiply(i, g, t)
        np.add(c, t, c)
        if cells is not None:
            cells[start:stop] = c
        np.tanh(c, t)
        _hand_on(o, t, weights[1], h)
        if out is not None:
            out[start:stop] = h


def _hand_on(o: np.ndarray, t: np.ndarray, projection: Any, h: np.ndarray) -> None:
    """h = o * t, projected where there is a projection."""
    if projection is None:
        np.multiply(o, t, h)
        return
    np.multiply(o, t, t)
    matmul(t, projection, h)


# ---- the gradient


def grad_kernel(
    outs: Any,
    x: np.ndarray,
    h0: np.ndarray,
    c0: np.ndarray,
    w_ih: Any,
    w_hh: np.ndarray,
    b_ih: Any,
    b_hh: Any,
    w_hr: Any,
    gates: np.ndarray,
    cells: np.ndarray,
    g: Any = None,
    g_h: Any = None,
    g_c: Any = None,
    *,
    reverse: bool,
    batch_sizes: BatchSizes,
    scratch: Any,
) -> list[Call]:
    calls, g2 = ([], None) if g is None else flat(g)
    found = given_or_empty(outs[0], gates.shape, x)
    dh, dc = given_or_empty(outs[1], h0.shape, x), given_or_empty(outs[2], c0.shape, x)
    dw_hr = None if w_hr is None else given_or_empty(outs[3], w_hr.shape, x)
    spans = spans_of(x, batch_sizes, reverse)
    grads = found, dh, dc, dw_hr
    return [
        *calls,
        *start_grads([(dh, g_h), (dc, g_c)]),
        *([] if dw_hr is None else [(dw_hr.fill, 0)]),
        (lstm_grad_steps, spans, grads, g2, gates, cells, c0, w_hh, w_hr, scratch),
    ]


def lstm_grad_steps(
    spans: list[Span],
    grads: Any,
    g: Any,
    gates: np.ndarray,
    cells: np.ndarray,
    c0: np.ndarray,
    w_hh: np.ndarray,
    w_hr: Any,
    scratch: Any,
) -> None:
    """The loop back through time; dh and dc are the running gradients of state and cell."""
    found, dh, dc, dw_hr = grads
    work, spare, other, memory, part = scratch
    for k in reversed(range(len(spans))):
        start, stop = spans[k]
        n = stop - start
        gate, cell, held, t = gates[start:stop], cells[start:stop], dh[:n], spare[:n]
        if g is not None:
            np.add(held, g[start:stop], held)
        np.tanh(cell, t)
        raw = held if w_hr is None else _unprojected(held, gate, t, w_hr, dw_hr, other[:n], memory[:n], part)
        earlier = before(spans, k, cells, c0, memory)
        _step_back(found[start:stop], gate, earlier, raw, dc[:n], t, work[:n], other[:n])
        matmul(found[start:stop], w_hh, held)


def _unprojected(
    held: np.ndarray,
    gate: np.ndarray,
    t: np.ndarray,
    w_hr: np.ndarray,
    dw_hr: np.ndarray,
    raw: np.ndarray,
    memory: np.ndarray,
    part: np.ndarray,
) -> np.ndarray:
    """The gradient of the state before it is projected; adds to that of the projection."""
    np.multiply(gate[:, 3 * t.shape[1] :], t, memory)
    matmul(held.T, memory, part)
    np.add(dw_hr, part, dw_hr)
    matmul(held, w_hr, raw)
    return raw


def _step_back(
    found: np.ndarray,
    gate: np.ndarray,
    earlier: np.ndarray,
    raw: np.ndarray,
    dc: np.ndarray,
    t: np.ndarray,
    slope: np.ndarray,
    spare: np.ndarray,
) -> None:
    """The gradients of the gates' arguments, and of the cell before, from those of the state (`raw`) and the cell;
    `t` is tanh of the cell. `spare` may be `raw` itself, which is read before it is written."""
    width = t.shape[1]
    i, f, g, o = (gate[:, k * width : (k + 1) * width] for k in range(4))
    di, df, dg, do = (found[:, k * width : (k + 1) * width] for k in range(4))
    np.multiply(raw, t, do)
    np.multiply(raw, o, spare)
    np.multiply(t, t, t)
    np.subtract(1.0, t, t)
    np.multiply(spare, t, spare)
    np.add(dc, spare, dc)
    np.multiply(dc, g, di)
    np.multiply(dc, earlier, df)
    np.multiply(dc, i, dg)
    np.multiply(dc, f, dc)
    np.subtract(1.0, gate, slope)
    np.multiply(slope, gate, slope)
    middle = slope[:, 2 * width : 3 * width]
    np.multiply(g, g, middle)
    np.subtract(1.0, middle, middle)
    np.multiply(found, slope, found)
