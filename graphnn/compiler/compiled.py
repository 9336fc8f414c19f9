"""`graphnn.compile`: the same call, planned; one plan for each signature, made again when what it baked in has changed."""

from __future__ import annotations

import functools
import threading
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable
from types import MethodType
from typing import Any

from graphnn.autodiff.modes import state as grad_mode
from graphnn.backends.registry import Backend, backend_named
from graphnn.compiler.collector import uncollected
from graphnn.compiler.entry import Assumed, Entry
from graphnn.compiler.guards import collect
from graphnn.compiler.records import PlanRecord
from graphnn.compiler.shortcut import Run, Shortcut, may_be_short, shortcut
from graphnn.compiler.signature import Key, difference, signature
from graphnn.errors import ArgumentError, BackendError, TraceError
from graphnn.ir import epoch
from graphnn.ir.graph import Graph
from graphnn.ops.op import builders
from graphnn.rewrite.report import PipelineReport
from graphnn.tracing.capture import capture, leaf_names, named_arguments

MAX_PLANS = 64


class Compiled:
    """A function that is traced and planned at its first call of each signature, and replayed at the others.

    `plans` shows the plans, newest last, and why each was made. At most `max_plans` are kept; the one not used for
    the longest time goes first.

    A call goes to what stands in the slot `__call__`: a shortcut for calls like the last one, or `long_way`. So a call that
    fits needs no Python of this class.
    """

    __slots__ = ("__call__", "__dict__", "__weakref__")
    __call__: Run

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        backend: str = "auto",
        threads: int | None = None,
        exact: bool = False,
        keep_grads: bool = False,
        max_plans: int = MAX_PLANS,
    ) -> None:
        if not callable(function):
            raise ArgumentError(f"graphnn.compile wants a module or a function, got {type(function).__name__}")
        self._function = function
        if threads is not None and threads < 1:
            raise ArgumentError(f"graphnn.compile: threads must be at least 1, got {threads}")
        self._may_fall_back = backend == "auto"
        self._backend = self._choose(backend, threads, exact)
        self._keep_grads = keep_grads
        self._max_plans = max_plans
        self._entries: OrderedDict[Key, list[Entry]] = OrderedDict()
        self._made: list[Entry] = []
        self._shortcuts: dict[Entry, Shortcut] = {}
        self._faces: weakref.WeakSet[Any] = weakref.WeakSet()
        self.long_way = _long_way(weakref.ref(self))
        self.__call__ = self.long_way
        self._dynamic: set[int] = set()
        self._static: set[int] = set()
        self._lock = threading.RLock()
        functools.update_wrapper(self, function, updated=())

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The call with these arguments, the long way; the next one like it goes the short way."""
        if builders.stack:  # compiled inside compiled is inlined
            return self._function(*args, **kwargs)
        key, leaves = signature(args, kwargs, self._dynamic)
        entry = self._entry(key, args, kwargs)
        self._go_by(self._short_way(entry, args, kwargs))
        return entry.call(leaves, entry.arrays(leaves))

    def called_through(self, face: Any) -> None:
        """Calls of `face`, an object with such a slot too, are from now on calls of this."""
        self._faces.add(face)
        object.__setattr__(face, "__call__", self.__call__)

    def _go_by(self, run: Run) -> None:
        if run is not self.__call__:
            self.__call__ = run
            for face in self._faces:
                object.__setattr__(face, "__call__", run)

    def _short_way(self, entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run:
        """What the next call is tried by. A shortcut is written once for its entry: that takes longer than many long calls."""
        if not may_be_short(args, kwargs):
            return self.long_way
        found = self._shortcuts.get(entry)
        if found is None:
            found = self._shortcuts[entry] = shortcut(entry, args, self.long_way)
        return found.run if found.fits(args) else self.long_way

    def _choose(self, name: str, threads: int | None, exact: bool) -> Backend:
        try:
            return backend_named(name, threads=threads, exact=exact)
        except BackendError as error:
            return self._fall_back(error)

    def _fall_back(self, error: BackendError) -> Backend:
        """NumPy, said in one line; raises the error where the backend was asked for by name."""
        if not self._may_fall_back:
            raise error
        warnings.warn(f"{error}; running on NumPy instead", RuntimeWarning, stacklevel=5)
        self._may_fall_back = False
        return backend_named("numpy")

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else MethodType(self, instance)

    @property
    def plans(self) -> tuple[PlanRecord, ...]:
        """The plans that are kept, in the order they were made."""
        return tuple(PlanRecord(e) for e in self._made)

    @property
    def source(self) -> str:
        """The C of the newest plan; BackendError before the first call, and for backends that generate none."""
        if not self._made:
            raise BackendError("nothing has been compiled yet: call it once, then look at its source")
        return self.plans[-1].source

    def __repr__(self) -> str:
        return (
            f"<compiled {getattr(self._function, '__name__', type(self._function).__name__)}: {len(self._made)} plans>"
        )

    # ---- finding and making plans

    def _entry(self, key: Key, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        with self._lock:
            entries = self._entries.get(key, [])
            for entry in entries:
                if entry.fresh():
                    self._entries.move_to_end(key)
                    entries.remove(entry)
                    entries.insert(0, entry)
                    return entry
            return self._make(key, args, kwargs)

    def _make(self, key: Key, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        names = leaf_names(self._function, args, kwargs, len(key[1]))
        reason = self._reason(key, names)
        changing = self._changing_floats(key)
        if changing:
            try:
                return self._trace(
                    args, kwargs, self._dynamic | changing, reason + "; a number that changes, so now an input"
                )
            except TraceError:  # its value is read: it has to be baked in
                self._static |= changing
        return self._trace(args, kwargs, self._dynamic, reason)

    def _trace(self, args: tuple[Any, ...], kwargs: dict[str, Any], dynamic: set[int], reason: str) -> Entry:
        key, leaves = signature(args, kwargs, dynamic)
        floats = [i for i in sorted(dynamic) if i < len(leaves) and type(leaves[i]) is float]
        with uncollected():
            assumed = Assumed(collect(self._function, named_arguments(self._function, args, kwargs)), epoch.value)
            captured = capture(
                self._function,
                args,
                kwargs,
                dynamic=floats,
                differentiate=grad_mode.enabled,
                keep_grads=self._keep_grads,
            )
        try:
            entry = Entry(captured, assumed, self._optimize, self._backend, reason)
        except BackendError as error:
            self._backend = self._fall_back(error)
            return self._trace(args, kwargs, dynamic, reason)
        self._dynamic = dynamic
        self._entries.setdefault(key, []).insert(0, entry)
        self._entries.move_to_end(key)
        self._made.append(entry)
        self._forget()
        return entry

    def _optimize(self, graph: Graph, seeds: int | None) -> tuple[Graph, PipelineReport]:
        """`seeds`: how many of the last inputs are gradients of the outputs, given later; None without a backward part."""
        from graphnn.passes import PassManager, inference_pipeline, training_pipeline

        name = self._backend.name
        if seeds is None and not graph.updates:
            pipeline = inference_pipeline(name, packing=self._backend.target.packing)
        else:
            pipeline = training_pipeline(name, late_inputs=seeds or 0)
        result = PassManager(pipeline).run(graph)
        return result.graph, result.report

    def _reason(self, key: Key, names: list[str]) -> str:
        if not self._entries:
            return "first call"
        same = self._entries.get(key)
        if same:
            return same[0].stale_because()
        return difference(key, next(reversed(self._entries)), names)

    def _changing_floats(self, key: Key) -> set[int]:
        """Float leaves in which this call alone differs from an earlier one."""
        for old in self._entries:
            if old[0] != key[0] or old[2:] != key[2:]:
                continue
            differing = {i for i, (a, b) in enumerate(zip(old[1], key[1], strict=True)) if a != b}
            if differing and all(_is_float(old[1][i]) and _is_float(key[1][i]) for i in differing):
                return differing - self._static
        return set()

    def _forget(self) -> None:
        while len(self._made) > self._max_plans:
            key, entries = next(iter(self._entries.items()))
            gone = entries.pop()
            self._made.remove(gone)
            self._shortcuts.pop(gone, None)
            if not entries:
                del self._entries[key]


def _long_way(compiled: weakref.ref[Compiled]) -> Run:
    """`Compiled.call`, holding on to nothing: memory goes when the last user lets go, not when cycles are looked for."""

    def long_way(*args: Any, **kwargs: Any) -> Any:
        found = compiled()
        if found is None:
            raise ArgumentError("what was compiled is gone: keep it, not its `__call__` alone")
        return found.call(args, kwargs)

    return long_way


def _is_float(part: Any) -> bool:
    return isinstance(part, tuple) and len(part) == 2 and part[0] is float


def compile(
    function: Any = None,
    *,
    backend: str = "auto",
    threads: int | None = None,
    exact: bool = False,
    keep_grads: bool = False,
    max_plans: int = MAX_PLANS,
) -> Any:
    """The same call, planned: for a function or a module; also as a decorator, with or without options.

    backend     "native" generates C for the whole plan, "numpy" needs no compiler; "auto" is what the environment variable
                GRAPHNN_BACKEND names ("native", if nothing), and goes on with "numpy", saying so in one line, where there
                is no C compiler or it fails. A first compilation to C takes seconds, later ones find it in the cache
    threads     the most that a run may use (native only); by default `graphnn.get_num_threads()` at each run
    exact       rules out faster algorithms that round otherwise, such as Winograd's for convolutions (native only)
    keep_grads  keep `.grad` of parameters that an optimizer step inside the function consumes
    max_plans   how many plans are kept

    A module stays a module: same parameters, same `state_dict` keys. Python values that the code reads (numbers, flags,
    attributes, closure values) are baked in and guarded: when one changes, a new plan is made, and `plans` says why.
    What cannot be guarded: the time, files, and random numbers that are not graphnn's own.
    """
    options: dict[str, Any] = {
        "backend": backend,
        "threads": threads,
        "exact": exact,
        "keep_grads": keep_grads,
        "max_plans": max_plans,
    }
    if function is None:
        return functools.partial(compile, **options)
    if hasattr(type(function), "named_parameters"):
        from graphnn.compiler.module import CompiledModule

        return CompiledModule(function, **options)
    return Compiled(function, **options)
