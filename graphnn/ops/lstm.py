"""Long short-term memory: gates i, f, o = σ(w_ih x + b_ih + w_hh h + b_hh), g = tanh(…), c' = f c + i g,
h' = o tanh(c'), optionally projected by w_hr. The gates lie side by side in the order i, f, g, o."""

from __future__ import annotations

from typing import Any

from graphnn.ir import dtypes
from graphnn.ir.attrs import Attrs
from graphnn.ir.types import TensorType
from graphnn.ops.elementwise import add, mul, sub, zeros_like
from graphnn.ops.joining import cat
from graphnn.ops.lstm_kernels import grad_kernel, kernel
from graphnn.ops.matrix import matmul
from graphnn.ops.movement import reshape, transpose
from graphnn.ops.op import Op, Types, register
from graphnn.ops.recurrence import (
    BatchSizes,
    block_rows,
    check_layer,
    layer_gradients,
    layer_name,
    part,
    require_shape,
    rows_of,
    spans_of,
)
from graphnn.ops.unary import sigmoid, tanh
from graphnn.ops.unrolled import columns, joined, projected, run_back, run_steps, times_transposed

# ---- the layer


def _infer(
    x: TensorType,
    h0: TensorType,
    c0: TensorType,
    w_ih: TensorType | None,
    w_hh: TensorType,
    b_ih: TensorType | None = None,
    b_hh: TensorType | None = None,
    w_hr: TensorType | None = None,
    *,
    reverse: bool = False,
    batch_sizes: BatchSizes = None,
) -> Types:
    """One layer in one direction over x (T, B, I): all states (T, B, P), the last state (B, P) and cell (B, H), and
    what the gradient needs: the gates (N, 4H) and the cells (N, H) of all N rows. Without w_ih, x (T, B, 4H) is
    what the inputs give to the gates."""
    layer = check_layer("lstm", 4, batch_sizes, x, h0, w_ih, w_hh, b_ih, b_hh, w_hr)
    require_shape("lstm", "c0", c0, (layer.batch, layer.hidden))
    saved = (TensorType(x.dtype, (layer.rows, width * layer.hidden)) for width in (4, 1))
    return TensorType(x.dtype, layer.out), h0, c0, *saved


def _scratch(x: TensorType, h0: TensorType, c0: TensorType, *_: Any, **__: Any) -> Types:
    """A step's product and cells, and sums of some steps."""
    batch, width = c0.shape[0], 4 * c0.shape[1]
    return TensorType(x.dtype, (batch, width)), c0, block_rows(x, batch, width)


def _vjp(
    c: Any,
    g: Any,
    x: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    w_hr: Any,
    out: Any,
    gates: Any,
    cells: Any,
) -> Any:
    found, dh, dc, dw_hr = lstm_grad(
        x, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr, gates, cells, g, c.grads[1], c.grads[2], **c.attrs
    )
    dx, dw_ih, dw_hh, db_ih, db_hh = layer_gradients(c, 2, x, h0, w_ih, out, found, found)
    return (dx, dh, dc, dw_ih, dw_hh, db_ih, db_hh, dw_hr if w_hr is not None else None)[: len(c.want)]


def _name(types: tuple[TensorType | None, ...], attrs: Attrs) -> str:
    """PyTorch's node on the CPU, which oneDNN serves where it can."""
    x, projected = types[0], len(types) == 8 and types[7] is not None
    served = x is not None and x.dtype is dtypes.float32 and attrs["batch_sizes"] is None and not projected
    return "MkldnnRnnLayerBackward0" if served else layer_name(types, attrs)


def _in_ops(
    x: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    w_hr: Any = None,
    *,
    reverse: bool,
    batch_sizes: BatchSizes,
) -> Any:
    spans = spans_of(x, batch_sizes, reverse)
    records, rows, (h, c) = _unrolled(spans, x, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr)
    gates = joined(spans, [cat(*record[0], dim=1) for record in records])
    cells = joined(spans, [record[2] for record in records])
    return reshape(rows, shape=(*x.shape[:-1], h0.shape[1])), h, c, gates, cells


def _unrolled(spans: Any, x: Any, h0: Any, c0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, w_hr: Any) -> Any:
    """The records are (gates, cell before, cell, state before it is projected)."""

    def step(inputs: Any, h: Any, cell: Any) -> Any:
        i, f, g, o = columns(add(inputs, times_transposed(h, w_hh)), 4)
        i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
        new = add(mul(f, cell), mul(i, g))
        raw = mul(o, tanh(new))
        state = raw if w_hr is None else times_transposed(raw, w_hr)
        return (state, new), ((i, f, g, o), cell, new, raw)

    return run_steps(spans, projected(x, w_ih, b_ih, b_hh), [h0, c0], step)


lstm = register(
    Op(
        "lstm",
        infer=_infer,
        numpy=kernel,
        scratch=_scratch,
        outputs=("out", "h_n", "c_n", "gates", "cells"),
        vjp=_vjp,
        decompose=_in_ops,
        differentiable=3,
        grad_name=_name,
        grad_edges=lambda types: tuple(i for i in (0, 3, 4, 5, 6, 1, 2) if i < len(types)),
    )
)


# ---- its gradient


def _infer_grad(
    x: TensorType,
    h0: TensorType,
    c0: TensorType,
    w_ih: TensorType | None,
    w_hh: TensorType,
    b_ih: TensorType | None,
    b_hh: TensorType | None,
    w_hr: TensorType | None,
    gates: TensorType,
    cells: TensorType,
    g: TensorType | None = None,
    g_h: TensorType | None = None,
    g_c: TensorType | None = None,
    *,
    reverse: bool = False,
    batch_sizes: BatchSizes = None,
) -> Types:
    """The gradients of the sums inside of the gates (N, 4H), of h0, c0 and w_hr (of no size without projections), from
    those of the output, the last state and the last cell."""
    layer = check_layer("lstm_grad", 4, batch_sizes, x, h0, w_ih, w_hh, b_ih, b_hh, w_hr)
    inner = (layer.batch, layer.hidden)
    saved = (layer.rows, 4 * layer.hidden), (layer.rows, layer.hidden)
    wanted = (("c0", c0, inner), ("gates", gates, saved[0]), ("cells", cells, saved[1]))
    for name, found, shape in (*wanted, ("g", g, layer.out), ("g_h", g_h, h0.shape), ("g_c", g_c, inner)):
        require_shape("lstm_grad", name, found, shape)
    return gates, h0, c0, TensorType(x.dtype, (0, 0)) if w_hr is None else w_hr


def _grad_scratch(x: TensorType, h0: TensorType, c0: TensorType, *rest: Any, **_: Any) -> Types:
    """A step's gates, two times its cells, and the gradient of w_hr that one step adds."""
    w_hr = rest[4]
    return (*_scratch(x, h0, c0)[:2], c0, c0, TensorType(x.dtype, (0, 0)) if w_hr is None else w_hr)


def _grad_in_ops(
    x: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    w_hr: Any,
    gates: Any,
    cells: Any,
    g: Any = None,
    g_h: Any = None,
    g_c: Any = None,
    *,
    reverse: bool,
    batch_sizes: BatchSizes,
) -> Any:
    """The gates are computed again, so that they are differentiated as functions of the inputs."""
    spans = spans_of(x, batch_sizes, reverse)
    records, _, _ = _unrolled(spans, x, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr)

    def step(record: Any, dh: Any, dc: Any) -> Any:
        (i, f, g, o), earlier, cell, raw = record
        dw_hr = None if w_hr is None else matmul(transpose(dh, dim0=0, dim1=1), raw)
        dh = dh if w_hr is None else matmul(dh, w_hr)
        held = tanh(cell)
        dc = add(dc, mul(mul(dh, o), sub(1.0, mul(held, held))))
        found = cat(
            _times_slope(mul(dc, g), i),
            _times_slope(mul(dc, earlier), f),
            mul(mul(dc, i), sub(1.0, mul(g, g))),
            _times_slope(mul(dh, held), o),
            dim=1,
        )
        return (matmul(found, w_hh), mul(dc, f)), (found, dw_hr)

    last = [zeros_like(first) if given is None else given for first, given in ((h0, g_h), (c0, g_c))]
    found, (dh, dc) = run_back(spans, records, None if g is None else rows_of(g), last, step)
    return joined(spans, [gate for gate, _ in found]), dh, dc, _total([w for _, w in found], x)


def _times_slope(g: Any, s: Any) -> Any:
    """The gradient of the argument of s = σ(…)."""
    return mul(g, mul(s, sub(1.0, s)))


def _total(parts: list[Any], like: Any) -> Any:
    """The sum of the steps' gradients of w_hr; of no size where there are none."""
    if parts[0] is None:
        return reshape(part(rows_of(like), 0, 0), shape=(0, 0))
    found = parts[0]
    for item in parts[1:]:
        found = add(found, item)
    return found


lstm_grad = register(
    Op(
        "lstm_grad",
        infer=_infer_grad,
        numpy=grad_kernel,
        scratch=_grad_scratch,
        outputs=("gates_grad", "h0_grad", "c0_grad", "w_hr_grad"),
        decompose=_grad_in_ops,
        differentiable=4,
    )
)
