"""A plan made runnable: a pool of workspaces, so that any number of threads may run it at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

State = tuple[np.ndarray, ...]


class Workspace(Protocol):
    """One arena with a plan bound to it: what one run at a time may use."""

    state: State

    def forward(self, inputs: list[Any]) -> list[np.ndarray]:
        """Runs the plan, up to its barrier where it has one; fresh arrays of the outputs made by then."""

    def backward(self, inputs: list[Any]) -> list[np.ndarray]:
        """Runs the rest, given the late inputs; fresh arrays of the other outputs."""

    def preserved(self, wanted: bool) -> AbstractContextManager[None]:
        """Puts the arena back at the end, if wanted, so that `backward` can be run again."""


class Executable:
    """Hands out workspaces and takes them back; one is made when none is `free`, bound again when the state has moved."""

    def __init__(self, bind: Callable[[State], Workspace]) -> None:
        self._bind = bind
        self.free: deque[Workspace] = deque()

    def lease(self, state: State) -> Workspace:
        """A workspace bound to these arrays; give it back with `release`."""
        try:
            workspace = self.free.pop()
        except IndexError:
            return self._bind(state)
        return workspace if workspace.state is state else self.rebound(workspace, state)

    def rebound(self, workspace: Workspace, state: State) -> Workspace:
        """The workspace if it is bound to the same arrays, else another one."""
        return workspace if all(map(_same, workspace.state, state)) else self._bind(state)

    def release(self, workspace: Workspace) -> None:
        self.free.append(workspace)

    def run(self, inputs: list[Any], state: State) -> list[np.ndarray]:
        """One run from end to end."""
        workspace = self.lease(state)
        try:
            return workspace.forward(inputs)
        finally:
            self.free.append(workspace)


def _same(a: object, b: object) -> bool:
    return a is b
