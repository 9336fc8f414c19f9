"""The mean square deviation over any dimensions: two passes, the first for the mean."""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import (
    Lines,
    block,
    count,
    cut,
    loop,
    nest,
    offset,
    parts_for,
    pointers,
    text,
    there,
    unravel,
)
from graphnn.backends.native.kernels.reduce import HELPERS, reduced_dims, split_axes
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Phase, Step
from graphnn.ir.value import Node


def _accepts(node: Node) -> bool:
    x = node.operands[0].type
    return x.dtype.short in ("f32", "f64") and bool(x.size)


@lowers("var", accepts=_accepts)
def _var(step: Step) -> list[Phase]:
    x, out = there(step.inputs[0]), there(step.outputs[0])
    kept, gone = split_axes(x, reduced_dims(step.node))
    size = count(gone)
    is_row = x.ctype == "float" and bool(gone) and gone[-1].strides == (1,)

    def summed(function: str, more: str, term: str) -> Lines:
        """Adds to `total`: the sum of a row by `function`, or `term` of each element v."""
        if is_row:
            return nest(gone[:-1], [f"total += {function}(x + at + {offset(gone[:-1], 0)}, {gone[-1].size}{more});"])
        return nest(gone, block("", f"const double v = x[at + {offset(gone, 0)}];", f"total += {term};"))

    lines = [
        *unravel(kept, ("at", "to_at")),
        "double total = 0;",
        *summed("gn_row_sum", "", "v"),
        f"const {x.ctype} mean = ({x.ctype})(total / {size}.0);",
        "total = 0;",
        *summed("gn_row_square", ", mean", "(v - mean) * (v - mean)"),
        f"out[to_at] = ({x.ctype})(total / {float(max(0, size - step.attrs['correction']))!r});",
    ]
    parts = parts_for(2 * x.type.size, min(8, count(kept)))
    body = text(pointers(x=x, out=out), cut(count(kept), parts), loop("k", "from", "to", lines))
    return [Phase(body, parts, 0.5 * x.type.size, HELPERS)]
