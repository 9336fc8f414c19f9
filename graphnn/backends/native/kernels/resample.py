"""Images, signals and volumes in another size, and the gradient: weighted sums of few inputs along each axis, from tables."""

from __future__ import annotations

import math

from graphnn.backends.native.kernels.axes import Lines, axes, cut, flat, loop, merged, parts_for, text, there, unravel
from graphnn.backends.native.lowering import lowers, only_float32
from graphnn.backends.native.step import Phase, Step
from graphnn.ir.value import Node
from graphnn.ops.axis_tables import Table
from graphnn.ops.resample import tables_of

MOST = 4096  # entries of a table, which are spelled out in the text


def _accepts(node: Node) -> bool:
    x = node.inputs[0]
    if x is None or not only_float32(node) or not x.type.size or not node.output.type.size:
        return False
    return all(t.index.size <= MOST for t in tables_of(node.op.name, x.type, node.attrs))


@lowers("resample", "resample_grad", accepts=_accepts)
def _resample(step: Step) -> list[Phase]:
    return [_Resample(step).phase()]


class _Resample:
    """Rows are those of the first resampled axis, of all that stands before it; `channels` lie side by side in both."""

    def __init__(self, step: Step) -> None:
        self.x, self.out = there(step.inputs[0]), there(step.outputs[0])
        self.lanes = step.machine.lanes
        self.tables = tables_of(step.name, self.x.type, step.attrs)
        self.at = self.x.type.ndim - len(self.tables)
        lead = axes(self.out.shape[: self.at], self.x.strides[: self.at], self.out.strides[: self.at])
        self.channels = lead.pop().size if lead and lead[-1].strides == (1, 1) else 1
        self.lead = merged(lead)

    def phase(self) -> Phase:
        first = self.tables[0].count
        rows = math.prod(a.size for a in self.lead) * first
        work = self.out.type.size * math.prod(t.index.shape[1] for t in self.tables)
        parts = min(rows, parts_for(work))
        each = flat(f"const long o0 = row % {first}, k = row / {first};", unravel(self.lead, ("x_at", "out_at")))
        body = flat(
            *(_spelled(number, table) for number, table in enumerate(self.tables)),
            f"const float *const x = {self.x.pointer};",
            f"float *const out = {self.out.pointer};",
            cut(rows, parts),
            loop("row", "from", "to", each, self._outputs(1)),
        )
        return Phase(text(body), parts, 0.5 * work)

    def _outputs(self, axis: int) -> Lines:
        """All results of a row."""
        if axis < len(self.tables):
            return loop(f"o{axis}", 0, self.tables[axis].count, self._outputs(axis + 1))
        steps = self.out.strides[self.at :]
        place = " + ".join(["out_at", *(f"o{d} * {s}L" for d, s in enumerate(steps))])
        whole = self.channels // self.lanes * self.lanes if self.channels > 1 else 0
        lines = [f"float *const to = out + {place};", "long c = 0;"]
        if whole:
            head = f"for (; c < {whole}; c += {self.lanes}) {{"
            store = ["gn_store_f32v(to + c, total);", "}"]
            lines += [head, "f32v total = {0};", *self._sum("gn_load_f32v(x + {at} + c)"), *store]
        if whole < self.channels:
            head = f"for (; c < {self.channels}; c++) {{"
            lines += [head, "float total = 0;", *self._sum("x[{at} + c]"), "to[c] = total;", "}"]
        return lines

    def _sum(self, value: str) -> Lines:
        moves = self.x.strides[self.at :]
        factors, places = [], ["x_at"]
        for d, table in enumerate(self.tables):
            entry = f"o{d} * {table.index.shape[1]} + k{d}"
            places.append(f"index{d}[{entry}] * {moves[d]}L")
            factors += [f"weight{d}[{entry}]"] if table.weights is not None else []
        lines = [f"total += {' * '.join([*factors, value.format(at=' + '.join(places))])};"]
        for d, table in reversed(list(enumerate(self.tables))):
            lines = loop(f"k{d}", 0, table.index.shape[1], lines)
        return lines


def _spelled(number: int, table: Table) -> Lines:
    lines = [f"static const int index{number}[] = {{{', '.join(map(str, table.index.reshape(-1).tolist()))}}};"]
    if table.weights is not None:
        weights = ", ".join(f"{w!r}f" for w in table.weights.reshape(-1).tolist())
        lines.append(f"static const float weight{number}[] = {{{weights}}};")
    return lines
