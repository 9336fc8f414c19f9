"""What an operation costs by its types: floating-point operations, and bytes that it reads and writes."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, Node

MOVING = (
    *(
        "cat",
        "constant",
        "contiguous",
        "copy",
        "embedding",
        "flatten",
        "flip",
        "full",
        "gather",
        "gather_grad",
        "index",
    ),
    *(
        "index_grad",
        "index_put",
        "index_select",
        "pack_weight",
        "pad",
        "reshape",
        "roll",
        "scatter",
        "slice_grad",
        "stack",
    ),
)


def node_flops(node: Node) -> int:
    """Two for each multiplication with its addition, in products and convolutions; one an element for all else that
    computes, of the larger of what is read and what is made; none for what only moves values."""
    if node.op.name in ("fused", "fused_epilogue"):
        body: Graph = node.attrs["body"]
        return sum(map(node_flops, body.nodes))
    count = getattr(node.op, "flops", None)
    if count is not None:
        types = [None if v is None else v.type for v in node.inputs]
        return int(count(*types, **node.attrs))
    if Trait.VIEW in node.op.traits or node.op.name in MOVING or not node.outputs:
        return 0
    return max([v.type.size for v in node.operands] + [v.type.size for v in node.outputs])


def node_bytes(node: Node) -> int:
    """What it reads, each value once, and what it writes; nothing for views."""
    if Trait.VIEW in node.op.traits:
        return 0
    read = {v for v in node.operands if v.kind != LITERAL}
    return sum(v.type.nbytes for v in read) + sum(v.type.nbytes for v in node.outputs)


def total_flops(nodes: Sequence[Node]) -> int:
    return sum(map(node_flops, nodes))


def spelled(count: float, unit: str = "") -> str:
    """`512`, `1.5 k`, `25.0 M`, with the unit behind."""
    for letter in ("", "k", "M", "G", "T"):
        if abs(count) < 999.95 or letter == "T":
            break
        count /= 1000
    number = f"{count:.0f}" if letter == "" and float(count).is_integer() else f"{count:.1f}"
    return f"{number} {letter}{unit}".rstrip()


def spelled_time(nanoseconds: float) -> str:
    """`850 ns`, `12.5 us`, `3.2 ms`, `1.5 s`."""
    scaled = nanoseconds
    for unit in ("ns", "us", "ms", "s"):
        if scaled < 999.95 or unit == "s":
            break
        scaled /= 1000
    return f"{scaled:.0f} {unit}" if unit == "ns" else f"{scaled:.1f} {unit}"
