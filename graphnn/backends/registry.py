"""Backends by name."""

from __future__ import annotations

import difflib
from typing import Protocol

from graphnn.errors import BackendError
from graphnn.plan.plan import Plan
from graphnn.plan.target import Target
from graphnn.runtime.executable import State, Workspace


class Backend(Protocol):
    """Binds plans to memory."""

    name: str
    target: Target

    def bind(self, plan: Plan, state: State) -> Workspace: ...

    def source(self, plan: Plan) -> str:
        """The code that was generated for the plan; BackendError where none is."""


def backend_named(name: str) -> Backend:
    """The backend of that name; "auto" takes the best there is."""
    if name in ("auto", "numpy"):
        from graphnn.backends.numpy.backend import NumpyBackend

        return NumpyBackend()
    if name == "native":
        from graphnn.backends.native.backend import NativeBackend

        return NativeBackend()
    near = difflib.get_close_matches(name, ("auto", "numpy", "native"), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise BackendError(f"no backend is called {name!r}{hint}; there are 'auto', 'numpy' and 'native'")
