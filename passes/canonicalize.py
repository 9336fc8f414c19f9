"""Algebra: every value in its simplest form."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from graphnn.ir.graph import Graph
from graphnn.ir.origin import merge
from graphnn.ir.registry import Trait
from graphnn.ir.value import Node, Value
from graphnn.passes.rules import arithmetic, conversion, movement  # noqa: F401  (they fill the table)
from graphnn.passes.rules.table import BY_OP, BY_TRAIT, Rule
from graphnn.rewrite.edit import erase_unused, substitute
from graphnn.rewrite.pass_ import Pass


@dataclass(frozen=True)
class Canonicalize(Pass):
    """x * 1 -> x, reshape(reshape(x)) -> reshape(x), -(-x) -> x, … : the rules in `graphnn.passes.rules`. Bit-exact,
    NaN, infinities and the sign of zero included."""

    name = "canonicalize"

    def apply(self, graph: Graph) -> bool:
        modified = False
        for node in graph.nodes:
            modified |= _settle(graph, node)
        return modified


def _settle(graph: Graph, node: Node) -> bool:
    """Applies rules to the node, and to what it became, until none fits."""
    current: Node | None = node
    steps = 0
    while current is not None and (rules := _rules_of(current.op.name, current.op.traits)):
        with graph.before(current):
            value = _replacement(graph, current, rules)
        if value is None:
            break
        current, steps = _replace(graph, current, value), steps + 1
    return steps > 0


@functools.cache
def _rules_of(op: str, traits: frozenset[Trait]) -> tuple[Rule, ...]:
    by_trait = (rule for trait in sorted(traits, key=str) for rule in BY_TRAIT.get(trait, ()))
    return (*BY_OP.get(op, ()), *by_trait)


def _replacement(graph: Graph, node: Node, rules: tuple[Rule, ...]) -> Value | None:
    """What the first rule that fits puts for the node."""
    for rule in rules:
        value = rule(graph, node)
        if value is None:
            continue
        if value.type is node.output.type:
            return value
        if value.producer is not None:
            erase_unused(graph, [value.producer])
    return None


def _replace(graph: Graph, node: Node, value: Value) -> Node | None:
    """Does so; the node that was made for it, which tells the origins of all that went."""
    made = node.prev if value.producer is not None and value.producer is node.prev else None
    is_new = made is not None and not made.output.uses
    erased = substitute(graph, node, [value])
    if made is None or not is_new:
        return None
    made.origins = merge(made.origins, *(n.origins for n in erased))
    return made
