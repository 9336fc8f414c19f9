"""The rules by the op they start from, and what rules ask of values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from graphnn.ir.graph import Graph
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, Node, Value

Rule = Callable[[Graph, Node], Value | None]

BY_OP: defaultdict[str, list[Rule]] = defaultdict(list)
BY_TRAIT: defaultdict[Trait, list[Rule]] = defaultdict(list)


def rule(*starts: str | Trait) -> Callable[[Rule], Rule]:
    """Adds a rule for ops of these names or with these traits."""

    def add(function: Rule) -> Rule:
        for start in starts:
            if isinstance(start, Trait):
                BY_TRAIT[start].append(function)
            else:
                BY_OP[start].append(function)
        return function

    return add


def operand(node: Node, index: int = 0) -> Value:
    """An input that the op requires."""
    value = node.inputs[index]
    assert value is not None
    return value


def made_by(value: Value, *ops: str) -> Node | None:
    """The node that makes the value, when its op has one of the names."""
    node = value.producer
    return node if node is not None and node.op.name in ops else None


def number(value: Value) -> bool | int | float | None:
    """The number that every element of the value is, where the graph says so: a literal or a `full`."""
    if value.kind == LITERAL:
        return value.literal
    filled = made_by(value, "full")
    if filled is None:
        return None
    with np.errstate(all="ignore"):
        found: bool | int | float = np.asarray(filled.attrs["value"]).astype(value.type.dtype.numpy).item()
    return found


def operand_is(node: Node, index: int, wanted: float) -> bool:
    """Whether every element of the input is that number, once it is of the result's kind (an integer 0 is added to
    floats as 0.0); the sign of a zero counts for floating-point numbers."""
    found = number(operand(node, index))
    if found is None or found != wanted:
        return False
    is_float = node.output.type.dtype.is_floating_point
    return wanted != 0 or not is_float or bool(np.signbit(float(found)) == np.signbit(wanted))
