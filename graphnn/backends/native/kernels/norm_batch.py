"""Batch normalisation and its gradient.

Where channels lie apart (N, C, S), each is gone through by itself: its mean, its deviation and its result while it is in
cache. Where they lie side by side, rows of all channels are gone through in parts: statistics of each part, all parts'
statistics joined, and the results.
"""

from __future__ import annotations

from typing import NamedTuple

from graphnn.backends.native.kernels.axes import (
    BRANCH,
    Axis,
    Lines,
    axes,
    count,
    cut,
    flat,
    loop,
    merged,
    nest,
    offset,
    parts_for,
    pointers,
    text,
    there,
)
from graphnn.backends.native.lowering import lowers, only_float32
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node

HELPERS = ('#include "norm.h"',)
HELD = 4  # numbers a channel that each part keeps
SHARED = 4  # and that all share
BLOCK = 8192  # elements of rows whose statistics are taken at once


class Channels(NamedTuple):
    """How channels lie: `lead` axes around rows of n elements, or (`columns`) rows of channels side by side."""

    channels: int
    moves: tuple[int, ...]  # from channel to channel, an operand each
    lead: list[Axis]
    n: int
    columns: bool

    @property
    def size(self) -> int:
        return count(self.lead) * self.n


def _channels(*operands: Operand) -> Channels:
    first = operands[0]
    rest = [0, *range(2, first.type.ndim)]
    shape, strides = [first.shape[d] for d in rest], [[o.strides[d] for d in rest] for o in operands]
    around = merged(axes(shape, *strides))
    moves = tuple(o.strides[1] for o in operands)
    channels = first.shape[1]
    if channels > 1 and all(m == 1 for m in moves) and len(around) <= 1:
        around = around or [Axis(1, (0,) * len(operands))]
        return Channels(channels, moves, around, 1, True)
    if around and all(s == 1 for s in around[-1].strides):
        return Channels(channels, moves, around[:-1], around[-1].size, False)
    return Channels(channels, moves, around, 1, False)


def _accepts(node: Node) -> bool:
    x = node.inputs[0]
    return only_float32(node) and x is not None and x.type.size > 0


def _scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    x = node.inputs[0]
    assert x is not None
    return (TensorType(dtypes.float32, (BRANCH * HELD + SHARED, x.type.shape[1])),)


def _at(name: str, vector: Operand | None, otherwise: str) -> str:
    """Channel c of a vector."""
    return otherwise if vector is None else f"{name}[c * {vector.strides[0]}]"


def _put(name: str, out: Operand | None, value: str) -> Lines:
    return [] if out is None else [f"{name}[c] = {value};"]


# ---- forward


@lowers("batch_norm", accepts=_accepts, scratch=_scratch)
def _batch_norm(step: Step) -> list[Phase]:
    x, out = there(step.inputs[0]), step.outputs[0]
    how = _channels(x, out) if out is not None else _channels(x, x)
    return _forward_columns(step, how) if how.columns else [_forward_planes(step, how)]


def _given(step: Step) -> tuple[Operand | None, ...]:
    """All five inputs, whether or not the last ones are there."""
    return (*step.inputs, *(None,) * (5 - len(step.inputs)))


def _named(step: Step) -> Lines:
    x, running_mean, running_var, weight, bias = _given(step)
    out, mean, invstd, new_mean, new_var = step.outputs
    return pointers(
        x=x,
        running_mean=running_mean,
        running_var=running_var,
        weight=weight,
        bias=bias,
        out=out,
        save_mean=mean,
        save_invstd=invstd,
        new_mean=new_mean,
        new_var=new_var,
    )


def _known(step: Step, size: int) -> Lines:
    """From `mean` and `var` of channel c: the outputs for each channel, and `scale` and `shift`."""
    _, running_mean, running_var, weight, bias = _given(step)
    _, mean, invstd, new_mean, new_var = step.outputs
    training, momentum = step.attrs["training"], float(step.attrs["momentum"])
    lines = [
        f"const float invstd = 1.0f / sqrtf(var + {float(step.attrs['eps'])!r}f);",
        f"const float scale = invstd{'' if weight is None else ' * ' + _at('weight', weight, '')};",
        f"const float shift = {_at('bias', bias, '0')};",
        *_put("save_mean", mean, "mean"),
        *_put("save_invstd", invstd, "invstd"),
    ]
    if not training:
        return [*lines, *_put("new_mean", new_mean, "mean"), *_put("new_var", new_var, "var")]
    unbiased = f"var * {size / max(1, size - 1)!r}f"
    return [
        *lines,
        *_put("new_mean", new_mean, _blend(_at("running_mean", running_mean, ""), "mean", momentum)),
        *_put("new_var", new_var, _blend(_at("running_var", running_var, ""), unbiased, momentum)),
    ]


def _blend(running: str, found: str, momentum: float) -> str:
    return f"{running} * {1.0 - momentum!r}f + {found} * {momentum!r}f" if running else found


def _running(step: Step) -> Lines:
    _, mean, var, *_ = _given(step)
    return [f"const float mean = {_at('running_mean', mean, '')}, var = {_at('running_var', var, '')};"]


def _forward_planes(step: Step, how: Channels) -> Phase:
    lines = _running(step)
    source = f"x + c * {how.moves[0]} + {offset(how.lead, 0)}, "
    if step.attrs["training"]:
        lines = [
            "double total = 0, squares = 0;",
            *nest(how.lead, [f"total += gn_row_sum({source}{how.n});"]),
            f"const float mean = (float)(total / {how.size}.0);",
            *nest(how.lead, [f"squares += gn_row_square({source}{how.n}, mean);"]),
            f"const float var = (float)(squares / {how.size}.0);",
        ]
    lines += _known(step, how.size)
    if step.outputs[0] is not None:
        target = f"out + c * {how.moves[1]} + {offset(how.lead, 1)}"
        lines += nest(how.lead, [f"gn_normal_row({target}, {source}{how.n}, mean, scale, shift);"])
    work = how.channels * how.size
    parts = parts_for(2 * work, min(BRANCH, how.channels))
    body = text(_named(step), cut(how.channels, parts), loop("c", "from", "to", lines))
    return Phase(body, parts, 0.6 * work, HELPERS)


def _shared(step: Step, channels: int) -> Lines:
    """Declares what is kept: `held` for each part, and the rows `means`, `scales`, `shifts`, `slopes` for all."""
    lines = [f"float *const held = {step.scratch[0].pointer};"]
    rows = ("means", "scales", "shifts", "slopes")
    return lines + [f"float *const {name} = held + {(BRANCH * HELD + k) * channels};" for k, name in enumerate(rows)]


def _row_parts(how: Channels) -> int:
    return parts_for(2 * how.channels * how.size, min(BRANCH, how.size))


def _forward_columns(step: Step, how: Channels) -> list[Phase]:
    channels, parts, rows = how.channels, _row_parts(how), how.lead[0]
    head = [*_named(step), *_shared(step, channels)]
    work, phases = channels * how.size, []
    joined: Lines = _running(step)
    if step.attrs["training"]:
        block = max(8, BLOCK // channels)
        place = f"held + part * {HELD * channels}"
        call = f"gn_columns_statistics({place}, {place} + {channels}, {place} + {2 * channels}, "
        call += f"x + from * {rows.strides[0]}, to - from, {rows.strides[0]}, {channels}, {block});"
        phases.append(Phase(text(head, cut(how.size, parts), call), parts, 0.4 * work, HELPERS))
        joined = _joined(how, parts)
    keep = ["means[c] = mean;", "scales[c] = scale;", "shifts[c] = shift;"]
    phases.append(Phase(text(head, loop("c", 0, channels, joined, _known(step, how.size), keep)), 1, 0.0, HELPERS))
    if step.outputs[0] is None:
        return phases
    call = f"gn_normal_columns(out + from * {rows.strides[1]}, x + from * {rows.strides[0]}, to - from, "
    call += f"{rows.strides[1]}, {rows.strides[0]}, {channels}, means, scales, shifts);"
    return [*phases, Phase(text(head, cut(how.size, parts), call), parts, 0.4 * work, HELPERS)]


def _joined(how: Channels, parts: int) -> Lines:
    """`mean` and `var` of channel c from those of all parts."""
    channels, each = how.channels, how.channels * HELD
    join = [
        f"const double n = (double)((i + 1) * {how.size} / {parts} - i * {how.size} / {parts});",
        f"const double delta = held[i * {each} + c] - middle;",
        "seen += n;",
        "middle += delta * (n / seen);",
        f"squares += held[i * {each} + {channels} + c] + delta * delta * (n * (seen - n) / seen);",
    ]
    return [
        "double seen = 0, middle = 0, squares = 0;",
        *loop("i", 0, parts, join),
        f"const float mean = (float)middle, var = (float)(squares / {how.size}.0);",
    ]


# ---- gradient


@lowers("batch_norm_grad", accepts=_accepts, scratch=_scratch)
def _batch_norm_grad(step: Step) -> list[Phase]:
    g, x, out = there(step.inputs[0]), there(step.inputs[1]), step.outputs[0]
    how = _channels(x, g, x if out is None else out)
    return _backward_columns(step, how) if how.columns else [_backward_planes(step, how)]


def _named_grad(step: Step) -> Lines:
    g, x, weight, mean, invstd = step.inputs
    out, weight_grad, bias_grad = step.outputs
    return pointers(
        g=g,
        x=x,
        weight=weight,
        save_mean=mean,
        save_invstd=invstd,
        out=out,
        weight_grad=weight_grad,
        bias_grad=bias_grad,
    )


def _statistics(step: Step) -> Lines:
    mean, invstd = (there(step.inputs[k]) for k in (3, 4))
    return [f"const float mean = {_at('save_mean', mean, '')}, invstd = {_at('save_invstd', invstd, '')};"]


def _slopes(step: Step, size: int) -> Lines:
    """From `total` = sum of g and `products` = sum of (x - mean) * g: the vectors' gradients, and the numbers by which
    the input's gradient is ((x - mean) * slope + shift + g) * scale."""
    weight = step.inputs[2]
    lines = [
        *_put("weight_grad", step.outputs[1], "(float)(products * invstd)"),
        *_put("bias_grad", step.outputs[2], "(float)total"),
        f"const float scale = invstd{'' if weight is None else ' * ' + _at('weight', weight, '')};",
    ]
    if not step.attrs["training"]:
        return [*lines, "const float slope = 0, shift = 0;"]
    slope = f"(float)(products * invstd * invstd / {-size}.0)"
    return [*lines, f"const float slope = {slope}, shift = (float)(total / {-size}.0);"]


def _backward_planes(step: Step, how: Channels) -> Phase:
    x, g, out = (f"{name} + c * {how.moves[k]} + {offset(how.lead, k)}" for k, name in enumerate(("x", "g", "out")))
    sums = [f"total += gn_row_sum({g}, {how.n});", f"products += gn_row_moment({x}, {g}, {how.n}, mean);"]
    lines = [*_statistics(step), "double total = 0, products = 0;", *nest(how.lead, sums), *_slopes(step, how.size)]
    if step.outputs[0] is not None:
        call = f"gn_normal_grad_row({out}, {x}, {g}, {how.n}, mean, slope, shift, scale);"
        lines += nest(how.lead, [call])
    work = how.channels * how.size
    parts = parts_for(2 * work, min(BRANCH, how.channels))
    body = text(_named_grad(step), cut(how.channels, parts), loop("c", "from", "to", lines))
    return Phase(body, parts, 0.8 * work, HELPERS)


def _backward_columns(step: Step, how: Channels) -> list[Phase]:
    channels, parts, rows = how.channels, _row_parts(how), how.lead[0]
    head = [*_named_grad(step), *_shared(step, channels)]
    work = 1.0 * channels * how.size
    x, g, out = (f"{name} + from * {rows.strides[k]}" for k, name in enumerate(("x", "g", "out")))
    keep = loop("c", 0, channels, _statistics(step), "means[c] = mean;")
    first = Phase(text(head, keep), 1, 0.0, HELPERS)
    sums = Phase(text(head, cut(how.size, parts), _partial_sums(how, x, g)), parts, 0.4 * work, HELPERS)
    join = loop("i", 0, parts, f"total += held[i * {HELD * channels} + c];", _next_product(channels))
    kept = ["slopes[c] = slope;", "shifts[c] = shift;", "scales[c] = scale;"]
    each = [*_statistics(step), "double total = 0, products = 0;", *join, *_slopes(step, how.size), *kept]
    phases = [first, sums, Phase(text(head, loop("c", 0, channels, each)), 1, 0.0, HELPERS)]
    if step.outputs[0] is None:
        return phases
    call = f"gn_normal_grad_columns({out}, {x}, {g}, to - from, {rows.strides[2]}, {rows.strides[0]}, "
    call += f"{rows.strides[1]}, {channels}, means, slopes, shifts, scales);"
    return [*phases, Phase(text(head, cut(how.size, parts), call), parts, 0.5 * work, HELPERS)]


def _next_product(channels: int) -> str:
    return f"products += held[i * {HELD * channels} + {channels} + c];"


def _partial_sums(how: Channels, x: str, g: str) -> Lines:
    """One part's sums of g and of (x - mean) * g by channel, block of rows by block while they are in cache."""
    channels, rows = how.channels, how.lead[0]
    block = max(8, BLOCK // channels)
    each = [
        f"const long n = to - r < {block} ? to - r : {block};",
        f"gn_columns_sum(mine, g + r * {rows.strides[1]}, n, {rows.strides[1]}, {channels});",
        f"gn_columns_moments(mine + {channels}, x + r * {rows.strides[0]}, g + r * {rows.strides[1]}, n, "
        f"{rows.strides[0]}, {rows.strides[1]}, {channels}, means);",
    ]
    head = [f"float *const mine = held + part * {HELD * channels};", f"gn_fill(mine, {2 * channels}, 0);"]
    return flat(head, f"for (long r = from; r < to; r += {block}) {{", ["    " + line for line in each], "}")
