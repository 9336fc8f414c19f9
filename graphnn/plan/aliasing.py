"""Which values share memory: results written over inputs that die, and new values of state written where state lies.

Decided after scheduling, from what the ops declare. The answer names for each value that owns memory its *home*:
the param whose storage it lies in, or the value whose buffer in the arena it shares (itself, where it begins a
buffer).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from graphnn.errors import PlanError
from graphnn.ir.registry import Trait
from graphnn.ir.value import LITERAL, PARAM, RESULT, Node, Value
from graphnn.plan.layout import Layout, Layouts
from graphnn.plan.liveness import COPIED_INTO_STATE, Timeline, Times, last_reads, made_at, read_at, written
from graphnn.plan.phases import is_constant

Overwritable = dict[Node, tuple[Value, ...]]


class Update(NamedTuple):
    """`value` is copied into the storage of `param` just before step `at`; `staged`: through a buffer, since
    `value` lies in state that another copy of that step writes."""

    param: Value
    value: Value
    at: int
    staged: bool


@dataclass(frozen=True)
class Homes:
    """`home[base]`: where the memory of each value that owns some lies; `copies` bring the other updates into place."""

    home: dict[Value, Value]
    made: dict[Value, int]
    last: Times
    copies: tuple[Update, ...]


def overwritable(nodes: Iterable[Node], layouts: Layouts) -> Overwritable:
    """The inputs' memory over which each node may write its first result, if nothing else needs it any more."""
    return {n: _overwritable(n, layouts, n.outputs[0]) for n in nodes if Trait.INPLACE in n.op.traits and n.outputs}


def _overwritable(node: Node, layouts: Layouts, result: Value) -> tuple[Value, ...]:
    wanted, read = (result.type.dtype, result.type.shape), [v for v in node.operands if v.kind != LITERAL]
    if layouts[result].base is not result:
        return ()
    shielded = {layouts[v].base for v in _read_by_head(node)}
    fitting = list(dict.fromkeys(layouts[v] for v in read if (v.type.dtype, v.type.shape) == wanted))
    fitting = [mine for mine in fitting if mine.is_whole and mine.base not in shielded]
    fitting = [mine for mine in fitting if mine.strides == layouts[result].strides]
    return tuple(mine.base for mine in fitting if _is_alone(node, mine, [layouts[v] for v in read]))


def _read_by_head(node: Node) -> Iterator[Value]:
    """What the first op of a group reads, where that is not elementwise: all of it may be read until the end."""
    body = node.attrs.get("body")
    if body is None:
        return
    head = next(iter(body.nodes), None)
    if head is None or Trait.ELEMENTWISE in head.op.traits:
        return
    for inner, given in zip(body.inputs, node.inputs, strict=True):
        if given is not None and given.kind != LITERAL and inner in head.operands:
            yield given


def _is_alone(node: Node, mine: Layout, read: list[Layout]) -> bool:
    """Whether the node reads this memory once; an elementwise op may do so several times, each element at its place."""
    same = [other for other in read if other.base is mine.base]
    return len(same) == 1 or (Trait.ELEMENTWISE in node.op.traits and all(other == mine for other in same))


def in_place_updates(graph_updates: dict[Value, Value], layouts: Layouts) -> dict[Value, Value]:
    """Result -> the param of which it is the whole new value: one param a result, the order permitting to be
    written there."""
    targets: dict[Value, Value] = {}
    for param, value in graph_updates.items():
        if value.kind != RESULT:
            continue
        layout = layouts[value]
        maker = layout.base.producer
        if layout.is_whole and layout.is_contiguous and maker is not None and not is_constant(maker):
            targets.setdefault(layout.base, param)
    return targets


def find_homes(line: Timeline, layouts: Layouts, over: Overwritable, every_result: bool = False) -> Homes:
    """`every_result`: not only the first result of an elementwise node may be written over what the node reads."""
    return _Assignment(line, layouts, over, every_result).run()


class _Assignment:
    """One walk through the order, after it was settled which updates are written into place."""

    def __init__(self, line: Timeline, layouts: Layouts, over: Overwritable, every_result: bool) -> None:
        self.line = line
        self.layouts = layouts
        self.over = over
        self.every_result = every_result
        self.last = last_reads(line, layouts)
        self.made = made_at(line, layouts)
        self.targets = in_place_updates(line.graph.updates, layouts)  # result -> param
        self.results: dict[Value, Value] = {}  # param -> result

    def run(self) -> Homes:
        copies = self._settle_updates()
        graph = self.line.graph
        home = {v: v for v in (*graph.inputs, *graph.params)}
        for node in self.line.order:
            for value in written(node, self.layouts):
                home[value] = self._home(node, value, home)
        return Homes(home, self.made, self.last, copies)

    # ---- updates of state

    def _settle_updates(self) -> tuple[Update, ...]:
        """Which results are written into state, and the copies that bring the other new values there."""
        graph = self.line.graph
        changed = {p: v for p, v in graph.updates.items() if not self._is_unchanged(p, v)}
        copied = [p for p, v in changed.items() if v.kind == LITERAL or self.targets.get(self.layouts[v].base) is not p]
        for param in copied:
            self._read_by_copy(changed[param])
        for result, param in list(self.targets.items()):
            if self._fits(result, param, changed[param]):
                self.results[param] = result
                continue
            del self.targets[result]
            copied.append(param)
            self._read_by_copy(changed[param])
        self._check_phases(changed)
        order = [p for p in changed if p in set(copied)]
        return tuple(self._copy(p, changed, set(copied)) for p in order)

    def _base(self, value: Value) -> Value | None:
        return None if value.kind == LITERAL else self.layouts[value].base

    def _is_unchanged(self, param: Value, value: Value) -> bool:
        return value.kind != LITERAL and self.layouts[value] == self.layouts[param]

    def _read_by_copy(self, value: Value) -> None:
        base = self._base(value)
        if base is not None:
            read_at(self.last, base, self.line.leaves(value) + COPIED_INTO_STATE)

    def _fits(self, result: Value, param: Value, value: Value) -> bool:
        """Whether `result` may be written where `param` lies: nothing reads the old value afterwards, and where another
        call may run between the phases, nothing after the barrier reads what lies in state before it."""
        step = self.made[result]
        read = self.last.get(param, -1.0)
        barrier = self.line.barrier
        if barrier is not None and step < barrier <= max(self.last[result], self.line.leaves(value) - 1):
            return False
        return read < step or (read == step and self._may_write_over(result, param))

    def _may_write_over(self, result: Value, base: Value) -> bool:
        """Whether the node that makes `result` may write it over what it reads from `base`."""
        node = result.producer
        assert node is not None
        if result.index == 0:
            return base in self.over.get(node, ())
        if not self.every_result or not (Trait.ELEMENTWISE in node.op.traits or "body" in node.attrs):
            return False
        return base in _overwritable(node, self.layouts, result)

    def _check_phases(self, changed: dict[Value, Value]) -> None:
        """What phase one updates must not be read in its old form after the barrier."""
        barrier = self.line.barrier
        for param, value in changed.items():
            if barrier is None or self.line.leaves(value) > barrier or self.last.get(param, -1.0) < barrier:
                continue
            raise PlanError(
                f"%{param.name} gets its new value before the barrier, but its old value is read after it; "
                "let phase one keep a copy of it"
            )

    def _copy(self, param: Value, changed: dict[Value, Value], copied: set[Value]) -> Update:
        value = changed[param]
        base, at = self._base(value), self.line.leaves(value)
        return Update(param, value, at, staged=base in copied and self.line.leaves(changed[base]) == at)

    # ---- results over inputs

    def _home(self, node: Node, value: Value, home: dict[Value, Value]) -> Value:
        if value in self.targets:
            return self.targets[value]
        if value.index:
            return value
        dead = [home[base] for base in self.over.get(node, ()) if self._may_overwrite(base, value, home)]
        return min(dead, key=lambda place: place.kind != PARAM, default=value)

    def _may_overwrite(self, base: Value, value: Value, home: dict[Value, Value]) -> bool:
        if base not in home or self.last[base] > self.made[value]:
            return False
        return home[base].kind != PARAM or self._may_pass_through(home[base], value)

    def _may_pass_through(self, param: Value, value: Value) -> bool:
        """Whether `value` may lie in a param's storage for a while, between its old value's last reading and its
        new one."""
        result = self.results.get(param)
        if result is None or not self.line.same_phase(self.made[value], self.made[result]):
            return False
        read, step = self.last[value], self.made[result]
        return read < step or (read == step and self._may_write_over(result, value))
