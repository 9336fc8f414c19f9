"""Which module is being called: a stack of dotted paths, one a thread, that module calls push while something is traced.

Paths are relative to the outermost module called, as `named_modules` spells them; a module that is not registered
under it counts from its caller's path.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Frame(NamedTuple):
    """One call. `names` maps the ids of the modules under the current root to their paths, which follow `prefix`."""

    path: str
    prefix: str
    names: Mapping[int, str]


class _Scope(threading.local):
    def __init__(self) -> None:
        self.frames: list[Frame] = []


scope = _Scope()


def current_module_path() -> str:
    """`linear_relu_stack.2`, or "" outside of all modules and in the outermost one."""
    return scope.frames[-1].path if scope.frames else ""


def enter(module: object, names: Callable[[], Mapping[int, str]]) -> None:
    """Pushes the module's call; `names` is asked only where the module begins a new root."""
    key = id(module)
    caller = scope.frames[-1] if scope.frames else Frame("", "", {})
    if key in caller.names:
        scope.frames.append(Frame(join(caller.prefix, caller.names[key]), caller.prefix, caller.names))
    else:
        scope.frames.append(Frame(caller.path, caller.path, names()))


def leave() -> None:
    """Pops what `enter` pushed."""
    scope.frames.pop()


def join(*parts: str) -> str:
    """The parts that are not empty, dotted."""
    return ".".join(part for part in parts if part)
