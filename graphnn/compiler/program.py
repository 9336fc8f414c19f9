"""A traced call made runnable: passes, prologue, plan, workspaces, and the state they are bound to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from graphnn.backends.registry import Backend
from graphnn.compiler.prologue import split_prologue
from graphnn.ir.graph import Graph
from graphnn.ir.value import Value
from graphnn.plan.places import STATE
from graphnn.plan.plan import Plan, make_plan
from graphnn.runtime.executable import Executable, State, Workspace
from graphnn.tensor.storage import Storage

_grouping = threading.Lock()


class Program:
    """One planned graph and its state. `early` are the positions of the outputs that `forward` returns (all of them,
    unless the graph has a backward part), `late` those that `backward` returns; the last `seeds` inputs are given then.

    Runs that write state hold that state's lock. The prologue runs again when a write to what it reads was counted, or
    could not have been.
    """

    def __init__(
        self, graph: Graph, storages: Sequence[Storage], backend: Backend, early: Sequence[int] | None, seeds: int
    ) -> None:
        parts = split_prologue(graph)
        self.graph = graph
        self.storages = [storages[i] for i in parts.main_params]
        self.prologue = Prologue(parts.prologue, [storages[i] for i in parts.prologue_params], backend)
        self.plan = _plan(parts.main, backend, early, seeds)
        self.early, self.late = _positions(self.plan, early)
        self.executable = Executable(lambda state: backend.bind(self.plan, state))
        self.written = [self.storages[i] for i, p in enumerate(parts.main.params) if p in parts.main.updates]
        self.locks = _locks_for(self.written)
        self.read_late = _read_late(self.plan, self.storages)
        self.strided = [i for i, s in enumerate(self.storages) if not s.array.flags.c_contiguous]

    def state(self) -> State:
        """The arrays that the plan's params are bound to, for one run. Memory with gaps is bound as a copy."""
        arrays = [s.array for s in self.storages]
        for i in self.strided:
            arrays[i] = np.ascontiguousarray(arrays[i])
        return (*arrays, *self.prologue.results())

    def run(self, inputs: list[Any]) -> list[np.ndarray]:
        """One run without a backward part; the outputs as fresh arrays."""
        if not self.locks:
            return self.executable.run(inputs, self.state())
        outputs, workspace = self.start(inputs)
        self.executable.release(workspace)
        return outputs

    def start(self, inputs: list[Any]) -> tuple[list[np.ndarray], Workspace]:
        """Runs the forward part; its outputs, and the workspace that its backward needs (release it to `executable`)."""
        with ExitStack() as held:
            for lock in self.locks:
                held.enter_context(lock)
            state = self.state()
            workspace = self.executable.lease(state)
            outputs = workspace.forward(inputs)
            for i in self.strided:
                if self.storages[i] in self.written:
                    np.copyto(self.storages[i].array, state[i])
            self._count_writes()
            return outputs, workspace

    def _count_writes(self) -> None:
        for storage in self.written:
            storage.writes += 1
            storage.version += 1


class Prologue:
    """The part that depends on state which the run does not write."""

    def __init__(self, graph: Graph | None, storages: list[Storage], backend: Backend) -> None:
        self.graph = graph
        self.storages = storages
        self.runs = 0
        self._results: State = ()
        self._seen: Any = None
        self._lock = threading.Lock()
        if graph is not None:
            plan = make_plan(graph, backend.target)
            self._executable = Executable(lambda state: backend.bind(plan, state))

    def results(self) -> State:
        """The current results; computed anew when the state they come from was, or may have been, written."""
        if self.graph is None:
            return ()
        seen = [(id(s.array), s.writes) for s in self.storages]
        if seen != self._seen or not all(s.watched for s in self.storages):
            with self._lock:
                self._results = tuple(self._executable.run([], tuple(s.array for s in self.storages)))
                self._seen = seen
                self.runs += 1
        return self._results


def _plan(graph: Graph, backend: Backend, early: Sequence[int] | None, seeds: int) -> Plan:
    if early is None:
        return make_plan(graph, backend.target)
    outputs = graph.outputs
    first: list[Value] = [*(outputs[i] for i in early), *graph.updates.values()]
    late = graph.inputs[len(graph.inputs) - seeds :]
    return make_plan(graph, backend.target, phase_one_outputs=first, late_inputs=late)


def _positions(plan: Plan, early: Sequence[int] | None) -> tuple[list[int], list[int]]:
    every = range(len(plan.graph.outputs))
    if early is None or plan.barrier is None:
        return list(every), []
    first = [i for i in every if plan.graph.outputs[i] in plan.early]
    return first, [i for i in every if i not in first]


def _read_late(plan: Plan, storages: list[Storage]) -> list[Storage]:
    """The storages that the backward part reads: they must not change in between."""
    if plan.barrier is None:
        return []
    slots = [plan.slots.get(v) for n in plan.order[plan.barrier :] for v in n.operands]
    read = sorted({slot.index for slot in slots if slot is not None and slot.kind == STATE})
    return [storages[i] for i in read if i < len(storages)]


def _locks_for(storages: Sequence[Storage]) -> list[Any]:
    """The locks of these storages; storages that have none yet share a new one."""
    with _grouping:
        new = threading.RLock()
        for storage in storages:
            if storage.lock is None:
                storage.lock = new
        return sorted({id(s.lock): s.lock for s in storages}.values(), key=id)
