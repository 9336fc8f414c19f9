"""The Elman recurrent layer, with tanh or relu: h' = f(w_ih x + b_ih + w_hh h + b_hh)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphnn.ir.types import TensorType
from graphnn.ops.elementwise import add, mul, sub, zeros_like
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
from graphnn.ops.rnn_kernels import (
    grad_kernel_of,
    kernel_of,
    relu_in_place,
    slope_of_relu,
    slope_of_tanh,
    tanh_in_place,
)
from graphnn.ops.unary import relu, relu_grad, tanh
from graphnn.ops.unrolled import joined, projected, run_back, run_steps, times_transposed

Function = Callable[..., Any]


# ---- the layer


def _infer_of(name: str, sentence: str) -> Function:
    def infer(
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
        layer = check_layer(name, 1, batch_sizes, x, h0, w_ih, w_hh, b_ih, b_hh, None)
        return TensorType(x.dtype, layer.out), h0

    infer.__doc__ = sentence
    return infer


# ---- its gradient


def _infer_grad_of(name: str) -> Function:
    def infer(
        x: TensorType,
        h0: TensorType,
        w_ih: TensorType | None,
        w_hh: TensorType,
        b_ih: TensorType | None,
        b_hh: TensorType | None,
        out: TensorType,
        g: TensorType | None = None,
        g_h: TensorType | None = None,
        *,
        reverse: bool = False,
        batch_sizes: BatchSizes = None,
    ) -> Types:
        """The gradients of the sum that each step applies its function to, (N, H), and of h0, from those of the output
        and of the last state."""
        layer = check_layer(name, 1, batch_sizes, x, h0, w_ih, w_hh, b_ih, b_hh, None)
        for label, found, shape in (("out", out, layer.out), ("g", g, layer.out), ("g_h", g_h, h0.shape)):
            require_shape(name, label, found, shape)
        return TensorType(x.dtype, (layer.rows, layer.hidden)), h0

    return infer


# ---- in ordinary ops


def _in_ops_of(act: Function) -> Function:
    def in_ops(
        x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None, *, reverse: bool, batch_sizes: Any
    ) -> Any:
        spans = spans_of(x, batch_sizes, reverse)
        _, rows, (last,) = _unrolled(spans, act, x, h0, w_ih, w_hh, b_ih, b_hh)
        return reshape(rows, shape=(*x.shape[:-1], h0.shape[1])), last

    return in_ops


def _unrolled(spans: Any, act: Function, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    def step(inputs: Any, h: Any) -> Any:
        new = act(add(inputs, times_transposed(h, w_hh)))
        return (new,), new

    return run_steps(spans, projected(x, w_ih, b_ih, b_hh), [h0], step)


def _grad_in_ops_of(act: Function, act_grad: Function) -> Function:
    def in_ops(
        x: Any,
        h0: Any,
        w_ih: Any,
        w_hh: Any,
        b_ih: Any,
        b_hh: Any,
        out: Any,
        g: Any = None,
        g_h: Any = None,
        *,
        reverse: bool,
        batch_sizes: Any,
    ) -> Any:
        """The states are computed again, so that they are differentiated as functions of the inputs."""
        spans = spans_of(x, batch_sizes, reverse)
        records, _, _ = _unrolled(spans, act, x, h0, w_ih, w_hh, b_ih, b_hh)

        def step(state: Any, held: Any) -> Any:
            found = act_grad(held, state)
            return (matmul(found, w_hh),), found

        found, (first,) = run_back(
            spans, records, None if g is None else rows_of(g), [zeros_like(h0) if g_h is None else g_h], step
        )
        return joined(spans, found), first

    return in_ops


# ---- the two functions


def _layer(
    name: str, sentence: str, act: Function, slope: Function, in_ops: Function, act_grad: Function
) -> tuple[Op, Op]:
    """The layer's op, and that of its gradient."""
    grad = register(
        Op(
            f"{name}_grad",
            infer=_infer_grad_of(f"{name}_grad"),
            numpy=grad_kernel_of(slope),
            outputs=("gates_grad", "h0_grad"),
            decompose=_grad_in_ops_of(in_ops, act_grad),
            differentiable=2,
        )
    )

    def vjp(c: Any, g: Any, x: Any, h0: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, out: Any) -> Any:
        found, first = grad(x, h0, w_ih, w_hh, b_ih, b_hh, out, g, c.grads[1], **c.attrs)
        dx, dw_ih, dw_hh, db_ih, db_hh = layer_gradients(c, 1, x, h0, w_ih, out, found, found)
        return (dx, first, dw_ih, dw_hh, db_ih, db_hh)[: len(c.want)]

    layer = register(
        Op(
            name,
            infer=_infer_of(name, sentence),
            numpy=kernel_of(act),
            scratch=lambda x, h0, *_, **__: (h0, block_rows(x, *h0.shape)),
            outputs=("out", "h_n"),
            vjp=vjp,
            decompose=_in_ops_of(in_ops),
            differentiable=2,
            grad_name=layer_name,
        )
    )
    return layer, grad


def _tanh_grad(g: Any, state: Any) -> Any:
    return mul(g, sub(1.0, mul(state, state)))


rnn_tanh, rnn_tanh_grad = _layer(
    "rnn_tanh",
    "h' = tanh(w_ih x + b_ih + w_hh h + b_hh) over a sequence: all states (T, B, H) and the last one (B, H). "
    "Without w_ih, x (T, B, H) is w_ih x + b_ih.",
    tanh_in_place,
    slope_of_tanh,
    tanh,
    _tanh_grad,
)
rnn_relu, rnn_relu_grad = _layer(
    "rnn_relu",
    "h' = relu(w_ih x + b_ih + w_hh h + b_hh) over a sequence: all states (T, B, H) and the last one (B, H). "
    "Without w_ih, x (T, B, H) is w_ih x + b_ih.",
    relu_in_place,
    slope_of_relu,
    relu,
    relu_grad,
)
