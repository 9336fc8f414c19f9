"""Rewrites written as ordinary functions that return a pattern and its replacement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphnn.errors import GraphnnError
from graphnn.ir.graph import Graph
from graphnn.ir.origin import merge
from graphnn.ir.value import Node, Value
from graphnn.rewrite.edit import erase_unused, substitute
from graphnn.rewrite.matching import Match, find
from graphnn.rewrite.pass_ import EXACT, Pass, Tolerance
from graphnn.rewrite.symbols import AnyAttr, AnyValue, Call, Result, Traced, trace_pattern

MOST_SWEEPS = 100  # a pattern whose replacement matches again and again must not run forever


@dataclass(frozen=True)
class Pattern:
    """One rewrite rule: `function(*values, **attrs) -> (pattern, replacement)`, run once on symbols (see symbols.py).

    Attrs that the pattern does not give must have their defaults. Values within the pattern have no user outside of
    it. `where`, if given, is told what each parameter stands for (values and attrs, by name) and says whether the
    rewrite may be done. Where the replacement's type would be another, nothing is done.
    """

    function: Callable[..., Any]
    where: Callable[..., bool] | None = None

    @cached_property
    def traced(self) -> Traced:
        return trace_pattern(self.function)

    def apply(self, graph: Graph) -> bool:
        """Rewrites every match; True when there was one. Each sweep is linear in the graph."""
        modified = False
        for _ in range(MOST_SWEEPS):
            if not self._sweep(graph):
                return modified
            modified = True
        name = getattr(self.function, "__name__", "pattern")
        raise GraphnnError(f"{name} does not come to rest: after {MOST_SWEEPS} sweeps its replacement still matches")

    def _sweep(self, graph: Graph) -> bool:
        root, modified = self.traced.root.op, False
        for node in graph.nodes:
            if node.op is root and self._rewrite(graph, node):
                modified = True
        return modified

    def _rewrite(self, graph: Graph, node: Node) -> bool:
        match = find(self.traced, node)
        if match is None or (self.where is not None and not self.where(**match.bound)):
            return False
        origins = merge(*(n.origins for n in reversed(match.nodes.values())))
        with graph.before(node), graph.originating(origins):
            new = graph.as_value(_Builder(graph, match).build(self.traced.replacement))
        assert new is not None
        if new.type is not node.outputs[self.traced.index].type:
            erase_unused(graph, [new.producer] if new.producer else [])
            return False
        substitute(graph, node, [new if i == self.traced.index else None for i in range(len(node.outputs))])
        return True


class _Builder:
    """Makes the replacement's nodes for one match; a call that occurs twice becomes one node."""

    def __init__(self, graph: Graph, match: Match) -> None:
        self.graph = graph
        self.match = match
        self.made: dict[Call, tuple[Value, ...]] = {}

    def build(self, item: Any) -> Any:
        if isinstance(item, AnyValue | AnyAttr):
            return self.match.bound[item.name]
        if isinstance(item, Result):
            return self._call(item.call)[item.index]
        return item

    def _call(self, call: Call) -> tuple[Value, ...]:
        if call not in self.made:
            inputs = [self.build(i) for i in call.inputs]
            while inputs and inputs[-1] is None:
                inputs.pop()
            attrs = {k: self.build(v) for k, v in call.attrs.items()}
            results = self.graph.apply(call.op, inputs, attrs)
            self.made[call] = results if isinstance(results, tuple) else (results,)
        return self.made[call]


def pattern(function: Callable[..., Any]) -> Pattern:
    """The rule of a function; see `Pattern`."""
    return Pattern(function)


@dataclass(frozen=True)
class PatternPass(Pass):
    """The pass that a single pattern makes; `pattern_pass` gives it a name, a tolerance and the docstring."""

    rule: Pattern

    def apply(self, graph: Graph) -> bool:
        return self.rule.apply(graph)


def pattern_pass(
    name: str, *, tolerance: Tolerance = EXACT, where: Callable[..., bool] | None = None
) -> Callable[[Callable[..., Any]], PatternPass]:
    """Makes a pass of a function that returns a pattern and its replacement:

    @pattern_pass("fuse-linear-relu")
    def fuse_linear_relu(x, w, b=None):
        \"\"\"relu(linear(x, w, b)) -> linear_relu(x, w, b), when the linear has no other user.\"\"\"
        return relu(linear(x, w, b)), linear_relu(x, w, b)
    """

    def decorate(function: Callable[..., Any]) -> PatternPass:
        told = {"name": name, "tolerance": tolerance, "__doc__": function.__doc__, "__module__": function.__module__}
        made: type[PatternPass] = type(function.__name__, (PatternPass,), told)
        return made(Pattern(function, where))

    return decorate
