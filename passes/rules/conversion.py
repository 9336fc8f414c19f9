"""Copies and conversions between dtypes."""

from __future__ import annotations

from graphnn.ir.dtypes import DType
from graphnn.ir.graph import Graph
from graphnn.ir.registry import lookup
from graphnn.ir.value import Node, Value
from graphnn.passes.rules.table import made_by, operand, rule

# whole numbers up to 2 ** bits have a float of their own
EXACT_BITS = {"bfloat16": 8, "float16": 11, "float32": 24, "float64": 53}


@rule("copy")
def copy_is_the_same_value(graph: Graph, node: Node) -> Value | None:
    """copy(x) -> x: values never change, and where memory must be told apart the planner sees to it."""
    return operand(node)


@rule("cast")
def cast_to_its_own_dtype(graph: Graph, node: Node) -> Value | None:
    """cast(x){dtype of x} -> x"""
    return operand(node)  # another type otherwise


@rule("cast")
def cast_through_a_wider_dtype(graph: Graph, node: Node) -> Value | None:
    """cast(cast(x){f64}){f32} -> cast(x){f32}, where the dtype between holds every number of x's"""
    inner = made_by(operand(node), "cast")
    if inner is None:
        return None
    x = operand(inner)
    first, between, last = x.type.dtype, inner.output.type.dtype, node.output.type.dtype
    if not _holds(between, first) or not (last is first or between.category < 2 or last.category != 1):
        return None  # out of range, a float becomes another integer than the integer it came from
    return graph.append(lookup("cast"), (x,), {"dtype": last}).output


@rule("zeros_like")
def zeros_need_nothing(graph: Graph, node: Node) -> Value | None:
    """zeros_like(x) -> full(shape of x, 0), for which x need not be alive"""
    type = node.output.type
    zero = (False, 0, 0.0)[type.dtype.category]
    return graph.append(lookup("full"), (), {"shape": type.shape, "value": zero, "dtype": type.dtype}).output


def _holds(wide: DType, narrow: DType) -> bool:
    """Whether every number of `narrow` is one of `wide`."""
    if narrow is wide or narrow.category == 0:
        return True
    if narrow.category > wide.category:
        return False
    if narrow.category == wide.category == 2:
        return wide.itemsize > narrow.itemsize  # of float16 and bfloat16 neither holds the other
    bits = 8 * narrow.itemsize - narrow.is_signed
    if wide.category == 2:
        return bits <= EXACT_BITS[wide.name]
    return (wide.is_signed or not narrow.is_signed) and bits <= 8 * wide.itemsize - wide.is_signed
