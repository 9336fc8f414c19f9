"""Binding a plan to an arena, and running what was bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from graphnn.errors import BackendError
from graphnn.ir.graph import Graph
from graphnn.ir.value import Node, Value
from graphnn.ops.op import Call
from graphnn.ops.quiet import begin_quiet, end_quiet
from graphnn.plan.places import ARENA, CONSTANT, NUMBER, STATE, Copy, Slot
from graphnn.plan.plan import Plan
from graphnn.plan.target import NUMPY

Bound = tuple[Any, tuple[Any, ...]]  # (function, arguments)


class NumpyBackend:
    """Always there."""

    name = "numpy"
    target = NUMPY

    def prepare(self, plan: Plan) -> None:
        """Nothing: a plan is bound as it is."""

    def bind(self, plan: Plan, state: tuple[np.ndarray, ...]) -> NumpyWorkspace:
        return NumpyWorkspace(plan, state)

    def step_nanoseconds(
        self, plan: Plan, state: tuple[np.ndarray, ...], inputs: Sequence[Any], runs: int = 20
    ) -> list[float]:
        from graphnn.backends.numpy.timing import step_nanoseconds

        return step_nanoseconds(plan, state, inputs, runs)

    def own_bytes(self, plan: Plan) -> int:
        """Nothing lies beside the arena."""
        return 0

    def source(self, plan: Plan) -> str:
        raise BackendError("the numpy backend generates no code; compile with backend='native' to see some")


class Memory:
    """Views of one arena, of the state's arrays and of the plan's constants, by slot."""

    def __init__(self, plan: Plan, state: tuple[np.ndarray, ...]) -> None:
        self.arena = aligned_bytes(plan.arena_bytes, plan.target.alignment)
        self.state = state
        self.constants = plan.constants

    def array(self, slot: Slot) -> Any:
        """The array at the slot, or a literal's number."""
        if slot.kind == NUMBER:
            return slot.number
        block = self.block(slot)
        return np.ndarray(slot.shape, slot.dtype, block, slot.offset, slot.strides)

    def block(self, slot: Slot) -> np.ndarray:
        """The array that the slot is a part of."""
        if slot.kind == ARENA:
            return self.arena
        assert slot.kind in (STATE, CONSTANT)
        return self.state[slot.index] if slot.kind == STATE else self.constants[slot.index].array


def aligned_bytes(size: int, alignment: int) -> np.ndarray:
    """An uninitialised block of bytes that begins at a multiple of `alignment`."""
    raw = np.empty(size + alignment, np.uint8)
    start = -raw.ctypes.data % alignment
    return raw[start : start + size]


class NumpyWorkspace:
    """One arena and the calls bound to it. A run copies the inputs in, replays the calls and copies the outputs out; it
    makes no other array. One run at a time."""

    def __init__(self, plan: Plan, state: tuple[np.ndarray, ...]) -> None:
        self.state = state
        self.memory = Memory(plan, state)
        self._arrays: dict[Value, Any] = {}
        graph, end = plan.graph, len(plan.order)
        barrier = end if plan.barrier is None else plan.barrier
        calls = [self.calls_of(plan, i) for i in range(end)]
        self._in = self._places(plan, [v for v in graph.inputs if v not in plan.late])
        self._late_in = self._places(plan, [v for v in graph.inputs if v in plan.late])
        self._out = [np.asarray(self._value(plan, v)) for v in outputs_in_phase(graph, plan, early=True)]
        self._late_out = [np.asarray(self._value(plan, v)) for v in outputs_in_phase(graph, plan, early=False)]
        self._first = [call for step in calls[:barrier] for call in step]
        self._at_barrier = [self._copy(c) for c in plan.copies if c.early or plan.barrier is None]
        self._second = [call for step in calls[barrier:] for call in step]
        self._at_end = [self._copy(c) for c in plan.copies if not (c.early or plan.barrier is None)]
        self._arrays.clear()

    def forward(self, inputs: list[Any]) -> list[np.ndarray]:
        self.take(inputs, late=False)
        before = begin_quiet()
        try:
            for function, args in self._first:
                function(*args)
            outputs = [a.copy("K") for a in self._out]
            for function, args in self._at_barrier:
                function(*args)
        finally:
            end_quiet(before)
        return outputs

    def backward(self, inputs: list[Any]) -> list[np.ndarray]:
        self.take(inputs, late=True)
        before = begin_quiet()
        try:
            for function, args in self._second:
                function(*args)
            outputs = [a.copy("K") for a in self._late_out]
            for function, args in self._at_end:
                function(*args)
        finally:
            end_quiet(before)
        return outputs

    @contextmanager
    def preserved(self, wanted: bool) -> Iterator[None]:
        saved = self.memory.arena.copy() if wanted else None
        yield
        if saved is not None:
            np.copyto(self.memory.arena, saved)

    def take(self, inputs: Sequence[Any], *, late: bool) -> None:
        """Copies in what is given at the start of a run, or at its barrier."""
        for place, value in zip(self._late_in if late else self._in, inputs, strict=True):
            if place is not None:
                place[...] = value

    def _value(self, plan: Plan, value: Value | None) -> Any:
        if value is None:
            return None
        found = self._arrays.get(value)
        if found is None:
            found = self._arrays[value] = self.memory.array(plan.slot(value))
        return found

    def _places(self, plan: Plan, values: list[Value]) -> list[Any]:
        return [self._value(plan, v) if v in plan.slots else None for v in values]

    def calls_of(self, plan: Plan, index: int) -> list[Bound]:
        """What a step calls; nothing for views."""
        if index in plan.views:
            return []
        node: Node = plan.order[index]
        outs = self._places(plan, list(node.outputs))
        arrays = [self._value(plan, v) for v in node.inputs]
        scratch = tuple(self.memory.array(slot) for slot in plan.scratch[index])
        calls: list[Call] = node.op.bind(outs, arrays, node.attrs, scratch)  # type: ignore[attr-defined]
        return [(call[0], call[1:]) for call in calls]

    def _copy(self, copy: Copy) -> Bound:
        return np.copyto, (self.memory.array(copy.target), self.memory.array(copy.source))


def outputs_in_phase(graph: Graph, plan: Plan, early: bool) -> list[Value]:
    """The graph's outputs that are copied out before the barrier (all of them, where there is none), or after it."""
    if plan.barrier is None:
        return list(graph.outputs) if early else []
    return [v for v in graph.outputs if (v in plan.early) == early]
