"""Elementwise code as loop nests: axes merged where all operands allow, the innermost one by vectors.

An axis is `(size, stride of each operand)`. The order of the axes is that of the first result's memory, so results
stored channels-last are walked in the order in which they lie. What does not vary along the innermost axis is read
before it; an operand that jumps along it is read element by element.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from graphnn.backends.native import expressions as ex
from graphnn.backends.native.kernels.axes import shares_of
from graphnn.backends.native.step import Operand
from graphnn.ir.dtypes import DType
from graphnn.ir.types import Shape

PARTS = 8
SPLIT_ELEMENTS = 8192  # parts are not made smaller than this
SHARED_ELEMENTS = 4096  # of what is dealt out in shares
Compute = Callable[[Sequence[str], str], tuple[list[str], list[str]]]


class Axis(NamedTuple):
    size: int
    strides: tuple[int, ...]  # in elements, one an operand


@dataclass
class Nest:
    """A loop nest over `operands` (inputs first, then `results`), one axis of it split into parts."""

    inputs: Sequence[Operand]
    results: Sequence[Operand]
    axes: list[Axis] = field(default_factory=list)

    def __post_init__(self) -> None:
        shape = self.results[0].shape
        operands = [*self.inputs, *self.results]
        strides = [_broadcast(o, shape) for o in operands]
        axes = [Axis(n, tuple(s[d] for s in strides)) for d, n in enumerate(shape) if n != 1]
        first = len(self.inputs)
        axes.sort(key=lambda a: -a.strides[first])
        self.axes = _merged(axes) or [Axis(1, (0,) * len(operands))]

    @property
    def size(self) -> int:
        size = 1
        for axis in self.axes:
            size *= axis.size
        return size

    @property
    def shares(self) -> int:
        """Into how many equal shares of samples images stored channels-last are cut (weights never lie so); 0: into none."""
        first = self.results[0]
        images = first.is_channels_last and not first.is_contiguous
        return shares_of(first.shape[0]) if images and self.size >= SHARED_ELEMENTS else 0

    @property
    def parts(self) -> int:
        """Into how many pieces the outermost axis is cut."""
        return self.shares or max(1, min(PARTS, self.axes[0].size, self.size // SPLIT_ELEMENTS))

    def text(self, compute: Compute, lanes: int) -> str:
        """C for one part: `compute(register names, form)` gives statements and the results' expressions."""
        lines, depth = self._pointers(), 1
        outer = self.axes[:-1]
        for level, axis in enumerate(outer):
            lines.append(_indent(depth) + self._loop(level, axis))
            depth += 1
        lines += self._inner(compute, lanes, depth, outer)
        lines += [_indent(d) + "}" for d in range(depth - 1, 0, -1)]
        return "\n".join(lines)

    # ---- pieces

    def _pointers(self) -> list[str]:
        made = [f"    const {o.ctype} *x{k} = {o.pointer};" for k, o in enumerate(self.inputs)]
        made += [f"    {o.ctype} *y{k} = {o.pointer};" for k, o in enumerate(self.results)]
        if self.parts == 1:
            return made
        return [*made, f"    const long from = {self._cut('part')}, to = {self._cut('(part + 1)')};"]

    def _cut(self, part: str) -> str:
        """Where a part begins; at whole cache lines, when the only axis is cut."""
        size, parts = self.axes[0].size, self.parts
        if len(self.axes) > 1 or self.shares:
            return f"{part} * {size} / {parts}"
        share = -(-size // parts // 64) * 64
        return f"({part} * {share} < {size} && {part} < {parts} ? {part} * {share} : {size})"

    def _loop(self, level: int, axis: Axis) -> str:
        low, high = ("from", "to") if level == 0 and self.parts > 1 else ("0", str(axis.size))
        return f"for (long i{level} = {low}; i{level} < {high}; i{level}++) {{"

    def _offset(self, operand: int, outer: Sequence[Axis]) -> str:
        terms = [f"i{k} * {a.strides[operand]}" for k, a in enumerate(outer) if a.strides[operand]]
        return " + ".join(terms) or "0"

    def _inner(self, compute: Compute, lanes: int, depth: int, outer: Sequence[Axis]) -> list[str]:
        axis, pad = self.axes[-1], _indent(depth)
        count = len(self.inputs)
        reads, writes = enumerate(self.inputs), enumerate(self.results)
        lines = [f"{pad}const {o.ctype} *a{k} = x{k} + {self._offset(k, outer)};" for k, o in reads]
        lines += [f"{pad}{o.ctype} *b{k} = y{k} + {self._offset(count + k, outer)};" for k, o in writes]
        split = not outer and self.parts > 1
        low, high = ("from", "to") if split else ("0", str(axis.size))
        lines.append(f"{pad}long i = {low};")
        vector = all(axis.strides[count + k] == 1 for k in range(len(self.results)))
        if vector and (split or axis.size >= lanes):
            lines += self._body(compute, "v", f"for (; i + {lanes} <= {high}; i += {lanes})", pad, lanes)
        if not vector or split or axis.size % lanes or axis.size < lanes:
            lines += self._body(compute, "s", f"for (; i < {high}; i++)", pad, lanes)
        return lines

    def _body(self, compute: Compute, form: str, head: str, pad: str, lanes: int) -> list[str]:
        axis, before, inside, names = self.axes[-1], [], [], []
        for k, operand in enumerate(self.inputs):
            stride, dtype = axis.strides[k], operand.type.dtype
            kind, name = ex.register_type(dtype, form), f"v{k}"
            names.append(name)
            if stride == 0:
                one = ex.load(dtype, f"a{k}", "s")
                value = one if form == "s" else ex.splat(dtype, one)
                before.append(f"{pad}    const {kind} {name} = {value};")
            elif form == "s" or stride == 1:
                at = f"a{k} + i" if stride == 1 else f"a{k} + i * {stride}"
                inside.append(f"{pad}        const {kind} {name} = {ex.load(dtype, at, form)};")
            else:
                inside += _gathered(dtype, name, kind, f"a{k}", stride, lanes, pad)
        statements, results = compute(names, form)
        inside += [f"{pad}        {line}" for line in statements]
        for k, (result, operand) in enumerate(zip(results, self.results, strict=True)):
            stride = axis.strides[len(self.inputs) + k]
            at = f"b{k} + i" if stride == 1 else f"b{k} + i * {stride}"
            inside.append(f"{pad}        {ex.store(operand.type.dtype, at, result, form)};")
        return [f"{pad}{{", *before, f"{pad}    {head} {{", *inside, f"{pad}    }}", f"{pad}}}"]


def _gathered(dtype: DType, name: str, kind: str, pointer: str, stride: int, lanes: int, pad: str) -> list[str]:
    loads = ", ".join(ex.load(dtype, f"{pointer} + (i + {k}) * {stride}", "s") for k in range(lanes))
    return [f"{pad}        const {kind} {name} = {{{loads}}};"]


def _broadcast(operand: Operand, shape: Shape) -> tuple[int, ...]:
    """The strides by which the operand follows the result's axes: 0 where it has one element."""
    missing = len(shape) - len(operand.shape)
    own = [0 if n == 1 else s for n, s in zip(operand.shape, operand.strides, strict=True)]
    return (*[0] * missing, *own)


def _merged(axes: list[Axis]) -> list[Axis]:
    """Neighbouring axes as one where every operand goes through both in one stride."""
    merged: list[Axis] = []
    for axis in axes:
        if merged and all(a == b * axis.size for a, b in zip(merged[-1].strides, axis.strides, strict=True)):
            merged[-1] = Axis(merged[-1].size * axis.size, axis.strides)
        else:
            merged.append(axis)
    return merged


def _indent(depth: int) -> str:
    return "    " * depth
