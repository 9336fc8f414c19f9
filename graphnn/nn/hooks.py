"""Functions that run around a module's forward, and handles that take them away again."""

from __future__ import annotations

import itertools
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from graphnn.errors import ArgumentError
from graphnn.ir import epoch

if TYPE_CHECKING:
    from graphnn.nn.module import Module

_ids = itertools.count()


class Hook(NamedTuple):
    """One registered function. `always_call`: also after a forward that raised."""

    function: Callable[..., Any]
    with_kwargs: bool = False
    always_call: bool = False


Table = OrderedDict[int, Hook]


class RemovableHandle:
    """Takes a hook away: by `remove()`, or at the end of a `with` block."""

    def __init__(self, hooks_dict: Any) -> None:
        self.hooks_dict = hooks_dict
        self.id = next(_ids)

    def remove(self) -> None:
        epoch.bump()
        self.hooks_dict.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


class Hooks:
    """All hooks of one module, each kind in the order in which it runs."""

    def __init__(self) -> None:
        self.before: Table = OrderedDict()
        self.after: Table = OrderedDict()
        self.before_backward: Table = OrderedDict()
        self.after_backward: Table = OrderedDict()

    def call(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The module's forward with the hooks around it."""
        for hook in tuple(self.before.values()):
            args, kwargs = _run_before(hook, module, args, kwargs)
        tap = self._tap(module)
        if tap is not None:
            args = tap.watch_inputs(args)
        result = self._run_after(module, args, kwargs)
        return result if tap is None else tap.watch_outputs(result)

    def _tap(self, module: Module) -> Any:
        if not self.before_backward and not self.after_backward:
            return None
        from graphnn.nn.backward_hooks import Tap

        return Tap(module, tuple(self.before_backward.values()), tuple(self.after_backward.values()))

    def _run_after(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        waiting = dict(self.after)
        try:
            result = module.forward(*args, **kwargs)
            for key, hook in tuple(waiting.items()):
                del waiting[key]
                changed = _call(hook, module, args, kwargs, result)
                result = result if changed is None else changed
            return result
        except Exception:
            for hook in waiting.values():
                if hook.always_call:
                    _run_in_spite_of_failure(hook, module, args, kwargs)
            raise


def add(table: Table, hook: Hook, prepend: bool = False) -> RemovableHandle:
    """Registers the hook, last or first."""
    epoch.bump()
    handle = RemovableHandle(table)
    table[handle.id] = hook
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


def _call(hook: Hook, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], *result: Any) -> Any:
    given = (args, kwargs) if hook.with_kwargs else (args,)
    return hook.function(module, *given, *result)


def _run_before(
    hook: Hook, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments for the forward, as the hook wants them."""
    changed = _call(hook, module, args, kwargs)
    if changed is None:
        return args, kwargs
    if not hook.with_kwargs:
        return (changed if isinstance(changed, tuple) else (changed,)), kwargs
    if isinstance(changed, tuple) and len(changed) == 2:
        return changed
    raise ArgumentError(f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}.")


def _run_in_spite_of_failure(hook: Hook, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    try:
        _call(hook, module, args, kwargs, None)
    except Exception as error:
        warnings.warn(f"module forward hook with ``always_call=True`` raised an exception: {error}", stacklevel=2)
