"""Arithmetic that is exact in IEEE floating point (NaN, infinities and the sign of zero included) and in integers.

What is not: x + 0.0 (turns -0.0 into 0.0), x * 0 (NaN, infinity), reordered sums and products, -(x - y).
"""

from __future__ import annotations

import math

import numpy as np

from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait, lookup
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.passes.rules.table import made_by, number, operand, operand_is, rule


@rule(Trait.COMMUTATIVE)
def literal_last(graph: Graph, node: Node) -> Value | None:
    """2 * x -> x * 2, so that the rules below need to look at one side only."""
    a, b = node.inputs[:2]
    if a is None or b is None or a.kind != LITERAL or b.kind == LITERAL:
        return None
    return graph.append(node.op, (b, a, *node.inputs[2:]), node.attrs).output


@rule("mul", "div", "pow")
def one_is_neutral(graph: Graph, node: Node) -> Value | None:
    """x * 1, x / 1, x ** 1 -> x"""
    return operand(node) if operand_is(node, 1, 1.0) else None


@rule("add")
def minus_zero_is_neutral(graph: Graph, node: Node) -> Value | None:
    """x + -0.0 -> x for floating-point x, x + 0 -> x for integers; x + 0.0 stays, since -0.0 + 0.0 is 0.0."""
    return operand(node) if operand_is(node, 1, -0.0) else None


@rule("sub")
def zero_is_neutral(graph: Graph, node: Node) -> Value | None:
    """x - 0 -> x; x - -0.0 stays, since -0.0 - -0.0 is 0.0."""
    return operand(node) if operand_is(node, 1, 0.0) else None


@rule("mul")
def times_minus_one(graph: Graph, node: Node) -> Value | None:
    """x * -1 -> -x"""
    x = operand(node)
    if node.output.type is not x.type or not x.type.dtype.is_signed or not operand_is(node, 1, -1.0):
        return None
    return graph.append(lookup("neg"), (x,)).output


@rule("div")
def divided_by_power_of_two(graph: Graph, node: Node) -> Value | None:
    """x / 8 -> x * 0.125: both are the exact quotient rounded once, if the reciprocal is a number of the dtype."""
    x, divisor = operand(node), number(operand(node, 1))
    if divisor is None or node.output.type is not x.type or abs(math.frexp(divisor)[0]) != 0.5:
        return None
    dtype = node.output.type.dtype.numpy
    with np.errstate(all="ignore"):
        exact = float(dtype.type(divisor)) == divisor and float(dtype.type(1 / divisor)) == 1 / divisor
    return graph.append(lookup("mul"), (x, graph.literal(1 / divisor))).output if exact else None


@rule("neg")
def double_negation(graph: Graph, node: Node) -> Value | None:
    """-(-x) -> x"""
    inner = made_by(operand(node), "neg")
    return operand(inner) if inner is not None else None


@rule("add")
def adding_a_negative(graph: Graph, node: Node) -> Value | None:
    """x + -y -> x - y, and -x + y -> y - x"""
    for x, other in (node.inputs[:2], node.inputs[1::-1]):
        negated = _negated(node, other)
        if negated is not None:
            return graph.append(lookup("sub"), (x, negated)).output
    return None


@rule("sub")
def subtracting_a_negative(graph: Graph, node: Node) -> Value | None:
    """x - -y -> x + y"""
    negated = _negated(node, node.inputs[1])
    return graph.append(lookup("add"), (node.inputs[0], negated)).output if negated is not None else None


def _negated(node: Node, value: Value | None) -> Value | None:
    """y, where the value is -y and was negated in the dtype of the node's result."""
    inner = made_by(value, "neg") if value is not None else None
    return operand(inner) if inner is not None and inner.output.type.dtype is node.output.type.dtype else None


@rule("pow")
def second_power(graph: Graph, node: Node) -> Value | None:
    """x ** 2 -> square(x): the same product, where the exponent is a literal."""
    if operand(node, 1).kind != LITERAL or not operand_is(node, 1, 2.0):
        return None
    return graph.append(lookup("square"), (operand(node),)).output


@rule("abs", "square")
def sign_does_not_matter(graph: Graph, node: Node) -> Value | None:
    """abs(-x) -> abs(x), square(-x) -> square(x), and the same without an inner abs"""
    inner = made_by(operand(node), "neg", "abs")
    if inner is None or not operand(inner).type.dtype.is_signed:
        return None
    return graph.append(node.op, (operand(inner),)).output


@rule("relu")
def relu_of_relu(graph: Graph, node: Node) -> Value | None:
    """relu(relu(x)) -> relu(x)"""
    return operand(node) if made_by(operand(node), "relu", "linear_relu", "conv2d_relu") else None


@rule("where")
def either_way_the_same(graph: Graph, node: Node) -> Value | None:
    """where(c, a, a) -> a"""
    return operand(node, 1) if node.inputs[1] is node.inputs[2] else None


@rule("logical_not")
def negated_truth(graph: Graph, node: Node) -> Value | None:
    """not (a == b) -> a != b and the reverse, NaN included; not (not x) -> x for a bool x"""
    inner = made_by(operand(node), "eq", "ne", "logical_not")
    if inner is None:
        return None
    if inner.op.name == "logical_not":
        return operand(inner)
    return graph.append(lookup("ne" if inner.op.name == "eq" else "eq"), inner.inputs).output
