"""Errors that pass through module calls are told where they happened: the module's path and the user's line."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

from graphnn.errors import GraphnnError, TraceError
from graphnn.ir.origin import Origin
from graphnn.tracing.where import is_ours

if TYPE_CHECKING:
    from graphnn.nn.module import Module

_innermost: weakref.WeakKeyDictionary[GraphnnError, tuple[Module, tuple[str, int]]] = weakref.WeakKeyDictionary()


def add_place(error: GraphnnError, module: Module, caller: FrameType | None) -> None:
    """Sets `error.place`. Called for every module that the error leaves, the innermost first; `caller` called the
    module. Errors of tracing name the place themselves."""
    if error not in _innermost:
        if error.place or isinstance(error, TraceError):
            return
        _innermost[error] = module, next(_users_lines(error, caller), ("", 0))
    inner, line = _innermost[error]
    error.place = str(Origin(_path(inner, module), *line))


def _path(inner: Module, outer: Module) -> str:
    """The dotted name of one module below another; "" where it is not registered there."""
    return next((name for name, module in outer.named_modules() if module is inner), "")


def _users_lines(error: GraphnnError, caller: FrameType | None) -> Iterator[tuple[str, int]]:
    """Lines of code that is not graphnn's own, the nearest to the failure first."""
    inside = []
    trace = error.__traceback__
    while trace is not None:
        inside.append((trace.tb_frame.f_code, trace.tb_lineno))
        trace = trace.tb_next
    yield from ((code.co_filename, line) for code, line in reversed(inside) if not is_ours(code))
    while caller is not None:
        if not is_ours(caller.f_code):
            yield caller.f_code.co_filename, caller.f_lineno
        caller = caller.f_back
