"""Reductions over any dimensions of tensors with any strides.

Three forms: along rows, where the axis with stride 1 is reduced; down columns, where it is kept; and element by element.
Where few numbers come of many, the longest way is cut into parts, whose results are put together by a second phase.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graphnn.backends.native.kernels.axes import (
    BRANCH,
    Axis,
    Lines,
    axes,
    block,
    count,
    cut,
    dense_strides,
    flat,
    loop,
    nest,
    offset,
    ordered,
    parts_for,
    pointers,
    text,
    unravel,
)
from graphnn.backends.native.lowering import lowers
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.backends.native.toolchain.machine import Machine
from graphnn.ir.types import TensorType
from graphnn.ir.value import Node
from graphnn.ops.reduce import all_dims

HELPERS = ('#include "reduce.h"',)
SPLIT_ABOVE = 1 << 15  # elements, of which at least that many come together in each result:
SPLIT_DEPTH = 64
PLAIN = frozenset({"f32", "f64", "i64", "i32", "i16", "i8", "u8", "bool"})


class Kind(NamedTuple):
    """`add(a, x)` joins one more element to what is there; `join` puts parts together; `row` and `columns` are the
    functions for floats, none where there are none."""

    start: str
    add: str
    join: str
    row: str = ""
    columns: str = ""


SUM = Kind("0", "{a} + {x}", "{a} + {x}", "gn_row_sum", "gn_columns_sum")
KINDS = {
    "sum": SUM,
    "mean": SUM,
    "sum_to": SUM,
    "prod": Kind("1", "{a} * {x}", "{a} * {x}"),
    "any": Kind("0", "{a} | ({x} != 0)", "{a} | {x}"),
    "all": Kind("1", "{a} & ({x} != 0)", "{a} & {x}"),
    "amax": Kind("", "{x} > {a} || {x} != {x} ? {x} : {a}", "", "gn_row_max", "gn_columns_max"),
    "amin": Kind("", "{x} < {a} || {x} != {x} ? {x} : {a}", "", "gn_row_min", "gn_columns_min"),
}
KINDS["amax"] = KINDS["amax"]._replace(join=KINDS["amax"].add)
KINDS["amin"] = KINDS["amin"]._replace(join=KINDS["amin"].add)


# ---- which axes


def reduced_dims(node: Node) -> tuple[int, ...]:
    x = node.inputs[0]
    assert x is not None
    if node.op.name != "sum_to":
        return all_dims(node.attrs["dim"], x.type.ndim)
    shape = node.attrs["shape"]
    padded = (1,) * (x.type.ndim - len(shape)) + tuple(shape)
    return tuple(d for d, (a, b) in enumerate(zip(x.type.shape, padded, strict=True)) if a != b)


def split_axes(x: Operand, dims: Sequence[int]) -> tuple[list[Axis], list[Axis]]:
    """The kept axes (with strides of x and of a dense result) and the reduced ones, by their order in memory."""
    kept = [d for d in range(x.type.ndim) if d not in dims]
    shape = tuple(x.shape[d] for d in kept)
    stay = ordered(axes(shape, [x.strides[d] for d in kept], dense_strides(shape)))
    gone = ordered(axes([x.shape[d] for d in dims], [x.strides[d] for d in dims]))
    return stay, gone


def is_split(size: int, results: int) -> bool:
    return size >= SPLIT_ABOVE and size >= results * SPLIT_DEPTH


def accepts(node: Node) -> bool:
    return all(v is None or v.type.dtype.short in PLAIN for v in (*node.inputs, *node.outputs))


def _partials(node: Node, machine: Machine) -> tuple[TensorType, ...]:
    x, out = node.inputs[0], node.outputs[0]
    assert x is not None
    return (TensorType(out.type.dtype, (BRANCH, out.type.size)),) if is_split(x.type.size, out.type.size) else ()


# ---- the lowering


class _Reduction:
    """One reduction as C."""

    def __init__(self, step: Step) -> None:
        x, out = step.inputs[0], step.outputs[0]
        assert x is not None
        assert out is not None
        self.x, self.out, self.kind = x, out, KINDS[step.name]
        self.kept, self.gone = split_axes(x, reduced_dims(step.node))
        self.divisor = count(self.gone) if step.name == "mean" else 1
        self.fast = x.ctype == out.ctype == "float" and bool(self.kind.row)
        self.partials = step.scratch[0] if step.scratch and self.gone else None

    def phases(self) -> list[Phase]:
        work = count(self.kept) * count(self.gone)
        if self.partials is None:
            parts = parts_for(work, min(BRANCH, self._rows))
            return [Phase(text(self._body(self.out, self.divisor, parts, 1)), parts, self._cost(work), HELPERS)]
        first = Phase(text(self._body(self.partials, 1, 1, BRANCH)), BRANCH, self._cost(work), HELPERS)
        return [first, Phase(text(self._joined()), 1, 10.0 * self.out.type.size, HELPERS)]

    @property
    def is_columns(self) -> bool:
        return self.fast and bool(self.kept and self.gone) and self.kept[-1].strides == (1, 1)

    @property
    def is_rows(self) -> bool:
        return self.fast and bool(self.gone) and self.gone[-1].strides == (1,)

    @property
    def _lead(self) -> list[Axis]:
        """The kept axes that are gone through one by one."""
        return self.kept[:-1] if self.is_columns else self.kept

    @property
    def _rows(self) -> int:
        return count(self._lead)

    def _cost(self, work: int) -> float:
        return work * (0.15 if self.is_rows or self.is_columns else 1.0)

    def _body(self, out: Operand, divisor: int, parts: int, pieces: int) -> Lines:
        """`parts` share the results; `pieces` share what is reduced."""
        shift = f" + part * {self.out.type.size}" if pieces > 1 else ""
        lines = [*pointers(x=self.x), f"{out.ctype} *const out = {out.pointer}{shift};"]
        piece = "part" if pieces > 1 else "0"
        size = self.gone[0].size if self.gone else 1
        bounds = [f"const long low = {piece} * {size} / {pieces}, high = ({piece} + 1) * {size} / {pieces};"]
        each = self._columns(divisor) if self.is_columns else self._one(divisor)
        head = [*cut(self._rows, parts), *bounds]
        return flat(lines, head, loop("k", "from", "to", unravel(self._lead, ("at", "to_at")), each))

    def _extent(self, at: int) -> tuple[str, str]:
        """Start and size of a reduced axis; the first is cut."""
        return ("low", "high - low") if at == 0 else ("0", str(self.gone[at].size))

    def _columns(self, divisor: int) -> Lines:
        columns, rows = self.kept[-1].size, self.gone[-1]
        start, size = self._extent(len(self.gone) - 1)
        fill = {"gn_columns_max": "-INFINITY", "gn_columns_min": "INFINITY"}.get(self.kind.columns, "0")
        source = f"x + at + {offset(self.gone[:-1], 0)} + {start} * {rows.strides[0]}L"
        call = f"{self.kind.columns}(out + to_at, {source}, {size}, {rows.strides[0]}, {columns});"
        lines = [f"gn_fill(out + to_at, {columns}, {fill});"]
        lines += nest(self.gone[:-1], [call], cut=("low", "high"))
        return lines if divisor == 1 else [*lines, *loop("c", 0, columns, f"out[to_at + c] /= {divisor}.0f;")]

    def _one(self, divisor: int) -> Lines:
        result = "total" if divisor == 1 else f"total / {divisor}.0"
        lines = self._row() if self.is_rows else self._elements()
        return [*lines, f"out[to_at] = ({self.out.ctype})({result});"]

    def _row(self) -> Lines:
        start, size = self._extent(len(self.gone) - 1)
        call = f"{self.kind.row}(x + at + {offset(self.gone[:-1], 0)} + {start}, {size})"
        if self.kind is SUM:
            return ["double total = 0;", *nest(self.gone[:-1], [f"total += {call};"], cut=("low", "high"))]
        name = self.kind.row.removeprefix("gn_row_")
        worst = "-INFINITY" if name == "max" else "INFINITY"
        join = f"total = gn_{name}_f32s(total, {call});"
        return [f"float total = {worst};", *nest(self.gone[:-1], [join], cut=("low", "high"))]

    def _elements(self) -> Lines:
        """Sums of floats are kept in double, a total for each time round the innermost loop."""
        kind = "double" if self.kind is SUM and self.out.ctype == "float" else self.out.ctype
        if not self.gone:
            return [f"{kind} total = {self._first()};"]
        x = f"x[at + {offset(self.gone, 0)}]"
        start = self.kind.start or f"x[at + low * {self.gone[0].strides[0]}L]"
        if self.kind is not SUM:
            step = f"total = {self.kind.add.format(a='total', x=x)};"
            return [f"{kind} total = {start};", *nest(self.gone, [step], cut=("low", "high"))]
        inner = Axis(self.gone[-1].size, self.gone[-1].strides)
        low, high = ("low", "high") if len(self.gone) == 1 else ("0", str(inner.size))
        last = f"i{len(self.gone) - 1}"
        line = flat(f"{kind} sum = 0;", loop(last, low, high, f"sum += {x};"), "total += sum;")
        return [f"{kind} total = 0;", *nest(self.gone[:-1], block("", line), cut=("low", "high"))]

    def _first(self) -> str:
        return "x[at] != 0" if self.out.type.dtype.short == "bool" else "x[at]"

    def _joined(self) -> Lines:
        """The parts' results put together, in the order of the parts."""
        kind = "double" if self.kind is SUM and self.out.ctype == "float" else self.out.ctype
        size = self.out.type.size
        assert self.partials is not None
        step = self.kind.join.format(a="total", x=f"parts[i * {size} + k]")
        result = "total" if self.divisor == 1 else f"total / {self.divisor}.0"
        each = [f"{kind} total = parts[k];", *loop("i", 1, BRANCH, f"total = {step};")]
        lines = [*each, f"out[k] = ({self.out.ctype})({result});"]
        return [*pointers(parts=self.partials, out=self.out), *loop("k", 0, size, lines)]


@lowers(*KINDS, accepts=accepts, scratch=_partials)
def _reduce(step: Step) -> list[Phase]:
    return _Reduction(step).phases()
