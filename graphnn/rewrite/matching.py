"""Finding a traced pattern in a graph, from the node that would make its output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from graphnn.ir.attrs import exact
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.rewrite.symbols import AnyAttr, AnyValue, Call, Result, Traced


@dataclass(frozen=True)
class Match:
    """What the parameters stand for, by name, and which node each call of the pattern is."""

    bound: dict[str, Any] = field(default_factory=dict)
    nodes: dict[Call, Node] = field(default_factory=dict)

    def bind(self, name: str, item: Any) -> Match | None:
        """With one more parameter bound; None where it stands for something else already."""
        if name not in self.bound:
            return Match({**self.bound, name: item}, self.nodes)
        held = self.bound[name]
        same = held is item if isinstance(item, Value) or item is None else exact(held) == exact(item)
        return self if same else None


def find(traced: Traced, node: Node) -> Match | None:
    """The match in which `node` makes the pattern's output, and only matched nodes use what lies within."""
    for match in _match_call(traced.root, node, Match()):
        if _is_closed(traced, match):
            return match
    return None


def _match_call(call: Call, node: Node, match: Match) -> Iterator[Match]:
    if node.op is not call.op:
        return
    if call in match.nodes:
        if match.nodes[call] is node:
            yield match
        return
    found: Match | None = Match(match.bound, {**match.nodes, call: node})
    for name, wanted in call.attrs.items():
        if found is not None:
            found = _match_attr(wanted, node.attrs[name], found)
    if found is None:
        return
    for operands in _orders(node):
        yield from _match_inputs(list(zip_longest(call.inputs, operands)), found)


def _match_attr(wanted: Any, got: Any, match: Match) -> Match | None:
    if isinstance(wanted, AnyAttr):
        return match.bind(wanted.name, got)
    return match if exact(wanted) == exact(got) else None


def _orders(node: Node) -> Iterator[tuple[Value | None, ...]]:
    """The inputs; where the op commutes, also with the first two swapped."""
    yield node.inputs
    if Trait.COMMUTATIVE in node.op.traits and node.inputs[0] is not node.inputs[1]:
        yield (node.inputs[1], node.inputs[0], *node.inputs[2:])


def _match_inputs(pairs: list[tuple[Any, Value | None]], match: Match) -> Iterator[Match]:
    if not pairs:
        yield match
        return
    (wanted, value), rest = pairs[0], pairs[1:]
    for found in _match_value(wanted, value, match):
        yield from _match_inputs(rest, found)


def _match_value(wanted: Any, value: Value | None, match: Match) -> Iterator[Match]:
    if isinstance(wanted, AnyValue):
        found = match.bind(wanted.name, value) if value is not None or wanted.optional else None
        if found is not None:
            yield found
    elif isinstance(wanted, Result):
        if value is not None and value.producer is not None and value.index == wanted.index:
            yield from _match_call(wanted.call, value.producer, match)
    elif (wanted is None and value is None) or _is_number(wanted, value):
        yield match


def _is_number(wanted: Any, value: Value | None) -> bool:
    """Whether the value is that literal; 2 also matches 2.0, and the sign of zero counts."""
    if wanted is None or value is None or value.kind != LITERAL:
        return False
    return wanted == value.literal and str(float(wanted)) == str(float(value.literal or 0))


def _is_closed(traced: Traced, match: Match) -> bool:
    inside = set(match.nodes.values())
    root = match.nodes[traced.root]
    output = root.outputs[traced.index]
    within = (v for node in inside for v in node.outputs if v is not output)
    return all(user in inside for v in within for user in v.uses)
