"""Ops that go by an index: rows looked up and added, elements gathered and scattered.

An index out of range refuses the run in ops that check; in gradients, which come after them, it is passed over. Where
several elements may be added to one place, they are, in their order, by one thread: the parts share out the places.
"""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import (
    Lines,
    axes,
    cut,
    dense_strides,
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
from graphnn.backends.native.kernels.copying import base, fill, literal
from graphnn.backends.native.kernels.joining import FILLED
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape
from graphnn.ir.value import Node


def _accepts(node: Node) -> bool:
    types = [v.type for v in (*node.operands, *node.outputs)]
    return all(t.weak or t.dtype.short in FILLED for t in types) and all(t.size for t in types)


def can_refuse(step: Step) -> bool:
    return Trait.CHECKS in step.node.op.traits


def _checked(step: Step, size: int) -> Lines:
    """Declares `at`, the index of element k, after looking whether it is below `size`."""
    refuse = f"{step.refuse()} continue;" if can_refuse(step) else "continue;"
    return ["const int64_t at = (int64_t)index[index_at];", f"if ((uint64_t)at >= {size}) {{ {refuse} }}"]


# ---- rows of a table


@lowers("embedding", accepts=_accepts)
def _embedding(step: Step) -> list[Phase]:
    index, weight, out = there(step.inputs[0]), there(step.inputs[1]), there(step.outputs[0])
    rows, width = weight.shape
    found = merged(axes(index.shape, index.strides))
    lines = [
        *unravel(found, ("index_at",)),
        *_checked(step, rows),
        *_moved(weight, width, f"out + k * {width}", f"weight + at * {weight.strides[0]}"),
    ]
    parts = parts_for(out.type.size, min(8, index.type.size))
    head = pointers(index=index, weight=weight, out=out)
    body = text(head, cut(index.type.size, parts), loop("k", "from", "to", lines))
    return [Phase(body, parts, 0.3 * out.type.size + 2.0 * index.type.size)]


def _moved(weight: Operand, width: int, to: str, source: str) -> Lines:
    if weight.strides[1] == 1:
        return [f"memcpy({to}, {source}, {width} * sizeof({weight.ctype}));"]
    return loop("c", 0, width, f"({to})[c] = ({source})[c * {weight.strides[1]}];")


@lowers("embedding_grad", accepts=_accepts)
def _embedding_grad(step: Step) -> list[Phase]:
    """Each part has some of the table's rows, and looks for them in all of the index."""
    g, index, out = there(step.inputs[0]), there(step.inputs[1]), there(step.outputs[0])
    rows, width, padding = *out.shape, step.attrs["padding_idx"]
    found = merged(axes(index.shape, index.strides, g.strides[:-1]))
    other = "" if padding is None else f" || at == {padding}"
    add = f"out[at * {width} + c] += g[g_at + c * {g.strides[-1]}];"
    lines = [
        *unravel(found, ("index_at", "g_at")),
        "const int64_t at = (int64_t)index[index_at];",
        f"if (at < from || at >= to{other}) continue;",
        f"gn_row_join(out + at * {width}, g + g_at, {width});" if _is_row(g, out) else "",
        *([] if _is_row(g, out) else loop("c", 0, width, add)),
    ]
    parts = parts_for(out.type.size + g.type.size, min(8, rows))
    clear = f"memset(out + from * {width}, 0, (to - from) * {width} * sizeof({out.ctype}));"
    head = [*pointers(g=g, index=index, out=out), *cut(rows, parts), clear]
    body = text(head, loop("k", 0, index.type.size, [line for line in lines if line]))
    cost = 0.15 * out.type.size + 0.4 * g.type.size + 2.0 * parts * index.type.size
    return [Phase(body, parts, cost, ('#include "reduce.h"',))]


def _is_row(g: Operand, out: Operand) -> bool:
    return g.strides[-1] == 1 and g.ctype == out.ctype == "float"


# ---- an index of the result's shape


def _without(sizes: Shape, dim: int) -> Shape:
    return tuple(0 if d == dim else s for d, s in enumerate(sizes))


def _one(operand: Operand) -> tuple[Shape, Shape]:
    """Shape and strides with at least one dimension."""
    return (operand.shape, operand.strides) if operand.type.ndim else ((1,), (0,))


@lowers("gather", accepts=_accepts)
def _gather(step: Step) -> list[Phase]:
    x, index, out = there(step.inputs[0]), there(step.inputs[1]), there(step.outputs[0])
    dim = step.attrs["dim"]
    (sizes, moves), (shape, steps) = _one(x), _one(index)
    found = merged(axes(shape, steps, _without(moves, dim)))
    lines = [
        *unravel(found, ("index_at", "x_at")),
        *_checked(step, sizes[dim]),
        f"out[k] = x[x_at + at * {moves[dim]}];",
    ]
    total = index.type.size
    parts = parts_for(4 * total, min(8, total))
    body = text(pointers(x=x, index=index, out=out), cut(total, parts), loop("k", "from", "to", lines))
    return [Phase(body, parts, 2.0 * total)]


def _put(step: Step, index: Operand, source: Operand, out: Operand, sign: str) -> Phase:
    """out at the index = (or +=) the source's elements, one after another."""
    dim = step.attrs["dim"]
    (sizes, moves), (shape, steps) = _one(out), _one(index)
    given = source.strides if source.type.ndim == len(shape) else (0,) * len(shape)
    found = merged(axes(shape, steps, given, _without(dense_strides(sizes), dim)))
    value = literal(source.number, out.type.dtype) if source.number is not None else "source[source_at]"
    lines = [
        *unravel(found, ("index_at", "source_at", "out_at")),
        *_checked(step, sizes[dim]),
        f"out[out_at + at * {moves[dim] or 1}] {sign} {value};",
    ]
    head = pointers(index=index, source=None if source.number is not None else source, out=out)
    return Phase(text(head, loop("k", 0, index.type.size, lines)), 1, 2.0 * index.type.size)


@lowers("gather_grad", accepts=_accepts)
def _gather_grad(step: Step) -> list[Phase]:
    g, index, out = there(step.inputs[0]), there(step.inputs[1]), there(step.outputs[0])
    return [fill(out, "0"), _put(step, index, g, out, "+=")]


@lowers("scatter", "scatter_add", accepts=_accepts)
def _scatter(step: Step) -> list[Phase]:
    x, index, source = (there(o) for o in step.inputs)
    out = there(step.outputs[0])
    return [base(out, x), _put(step, index, source, out, "=" if step.name == "scatter" else "+=")]


# ---- an index of slices


@lowers("index_select", accepts=_accepts)
def _index_select(step: Step) -> list[Phase]:
    x, index, out = there(step.inputs[0]), there(step.inputs[1]), there(step.outputs[0])
    dim = step.attrs["dim"]
    along = axes(_rest(x.shape, dim), _rest(out.strides, dim), _rest(x.strides, dim))
    line = f"out[k * {out.strides[dim]} + {offset(merged(along), 0)}] = x[at * {x.strides[dim]} + "
    line += f"{offset(merged(along), 1)}];"
    return [
        _slices(
            step, index, x.shape[dim], out.type.size, pointers(x=x, index=index, out=out), nest(merged(along), [line])
        )
    ]


def _rest(sizes: Shape, dim: int) -> Shape:
    return tuple(s for d, s in enumerate(sizes) if d != dim)


def _slices(step: Step, index: Operand, size: int, work: int, head: Lines, body: Lines) -> Phase:
    stride = index.strides[0] if index.type.ndim else 0
    place = [f"const long index_at = k * {stride};"]
    lines = loop("k", 0, index.type.size, place, _checked(step, size), body)
    return Phase(text(head, lines), 1, 1.0 * work)


def _added(step: Step, index: Operand, source: Operand, out: Operand) -> Phase:
    dim = step.attrs["dim"]
    along = merged(axes(_rest(source.shape, dim), _rest(out.strides, dim), _rest(source.strides, dim)))
    line = f"out[at * {out.strides[dim]} + {offset(along, 0)}] += source[k * {source.strides[dim]} + "
    line += f"{offset(along, 1)}];"
    head = pointers(source=source, index=index, out=out)
    return _slices(step, index, out.shape[dim], source.type.size, head, nest(along, [line]))


@lowers("index_select_grad", accepts=_accepts)
def _index_select_grad(step: Step) -> list[Phase]:
    g, index, out = there(step.inputs[0]), there(step.inputs[1]), there(step.outputs[0])
    return [fill(out, "0"), _added(step, index, g, out)]


@lowers("index_add", accepts=_accepts)
def _index_add(step: Step) -> list[Phase]:
    x, index, source = (there(o) for o in step.inputs)
    out = there(step.outputs[0])
    return [base(out, x), _added(step, index, source, out)]


# ---- one hot


@lowers("one_hot", accepts=_accepts)
def _one_hot(step: Step) -> list[Phase]:
    index, out = there(step.inputs[0]), there(step.outputs[0])
    classes = step.attrs["num_classes"]
    found = merged(axes(index.shape, index.strides))
    lines = [*unravel(found, ("index_at",)), *_checked(step, classes), f"out[k * {classes} + at] = 1;"]
    body = text(pointers(index=index, out=out), loop("k", 0, index.type.size, lines))
    return [fill(out, "0"), Phase(body, 1, 2.0 * index.type.size)]
