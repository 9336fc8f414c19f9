"""Several tensors made one, one made larger, and tensors from nothing."""

from __future__ import annotations

import math

from graphnn.backends.native.kernels.axes import (
    axes,
    count,
    cut,
    loop,
    ordered,
    parts_for,
    pointers,
    text,
    there,
    unravel,
)
from graphnn.backends.native.kernels.copying import Piece, Place, copy, copy_all, fill, literal, same_dtype, whole
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.ir.value import Node

FILLED = ("f32", "f64", "i64", "i32", "i16", "i8", "u8", "bool")


@lowers("cat", accepts=same_dtype)
def _cat(step: Step) -> list[Phase]:
    out, dim, at, pieces = there(step.outputs[0]), step.attrs["dim"], 0, []
    for x in map(there, step.inputs):
        if x.type.ndim != out.type.ndim or x.type.size == 0:
            continue
        pieces.append(Piece(x.shape, Place(out, at * out.strides[dim], out.strides), whole(x)))
        at += x.shape[dim]
    return copy_all(pieces)


@lowers("stack", accepts=same_dtype)
def _stack(step: Step) -> list[Phase]:
    out, dim = there(step.outputs[0]), step.attrs["dim"]
    steps = (*out.strides[:dim], *out.strides[dim + 1 :])
    given = enumerate(map(there, step.inputs))
    return copy_all([Piece(x.shape, Place(out, i * out.strides[dim], steps), whole(x)) for i, x in given])


# ---- pad


def _can_fill(node: Node) -> bool:
    return same_dtype(node) and node.outputs[0].type.dtype.short in FILLED


@lowers("pad", accepts=_can_fill)
def _pad(step: Step) -> list[Phase]:
    x, out, padding = there(step.inputs[0]), there(step.outputs[0]), step.attrs["padding"]
    inner = [(max(low, 0), max(high, 0)) for low, high in padding]
    cuts = [(max(-low, 0), max(-high, 0)) for low, high in padding]
    to = Place(out, sum(a * s for (a, _), s in zip(inner, out.strides, strict=True)), out.strides)
    source = Place(x, sum(a * s for (a, _), s in zip(cuts, x.strides, strict=True)), x.strides)
    shape = tuple(n - a - b for n, (a, b) in zip(x.shape, cuts, strict=True))
    moved = [copy(shape, to, source)] if math.prod(shape) else []
    return [fill(out, literal(step.attrs["value"], out.type.dtype)), *moved] if shape != out.shape else moved


# ---- from nothing


@lowers("full", accepts=_can_fill)
def _full(step: Step) -> list[Phase]:
    out = there(step.outputs[0])
    return [fill(out, literal(step.attrs["value"], out.type.dtype))]


@lowers("arange", accepts=_can_fill)
def _arange(step: Step) -> list[Phase]:
    out = there(step.outputs[0])
    start, by = step.attrs["start"], step.attrs["step"]
    whole_numbers = isinstance(start, int) and isinstance(by, int)
    value = f"{start}LL + i * {by}LL" if whole_numbers else f"{float(start)!r} + (double)i * {float(by)!r}"
    return [fill(out, f"({out.ctype})({value})")]


# ---- running sums


def _sums(node: Node) -> bool:
    types = [node.operands[0].type, node.outputs[0].type]
    return all(t.dtype.short in FILLED for t in types) and bool(types[0].size)


@lowers("cumsum", accepts=_sums)
def _cumsum(step: Step) -> list[Phase]:
    x, out = there(step.inputs[0]), there(step.outputs[0])
    if not x.type.ndim:
        return [Phase(text(pointers(x=x, out=out), "*out = *x;"))]
    dim = step.attrs["dim"]
    rest = _without(x, out, dim)
    lines = [
        *rest[1],
        f"{out.ctype} total = 0;",
        *loop("i", 0, x.shape[dim], f"out[to_at + i * {out.strides[dim]}] = total += x[at + i * {x.strides[dim]}];"),
    ]
    parts = parts_for(4 * x.type.size, min(8, rest[0]))
    body = text(pointers(x=x, out=out), cut(rest[0], parts), loop("k", "from", "to", lines))
    return [Phase(body, parts, 1.5 * x.type.size)]


def _without(x: Operand, out: Operand, dim: int) -> tuple[int, list[str]]:
    """How many lines along `dim` there are, and the declarations of where line k begins in both."""

    def rest(sizes: tuple[int, ...]) -> list[int]:
        return [s for d, s in enumerate(sizes) if d != dim]

    found = ordered(axes(rest(x.shape), rest(out.strides), rest(x.strides)))
    return count(found), unravel(found, ("to_at", "at"))
