"""Where the largest and smallest elements lie, and their values: the first of equals, and a NaN before anything else."""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import (
    Lines,
    axes,
    count,
    cut,
    dense_strides,
    loop,
    merged,
    parts_for,
    pointers,
    text,
    there,
    unravel,
)
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.ir.value import Node

PLAIN = frozenset({"f32", "f64", "i64", "i32", "i16", "i8", "u8"})


def _accepts(node: Node) -> bool:
    x = node.operands[0].type
    return x.dtype.short in PLAIN and bool(x.size)


@lowers("argmax", "argmin", accepts=_accepts)
def _arg(step: Step) -> list[Phase]:
    x, dim = there(step.inputs[0]), step.attrs["dim"]
    if dim is None:
        return [_scan(step, x, list(range(x.type.ndim)), step.outputs[0], None)]
    return [_scan(step, x, [dim] if x.type.ndim else [], step.outputs[0], None)]


@lowers("max_dim", "min_dim", accepts=_accepts)
def _pair(step: Step) -> list[Phase]:
    x, dim = there(step.inputs[0]), step.attrs["dim"]
    return [_scan(step, x, [dim] if x.type.ndim else [], step.outputs[1], step.outputs[0])]


def _scan(step: Step, x: Operand, dims: list[int], indices: Operand | None, values: Operand | None) -> Phase:
    """The line over `dims` for each of the other elements."""
    rest = [d for d in range(x.type.ndim) if d not in dims]
    shape = tuple(x.shape[d] for d in rest)
    kept = merged(axes(shape, [x.strides[d] for d in rest], dense_strides(shape)))
    sizes = tuple(x.shape[d] for d in dims)
    line = merged(axes(sizes, [x.strides[d] for d in dims]))
    kind = x.ctype
    lines = [
        *unravel(kept, ("x_at", "out_at")),
        f"{kind} best = x[x_at];",
        "long place = 0;",
        *loop("i", 1, count(line), unravel(line, ("at",), "i"), _compared(step, kind)),
        *([] if indices is None else ["indices[out_at] = place;"]),
        *([] if values is None else ["values[out_at] = best;"]),
    ]
    parts = parts_for(2 * x.type.size, min(8, count(kept)))
    head = pointers(x=x, indices=indices, values=values)
    body = text(head, cut(count(kept), parts), loop("k", "from", "to", lines))
    return Phase(body, parts, 1.2 * x.type.size)


def _compared(step: Step, kind: str) -> Lines:
    sign = ">" if "max" in step.name else "<"
    wins = f"v {sign} best"
    if kind in ("float", "double"):
        wins = f"{wins} || (v != v && best == best)"
    return [f"const {kind} v = x[x_at + at];", f"if ({wins}) {{ best = v; place = i; }}"]
