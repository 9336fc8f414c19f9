"""The mean over windows that cover images evenly, of any number of dimensions, and its gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence

from graphnn.backends.native.kernels.axes import (
    Axis,
    Lines,
    axes,
    count,
    cut,
    flat,
    loop,
    merged,
    parts_for,
    pointers,
    text,
    there,
    unravel,
)
from graphnn.backends.native.lowering import lowers, only_float32
from graphnn.backends.native.step import Operand, Phase, Step
from graphnn.ir.value import Node

HELPERS = ('#include "reduce.h"',)


def _accepts(node: Node) -> bool:
    return only_float32(node) and node.outputs[0].type.size > 0 and all(v.type.size for v in node.operands)


class _Windows:
    """`lead` axes (image by image), and windows over the last dimensions of `large`, one for each place of `small`."""

    def __init__(self, large: Operand, small: Operand, dims: int) -> None:
        at = large.type.ndim - dims
        self.sizes, self.places = large.shape[at:], small.shape[at:]
        self.moves, self.steps = large.strides[at:], small.strides[at:]
        whole = merged(axes(self.sizes, self.moves))
        if all(p == 1 for p in self.places) and len(whole) == 1:  # one window over all, gone through in one stride
            self.sizes, self.moves, self.places, self.steps = (whole[0].size,), whole[0].strides, (1,), (0,)
        lead = axes(large.shape[:at], large.strides[:at], small.strides[:at])
        self.channels = 1
        if lead and lead[-1].strides == (1, 1):
            self.channels = lead.pop().size
        self.lead: list[Axis] = merged(lead)
        self.work = large.type.size * math.prod(
            -(-p * (s // p + 2) // s) for p, s in zip(self.places, self.sizes, strict=True)
        )

    @property
    def small_at(self) -> str:
        return _sum("small_at", [(f"o{d}", s) for d, s in enumerate(self.steps)])

    @property
    def large_at(self) -> str:
        """The start of a line along the last dimension."""
        terms = [(f"i{d}", s) for d, s in enumerate(self.moves[:-1])]
        return _sum("large_at", [*terms, (f"from{len(self.moves) - 1}", self.moves[-1])])

    def windows(self, *body: str | Lines) -> Lines:
        """Loops over the windows, whose bounds are `from` and `to` by dimension, and `number` the number of elements."""
        last = len(self.sizes)
        bounds = [line for d in range(last) for line in self._bounds(d)]
        number = " * ".join(f"(to{d} - from{d})" for d in range(last))
        lines = flat(bounds, f"const float number = (float)({number});", *body)
        for d in reversed(range(last)):
            lines = loop(f"o{d}", 0, self.places[d], lines)
        return lines

    def _bounds(self, d: int) -> Lines:
        size, places = self.sizes[d], self.places[d]
        return [
            f"const long from{d} = o{d} * {size} / {places};",
            f"const long to{d} = ((o{d} + 1) * {size} + {places - 1}) / {places};",
        ]

    def lines(self, *body: str | Lines) -> Lines:
        """Loops over the lines of a window."""
        lines = flat(*body)
        for d in reversed(range(len(self.sizes) - 1)):
            lines = loop(f"i{d}", f"from{d}", f"to{d}", lines)
        return lines

    def phase(self, head: Lines, cost: float, *body: str | Lines) -> Phase:
        images = count(self.lead)
        parts = parts_for(2 * self.work, min(8, images))
        place = unravel(self.lead, ("large_at", "small_at"))
        return Phase(text(head, cut(images, parts), loop("k", "from", "to", place, *body)), parts, cost, HELPERS)


def _sum(start: str, terms: Sequence[tuple[str, int]]) -> str:
    return " + ".join([start, *(f"{name} * {stride}" for name, stride in terms if stride)])


@lowers("adaptive_avg_pool", accepts=_accepts)
def _adaptive_avg_pool(step: Step) -> list[Phase]:
    x, out = there(step.inputs[0]), there(step.outputs[0])
    how = _Windows(x, out, len(step.attrs["size"]))
    head, line = pointers(x=x, out=out), f"x + {how.large_at}"
    last, stride = len(how.sizes) - 1, how.moves[-1]
    length = f"to{last} - from{last}"
    if how.channels > 1:
        body = [
            f"float *const to = out + {how.small_at};",
            f"gn_fill(to, {how.channels}, 0);",
            *how.lines(f"gn_columns_sum(to, {line}, {length}, {stride}, {how.channels});"),
            *loop("c", 0, how.channels, "to[c] /= number;"),
        ]
    else:
        add = f"total += gn_row_sum({line}, {length});"
        if stride != 1:
            add = f"for (long i = 0; i < {length}; i++) total += ({line})[i * {stride}];"
        body = ["double total = 0;", *how.lines(add), f"out[{how.small_at}] = (float)(total / number);"]
    return [how.phase(head, 0.15 * how.work, how.windows(body))]


@lowers("adaptive_avg_pool_grad", accepts=_accepts)
def _adaptive_avg_pool_grad(step: Step) -> list[Phase]:
    g, out = there(step.inputs[0]), there(step.outputs[0])
    how = _Windows(out, g, len(step.attrs["size"]))
    head, line = pointers(g=g, out=out), f"out + {how.large_at}"
    last, stride = len(how.sizes) - 1, how.moves[-1]
    length = f"to{last} - from{last}"
    if how.channels > 1:
        each = f"gn_row_add_scaled({line} + i * {stride}, g + {how.small_at}, {how.channels}, 1.0f / number);"
        add = [f"for (long i = 0; i < {length}; i++)", f"    {each}"]
    elif stride == 1:
        add = [f"gn_row_add({line}, {length}, share);"]
    else:
        add = [f"for (long i = 0; i < {length}; i++) ({line})[i * {stride}] += share;"]
    share = [] if how.channels > 1 else [f"const float share = g[{how.small_at}] / number;"]
    return [how.phase(head, 0.2 * how.work, _clear(how), how.windows(share, how.lines(add)))]


def _clear(how: _Windows) -> Lines:
    """The image's gradient set to 0."""
    line = axes((*how.sizes, how.channels), (*how.moves, 1))
    found = merged(line)
    if len(found) == 1 and found[0].strides == (1,):
        return [f"gn_fill(out + large_at, {found[0].size}, 0);"]
    lines = [f"out[large_at + {_place(found)}] = 0;"]
    for d in reversed(range(len(found))):
        lines = loop(f"z{d}", 0, found[d].size, lines)
    return lines


def _place(found: Sequence[Axis]) -> str:
    return " + ".join(f"z{d} * {a.strides[0]}" for d, a in enumerate(found)) or "0"
