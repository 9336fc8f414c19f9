"""Which block of working memory each value of a fused group lies in."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphnn.ir.dtypes import DType
from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.types import TensorType
from graphnn.ir.value import RESULT, Node, Value
from graphnn.ops.op import Types

BLOCK = 32768  # elements; a few blocks of float32 stay in the second-level cache, and a call costs little beside them


@dataclass
class Layout:
    """Where a block of each value of the body lies: in an output (`direct`) or in a slot of working memory.

    `slots` holds the dtype of each slot, `slot_of` a value's slot, `work_of` the slots of a node's own scratch.
    """

    direct: dict[Value, int] = field(default_factory=dict)
    slots: list[DType] = field(default_factory=list)
    slot_of: dict[Value, int] = field(default_factory=dict)
    work_of: dict[Node, list[int]] = field(default_factory=dict)

    def take(self, free: list[int], dtype: DType) -> int:
        """A free slot of the dtype, or a new one."""
        for slot in free:
            if self.slots[slot] is dtype:
                free.remove(slot)
                return slot
        self.slots.append(dtype)
        return len(self.slots) - 1


def layout_of(body: Graph) -> Layout:
    """Gives each value its place; a slot is free again after the last node that reads it."""
    layout = Layout()
    nodes = list(body.nodes)
    last_read = {v: i for i, node in enumerate(nodes) for v in node.operands}
    for value in body.outputs:
        if value.kind == RESULT and value not in layout.direct and not _is_overwritten(body, nodes, value):
            layout.direct[value] = body.outputs.index(value)
    kept = set(body.outputs)
    free: list[int] = []
    for i, node in enumerate(nodes):
        ending = {v for v in node.operands if last_read[v] == i and v in layout.slot_of and v not in kept}
        _place_outputs(layout, node, ending, free)
        _place_work(layout, node, free)
        free += [layout.slot_of[v] for v in ending]
        free += [
            layout.slot_of[v] for v in node.outputs if v not in last_read and v in layout.slot_of and v not in kept
        ]
    return layout


def _is_overwritten(body: Graph, nodes: list[Node], value: Value) -> bool:
    """True when the first output, which may lie over an input, would be written before that input's last reading."""
    if value is not body.outputs[0]:
        return False
    at = nodes.index(value.producer)  # type: ignore[arg-type]
    exposed = {x for x in body.inputs if x.type is value.type}
    late = nodes[at + 1 :] if Trait.INPLACE in nodes[at].op.traits else nodes[at:]
    return any(v in exposed for node in late for v in node.operands) or bool(exposed & set(body.outputs))


def _place_outputs(layout: Layout, node: Node, ending: set[Value], free: list[int]) -> None:
    """In an output, over an operand that ends here where the op allows that, or in a slot."""
    for value in node.outputs:
        if value in layout.direct:
            continue
        may = Trait.INPLACE in node.op.traits and value is node.outputs[0]
        over = next((v for v in ending if v.type is value.type), None) if may else None
        if over is None:
            layout.slot_of[value] = layout.take(free, value.type.dtype)
        else:
            ending.discard(over)
            layout.slot_of[value] = layout.slot_of[over]


def _place_work(layout: Layout, node: Node, free: list[int]) -> None:
    types = _work_types(node, BLOCK)
    layout.work_of[node] = [layout.take(free, t.dtype) for t in types]
    free += layout.work_of[node]


def _work_types(node: Node, size: int) -> Types:
    """The scratch of a node on blocks of that size."""
    scratch = getattr(node.op, "scratch", None)
    if scratch is None:
        return ()
    types = [v.type if v.type.ndim == 0 else TensorType(v.type.dtype, (size,)) for v in node.operands]
    return scratch(*types, **node.attrs)  # type: ignore[no-any-return]
