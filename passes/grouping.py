"""Groups of nodes that can become one node each, several results allowed, so that the graph keeps an order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from graphnn.ir.copying import copy_nodes, inline, translate
from graphnn.ir.graph import Graph
from graphnn.ir.value import LITERAL, Node, Value
from graphnn.ops.fused import fused
from graphnn.ops.op import Op
from graphnn.rewrite.edit import erase_unused

Fusable = Callable[[Node], bool]


class Grouping:
    """One walk through the graph: a fusable node joins the groups that it reads from, of its shape, where nothing
    that it reads from elsewhere depends on them: else the group would wait for itself.

    A unit is a group, or a node that is in none; `needs` holds the units that each unit reads from, `joined` what
    became of those that are part of another.
    """

    def __init__(self, graph: Graph, fusable: Fusable, late: set[Node], max_results: int, max_ops: int) -> None:
        self.graph = graph
        self.fusable = fusable
        self.late = late
        self.max_results = max_results
        self.max_ops = max_ops
        self.unit_of: dict[Node, int] = {}
        self.members: list[list[Node]] = []
        self.first: list[int] = []
        self.last: list[int] = []
        self.needs: list[set[int]] = []
        self.joined: dict[int, int] = {}

    def run(self) -> list[list[Node]]:
        """The groups of more than one node, each in the graph's order."""
        place: dict[Node, int] = {}
        for number, node in enumerate(self.graph.nodes):
            place[node] = number
            unit = self._new(number)
            self._put(node, unit, number)
            if self.fusable(node):
                for other in sorted({u for u in self._sources(node) if u != unit}, reverse=True):
                    if self._may_join(other, self.unit_of[node]):
                        self._join(other, self.unit_of[node])
        groups = [m for m in self.members if len(m) > 1 and results_of(m)]
        return [sorted(m, key=place.__getitem__) for m in groups]

    def _new(self, place: int) -> int:
        self.members.append([])
        self.first.append(place)
        self.needs.append(set())
        self.last.append(place)
        return len(self.members) - 1

    def _put(self, node: Node, unit: int, place: int) -> None:
        self.unit_of[node] = unit
        self.members[unit].append(node)
        self.needs[unit].update(u for u in self._sources(node) if u != unit)

    def _sources(self, node: Node) -> Iterator[int]:
        return (self.unit_of[v.producer] for v in node.operands if v.producer in self.unit_of)

    # ---- joining

    def _may_join(self, early: int, late: int) -> bool:
        """Whether two units, the late one reading from the early one, can be one: they are groups of one shape, small
        enough, and nothing that the late one reads from elsewhere depends on the early one."""
        a, b = self.members[early], self.members[late]
        if not a or not b or not self.fusable(a[0]) or a[0].output.type.shape != b[0].output.type.shape:
            return False
        if (a[0] in self.late) != (b[0] in self.late):
            return False
        if len(a) + len(b) > self.max_ops or self._results(a, b) > self.max_results:
            return False
        return not self._depends_elsewhere(late, early)

    def _results(self, a: list[Node], b: list[Node]) -> int:
        return len(results_of([*a, *b]))

    def _depends_elsewhere(self, late: int, early: int) -> bool:
        """Whether another unit that `late` reads from depends on `early`."""
        waiting = [u for u in self._needs(late) if u != early and self.last[u] > self.first[early]]
        seen = set(waiting)
        while waiting:
            for source in self._needs(waiting.pop()):
                if source == early:
                    return True
                if source not in seen and self.last[source] > self.first[early]:
                    seen.add(source)
                    waiting.append(source)
        return False

    def _join(self, early: int, late: int) -> None:
        """Moves the smaller unit's nodes into the larger; who reads from it is told."""
        small, large = sorted((early, late), key=lambda u: len(self.members[u]))
        for node in self.members[small]:
            self.unit_of[node] = large
        self.members[large] += self.members[small]
        self.members[small] = []
        self.needs[large] = (self.needs[large] | self.needs[small]) - {small, large}
        self.first[large] = min(self.first[large], self.first[small])
        self.last[large] = max(self.last[large], self.last[small])
        self.joined[small] = large

    def _needs(self, unit: int) -> set[int]:
        """The units that this one reads from, as they are called by now."""
        found = {self._now(u) for u in self.needs[unit]} - {unit}
        self.needs[unit] = found
        return found

    def _now(self, unit: int) -> int:
        while unit in self.joined:
            unit = self.joined[unit]
        return unit


def waiting_for(graph: Graph, late_inputs: int) -> set[Node]:
    """The nodes that depend on the last so many of the graph's inputs."""
    values = set(graph.inputs[len(graph.inputs) - late_inputs :])
    found: set[Node] = set()
    for node in graph.nodes:
        if any(v in values for v in node.operands):
            found.add(node)
            values.update(node.outputs)
    return found


def results_of(group: Iterable[Node]) -> list[Value]:
    """What others use of what the group makes."""
    inside = dict.fromkeys(group)
    return [n.output for n in inside if any(user not in inside for user in n.output.uses)]


def gather(graph: Graph, groups: Iterable[list[Node]]) -> None:
    """Brings the nodes of each group together: the graph's order otherwise kept as far as it can be."""
    group_of = {node: group for group in groups for node in group}
    done: dict[Node, None] = {}
    for node in graph.nodes:
        _place(node, group_of, done)
    graph.reorder(done)


def _place(node: Node, group_of: dict[Node, list[Node]], done: dict[Node, None]) -> None:
    """Puts all that the node's unit needs, then the unit; without recursion, for graphs may be deep."""
    stack = [(node, False)]
    while stack:
        current, ready = stack.pop()
        if current in done:
            continue
        unit = group_of.get(current, [current])
        if ready:
            done.update(dict.fromkeys(unit))
            continue
        stack.append((current, True))
        inside = set(unit)
        for member in unit:
            makers = (v.producer for v in member.operands if v.producer is not None)
            stack.extend((m, False) for m in makers if m not in inside and m not in done)


def fuse_group(graph: Graph, group: list[Node], op: Op) -> None:
    """Puts one node of `op` for the group, where its last node stands, with the group as its body; nothing between the
    group's first and last node may use what the group makes."""
    members = dict.fromkeys(group)
    operands = (v for node in members for v in node.operands)
    inputs = list(dict.fromkeys(v for v in operands if v.kind != LITERAL and v.producer not in members))
    results = results_of(group)
    with graph.before(group[-1], *group[:-1]):
        made = graph.append(op, inputs, {"body": _body(members, inputs, results)})
    for old, new in zip(results, made.outputs, strict=True):
        graph.replace_all_uses(old, new)
    erase_unused(graph, group)


def _body(members: dict[Node, None], inputs: list[Value], results: list[Value]) -> Graph:
    body = Graph("body")
    mapping = {v: body.add_input(v.type, v.name) for v in inputs}
    for node in members:
        if node.op is fused and len(node.outputs) == 1:
            args = [translate(v, body, mapping) for v in node.operands]
            mapping[node.output] = inline(node.attrs["body"], args, (), body)[0]
        else:
            copy_nodes([node], body, mapping)
    body.outputs = [mapping[v] for v in results]
    return body
