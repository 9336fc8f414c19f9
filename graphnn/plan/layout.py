"""Where the elements of every value lie within the value that owns the memory: base, shape, strides and offset.

Layouts do not depend on the order of the nodes. A view op's result lies in its input's memory where strides allow;
everything else owns its memory and is C-contiguous, or stored channels-last where the target goes by that.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np

from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.types import Shape
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.plan.strides import channels_last_strides, contiguous_strides


class Layout(NamedTuple):
    """Element `i` of the value is `base`'s element `offset + sum(i * strides)`: all counted in elements, not bytes."""

    base: Value
    shape: Shape
    strides: Shape
    offset: int

    @property
    def is_whole(self) -> bool:
        """Whether the value is all of its base in C order (though perhaps of another shape), or in channels-last order."""
        return self.offset == 0 and (self.is_contiguous or self._is_channels_last()) and self._covers_base()

    @property
    def is_contiguous(self) -> bool:
        return self.strides == contiguous_strides(self.shape)

    def _is_channels_last(self) -> bool:
        return len(self.shape) == 4 and self.strides == channels_last_strides(self.shape)

    def _covers_base(self) -> bool:
        return self.shape == self.base.type.shape or math.prod(self.shape) == self.base.type.size


Layouts = dict[Value, Layout]


def own_layout(value: Value, channels_last: bool = False) -> Layout:
    shape = value.type.shape
    return Layout(value, shape, channels_last_strides(shape) if channels_last else contiguous_strides(shape), 0)


def find_layouts(
    graph: Graph, nodes: Iterable[Node], views: bool = True, channels_last: Collection[Value] = ()
) -> Layouts:
    """The layout of every input, param and result of `nodes` (literals have none); `channels_last` are the results
    stored so."""
    layouts = {value: own_layout(value) for value in (*graph.inputs, *graph.params)}
    for node in nodes:
        seen = view_layout(node, layouts) if views and Trait.VIEW in node.op.traits else None
        if node.op.name == "contiguous" and views and node.output in channels_last:
            seen = _either_way(node, layouts)
        if seen is not None:
            layouts[node.outputs[0]] = seen
            continue
        for value in node.outputs:
            layouts[value] = own_layout(value, value in channels_last)
    return layouts


def view_layout(node: Node, layouts: Layouts) -> Layout | None:
    """The layout of a view op's result in its input's memory; None where it has to be copied."""
    value = node.inputs[0]
    if value is None or value.kind == LITERAL:
        return None
    source, result = layouts[value], node.outputs[0].type
    stand_in = _stand_in(source)
    seen = node.op.view(stand_in, **node.attrs)  # type: ignore[attr-defined]
    if seen is None or seen.shape != result.shape or value.type.dtype is not result.dtype:
        return None
    if result.size == 0:
        return Layout(source.base, result.shape, contiguous_strides(result.shape), 0)
    offset = source.offset + _address(seen) - _address(stand_in)
    if not _lies_in(seen, offset, source.base.type.size):
        return None
    return Layout(source.base, result.shape, _plain_strides(seen), offset)


def _either_way(node: Node, layouts: Layouts) -> Layout | None:
    """The layout of images brought into channels-last order that lie so already, having one channel or one pixel."""
    value = node.inputs[0]
    n, c, h, w = node.output.type.shape
    if value is None or value.kind == LITERAL or (c > 1 and h * w > 1) or not layouts[value].is_whole:
        return None
    return Layout(layouts[value].base, (n, c, h, w), channels_last_strides((n, c, h, w)), 0)


def _stand_in(source: Layout) -> np.ndarray:
    """An array laid out as the value, of one byte an element, so that its strides count elements; never touched."""
    memory = np.empty(max(source.base.type.size, 1), np.uint8)
    return np.ndarray(source.shape, np.uint8, memory, source.offset, source.strides)


def _address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


def _lies_in(seen: np.ndarray, offset: int, size: int) -> bool:
    """Whether all elements are the base's: a copy lies elsewhere."""
    steps = [(n - 1) * s for n, s in zip(seen.shape, seen.strides, strict=True)]
    first, last = offset + sum(s for s in steps if s < 0), offset + sum(s for s in steps if s > 0)
    return bool(first >= 0 and last < size)


def _plain_strides(seen: np.ndarray) -> Shape:
    """The strides, those of single elements (which mean nothing) as in C order."""
    plain = contiguous_strides(seen.shape)
    return tuple(p if n == 1 else s for n, s, p in zip(seen.shape, seen.strides, plain, strict=True))
