"""The same elements in another shape or order: what undoes itself, and chains that are one step."""

from __future__ import annotations

from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait, lookup
from graphnn.ir.value import Node, Value
from graphnn.passes.rules.table import made_by, operand, rule

SHAPING = ("reshape", "flatten", "squeeze", "unsqueeze")  # the same elements in the same order


@rule(*SHAPING, "expand", "sum_to")
def same_shape(graph: Graph, node: Node) -> Value | None:
    """reshape, flatten, squeeze, expand, sum_to to the shape that is there -> x"""
    return operand(node)  # another type otherwise


@rule(*SHAPING)
def shape_of_a_shape(graph: Graph, node: Node) -> Value | None:
    """reshape(flatten(x)) -> reshape(x); squeeze(unsqueeze(x)) -> x: only the last shape matters"""
    inner = made_by(operand(node), *SHAPING)
    if inner is None:
        return None
    x = operand(inner)
    if x.type is node.output.type:
        return x
    return graph.append(lookup("reshape"), (x,), {"shape": node.output.shape}).output


@rule("permute", "transpose")
def order_that_stays(graph: Graph, node: Node) -> Value | None:
    """permute(x){dims=[0, 1, 2]} -> x"""
    dims = _dims(node)
    return operand(node) if dims == tuple(range(len(dims))) else None


@rule("permute", "transpose")
def order_of_an_order(graph: Graph, node: Node) -> Value | None:
    """permute(permute(x)) -> permute(x), transpose(transpose(x)) -> x"""
    inner = made_by(operand(node), "permute", "transpose")
    if inner is None:
        return None
    first = _dims(inner)
    dims = tuple(first[d] for d in _dims(node))
    if dims == tuple(range(len(dims))):
        return operand(inner)
    return graph.append(lookup("permute"), (operand(inner),), {"dims": dims}).output


def _dims(node: Node) -> tuple[int, ...]:
    """Which dimension of the input each dimension of the output is."""
    if node.op.name == "permute":
        return tuple(node.attrs["dims"])
    a, b = node.attrs["dim0"], node.attrs["dim1"]
    return tuple(b if d == a else a if d == b else d for d in range(node.output.type.ndim))


@rule("expand")
def expand_of_expand(graph: Graph, node: Node) -> Value | None:
    """expand(expand(x)) -> expand(x)"""
    inner = made_by(operand(node), "expand")
    return graph.append(node.op, (operand(inner),), node.attrs).output if inner is not None else None


@rule("slice")
def slice_of_everything(graph: Graph, node: Node) -> Value | None:
    """x[0:n] -> x along a dimension of size n"""
    return operand(node)  # a smaller type otherwise


@rule("slice")
def slice_of_a_slice(graph: Graph, node: Node) -> Value | None:
    """x[2:10][1:3] -> x[3:5] along one dimension"""
    inner = made_by(operand(node), "slice")
    dim = node.attrs["dim"]
    count = node.output.shape[dim]
    if inner is None or inner.attrs["dim"] != dim or count == 0:
        return None
    start = inner.attrs["start"] + node.attrs["start"] * inner.attrs["step"]
    step = node.attrs["step"] * inner.attrs["step"]
    attrs = {"dim": dim, "start": start, "stop": start + (count - 1) * step + 1, "step": step}
    return graph.append(node.op, (operand(inner),), attrs).output


@rule("slice_scatter")
def scatter_of_everything(graph: Graph, node: Node) -> Value | None:
    """x[0:n] = part -> part, along a dimension of size n"""
    return operand(node, 1)  # a smaller type otherwise


@rule("cat")
def only_one_to_join(graph: Graph, node: Node) -> Value | None:
    """cat(x) -> x"""
    return operand(node) if len(node.inputs) == 1 else None


@rule("pad")
def nothing_added(graph: Graph, node: Node) -> Value | None:
    """pad(x){padding=[0, 0]} -> x"""
    return operand(node) if not any(map(_any, node.attrs["padding"])) else None


def _any(size: object) -> bool:
    """Whether a size, or a pair of them, is other than zero."""
    return any(size) if isinstance(size, tuple) else bool(size)


@rule(Trait.VIEW)
def view_of_a_filled(graph: Graph, node: Node) -> Value | None:
    """expand(full(1)) -> full(1) in the larger shape: every part of it is the same number"""
    filled = made_by(operand(node), "full")
    if filled is None:
        return None
    return graph.append(filled.op, (), {**filled.attrs, "shape": node.output.shape}).output
