"""A plan's C functions bound to one arena, and its runs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from graphnn.backends.native.boundary import Boundary
from graphnn.backends.native.chains import LINE
from graphnn.backends.native.generate import Program, Segment
from graphnn.backends.native.target import NativeTarget
from graphnn.backends.native.toolchain.arrays import reads_arrays
from graphnn.backends.native.toolchain.direct import direct_call
from graphnn.backends.native.toolchain.pool import pool_runner
from graphnn.backends.native.toolchain.python import python_function
from graphnn.backends.numpy.backend import Bound, Memory, outputs_in_phase
from graphnn.ir.value import Value
from graphnn.ops.quiet import begin_quiet, end_quiet
from graphnn.plan.places import Slot
from graphnn.plan.plan import Plan
from graphnn.runtime.direct import Direct


class _Crossing(NamedTuple):
    """A phase's C function, and what it makes (see `Boundary`)."""

    function: Any
    fresh: list[tuple[tuple[int, ...], np.dtype]]
    through: list[bool] | None
    rest: list[Bound]


class Single(NamedTuple):
    """What a run makes that fills one fresh array: `fill`, called with the arrays of the inputs and that array, returns 0, or
    what `refuse` takes. `direct` gives a function for whole calls, where that can be had."""

    shape: tuple[int, ...]
    dtype: np.dtype
    direct: Callable[[Direct], Any]


class NativeWorkspace:
    """One arena, the table of addresses in it, and the segments bound to them. One run at a time."""

    def __init__(self, plan: Plan, program: Program, library: Any, state: tuple[np.ndarray, ...]) -> None:
        self.state = state
        self.plan = plan
        self.memory = Memory(plan, state)
        self._words = np.zeros(max(1, len(program.refusals)), np.int64)
        self._own = np.empty(program.own_bytes + LINE, np.uint8)
        self._table = self._addresses(program)
        graph = plan.graph
        self._in = self._places([v for v in graph.inputs if v not in plan.late])
        self._late_in = self._places([v for v in graph.inputs if v in plan.late])
        self._out = [np.asarray(self._value(v)) for v in outputs_in_phase(graph, plan, early=True)]
        self._late_out = [np.asarray(self._value(v)) for v in outputs_in_phase(graph, plan, early=False)]
        self._first = [self._segment(s, library) for s in program.before]
        self._second = [self._segment(s, library) for s in program.after]
        copies = [(c.early or plan.barrier is None, c) for c in plan.copies]
        self._at_barrier = [self._copy(c.target, c.source) for early, c in copies if early]
        self._at_end = [self._copy(c.target, c.source) for early, c in copies if not early]
        self._forward = self._crossing(program.forward, library, self._out)
        self._backward = self._crossing(program.backward, library, self._late_out)
        self.single = self._single(program)
        self.fill = None if self.single is None or self._forward is None else self._forward.function

    def _crossing(self, boundary: Boundary | None, library: Any, results: list[np.ndarray]) -> _Crossing | None:
        if boundary is None or not reads_arrays():
            return None
        context = [*(p.value or 0 for p in self._pool()), ctypes.addressof(self._table)]
        fresh = [(r.shape, r.dtype) for r, c in zip(results, boundary.outputs, strict=True) if c]
        return _Crossing(
            python_function(boundary.name, library.address(boundary.name).value, context),
            fresh,
            None if all(boundary.outputs) else boundary.outputs,
            [self._copy(c.target, c.source) for c in boundary.rest],
        )

    def _single(self, program: Program) -> Single | None:
        """None where a run does more than to fill one array."""
        crossing, boundary = self._forward, program.forward
        if crossing is None or boundary is None or program.backward is not None:
            return None
        one = boundary.outputs == [True] and not boundary.rest
        return Single(*crossing.fresh[0], direct_call) if one else None

    def _pool(self) -> tuple[Any, Any]:
        assert isinstance(self.plan.target, NativeTarget)
        return pool_runner(self.plan.target.machine.threads)

    def forward(self, inputs: list[Any]) -> list[np.ndarray]:
        crossing = self._forward
        if crossing is not None:
            return self._cross(crossing, inputs, self._out)
        return self._run(self._in, inputs, self._first, self._out, self._at_barrier)

    def backward(self, inputs: list[Any]) -> list[np.ndarray]:
        if self._backward is not None:
            return self._cross(self._backward, self._as_arrays(inputs), self._late_out)
        return self._run(self._late_in, inputs, self._second, self._late_out, self._at_end)

    def _as_arrays(self, gradients: list[Any]) -> list[Any]:
        """The late inputs: the gradient of an output that nothing depends on comes as a number."""
        places = zip(gradients, self._late_in, strict=True)
        return [
            np.full(p.shape, g, p.dtype) if p is not None and not isinstance(g, np.ndarray) else g for g, p in places
        ]

    def _cross(self, crossing: _Crossing, inputs: list[Any], results: list[np.ndarray]) -> list[np.ndarray]:
        """One call of C for the whole phase."""
        made = [np.empty(shape, dtype) for shape, dtype in crossing.fresh]
        refused = crossing.function(*inputs, *made)
        if refused:
            self.refuse(refused)
        if crossing.through is not None:
            fresh = iter(made)
            made = [next(fresh) if c else r.copy("K") for c, r in zip(crossing.through, results, strict=True)]
        for function, args in crossing.rest:
            function(*args)
        return made

    @contextmanager
    def preserved(self, wanted: bool) -> Iterator[None]:
        saved = self.memory.arena.copy() if wanted else None
        yield
        if saved is not None:
            np.copyto(self.memory.arena, saved)

    def _run(
        self,
        places: list[Any],
        inputs: list[Any],
        segments: list[tuple[Any, tuple[Any, ...]]],
        results: list[np.ndarray],
        copies: list[Bound],
    ) -> list[np.ndarray]:
        for place, value in zip(places, inputs, strict=True):
            if place is not None:
                place[...] = value
        for function, args in segments:
            refused = function(*args)
            if refused:
                self.refuse(refused)
        outputs = [a.copy("K") for a in results]
        for function, args in copies:
            function(*args)
        return outputs

    # ---- binding

    def _addresses(self, program: Program) -> Any:
        words = iter(range(len(program.refusals)))
        own = -(-self._own.ctypes.data // LINE) * LINE
        table = [
            own if e.own else self._words.ctypes.data + 8 * next(words) if e.slot is None else self._address(e.slot)
            for e in program.table
        ]
        return (ctypes.c_void_p * max(1, len(table)))(*table)

    def _address(self, slot: Slot) -> int:
        block = self.memory.block(slot)
        return int(block.ctypes.data) + slot.offset

    def _value(self, value: Value | None) -> Any:
        return None if value is None else self.memory.array(self.plan.slot(value))

    def _places(self, values: Sequence[Value]) -> list[Any]:
        return [self._value(v) if v in self.plan.slots else None for v in values]

    def _segment(self, segment: Segment, library: Any) -> tuple[Any, tuple[Any, ...]]:
        if segment.name:
            function = library.function(segment.name)
            function.restype = ctypes.c_long
            return function, (*self._pool(), self._table)
        return self._on_numpy, (self._numpy_calls(segment.step),)

    def _numpy_calls(self, index: int) -> list[Bound]:
        """The calls of a step's NumPy kernel. Results that are stored with gaps or in another order are made apart."""
        node, plan = self.plan.order[index], self.plan
        outs = self._places(list(node.outputs))
        dense = [a if a is None or a.flags.c_contiguous else np.empty(a.shape, a.dtype) for a in outs]
        arrays = [self._value(v) for v in node.inputs]
        scratch = tuple(self.memory.array(slot) for slot in plan.scratch[index])
        calls = node.op.bind(dense, arrays, node.attrs, scratch)  # type: ignore[attr-defined]
        back = [(np.copyto, a, d) for a, d in zip(outs, dense, strict=True) if a is not d]
        return [(call[0], call[1:]) for call in (*calls, *back)]

    def _on_numpy(self, calls: list[Bound]) -> int:
        before = begin_quiet()
        try:
            for function, args in calls:
                function(*args)
        finally:
            end_quiet(before)
        return 0

    def _copy(self, target: Slot, source: Slot) -> Bound:
        return np.copyto, (self.memory.array(target), self.memory.array(source))

    def refuse(self, refused: int) -> None:
        """Raises what the step's NumPy kernel raises for the values that the C kernel refused."""
        index = refused - 1
        self._words[:] = 0
        node = self.plan.order[index]
        arrays = [self._value(v) for v in node.inputs]
        outs = [np.empty(v.type.shape, v.type.dtype.numpy) for v in node.outputs]
        self._on_numpy([(call[0], call[1:]) for call in node.op.bind(outs, arrays, node.attrs)])  # type: ignore[attr-defined]
        raise AssertionError(f"native {node.op.name} refused values that its NumPy kernel takes: {node!r}")
