"""Scaled dot product attention and its gradient: matrix products over all heads, and one pass over the rows of scores.

The scores of all heads are held at once, up to LIMIT of them; beyond that, and with dropout or shared key heads, the
NumPy kernel goes block by block. Leading dimensions of query, key and value are the same.
"""

from __future__ import annotations

import math

from graphnn.backends.native.kernels.axes import Lines, axes, cut, flat, loop, merged, text, there, unravel
from graphnn.backends.native.kernels.matmul import product_phases, worker_memory
from graphnn.backends.native.kernels.matrix_tile import Finish
from graphnn.backends.native.kernels.product import matmul_product
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node
from graphnn.ops.attention_kernels import factor_of

LIMIT = 1 << 23  # scores
HELPERS = ('#include "reduce.h"', '#include "softmax.h"')
NAME = "scaled_dot_product_attention"


def accepts(node: Node) -> bool:
    first = 1 if node.op.name.endswith("_grad") else 0
    given = [v.type for v in node.inputs[first : first + 3] if v is not None]
    mask = node.inputs[6 if first else 3] if len(node.inputs) > (6 if first else 3) else None
    plain = node.attrs["dropout_p"] == 0.0 and not node.attrs["enable_gqa"]
    plain = plain and (mask is None or mask.type.dtype.short in ("f32", "bool"))
    alike = len({t.shape[:-2] for t in given}) == 1 and all(t.dtype.short == "f32" and t.size for t in given)
    return plain and alike and given[0].size // given[0].shape[-1] * given[1].shape[-2] <= LIMIT


def scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    """A worker's memory, the weights, a number for each of their rows, and for the gradient that of the scores."""
    backward = node.op.name.endswith("_grad")
    q, k, v = (value.type for value in node.inputs[backward : backward + 3] if value is not None)
    (*lead, rows, width), columns, depth = q.shape, k.shape[-2], v.shape[-1]
    sizes, height = (rows, columns, depth, width), math.prod(lead) * max(rows, columns)
    most = max(worker_memory(machine, q.dtype, height, n, length).size for n in sizes for length in sizes)
    weights, numbers = TensorType(q.dtype, (*lead, rows, columns)), TensorType(q.dtype, (*lead, rows))
    memory = TensorType(q.dtype, (machine.threads, most // machine.threads))
    return (memory, weights, numbers, weights) if backward else (memory, weights, numbers)


@lowers(NAME, accepts=accepts, scratch=scratch)
def _attention(step: Step) -> list[Phase]:
    q, k, v = (there(o) for o in step.inputs[:3])
    mask = step.inputs[3] if len(step.inputs) > 3 else None
    _, weights, numbers = step.scratch
    factor = factor_of(q.shape[-1], step.attrs["scale"])
    phases = _product(step, q, _turned(k), _scaled(weights, factor))
    phases.append(_weights(step, weights, mask, _exps(weights, numbers, step.outputs[1])))
    if step.outputs[0] is None:
        return phases
    return [*phases, *_product(step, weights, v, _divided(step.outputs[0], numbers))]


@lowers(f"{NAME}_grad", accepts=accepts, scratch=scratch)
def _gradient(step: Step) -> list[Phase]:
    g, q, k, v, out, logs = (there(o) for o in step.inputs[:6])
    mask = step.inputs[6] if len(step.inputs) > 6 else None
    _, weights, numbers, slopes = step.scratch
    dq, dk, dv = step.outputs
    factor = factor_of(q.shape[-1], step.attrs["scale"])
    phases = _product(step, q, _turned(k), _scaled(weights, factor))
    phases.append(_weights(step, weights, mask, _exps_again(weights, numbers, logs, g, out)))
    if dv is not None:
        phases += _product(step, _turned(weights), g, _scaled(dv, 1.0))
    phases += _product(step, g, _turned(v), _slope(slopes, weights, numbers))
    if dq is not None:
        phases += _product(step, slopes, k, _scaled(dq, factor))
    if dk is not None:
        phases += _product(step, _turned(slopes), q, _scaled(dk, factor))
    return phases


def _product(step: Step, left: Operand, right: Operand, finish: Finish) -> list[Phase]:
    shown = Step(step.node, (left, right), (), (), step.machine)
    return product_phases(shown, matmul_product(shown), finish, step.scratch[0])


def _turned(x: Operand) -> Operand:
    (*lead, m, n), (*moves, a, b) = x.shape, x.strides
    return Operand(TensorType(x.type.dtype, (*lead, n, m)), (*moves, b, a), x.index)


# ---- what becomes of the products


def _store(to: Operand, value: str, offset: str, lanes: str | None) -> str:
    at = f"{to.pointer} + ({offset})"
    return f"gn_store_f32v({at}, {value});" if lanes is None else f"gn_store_part_f32v({at}, {value}, {lanes});"


def _scaled(to: Operand, factor: float) -> Finish:
    def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
        return _store(to, f"({value}) * gn_splat_f32v({factor!r}f)" if factor != 1.0 else value, offset, lanes)

    return finish


def _divided(to: Operand, numbers: Operand) -> Finish:
    def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
        factor = f"{numbers.pointer}[({offset}) / {to.shape[-1]}]"
        return _store(to, f"({value}) * gn_splat_f32v({factor})", offset, lanes)

    return finish


def _slope(to: Operand, weights: Operand, numbers: Operand) -> Finish:
    """The gradient of the scores: weight (gradient of the weight - sum of gradient times output)."""

    def finish(value: str, offset: str, channel: str, lanes: str | None) -> str:
        at = f"{weights.pointer} + ({offset})"
        weight = f"gn_load_f32v({at})" if lanes is None else f"gn_load_part_f32v({at}, {lanes})"
        delta = f"gn_splat_f32v({numbers.pointer}[({offset}) / {to.shape[-1]}])"
        return _store(to, f"(({value}) - {delta}) * {weight}", offset, lanes)

    return finish


# ---- rows of scores


def _weights(step: Step, weights: Operand, mask: Operand | None, each: Lines) -> Phase:
    """Masks the rows of scores and turns them into weights: `each` does so with row `s`, number `r`."""
    (*lead, rows, columns), count = weights.shape, weights.type.size // weights.shape[-1]
    parts = max(1, min(8, weights.type.size // 4096, count))
    masking = [] if mask is None else _masked(mask, (*lead, rows), columns)
    if step.attrs["is_causal"]:
        masking += [f"for (long j = r % {rows} + 1; j < {columns}; j++) s[j] = -INFINITY;"]
    start = f"float *const s = {weights.pointer} + r * {columns}L;"
    body = flat(cut(count, parts), loop("r", "from", "to", start, masking, each))
    return Phase(text(body), parts, 1.5 * weights.type.size, HELPERS)


def _masked(mask: Operand, rows: tuple[int, ...], columns: int) -> Lines:
    shape = (1,) * (len(rows) + 1 - len(mask.shape)) + mask.shape
    moves = (0,) * (len(shape) - len(mask.shape)) + mask.strides
    moves = tuple(0 if n == 1 else s for n, s in zip(shape, moves, strict=True))
    at = f"{mask.pointer}[mask_at + j * {moves[-1]}L]"
    line = f"if (!{at}) s[j] = -INFINITY;" if mask.type.dtype.short == "bool" else f"s[j] += {at};"
    return [*unravel(merged(axes(rows, moves[:-1])), ("mask_at",), "r"), *loop("j", 0, columns, line)]


def _exps(weights: Operand, numbers: Operand, logs: Operand | None) -> Lines:
    """The row's weights without their sum, which goes to `numbers` turned over; rows that see nothing are zeros."""
    lines = [
        f"float top = gn_row_max(s, {weights.shape[-1]});",
        "top = top < -3.40282347e38f ? -3.40282347e38f : top;",
        f"const float sum = gn_row_exp(s, s, {weights.shape[-1]}, top);",
        f"{numbers.pointer}[r] = 1 / (sum <= 1.17549435e-38f ? 1.17549435e-38f : sum);",
    ]
    return lines if logs is None else [*lines, f"{logs.pointer}[r] = gn_log_f32s(sum) + top;"]


def _exps_again(weights: Operand, numbers: Operand, logs: Operand, g: Operand, out: Operand) -> Lines:
    """The row's weights by the logarithm of their sum; to `numbers` goes the sum of gradient times output."""
    rows = merged(axes(logs.shape, logs.strides, g.strides[:-1], out.strides[:-1]))
    places = (f"{o.pointer}[{name} + j * {o.strides[-1]}L]" for name, o in (("g_at", g), ("out_at", out)))
    return [
        *unravel(rows, ("log_at", "g_at", "out_at"), "r"),
        f"float top = {logs.pointer}[log_at];",
        "top = top < -3.40282347e38f ? -3.40282347e38f : top;",
        f"gn_row_exp(s, s, {weights.shape[-1]}, top);",
        "float delta = 0;",
        *loop("j", 0, g.shape[-1], f"delta += {' * '.join(places)};"),
        f"{numbers.pointer}[r] = delta;",
    ]
