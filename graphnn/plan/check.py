"""Checks a whole plan against its graph by running it on marks instead of numbers; knows nothing of how plans are made.

Every element of every value is a mark that occurs once. Memory holds marks; each step must find at its inputs'
slots the marks that the graph says, then leaves fresh ones at its results' slots. What overwrites too early, reads
the wrong place or forgets an update is found as a wrong mark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from graphnn.errors import PlanError
from graphnn.ir.printer import format_node
from graphnn.ir.registry import Trait
from graphnn.ir.value import INPUT, LITERAL, PARAM, Node, Value
from graphnn.plan.places import ARENA, CONSTANT, NUMBER, STATE, Slot
from graphnn.plan.plan import Plan

Span = tuple[str, int, int, int]
"""Kind and index of a memory, and the bytes `[begin, end)` in it."""


def check_plan(plan: Plan) -> None:
    """Raises PlanError where a step would not see the values that the graph gives it, or where a result would be
    lost."""
    _check_order(plan)
    _check_numbers(plan)
    _Run(plan).run()


def _check_order(plan: Plan) -> None:
    """Every node that matters once, after what it reads; effects in the graph's order; phase one before the barrier."""
    done: set[Node] = set()
    for node in plan.order:
        if node in done:
            raise PlanError(f"a node is planned twice: {format_node(node)}")
        _require_made(node, done, f"is planned before what it reads: {format_node(node)}")
        done.add(node)
    _require_made(plan.graph.terminator, done, "is returned, but not planned")
    effects = [n for n in plan.graph.nodes if Trait.EFFECT in n.op.traits]
    if [n for n in plan.order if Trait.EFFECT in n.op.traits] != effects:
        raise PlanError("nodes with effects are left out or change their order")


def _require_made(node: Node, done: set[Node], complaint: str) -> None:
    for value in node.operands:
        if value.producer is not None and value.producer not in done and value.op != "constant":
            raise PlanError(f"%{value.name} {complaint}")


def _check_numbers(plan: Plan) -> None:
    """The plan's own figures agree: buffers lie in the arena, and nothing can be smaller than what lives at one
    step."""
    if plan.lower_bound_bytes > plan.arena_bytes or max(plan.live_bytes, default=0) > plan.lower_bound_bytes:
        live = max(plan.live_bytes)
        figures = f"arena {plan.arena_bytes}, lower bound {plan.lower_bound_bytes}, peak {live}"
        raise PlanError(f"the plan's figures contradict each other: {figures}")
    for buffer in plan.buffers:
        if buffer.offset < 0 or buffer.offset + buffer.size > plan.arena_bytes:
            raise PlanError(f"buffer {buffer} does not lie in the arena of {plan.arena_bytes} bytes")


class _Run:
    """One run on marks. `expected[value]` are the marks of a value as the graph defines it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.marks = 0
        self.expected: dict[Value, np.ndarray] = {}
        self.grain = math.gcd(*(g for s in _slots(plan) for g in (s.offset, *s.strides, s.dtype.itemsize)), 0)
        self.planned = set(plan.order)
        self.memory: dict[tuple[str, int], np.ndarray] = {(ARENA, 0): self._bytes(plan.arena_bytes)}
        for index, param in enumerate(plan.graph.params):
            self.memory[STATE, index] = self._bytes(param.type.nbytes)
            self._enter(param, Slot(STATE, 0, param.shape, plan.slots[param].strides, param.type.dtype.numpy, index))
        for node in plan.graph.nodes:
            if node.op.name == "constant" and node.output in plan.slots:
                slot = plan.slots[node.output]
                self.memory[CONSTANT, slot.index] = self._bytes(node.output.type.nbytes)
                self._enter(node.output, slot)

    def run(self) -> None:
        plan, graph = self.plan, self.plan.graph
        for value in graph.inputs:
            if value not in plan.late:
                self._enter(value, plan.slots.get(value))
        for step, node in enumerate(plan.order):
            if step == plan.barrier:
                self._cross_barrier()
            self._step(step, node)
        if plan.barrier == len(plan.order):
            self._cross_barrier()
        for value in graph.outputs:
            if value not in plan.early:
                self._expect(value, "the graph's output")
        self._copy(early=False)
        self._check_state([p for p in graph.params if p not in plan.early_updates])

    # ---- marks in memory

    def _bytes(self, count: int) -> np.ndarray:
        return np.full(-(-count // self.grain) if self.grain else 0, -1, np.int64)

    def _fresh(self, shape: tuple[int, ...]) -> np.ndarray:
        count = math.prod(shape)
        self.marks += count
        return np.arange(self.marks - count, self.marks).reshape(shape)

    def _enter(self, value: Value, slot: Slot | None) -> None:
        """The value comes into being, and lies at its slot."""
        self.expected[value] = self._fresh(value.shape)
        if slot is not None:
            _check_slot(value, slot)
            self._at(slot)[...] = self.expected[value][..., None]

    def _at(self, slot: Slot) -> np.ndarray:
        """The marks at a slot, with a last dimension for the grains of one element."""
        memory, grain = self.memory[slot.kind, slot.index], self.grain
        _, _, begin, end = _span(slot)
        if begin < 0 or end > len(memory) * grain:
            raise PlanError(f"{slot} lies outside of its memory of {len(memory) * grain} bytes")
        shape, strides = (*slot.shape, slot.dtype.itemsize // grain), (*(s // grain * 8 for s in slot.strides), 8)
        start = memory[slot.offset // grain :] if slot.offset < len(memory) * grain else memory[:0]
        return np.lib.stride_tricks.as_strided(start, shape, strides)

    def _expect(self, value: Value, reader: Node | str) -> None:
        """The value must lie at its slot, whole."""
        if value.kind == LITERAL:
            return
        slot = self.plan.slots.get(value)
        if slot is None:
            raise PlanError(f"%{value.name} has no slot, but is read by {_name(reader)}")
        _check_slot(value, slot)
        marks = self.expected.get(value)
        if marks is None or not (self._at(slot) == marks[..., None]).all():
            where = f"at its slot when it is read by {_name(reader)}: {slot}"
            raise PlanError(f"%{value.name} is not, or no more, {where}")

    # ---- steps

    def _step(self, step: int, node: Node) -> None:
        for value in node.operands:
            self._expect(value, node)
        if step in self.plan.views:
            self._view(node)
            return
        made = [v for v in node.outputs if v in self.plan.slots]
        if any(v not in self.plan.slots and not self.planned.isdisjoint(v.uses) for v in node.outputs):
            raise PlanError(f"a result that is used has no slot: {format_node(node)}")
        self._check_overlaps(node, made, self.plan.scratch[step])
        for slot in self.plan.scratch[step]:
            self._at(slot)[...] = self._fresh(slot.shape)[..., None]
        for value in made:
            self._enter(value, self.plan.slots[value])

    def _view(self, node: Node) -> None:
        """A view moves nothing: its marks are the input's, seen another way; whether they lie there is asked when
        it is read."""
        base, result = node.inputs[0], node.outputs[0]
        same = node.op.name == "contiguous"  # the same elements, which may lie in the order that is wanted
        if base is None or not (same or Trait.VIEW in node.op.traits):
            raise PlanError(f"is planned as a view, but is none: {format_node(node)}")
        marks = np.ascontiguousarray(self.expected[base]).reshape(base.shape)
        seen = marks if same else node.op.view(marks, **node.attrs)  # type: ignore[attr-defined]
        if seen is None or seen.shape != result.shape:
            raise PlanError(f"is planned as a view, but is none: {format_node(node)}")
        self.expected[result] = seen
        self._expect(result, "its own view")

    def _may_lie_over(self, node: Node, value: Value | None) -> bool:
        """Whether the step may write this result over an input at all: the first result, or as the target allows."""
        if value is None or value.index == 0:
            return value is not None
        whole = Trait.ELEMENTWISE in node.op.traits or "body" in node.attrs
        return self.plan.target.every_result and whole

    def _check_overlaps(self, node: Node, made: list[Value], scratch: Iterable[Slot]) -> None:
        """A result may lie over an input only as the op allows; nothing else that one step touches may overlap."""
        read = [v for v in node.operands if v.kind != LITERAL]
        slots = self.plan.slots
        writes = [*((slots[v], v) for v in made), *((s, None) for s in scratch)]
        for i, (slot, value) in enumerate(writes):
            if any(_overlap(slot, other) for other, _ in writes[:i]):
                raise PlanError(f"results and scratch overlap: {format_node(node)}")
            over = [v for v in read if _overlap(slot, slots[v])]
            if over and not (self._may_lie_over(node, value) and _may_overwrite(node, [slots[v] for v in over], slot)):
                raise PlanError(f"is written over %{over[0].name} while that is read: {format_node(node)}")

    # ---- state

    def _cross_barrier(self) -> None:
        """Phase one's results leave; other calls may change the state they updated; late inputs come in."""
        plan = self.plan
        for value in plan.early:
            self._expect(value, "the caller, at the barrier")
        self._copy(early=True)
        updated = list(plan.early_updates)
        self._check_state(updated)
        for param in updated:
            slot = plan.slots[param]
            self._at(slot)[...] = self._fresh(slot.shape)[..., None]
        for value in plan.late:
            self._enter(value, plan.slots.get(value))

    def _copy(self, early: bool) -> None:
        for copy in self.plan.copies:
            if copy.early != early:
                continue
            if copy.source.kind == NUMBER:
                source = np.full((*copy.target.shape, 1), -2)
            else:
                source = self._at(copy.source)[..., :1].copy()
            self._at(copy.target)[...] = source

    def _check_state(self, params: Iterable[Value]) -> None:
        """Each param's storage must hold the new value; the old one, where there is no update."""
        updates = self.plan.graph.updates
        for param in params:
            value = updates.get(param, param)
            marks = np.full(param.shape, -2) if value.kind == LITERAL else self.expected[value].reshape(param.shape)
            if not (self._at(self.plan.slots[param]) == marks[..., None]).all():
                raise PlanError(f"state {param.attrs['name']} does not hold %{value.name} in the end")


def _name(reader: Node | str) -> str:
    return reader if isinstance(reader, str) else format_node(reader)


def _slots(plan: Plan) -> list[Slot]:
    scratch = [slot for step in plan.scratch for slot in step]
    return [*plan.slots.values(), *scratch, *(slot for copy in plan.copies for slot in (copy.source, copy.target))]


def _check_slot(value: Value, slot: Slot) -> None:
    if slot.shape != value.shape or slot.dtype != value.type.dtype.numpy:
        raise PlanError(f"%{value.name}: {value.type} has a slot of another type: {slot}")
    if value.kind in (INPUT, PARAM) and slot.kind != (ARENA if value.kind == INPUT else STATE):
        raise PlanError(f"%{value.name}, a graph's {value.kind}, lies in {slot.kind}")


def _span(slot: Slot) -> Span:
    """The bytes from the first to the last that a slot touches."""
    if 0 in slot.shape:
        return slot.kind, slot.index, 0, 0
    steps = [(n - 1) * s for n, s in zip(slot.shape, slot.strides, strict=True)]
    begin = slot.offset + sum(s for s in steps if s < 0)
    return slot.kind, slot.index, begin, slot.offset + sum(s for s in steps if s > 0) + slot.dtype.itemsize


def _overlap(a: Slot, b: Slot) -> bool:
    x, y = _span(a), _span(b)
    return x[:2] == y[:2] and x[2] < y[3] and y[2] < x[3]


def _may_overwrite(node: Node, over: list[Slot], slot: Slot) -> bool:
    """In place: the same elements at the same places; with several such inputs only elementwise."""
    if Trait.INPLACE not in node.op.traits or (len(over) > 1 and Trait.ELEMENTWISE not in node.op.traits):
        return False
    return all(s == slot for s in over)
