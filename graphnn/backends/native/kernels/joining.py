"""Several tensors made one, one made larger, and tensors from nothing."""

from __future__ import annotations

import math

from graphnn.backends.native.kernels.axes import there
from graphnn.backends.native.kernels.copying import Piece, Place, copy, copy_all, fill, literal, same_dtype, whole
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Phase, Step
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
