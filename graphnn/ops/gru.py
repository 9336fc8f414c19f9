"""Gated recurrent units: r, z = σ(w_ih x + b_ih + w_hh h + b_hh), n = tanh(w_in x + b_in + r (w_hn h + b_hn)),
h' = (1 - z) n + z h. The gates lie side by side in the order r, z, n."""

from __future__ import annotations

from typing import Any

from graphnn.ir.types import TensorType
from graphnn.ops.elementwise import add, mul, sub, zeros_like
from graphnn.ops.gru_kernels import grad_kernel, kernel
from graphnn.ops.joining import cat
from graphnn.ops.matrix import matmul
from graphnn.ops.movement import reshape
from graphnn.ops.op import Op, Types, register
from graphnn.ops.recurrence import (
    BatchSizes,
    block_rows,
    check_layer,
    layer_gradients,
    layer_name,
    require_shape,
    rows_of,
    spans_of,
)
from graphnn.ops.unary import sigmoid, tanh
from graphnn.ops.unrolled import columns, joined, projected, run_back, run_steps

# ---- the layer


def _infer(
    x: TensorType,
    h0: TensorType,
    w_ih: TensorType | None,
    w_hh: TensorType,
    b_ih: TensorType | None = None,
    b_hh: TensorType | None = None,
    *,
    reverse: bool = False,
    batch_sizes: BatchSizes = None,
) -> Types:
    """One layer in one direction over x (T, B, I): all states (T, B, H), the last one (B, H), and what the gradient
    needs: the gates (N, 3H) and w_hn h + b_hn (N, H) of all N rows. Without w_ih, x (T, B, 3H) is what the inputs give
    to the gates."""
    layer = check_layer("gru", 3, batch_sizes, x, h0, w_ih, w_hh, b_ih, b_hh, None)
    saved = (TensorType(x.dtype, (layer.rows, width * layer.hidden)) for width in (3, 1))
    return TensorType(x.dtype, layer.out), h0, *saved


def _scratch(x: TensorType, h0: TensorType, *_: Any, **__: Any) -> Types:
    """A step's product and state, and sums of some steps."""
    batch, width = h0.shape[0], 3 * h0.shape[1]
    return TensorType(x.dtype, (batch, width)), h0, block_rows(x, batch, width)


def _grad_scratch(x: TensorType, h0: TensorType, *_: Any, **__: Any) -> Types:
    return h0, h0


def _vjp(
    c: Any, g: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, out: Any, gates: Any, inner: Any
) -> Any:
    found, turned, dh = gru_grad(x, h0, w_ih, w_hh, b_ih, b_hh, out, gates, inner, g, c.grads[1], **c.attrs)
    dx, dw_ih, dw_hh, db_ih, db_hh = layer_gradients(c, 1, x, h0, w_ih, out, found, turned)
    return (dx, dh, dw_ih, dw_hh, db_ih, db_hh)[: len(c.want)]


def _in_ops(
    x: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    *,
    reverse: bool,
    batch_sizes: BatchSizes,
) -> Any:
    spans = spans_of(x, batch_sizes, reverse)
    records, rows, (h,) = _unrolled(spans, x, h0, w_ih, w_hh, b_ih, b_hh)
    gates = joined(spans, [cat(*record[0], dim=1) for record in records])
    inner = joined(spans, [record[1] for record in records])
    return reshape(rows, shape=(*x.shape[:-1], h0.shape[1])), h, gates, inner


def _unrolled(spans: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """The records are (gates, w_hn h + b_hn, state before)."""

    def step(inputs: Any, h: Any) -> Any:
        own = columns(projected(h, w_hh, b_hh), 3)
        r, z, n = columns(inputs, 3)
        r, z = sigmoid(add(r, own[0])), sigmoid(add(z, own[1]))
        n = tanh(add(n, mul(r, own[2])))
        return (add(n, mul(z, sub(h, n))),), ((r, z, n), own[2], h)

    return run_steps(spans, projected(x, w_ih, b_ih), [h0], step)


gru = register(
    Op(
        "gru",
        infer=_infer,
        numpy=kernel,
        scratch=_scratch,
        outputs=("out", "h_n", "gates", "inner"),
        vjp=_vjp,
        decompose=_in_ops,
        differentiable=2,
        grad_name=layer_name,
    )
)


# ---- its gradient


def _infer_grad(
    x: TensorType,
    h0: TensorType,
    w_ih: TensorType | None,
    w_hh: TensorType,
    b_ih: TensorType | None,
    b_hh: TensorType | None,
    out: TensorType,
    gates: TensorType,
    inner: TensorType,
    g: TensorType | None = None,
    g_h: TensorType | None = None,
    *,
    reverse: bool = False,
    batch_sizes: BatchSizes = None,
) -> Types:
    """The gradients of what the gates got from the inputs and from the states, both (N, 3H), and of h0, from those of
    the output and of the last state."""
    layer = check_layer("gru_grad", 3, batch_sizes, x, h0, w_ih, w_hh, b_ih, b_hh, None)
    wanted = (("out", out, layer.out), ("gates", gates, (layer.rows, 3 * layer.hidden)))
    more = (("inner", inner, (layer.rows, layer.hidden)), ("g", g, layer.out), ("g_h", g_h, h0.shape))
    for name, found, shape in (*wanted, *more):
        require_shape("gru_grad", name, found, shape)
    return gates, gates, h0


def _grad_in_ops(
    x: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    b_hh: Any,
    out: Any,
    gates: Any,
    inner: Any,
    g: Any = None,
    g_h: Any = None,
    *,
    reverse: bool,
    batch_sizes: BatchSizes,
) -> Any:
    """The gates are computed again, so that they are differentiated as functions of the inputs."""
    spans = spans_of(x, batch_sizes, reverse)
    records, _, _ = _unrolled(spans, x, h0, w_ih, w_hh, b_ih, b_hh)

    def step(record: Any, dh: Any) -> Any:
        (r, z, n), own, h = record
        dz = mul(mul(dh, sub(h, n)), mul(z, sub(1.0, z)))
        dn = mul(mul(dh, sub(1.0, z)), sub(1.0, mul(n, n)))
        dr = mul(mul(dn, own), mul(r, sub(1.0, r)))
        turned = cat(dr, dz, mul(dn, r), dim=1)
        return (add(mul(dh, z), matmul(turned, w_hh)),), (cat(dr, dz, dn, dim=1), turned)

    last = [zeros_like(h0) if g_h is None else g_h]
    found, (dh,) = run_back(spans, records, None if g is None else rows_of(g), last, step)
    return joined(spans, [a for a, _ in found]), joined(spans, [b for _, b in found]), dh


gru_grad = register(
    Op(
        "gru_grad",
        infer=_infer_grad,
        numpy=grad_kernel,
        scratch=_grad_scratch,
        outputs=("gates_grad", "hidden_grad", "h0_grad"),
        decompose=_grad_in_ops,
        differentiable=3,
    )
)
