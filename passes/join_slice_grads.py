"""Gradients of the pieces that a tensor was cut into, side by side again."""

from __future__ import annotations

from dataclasses import dataclass

from graphnn.ir.graph import Graph
from graphnn.ir.origin import merge
from graphnn.ir.registry import lookup
from graphnn.ir.value import Node, Value
from graphnn.rewrite.edit import substitute
from graphnn.rewrite.pass_ import Pass, Tolerance


@dataclass(frozen=True)
class JoinSliceGrads(Pass):
    """slice_grad(a) + slice_grad(b) + … -> cat(a, b, …), where the slices are all of the tensor and do not overlap:
    what comes of `split` and `chunk`, of queries, keys and values. Rows that were made by joining heads are joined as
    heads. Exact but for the sign of zeros: a -0 stays one, where adding made +0 of it."""

    name = "join-slice-grads"
    tolerance = Tolerance(rtol=0.0, atol=5e-324)  # the sign of zeros

    def apply(self, graph: Graph) -> bool:
        modified = False
        for node in reversed(list(graph.nodes)):
            parts = _parts(node) if node.graph is graph and node.op.name == "add" else None
            if parts is not None:
                _replace(graph, node, parts)
                modified = True
        return modified


def _replace(graph: Graph, node: Node, parts: list[Node]) -> None:
    with graph.before(node):
        value = _joined(graph, parts, parts[0].attrs["dim"])
    made = value.producer
    assert made is not None
    erased = substitute(graph, node, [value])
    for new in (made, *(v.producer for v in made.operands[:1])):
        if new is not None and not new.origins:
            new.origins = merge(*(n.origins for n in erased))


def _parts(node: Node) -> list[Node] | None:
    """The slices' gradients by their places, if the sum is of such, each used once, and they fill the whole."""
    found = _summands(node.inputs[0], node.inputs[1])
    if found is None:
        return None
    found.sort(key=lambda n: int(n.attrs["start"]))
    first = found[0].attrs
    at = 0
    for part in found:
        a = part.attrs
        if (a["dim"], a["size"], a["step"], a["start"]) != (first["dim"], first["size"], 1, at):
            return None
        at = a["stop"]
    return found if at == first["size"] and found[0].output.type is node.output.type else None


def _summands(*values: Value | None) -> list[Node] | None:
    found: list[Node] = []
    for value in values:
        node = value.producer if value is not None and len(value.uses) == 1 else None
        if node is None or node.op.name not in ("add", "slice_grad"):
            return None
        more = [node] if node.op.name == "slice_grad" else _summands(node.inputs[0], node.inputs[1])
        if more is None:
            return None
        found += more
    return found


def _joined(graph: Graph, parts: list[Node], dim: int) -> Value:
    values = [n.operands[0] for n in parts]
    heads = [_heads(v) for v in values]
    whole = parts[0].output.type
    if dim == whole.ndim - 1 and None not in heads and len({h.type.shape[-1] for h in heads if h is not None}) == 1:
        together = graph.append(lookup("cat"), [h for h in heads if h is not None], {"dim": dim}).output
        return graph.append(lookup("reshape"), [together], {"shape": whole.shape}).output
    return graph.append(lookup("cat"), values, {"dim": dim}).output


def _heads(value: Value) -> Value | None:
    """(…, heads, n) of which the value (…, heads * n) is a copy."""
    node = value.producer
    if node is None or node.op.name != "reshape" or len(value.uses) != 1:
        return None
    inner = node.operands[0]
    lead = value.type.shape[:-1]
    return inner if inner.type.ndim == value.type.ndim + 1 and inner.type.shape[: len(lead)] == lead else None
