"""From a traced graph to plans: passes, prologue, planning, code. Knows no arrays, so the result serves any process.

A backend that keeps files keeps the result too: under the content of the graph, of graphnn's own code, and of what the
backend goes by. The next process that traces the same graph finds it ready.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from graphnn.backends.registry import Backend, KeepsPlans
from graphnn.compiler.collector import uncollected
from graphnn.compiler.old_values import keep_old_values
from graphnn.compiler.prologue import split_prologue
from graphnn.errors import BackendError
from graphnn.ir.graph import Graph
from graphnn.ir.pickling import flatten
from graphnn.ir.value import Node, Value
from graphnn.ops import OWN
from graphnn.plan.plan import Plan, make_plan
from graphnn.rewrite.report import PipelineReport

Optimize = Callable[[Graph, int | None], tuple[Graph, PipelineReport]]
MOST_BYTES = 64 << 20  # a graph with larger constants is prepared anew in each process


@dataclass(frozen=True)
class Prepared:
    """A graph's plan and that of its prologue, if it has one. `main_params` and `prologue_params` are positions among the
    traced graph's params. `kept` tells that an earlier compilation made it: the times in `passes` are of that one."""

    passes: PipelineReport
    plan: Plan
    main_params: tuple[int, ...]
    prologue: Plan | None
    prologue_params: tuple[int, ...]
    kept: bool = False


@dataclass(frozen=True)
class Wanted:
    """What a traced graph is wanted for. `early` are the positions of the outputs that the forward part returns (None for all
    of them, with no backward part); the last `seeds` inputs are given to the backward part."""

    graph: Graph
    backend: Backend
    early: Sequence[int] | None
    seeds: int

    def prepared(self, optimize: Optimize) -> Prepared:
        """Ready to be bound: made now, or by an earlier compilation, mostly in another process."""
        backend = self.backend
        if not isinstance(backend, KeepsPlans) or not _may_be_kept(self.graph, backend):
            return self._made(optimize)
        with uncollected():
            name = self._name(backend)
            found = None if name is None else _load(backend, name)
        if found is None:
            found = self._made(optimize)
            if name is not None:
                _store(backend, name, found)
        return found

    def _made(self, optimize: Optimize) -> Prepared:
        graph, report = optimize(self.graph, None if self.early is None else self.seeds)
        parts, target = split_prologue(graph), self.backend.target
        plan = self._planned(parts.main)
        prologue = None if parts.prologue is None else make_plan(parts.prologue, target)
        for made in (plan, prologue):
            if made is not None:
                self.backend.prepare(made)
        return Prepared(report, plan, parts.main_params, prologue, parts.prologue_params)

    def _planned(self, graph: Graph) -> Plan:
        target = self.backend.target
        if self.early is None:
            return make_plan(graph, target)
        outputs = graph.outputs
        first: list[Value] = [*(outputs[i] for i in self.early), *graph.updates.values()]
        first += keep_old_values(graph, first)
        late = graph.inputs[len(graph.inputs) - self.seeds :]
        return make_plan(graph, target, phase_one_outputs=first, late_inputs=late)

    def _name(self, backend: KeepsPlans) -> str | None:
        """Under which it is kept: all stands in it that the result depends on. None if something cannot be written."""
        early = None if self.early is None else tuple(self.early)
        content, code = _pickled((flatten(self.graph), early, self.seeds), fast=True), own_code()
        if content is None or code is None:
            return None
        versions = code, platform.python_version(), np.__version__, backend.identity()
        return f"plan-{hashlib.blake2b(repr(versions).encode() + content, digest_size=20).hexdigest()}.pickle"


def _may_be_kept(graph: Graph, backend: Backend) -> bool:
    """Whether only graphnn's own code has a part in it: others' code may change without leaving a trace in the name."""
    if os.environ.get("GRAPHNN_KEEP_PLANS") == "0" or not type(backend).__module__.startswith("graphnn."):
        return False
    return all(node.op in OWN for node in _all_nodes(graph.nodes))


def _all_nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        for attr in node.attrs.values():
            if isinstance(attr, Graph):
                yield from _all_nodes(attr.nodes)


def _pickled(data: Any, fast: bool = False) -> bytes | None:
    """None for what pickle does not take. The bytes of `fast` are the same for equal data, whichever of its parts are one
    object."""
    written = io.BytesIO()
    pickler = pickle.Pickler(written, pickle.HIGHEST_PROTOCOL)
    pickler.fast = fast
    try:
        pickler.dump(data)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
        return None
    return written.getvalue()


@lru_cache(maxsize=1)
def own_code() -> str | None:
    """Changes with every change of graphnn's own files; None where these do not lie in folders."""
    found: list[tuple[str, int, int]] = []
    for package in ("graphnn", "graphnn.passes"):
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            try:
                found += _files(folder)
            except OSError:  # such as in an archive
                return None
    return hashlib.blake2b(repr(sorted(found)).encode(), digest_size=20).hexdigest()


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    for entry in os.scandir(folder):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _files(entry.path)
        else:
            found = entry.stat()
            yield entry.path, found.st_size, found.st_mtime_ns


def _load(backend: Any, name: str) -> Prepared | None:
    data = backend.load(name)
    if data is None:
        return None
    try:
        found, code = pickle.loads(data)
    except Exception:  # whatever it may be, it can be made anew
        return None
    for plan, generated in code:
        backend.adopt(plan, generated)
    return found  # type: ignore[no-any-return]


def _store(backend: Any, name: str, made: Prepared) -> None:
    kept = replace(made, kept=True)
    code = [(plan, backend.code(plan)) for plan in (made.plan, made.prologue) if plan is not None]
    data = _pickled((kept, code))
    if data is None or len(data) > MOST_BYTES:
        return
    try:
        backend.store(name, data)
    except BackendError:  # such as a full disk: the run goes on without it
        return
