"""Grad mode: whether operations on tensors are recorded. Per thread, as context managers and decorators."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

_new = object.__new__
F = TypeVar("F", bound=Callable[..., Any])


class _State(threading.local):
    enabled = True
    inference = False


state = _State()


def is_grad_enabled() -> bool:
    """True where operations are recorded for backward."""
    return state.enabled


def is_inference_mode_enabled() -> bool:
    return state.inference


class recording:
    """Grad mode on or off inside a `with` block, for internal use: one instance a use."""

    __slots__ = ("before", "enabled")

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def __enter__(self) -> None:
        self.before = state.enabled
        state.enabled = self.enabled

    def __exit__(self, *details: object) -> None:
        state.enabled = self.before


class _Mode:
    """Switches grad mode inside a `with` block, or in a decorated function. `_saved` is what was before, and what was
    saved before that by the same object."""

    enabled: bool
    _saved: Any = None

    def __enter__(self) -> None:
        self._saved = state.enabled, self._saved
        state.enabled = self.enabled

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        state.enabled, self._saved = self._saved

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    def _again(self) -> _Mode:
        return type(self)()


class no_grad(_Mode):
    """Nothing inside is recorded: `with no_grad():` or `@no_grad()`."""

    enabled = False

    def __new__(cls, function: Any = None) -> Any:
        self = _new(cls)
        return self if function is None else self(function)

    if TYPE_CHECKING:

        def __init__(self, function: Any = None) -> None: ...


class enable_grad(no_grad):
    """Recording is on again inside."""

    enabled = True


class set_grad_enabled(_Mode):
    """Takes effect at once, as PyTorch's does; used in a `with` it is undone at the end."""

    def __init__(self, mode: bool) -> None:
        self.enabled = bool(mode)
        self._before = state.enabled
        state.enabled = self.enabled

    def __enter__(self) -> None:
        self._saved = self._before, self._saved
        state.enabled = self.enabled

    def _again(self) -> _Mode:
        state.enabled = self._before
        return set_grad_enabled(self.enabled)


class inference_mode(_Mode):
    """`no_grad`, and tensors made inside cannot be recorded later."""

    def __init__(self, mode: bool = True) -> None:
        self.inference = bool(mode)
        self.enabled = not mode

    def __enter__(self) -> None:
        super().__enter__()
        self._saved = state.inference, self._saved
        state.inference = self.inference

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        state.inference, self._saved = self._saved
        super().__exit__(kind, error, trace)

    def _again(self) -> _Mode:
        return inference_mode(self.inference)
