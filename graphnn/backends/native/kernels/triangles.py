"""Matrices with the elements on one side of a diagonal cleared."""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import axes, count, cut, loop, parts_for, pointers, text, there, unravel
from graphnn.backends.native.kernels.copying import same_dtype
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Phase, Step


@lowers("tril", "triu", accepts=same_dtype)
def _triangle(step: Step) -> list[Phase]:
    x, out = there(step.inputs[0]), there(step.outputs[0])
    rows, columns = x.shape[-2:]
    kept = "j <= edge" if step.name == "tril" else "j >= edge"
    lines = axes(x.shape[:-1], x.strides[:-1], out.strides[:-1])
    place = f"out[out_at + j * {out.strides[-1]}] = {kept} ? x[x_at + j * {x.strides[-1]}] : 0;"
    number = count(lines)
    parts = parts_for(x.type.size, min(8, number))
    inner = [
        *unravel(lines, ("x_at", "out_at")),
        f"const long edge = k % {rows} + ({step.attrs['diagonal']});",
        *loop("j", 0, columns, place),
    ]
    body = text(pointers(x=x, out=out), cut(number, parts), loop("k", "from", "to", inner))
    return [Phase(body, parts, 0.5 * x.type.size)]
