"""From homes to offsets: the buffers that the homes make, laid into one arena, and the slot of every value in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from graphnn.ir.attrs import Constant
from graphnn.ir.types import TensorType
from graphnn.ir.value import LITERAL, PARAM, Node, Value
from graphnn.plan.aliasing import Homes, Update
from graphnn.plan.layout import Layouts
from graphnn.plan.liveness import Timeline, interval
from graphnn.plan.phases import is_constant
from graphnn.plan.places import ARENA, CONSTANT, NUMBER, STATE, Copy, PlannedBuffer, Slot
from graphnn.plan.problem import Buffer, Problem
from graphnn.plan.solver import solve
from graphnn.plan.strides import contiguous_strides
from graphnn.plan.target import Target

Key = Value | tuple[int, int] | Update
"""What a buffer is for: a value, the k-th scratch of a step, or an update that waits there."""


class Assembled(NamedTuple):
    slots: dict[Value, Slot]
    scratch: tuple[tuple[Slot, ...], ...]
    copies: tuple[Copy, ...]
    buffers: tuple[PlannedBuffer, ...]
    constants: tuple[Constant, ...]
    arena_bytes: int
    lower_bound_bytes: int
    sum_bytes: int


def assemble(line: Timeline, layouts: Layouts, homes: Homes, target: Target) -> Assembled:
    """Solves for the offsets and hands out the slots."""
    scratch = [target.scratch(node) for node in line.order]
    buffers = dict(_value_buffers(homes, target)) | dict(_short_buffers(line, homes, scratch, target))
    problem = Problem(buffers.values())
    solution = solve(problem)
    offsets = dict(zip(buffers, solution.offsets, strict=True))
    planned = [PlannedBuffer(b.name, offsets[k], b.size, b.start, b.stop) for k, b in buffers.items()]
    table = _SlotTable(line, layouts, homes, offsets)
    return Assembled(
        table.slots,
        tuple(tuple(_arena_slot(offsets[i, k], t) for k, t in enumerate(types)) for i, types in enumerate(scratch)),
        tuple(table.copies()),
        tuple(planned),
        tuple(table.constants.values()),
        solution.arena_bytes,
        problem.lower_bound,
        problem.total_bytes,
    )


# ---- what has to be placed


def _value_buffers(homes: Homes, target: Target) -> Iterator[tuple[Value, Buffer]]:
    """One buffer for each home in the arena, live from its first occupant's making to its last one's last reading."""
    spans: dict[Value, tuple[int, int]] = {}
    for base, home in homes.home.items():
        if home.kind == PARAM or base not in homes.last:
            continue
        start, stop = interval(homes.made[base], homes.last[base])
        before = spans.get(home, (start, stop))
        spans[home] = min(before[0], start), max(before[1], stop)
    for home, (start, stop) in spans.items():
        yield home, Buffer(home.name, home.type.nbytes, start, stop, target.alignment)


def _short_buffers(
    line: Timeline, homes: Homes, scratch: list[tuple[TensorType, ...]], target: Target
) -> Iterator[tuple[Key, Buffer]]:
    """Scratch, and the places where new values of state wait for their turn: live during one step each."""
    for step, (node, types) in enumerate(zip(line.order, scratch, strict=True)):
        for k, t in enumerate(types):
            yield (step, k), Buffer(f"scratch {k} of {_label(node)}", t.nbytes, step, step + 1, target.alignment)
    for update in homes.copies:
        if update.staged:
            name = f"next {update.param.name}"
            yield update, Buffer(name, update.value.type.nbytes, update.at, update.at + 1, target.alignment)


def _label(node: Node) -> str:
    return node.outputs[0].name if node.outputs else node.op.name


# ---- where values lie


def _arena_slot(offset: int, type: TensorType) -> Slot:
    return Slot(ARENA, offset, type.shape, _bytes(contiguous_strides(type.shape), type), type.dtype.numpy)


def _bytes(strides: tuple[int, ...], type: TensorType) -> tuple[int, ...]:
    return tuple([s * type.dtype.itemsize for s in strides])


class _SlotTable:
    """The slots of all values that the plan reads or makes; constants are numbered as they are met."""

    def __init__(self, line: Timeline, layouts: Layouts, homes: Homes, offsets: dict[Key, int]) -> None:
        self.line = line
        self.layouts = layouts
        self.homes = homes
        self.offsets = offsets
        self.states = {param: i for i, param in enumerate(line.graph.params)}
        self.constants: dict[Value, Constant] = {}
        self.numbers: dict[Value, int] = {}
        self.slots: dict[Value, Slot] = {}
        for value in self._values(line):
            if value not in self.slots:
                self.slots[value] = self._slot(value)

    def _values(self, line: Timeline) -> Iterator[Value]:
        graph = line.graph
        yield from graph.params
        yield from (v for v in graph.inputs if v in self.homes.last)
        for node in line.order:
            yield from (v for v in node.operands if v.kind != LITERAL)
            yield from (v for v in node.outputs if self.layouts[v].base is not v or v in self.homes.last)
        yield from (v for v in graph.terminator.operands if v.kind != LITERAL)

    def _slot(self, value: Value) -> Slot:
        kind, index, offset = self._place(self.layouts[value].base)
        layout, type = self.layouts[value], value.type
        offset += layout.offset * type.dtype.itemsize
        return Slot(kind, offset, type.shape, _bytes(layout.strides, type), type.dtype.numpy, index)

    def _place(self, base: Value) -> tuple[str, int, int]:
        """Kind, index and offset of the memory that a value owns."""
        if base.producer is not None and is_constant(base.producer):
            self.constants.setdefault(base, base.producer.attrs["value"])
            return CONSTANT, self.numbers.setdefault(base, len(self.numbers)), 0
        home = self.homes.home[base]
        if home.kind == PARAM:
            return STATE, self.states[home], 0
        return ARENA, 0, self.offsets[home]

    # ---- what is copied into state

    def copies(self) -> Iterator[Copy]:
        """The early ones, then the others; of each, first all that waits is put aside, then everything is moved in."""
        for early in (True, False):
            now = [u for u in self.homes.copies if self.line.is_early(u.value) == early]
            for update in now:
                if update.staged:
                    yield Copy("", self._source(update), self._waiting(update), early)
            for update in now:
                source = self._waiting(update) if update.staged else self._source(update)
                yield Copy(update.param.attrs["name"], source, self.slots[update.param], early)

    def _source(self, update: Update) -> Slot:
        value = update.value
        if value.kind != LITERAL:
            return self.slots[value]
        return Slot(NUMBER, 0, (), (), value.type.dtype.numpy, number=value.literal)

    def _waiting(self, update: Update) -> Slot:
        return _arena_slot(self.offsets[update], update.value.type)
