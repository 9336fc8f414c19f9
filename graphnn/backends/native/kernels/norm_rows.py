"""Layer and RMS normalisation over the last dimensions, and their gradients.

Rows are shared out to parts. In the gradient each part sums up its own gradients of weight and bias, and a second phase
adds the parts.
"""

from __future__ import annotations

import math

from graphnn.backends.native.kernels.axes import (
    BRANCH,
    Axis,
    Lines,
    axes,
    cut,
    dense_strides,
    flat,
    loop,
    merged,
    nest,
    offset,
    parts_for,
    pointers,
    text,
    there,
    unravel,
)
from graphnn.backends.native.lowering import lowers, only_float32
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir import dtypes
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node

HELPERS = ('#include "norm.h"',)
LARGE = 1 << 20  # floats that do not stay in the cache from step to step
ROW = 1 << 14  # floats that do
LINE = 16  # floats
BEYOND = 1 << 23  # floats that no cache keeps for the next step: they are stored past it


def _accepts(node: Node) -> bool:
    return only_float32(node) and node.outputs[0].type.size > 0


class _Rows:
    """How the rows of some operands lie: `around` from row to row, `within` (with weights and dense memory) a row."""

    def __init__(self, step: Step, whole: dict[str, Operand], vectors: dict[str, Operand | None]) -> None:
        self.shape = tuple(step.attrs["normalized_shape"])
        first = next(iter(whole.values()))
        lead = first.type.ndim - len(self.shape)
        self.names = [*whole, *vectors, "dense"]
        self.rows = math.prod(first.shape[:lead])
        self.around = merged(axes(first.shape[:lead], *(o.strides[:lead] for o in whole.values())))
        strides = [o.strides[lead:] for o in whole.values()]
        strides += [dense_strides(self.shape) if v is None else v.strides for v in vectors.values()]
        inner = merged(axes(self.shape, *strides, dense_strides(self.shape)))
        plain = bool(inner) and all(s == 1 for s in inner[-1].strides)
        self.lead: list[Axis] = inner[:-1] if plain else inner
        self.n = inner[-1].size if plain else 1
        self.size = math.prod(self.shape)
        self.parts = parts_for(4 * self.rows * self.size, min(BRANCH, self.rows))
        self.whole = list(whole)

    def at(self, name: str) -> str:
        """The place of a piece of row `k` of n elements."""
        row = f" + {name}_at" if name in self.whole else ""
        return f"{name}{row} + {offset(self.lead, self.names.index(name))}"

    def vector(self, name: str, operand: Operand | None) -> str:
        return "0" if operand is None else self.at(name)

    def dense(self, name: str) -> str:
        return f"{name} + {offset(self.lead, len(self.names) - 1)}"

    def over(self, *body: str) -> Lines:
        return nest(self.lead, list(body))

    def loop(self, *body: str | Lines) -> Lines:
        return flat(
            cut(self.rows, self.parts),
            loop("k", "from", "to", unravel(self.around, [f"{name}_at" for name in self.whole]), *body),
        )


# ---- forward


@lowers("layer_norm", "rms_norm", accepts=_accepts)
def _forward(step: Step) -> list[Phase]:
    x, weight, bias = (*step.inputs, None, None)[:3]
    centred = step.name == "layer_norm"
    if not centred:
        bias = None
    out, *statistics = step.outputs
    mean, rstd = statistics if centred else (None, statistics[0])
    rows = _Rows(step, {"x": there(x), "out": out or there(x)}, {"weight": weight, "bias": bias})
    head = pointers(x=x, weight=weight, bias=bias, out=out, means=mean, rstds=rstd)
    lines = _statistics(rows, step.attrs["eps"], centred) + _next_asked(rows)
    lines += ["means[k] = mean;"] if mean is not None else []
    lines += ["rstds[k] = scale;"] if rstd is not None else []
    end: Lines = []
    if out is not None:
        vectors = f"{rows.vector('weight', weight)}, {rows.vector('bias', bias)}"
        row = f"gn_affine_row({rows.at('out')}, {rows.at('x')}, {vectors}, {rows.n}, mean, scale"
        if out.is_contiguous and rows.n % LINE == 0 and rows.rows * rows.size >= BEYOND:
            head += ["const int past = out != x && (uintptr_t)out % sizeof(f32v) == 0;"]
            lines += rows.over(f"if (past) {row}, 1);\nelse {row}, 0);")
            end = ["gn_streamed();"]
        else:
            lines += rows.over(f"{row}, 0);")
    return [Phase(text(head, rows.loop(lines), end), rows.parts, 0.5 * rows.rows * rows.size, HELPERS)]


def _next_asked(rows: _Rows) -> Lines:
    """Asks for the next row while this one is normalised, where rows come from memory."""
    if not LINE <= rows.size <= ROW or rows.rows * rows.size < LARGE:
        return []
    asked = loop("i", 0, f"{rows.n} / {LINE}", f"__builtin_prefetch({rows.at('x')} + {rows.size} + i * {LINE}, 0, 2);")
    return rows.over(*asked)


def _statistics(rows: _Rows, eps: float, centred: bool) -> Lines:
    lines = ["float mean = 0;"]
    if centred:
        call = f"total += gn_row_sum({rows.at('x')}, {rows.n});"
        lines = ["double total = 0;", *rows.over(call), f"const float mean = (float)(total / {rows.size}.0);"]
    call = f"squares += gn_row_square({rows.at('x')}, {rows.n}, mean);"
    scale = f"const float scale = 1.0f / sqrtf((float)(squares / {rows.size}.0) + {float(eps)!r}f);"
    return [*lines, "double squares = 0;", *rows.over(call), scale]


# ---- gradients


def _grad_scratch(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    """Sums for the weight and the bias, of each part."""
    return (TensorType(dtypes.float32, (BRANCH, 2, math.prod(node.attrs["normalized_shape"]))),)


@lowers("layer_norm_grad", "rms_norm_grad", accepts=_accepts, scratch=_grad_scratch)
def _backward(step: Step) -> list[Phase]:
    centred = step.name == "layer_norm_grad"
    g, x, weight = step.inputs[:3]
    out, weight_grad, bias_grad = (*step.outputs, None)[:3]
    rows = _Rows(step, {"x": there(x), "g": there(g), "out": out or there(x)}, {"weight": weight})
    mean, rstd = (there(step.inputs[3]), there(step.inputs[4])) if centred else (None, there(step.inputs[3]))
    head = pointers(g=g, x=x, weight=weight, means=mean, rstds=rstd, out=out, sums=step.scratch[0])
    mine = [f"float *const mine = sums + part * {2 * rows.size};", f"gn_fill(mine, {2 * rows.size}, 0);"]
    known = _kept(rows, mean, rstd)
    lines = [*known, *(_slopes(rows, weight, centred) if out is not None else ["const float slope = 0, shift = 0;"])]
    places = f"{rows.at('out') if out is not None else 0}, {rows.dense('mine') if weight_grad is not None else 0}, "
    places += rows.dense(f"mine + {rows.size}") if bias_grad is not None else "0"
    given = f"{rows.at('x')}, {rows.at('g')}, {rows.vector('weight', weight)}, {rows.n}"
    lines += rows.over(f"gn_row_grad({places}, {given}, mean, scale, slope, shift);")
    first = Phase(text(head, mine, rows.loop(lines)), rows.parts, 0.8 * rows.rows * rows.size, HELPERS)
    return [first, _joined(step, rows, weight_grad, bias_grad)]


def _kept(rows: _Rows, mean: Operand | None, rstd: Operand) -> Lines:
    """The mean and factor that the forward kept for row k."""
    lead = rstd.type.ndim - len(rows.shape)
    names, operands = ["rstds_at"], [rstd]
    if mean is not None:
        names, operands = [*names, "means_at"], [*operands, mean]
    around = merged(axes(rstd.shape[:lead], *(o.strides[:lead] for o in operands)))
    found = unravel(around, names)
    return [*found, f"const float scale = rstds[rstds_at], mean = {'means[means_at]' if mean is not None else '0'};"]


def _slopes(rows: _Rows, weight: Operand | None, centred: bool) -> Lines:
    given = f"{rows.at('x')}, {rows.at('g')}, {rows.vector('weight', weight)}, {rows.n}"
    shift = f"(float)(total * scale / {-rows.size}.0)" if centred else "0"
    return [
        "double total = 0, products = 0;",
        *rows.over(f"gn_row_grad_sums({given}, mean, &total, &products);"),
        f"const float slope = (float)(products * scale * scale * scale / {-rows.size}.0);",
        f"const float shift = {shift};",
    ]


def _joined(step: Step, rows: _Rows, weight_grad: Operand | None, bias_grad: Operand | None) -> Phase:
    head = pointers(sums=step.scratch[0], weight_grad=weight_grad, bias_grad=bias_grad)
    lines: Lines = []
    for at, (name, out) in enumerate((("weight_grad", weight_grad), ("bias_grad", bias_grad))):
        if out is not None:
            copy = f"memcpy({name}, sums + {at * rows.size}, {4 * rows.size});"
            lines += [copy, f"gn_columns_sum({name}, sums + {(2 + at) * rows.size}, {rows.parts - 1}, "]
            lines[-1] += f"{2 * rows.size}, {rows.size});"
    return Phase(text(head, lines), 1, 0.2 * rows.parts * rows.size, HELPERS)
