"""A traced call made runnable: workspaces, and the state that they are bound to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from graphnn.backends.registry import Backend
from graphnn.compiler.prepared import Prepared, Wanted
from graphnn.plan.places import STATE
from graphnn.plan.plan import Plan
from graphnn.runtime.executable import Executable, State, Workspace
from graphnn.tensor.storage import Storage, changes

_grouping = threading.Lock()


class Program:
    """A prepared graph and its state. `early` are the positions of the outputs that `forward` returns (all of them,
    unless the graph has a backward part), `late` those that `backward` returns.

    Runs that write state hold that state's lock. The prologue runs again when a write to what it reads was counted, or
    could not have been.
    """

    def __init__(self, prepared: Prepared, storages: Sequence[Storage], wanted: Wanted) -> None:
        backend, graph = wanted.backend, prepared.plan.graph
        self.backend = backend
        self.storages = [storages[i] for i in prepared.main_params]
        self.prologue = Prologue(prepared.prologue, [storages[i] for i in prepared.prologue_params], backend)
        self.plan = prepared.plan
        self.early, self.late = _positions(self.plan, wanted.early)
        plan = self.plan
        self.executable = Executable(lambda state: backend.bind(plan, state))
        self.written = [self.storages[i] for i, p in enumerate(graph.params) if p in graph.updates]
        self.held = _held(_locks_for(self.written))
        self.read_late = _read_late(self.plan, self.storages)
        self.strided = [i for i, s in enumerate(self.storages) if not s.array.flags.c_contiguous]
        self.arrays = tuple(s.array for s in self.storages)
        self.bound: tuple[State, State, int] = (), self.arrays, -1
        """The prologue's results, the state made of them, and `changes.count` when they were current: read as one, since
        other threads may be making the next."""
        self.fixed = self.arrays if prepared.prologue is None and not self.strided else None

    def state(self) -> State:
        """The arrays that the plan's params are bound to, for one run: the same tuple as long as they are the same. Memory
        with gaps is bound as a copy."""
        at = self.prologue.checked  # ahead of the results, which are no older then
        made = self.prologue.results()
        if self.strided:
            return (*map(np.ascontiguousarray, self.arrays), *made)
        before, state, known = self.bound
        if made is not before:
            state = (*self.arrays, *made)
        if made is not before or at != known:
            self.bound = made, state, at
        return state

    def run(self, inputs: list[Any]) -> list[np.ndarray]:
        """One run without a backward part; the outputs as fresh arrays."""
        if not self.written:
            return self.executable.run(inputs, self.fixed or self.state())
        with self.held:
            state = self.state()
            outputs = self.executable.run(inputs, state)
            self._wrote(state)
            return outputs

    def start(self, inputs: list[Any]) -> tuple[list[np.ndarray], Workspace]:
        """Runs the forward part; its outputs, and the workspace that its backward needs (release it to `executable`)."""
        with self.held:
            state = self.state()
            workspace = self.executable.lease(state)
            outputs = workspace.forward(inputs)
            self._wrote(state)
            return outputs, workspace

    def _wrote(self, state: State) -> None:
        """Brings what was written into copies to where it belongs, and counts the writes."""
        for i in self.strided:
            if self.storages[i] in self.written:
                np.copyto(self.storages[i].array, state[i])
        for storage in self.written:  # what `Storage.wrote` does, for all of them at once
            storage.writes += 1
            storage.version += 1
        changes.count += 1


class Prologue:
    """The part that depends on state which the run does not write."""

    def __init__(self, plan: Plan | None, storages: list[Storage], backend: Backend) -> None:
        self.graph = None if plan is None else plan.graph
        self.storages = storages
        self.runs = 0
        self._results: State = ()
        self._seen: list[tuple[Storage, np.ndarray, int]] | None = None
        self.checked = -1  # `changes.count` when the results were known to be current
        self._lock = threading.Lock()
        for storage in storages:
            storage.observed = True
        if plan is not None:
            self._executable = Executable(lambda state: backend.bind(plan, state))

    def results(self) -> State:
        """The current results; computed anew when the state they come from was, or may have been, written."""
        if self.checked == changes.count:
            return self._results
        count = changes.count
        if self.graph is None or self._current():
            self.checked = count
            return self._results
        with self._lock:
            seen = [(s, s.array, s.writes) for s in self.storages]
            found = self._executable.run([], tuple(s.array for s in self.storages))
            self._results = tuple(np.asarray(f, order="C") for f in found)  # outputs may be transposed views
            self._seen = seen
            self.runs += 1
            return self._results

    def _current(self) -> bool:
        """Whether nothing has been written, or may have been, since the last run."""
        if self._seen is None:
            return False
        for storage, array, writes in self._seen:
            if storage.writes != writes or storage.array is not array or not storage.watched:
                return False
        return True


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


class _Several:
    """Holds several locks, taken in order."""

    def __init__(self, locks: Sequence[Any]) -> None:
        self.locks = locks

    def __enter__(self) -> None:
        for lock in self.locks:
            lock.acquire()

    def __exit__(self, *details: object) -> None:
        for lock in reversed(self.locks):
            lock.release()


def _held(locks: Sequence[Any]) -> AbstractContextManager[Any]:
    """What holds these locks inside a `with`, as often as it is entered."""
    if not locks:
        return nullcontext()
    return locks[0] if len(locks) == 1 else _Several(locks)


def _locks_for(storages: Sequence[Storage]) -> list[Any]:
    """The locks of these storages; storages that have none yet share a new one."""
    with _grouping:
        new = threading.RLock()
        for storage in storages:
            if storage.lock is None:
                storage.lock = new
        return sorted({id(s.lock): s.lock for s in storages}.values(), key=id)
