"""Backends by name."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from graphnn.errors import BackendError
from graphnn.plan.plan import Plan
from graphnn.plan.target import Target
from graphnn.runtime.executable import State, Workspace

NAMES = ("auto", "numpy", "native")
_own: dict[str, Callable[[], Backend]] = {}


class Backend(Protocol):
    """Binds plans to memory."""

    name: str

    @property
    def target(self) -> Target: ...

    def prepare(self, plan: Plan) -> None:
        """Does ahead what binding the plan needs once, such as compiling; BackendError where that fails."""

    def bind(self, plan: Plan, state: State) -> Workspace: ...

    def step_nanoseconds(self, plan: Plan, state: State, inputs: Sequence[Any], runs: int) -> list[float]:
        """The least time of each step over some runs on copies of the state."""

    def own_bytes(self, plan: Plan) -> int:
        """What a run's threads have beside the arena."""

    def source(self, plan: Plan) -> str:
        """The code that was generated for the plan; BackendError where none is."""


@runtime_checkable
class KeepsPlans(Protocol):
    """A backend that keeps plans and their code in files, for later processes."""

    def identity(self) -> str:
        """Changes with all that plans and code depend on, besides graphnn's own code."""

    def load(self, name: str) -> bytes | None:
        """What was stored under that name, if it is there and whole."""

    def store(self, name: str, data: bytes) -> None:
        """Keeps it; BackendError where that cannot be."""

    def code(self, plan: Plan) -> Any:
        """What was generated for a prepared plan, to be pickled."""

    def adopt(self, plan: Plan, code: Any) -> None:
        """In place of `prepare`, for a plan whose code another process has generated."""


def backend_named(name: str, *, threads: int | None = None, exact: bool = False) -> Backend:
    """The backend of that name; "auto" is "native", unless the environment variable GRAPHNN_BACKEND names another.

    `threads` is the most that a run may use, `exact` rules out algorithms that round otherwise than a plain sum of
    products (native only).
    """
    if name == "auto":
        name = os.environ.get("GRAPHNN_BACKEND") or "native"
    if name in _own:
        return _own[name]()
    if name == "numpy":
        from graphnn.backends.numpy.backend import NumpyBackend

        return NumpyBackend()
    if name == "native":
        from graphnn.backends.native.backend import NativeBackend

        return NativeBackend(threads=threads, exact=exact)
    known = (*NAMES, *_own)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise BackendError(f"no backend is called {name!r}{hint}; there are {', '.join(known)}")


def register_backend(name: str, make: Callable[[], Backend]) -> None:
    """Lets `compile(..., backend=name)` use a backend of the user's own; `make()` is called for each compiled function."""
    if name in NAMES:
        raise BackendError(f"the backend {name!r} comes with graphnn; give yours another name")
    _own[name] = make
