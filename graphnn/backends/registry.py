"""Backends by name."""

from __future__ import annotations

import difflib
import os
from typing import Protocol

from graphnn.errors import BackendError
from graphnn.plan.plan import Plan
from graphnn.plan.target import Target
from graphnn.runtime.executable import State, Workspace

NAMES = ("auto", "numpy", "native")


class Backend(Protocol):
    """Binds plans to memory."""

    name: str

    @property
    def target(self) -> Target: ...

    def prepare(self, plan: Plan) -> None:
        """Does ahead what binding the plan needs once, such as compiling; BackendError where that fails."""

    def bind(self, plan: Plan, state: State) -> Workspace: ...

    def source(self, plan: Plan) -> str:
        """The code that was generated for the plan; BackendError where none is."""


def backend_named(name: str, *, threads: int | None = None, exact: bool = False) -> Backend:
    """The backend of that name; "auto" takes the best there is: "native" where a C compiler is found.

    `threads` is the most that a run may use, `exact` rules out algorithms that round otherwise than a plain sum of
    products (native only). The environment variable GRAPHNN_BACKEND says what "auto" stands for.
    """
    if name == "auto":
        name = os.environ.get("GRAPHNN_BACKEND") or best()
    if name == "numpy":
        from graphnn.backends.numpy.backend import NumpyBackend

        return NumpyBackend()
    if name == "native":
        from graphnn.backends.native.backend import NativeBackend

        return NativeBackend(threads=threads, exact=exact)
    near = difflib.get_close_matches(name, NAMES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise BackendError(f"no backend is called {name!r}{hint}; there are {', '.join(NAMES)}")


def best() -> str:
    """The backend that "auto" takes here."""
    from graphnn.backends.native.toolchain.compiler import the_compiler

    try:
        the_compiler()
    except BackendError:
        return "numpy"
    return "native"
