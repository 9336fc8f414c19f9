"""Which values are stored channels-last: with axis 1 of four innermost in memory. Their types say nothing of it.

A format begins where `contiguous` asks for it, and is handed on by the ops that keep it, from what they read to
what they make. So the graph's text tells it all, and the NumPy backend, which has no use for it, may ignore it.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphnn.ir.registry import Trait
from graphnn.ir.value import Node, Value

CHANNELS_LAST = "channels_last"


def channels_last_values(nodes: Iterable[Node]) -> set[Value]:
    """The results that are stored channels-last."""
    found: set[Value] = set()
    for node in nodes:
        if is_channels_last(node, found):
            found.update(v for v in node.outputs if v.type.ndim == 4)
    return found


def is_channels_last(node: Node, known: set[Value]) -> bool:
    """Whether the node's four-dimensional results are stored so, given which values before it are."""
    if node.op.name == "contiguous":
        return bool(node.attrs["memory_format"] == CHANNELS_LAST)
    if not keeps_format(node):
        return False
    return any(v in known for v in node.operands)


def keeps_format(node: Node) -> bool:
    """Whether the node makes its results in the format of what it reads; a group goes by its first op."""
    body = node.attrs.get("body")
    op = node.op if body is None else next(iter(body.nodes)).op
    return bool(op.traits & {Trait.CHANNELS_LAST, Trait.ELEMENTWISE})
