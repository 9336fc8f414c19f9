"""states_before: the state that each row of a recurrent layer was computed from."""

from __future__ import annotations

from graphnn.backends.native.kernels.axes import Lines, axes, cut, flat, loop, parts_for, text, there, unravel
from graphnn.backends.native.kernels.recurrent_steps import are_even, spans
from graphnn.backends.native.lowering import lowers, only_float32
from graphnn.backends.native.step import Phase, Step
from graphnn.ir.value import Node
from graphnn.ops.recurrence import Span

MOST = 4096  # rows of sequences of different lengths, whose sources are spelled out in the text


def _accepts(node: Node) -> bool:
    if not only_float32(node) or not node.output.type.size:
        return False
    return are_even(spans(node)) or node.output.type.shape[0] <= MOST


@lowers("states_before", accepts=_accepts)
def _states_before(step: Step) -> list[Phase]:
    out, h0, found = there(step.inputs[0]), there(step.inputs[1]), there(step.outputs[0])
    rows, width = found.shape
    parts = parts_for(found.type.size)
    *lead, last = out.strides
    each = flat(
        f"float *const to = {found.pointer} + row * {found.strides[0]}L;",
        "if (source >= 0) {",
        unravel(axes(out.shape[:-1], lead), ("at",), "source"),
        loop("j", 0, width, f"to[j * {found.strides[1]}L] = {out.pointer}[at + j * {last}L];"),
        "} else {",
        f"const float *const from_ = {h0.pointer} + (-1 - source) * {h0.strides[0]}L;",
        loop("j", 0, width, f"to[j * {found.strides[1]}L] = from_[j * {h0.strides[1]}L];"),
        "}",
    )
    declared, source = _sources(spans(step.node), step.attrs["reverse"], rows)
    body = flat(declared, cut(rows, parts), loop("row", "from", "to", source, each))
    return [Phase(text(body), parts, 0.3 * found.type.size)]


def _sources(found: list[Span], reverse: bool, rows: int) -> tuple[Lines, str]:
    """What declares `source`: a row of the output, or -1 less a row of the first states."""
    if are_even(found):
        size = found[0][1] - found[0][0]
        if reverse:
            return [], f"const long source = row < {rows - size} ? row + {size} : -1 - (row - {rows - size});"
        return [], f"const long source = row >= {size} ? row - {size} : -1 - row;"
    table, earlier = [0] * rows, (0, 0)
    for start, stop in found:
        for b in range(stop - start):
            table[start + b] = earlier[0] + b if b < earlier[1] - earlier[0] else -1 - b
        earlier = (start, stop)
    return [f"static const int sources[] = {{{', '.join(map(str, table))}}};"], "const long source = sources[row];"
