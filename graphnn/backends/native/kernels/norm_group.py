"""Group normalisation, its gradient, and instance normalisation, which has a group a channel.

The groups of all samples are shared out to parts; a group is gone through channel by channel. Images stored channels-last
go another way (`norm_group_columns.py`).
"""

from __future__ import annotations

import math

from graphnn.backends.native.kernels.axes import (
    BRANCH,
    Axis,
    Lines,
    axes,
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
from graphnn.backends.native.kernels.norm_group_columns import (
    are_columns,
    columns_scratch,
    forward_columns,
    grad_columns,
    of_channel,
)
from graphnn.backends.native.lowering import lowers, only_float32
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node

HELPERS = ('#include "norm.h"',)


def _accepts(node: Node) -> bool:
    running = node.op.name == "instance_norm" and not node.attrs["use_input_stats"]
    return only_float32(node) and node.outputs[0].type.size > 0 and not running


class _Groups:
    """Samples n, groups g, channels c of a group; pieces of `n_elements` within a channel."""

    def __init__(self, groups: int, **whole: Operand) -> None:
        first = next(iter(whole.values()))
        self.samples, self.channels = first.shape[:2]
        self.groups, self.each = groups, self.channels // groups
        inner = merged(axes(first.shape[2:], *(o.strides[2:] for o in whole.values())))
        plain = bool(inner) and all(s == 1 for s in inner[-1].strides)
        self.lead: list[Axis] = inner[:-1] if plain else inner
        self.n = inner[-1].size if plain else 1
        self.space = math.prod(first.shape[2:])
        self.size = self.each * self.space
        self.whole = whole
        self.work = self.samples * self.channels * self.space
        self.parts = parts_for(4 * self.work, min(BRANCH, self.samples * groups))

    def at(self, name: str) -> str:
        strides = self.whole[name].strides
        return f"{name} + n * {strides[0]} + c * {strides[1]} + {offset(self.lead, list(self.whole).index(name))}"

    def over(self, *body: str | Lines) -> Lines:
        """For each channel of group g."""
        return loop("c", f"g_ * {self.each}", f"(g_ + 1) * {self.each}", *body)

    def pieces(self, *body: str) -> Lines:
        return nest(self.lead, list(body))

    def loop(self, *body: str | Lines) -> Lines:
        place = [f"const long n = k / {self.groups}, g_ = k % {self.groups};"]
        return flat(cut(self.samples * self.groups, self.parts), loop("k", "from", "to", place, *body))


# ---- forward


def _scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    """For images, which may be stored channels-last."""
    x = node.outputs[0].type
    return (TensorType(dtypes.float32, columns_scratch(x.shape) if x.ndim == 4 else (0,)),)


@lowers("group_norm", accepts=_accepts, scratch=_scratch)
def _group_norm(step: Step) -> list[Phase]:
    x, weight, bias = (*step.inputs, None, None)[:3]
    return _forward(step, there(x), weight, bias, step.attrs["num_groups"])


@lowers("instance_norm", accepts=_accepts, scratch=_scratch)
def _instance_norm(step: Step) -> list[Phase]:
    x, _, _, weight, bias = (*step.inputs, *(None,) * 4)[:5]
    return _forward(step, there(x), weight, bias, there(x).shape[1])


def _forward(step: Step, x: Operand, weight: Operand | None, bias: Operand | None, groups: int) -> list[Phase]:
    if are_columns(x, step.outputs[0]):
        return forward_columns(step, x, weight, bias, groups)
    return [_forward_planes(step, x, weight, bias, groups)]


def _forward_planes(step: Step, x: Operand, weight: Operand | None, bias: Operand | None, groups: int) -> Phase:
    out, mean, rstd = step.outputs
    how = _Groups(groups, x=x, out=x if out is None else out)
    head = pointers(x=x, weight=weight, bias=bias, out=out, means=mean, rstds=rstd)
    lines = [
        "double total = 0, squares = 0;",
        *how.over(how.pieces(f"total += gn_row_sum({how.at('x')}, {how.n});")),
        f"const float mean = (float)(total / {how.size}.0);",
        *how.over(how.pieces(f"squares += gn_row_square({how.at('x')}, {how.n}, mean);")),
        f"const float rstd = 1.0f / sqrtf((float)(squares / {how.size}.0) + {float(step.attrs['eps'])!r}f);",
    ]
    lines += ["means[k] = mean;"] if mean is not None else []
    lines += ["rstds[k] = rstd;"] if rstd is not None else []
    if out is not None:
        scale = f"const float scale = rstd * {of_channel('weight', weight, '1')};"
        shift = f"const float shift = {of_channel('bias', bias, '0')};"
        call = f"gn_normal_row({how.at('out')}, {how.at('x')}, {how.n}, mean, scale, shift);"
        lines += how.over(scale, shift, how.pieces(call))
    return Phase(text(head, how.loop(lines)), how.parts, 0.5 * how.work, HELPERS)


# ---- gradient


def _grad_scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    """Sums for the weight and the bias, of each sample, and what the samples' columns need."""
    x = node.outputs[0].type
    return (TensorType(dtypes.float32, (x.shape[0], 2, x.shape[1])), *_scratch(node, machine))


@lowers("group_norm_grad", accepts=_accepts, scratch=_grad_scratch)
def _group_norm_grad(step: Step) -> list[Phase]:
    g, x, weight, mean, rstd = step.inputs
    out, weight_grad, bias_grad = step.outputs
    how = _Groups(step.attrs["num_groups"], x=there(x), g=there(g), out=there(x) if out is None else out)
    if are_columns(x, g, out):
        return [*grad_columns(step, how.groups), _joined(step, how, weight_grad, bias_grad)]
    head = pointers(x=x, g=g, weight=weight, means=mean, rstds=rstd, out=out, sums=step.scratch[0])
    kept = [f"const float {n} = {n}s[{_place(there(o))}];" for n, o in (("mean", mean), ("rstd", rstd))]
    lines = [*kept, "double total = 0, products = 0;", *how.over(_channel_sums(how, weight))]
    if out is not None:
        lines += _input_gradient(how, weight)
    first = Phase(text(head, how.loop(lines)), how.parts, 0.8 * how.work, HELPERS)
    return [first, _joined(step, how, weight_grad, bias_grad)]


def _place(statistic: Operand) -> str:
    return f"n * {statistic.strides[0]} + g_ * {statistic.strides[1]}"


def _channel_sums(how: _Groups, weight: Operand | None) -> Lines:
    """The sums of g and of g * (x - mean) over channel c: kept for the vectors, and added up for the group."""
    mine = f"sums[n * {2 * how.channels} + c"
    return [
        "double sum = 0, product = 0;",
        *how.pieces(f"gn_row_grad_sums({how.at('x')}, {how.at('g')}, 0, {how.n}, mean, &sum, &product);"),
        f"{mine}] = (float)(product * rstd);",
        f"{mine} + {how.channels}] = (float)sum;",
        f"total += sum * {of_channel('weight', weight, '1')};",
        f"products += product * {of_channel('weight', weight, '1')};",
    ]


def _input_gradient(how: _Groups, weight: Operand | None) -> Lines:
    call = f"gn_blend_row({how.at('out')}, {how.at('x')}, {how.at('g')}, {how.n}, mean, slope, scale, shift);"
    return [
        f"const float slope = (float)(products * rstd * rstd * rstd / {-how.size}.0);",
        f"const float shift = (float)(total * rstd / {-how.size}.0);",
        *how.over(f"const float scale = rstd * {of_channel('weight', weight, '1')};", how.pieces(call)),
    ]


def _joined(step: Step, how: _Groups, weight_grad: Operand | None, bias_grad: Operand | None) -> Phase:
    head = pointers(sums=step.scratch[0], weight_grad=weight_grad, bias_grad=bias_grad)
    lines: Lines = []
    for at, (name, out) in enumerate((("weight_grad", weight_grad), ("bias_grad", bias_grad))):
        if out is not None:
            lines.append(f"gn_fill({name}, {how.channels}, 0);")
            rows = f"sums + {at * how.channels}, {how.samples}, {2 * how.channels}"
            lines.append(f"gn_columns_sum({name}, {rows}, {how.channels});")
    return Phase(text(head, lines), 1, 0.2 * how.samples * how.channels, HELPERS)
