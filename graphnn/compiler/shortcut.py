"""The short way of a call: that it is like the one before is seen at a glance, without making its key.

It is a function of the arguments, written out for them: loops and calls in between would take three times as long. What
does not fit at a glance goes the long way, and may have the same key.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from graphnn.autodiff.modes import state as grad_mode
from graphnn.compiler.entry import Entry
from graphnn.compiler.guards import Same
from graphnn.compiler.signature import COMPUTED, grad_state
from graphnn.ir import epoch
from graphnn.ops.op import builders
from graphnn.runtime.direct import Argument, Direct
from graphnn.tensor.storage import Storage, changes
from graphnn.tensor.tensor import Tensor

Run = Callable[..., Any]
"""Takes the arguments of a call, gives its result."""


class Shortcut(NamedTuple):
    """`run` takes the calls that fit and hands on the others; `fits(args)` says whether it would take one."""

    run: Run
    fits: Callable[[tuple[Any, ...]], bool]


def may_be_short(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether none of the arguments needs a closer look."""
    return not kwargs and not any(map(_is_involved, args))


def shortcut(entry: Entry, args: tuple[Any, ...], otherwise: Run) -> Shortcut:
    """The shortcut for calls like this one, which `entry` has run; other calls go to `otherwise`. Tensors with memory of
    their own go by type and gradients, everything else by identity. It may not fit this very call, such as one with the
    same tensor twice."""
    names: dict[str, Any] = {
        "Tensor": Tensor,
        "grad_mode": grad_mode,
        "epoch": epoch,
        "entry": entry,
        "builders": builders,
        "otherwise": otherwise,
    }
    tests = " and ".join(_tests(args, names))
    unpack = [f"    {''.join(f'a{i}, ' for i in range(len(args)))}= args"] if args else []
    checks = "" if entry.grads_seen or entry.volatile else "entry.epoch == epoch.value or "
    arrays = ", ".join(f"a{i}._array" for i in entry.tensor_leaves)
    single = _single(entry)
    lines = [
        "def fits(args):",
        *unpack,
        f"    return {tests}",
        "def run(*args, **kwargs):",
        f"    if kwargs or builders.stack or len(args) != {len(args)}: return otherwise(*args, **kwargs)",
        *unpack,
        f"    if not ({tests}) or not ({checks}entry.fresh()): return otherwise(*args, **kwargs)",
        *(
            [f"    return entry.call(args, [{arrays}])"]
            if single is None
            else _one_result(entry, single, arrays, names)
        ),
    ]
    exec("\n".join(lines), names)
    run, fits = names.pop("run"), names.pop("fits")  # or they would hold themselves, and the plan's memory
    if single is not None:
        run = _direct(entry, single, args, run) or run
    return Shortcut(run, fits)


def _single(entry: Entry) -> Any:
    """How the backend fills the result, if a run only makes one new tensor, by a single call of C."""
    program = entry.program
    if entry.single is None or entry.readers or entry.written or entry.grads or program.written or program.strided:
        return None
    workspace = program.executable.lease(program.state())
    program.executable.release(workspace)
    return getattr(workspace, "single", None)


def _one_result(entry: Entry, single: Any, arrays: str, names: dict[str, Any]) -> list[str]:
    """The lines of such a run: those of `Entry.call` and of what it calls."""
    executable = entry.program.executable
    names |= {"program": entry.program, "executable": executable, "free": executable.free, "changes": changes}
    names |= {"new": object.__new__, "Storage": Storage, "kind": entry.single, "empty": np.empty}
    names |= {"shape": single.shape, "dtype": single.dtype}
    return [
        "    _, state, at = program.bound",
        "    if at != changes.count: state = program.state()",
        "    try: workspace = free.pop()",
        "    except IndexError: workspace = executable.lease(state)",
        "    if workspace.state is not state: workspace = executable.rebound(workspace, state)",
        "    made = empty(shape, dtype)",
        f"    refused = workspace.fill({arrays}{', ' if arrays else ''}made)",
        "    if refused:",
        "        try: workspace.refuse(refused)",
        "        finally: free.append(workspace)",
        "    free.append(workspace)",
        "    found = new(Tensor)",
        "    found._array = made",
        "    found._type = kind",
        "    found._storage = storage = new(Storage)",
        "    storage.array = made",
        "    return found",
    ]


def _direct(entry: Entry, single: Any, args: tuple[Any, ...], otherwise: Run) -> Run | None:
    """The whole of such a call done by the backend; None where it cannot, or where it would seldom succeed."""
    tensors = [type(a) is Tensor for a in args]
    changing = entry.grads_seen or any(isinstance(seen, Same) for _, _, seen in entry.volatile)
    in_order = [i for i, t in enumerate(tensors) if t] == list(entry.tensor_leaves)
    if changing or not in_order or any(t and grad_state(a) for t, a in zip(tensors, args, strict=True)):
        return None
    free = entry.program.executable.free
    found: Run | None = single.direct(
        Direct(
            otherwise=otherwise,
            arguments=tuple(Argument(a.tensor_type if t else a, t) for t, a in zip(tensors, args, strict=True)),
            guards=tuple((read, seen) for _, read, seen in entry.volatile),
            builders=builders,
            modes=grad_mode,
            enabled=grad_mode.enabled,
            epochs=epoch,
            entry=entry,
            program=entry.program,
            changes=changes,
            take=free.pop,
            give_back=free.append,
            tensor=Tensor,
            storage=Storage,
            kind=entry.single,
            shape=single.shape,
            dtype=single.dtype,
        )
    )
    return found


def _tests(args: tuple[Any, ...], names: dict[str, Any]) -> Iterator[str]:
    """Expressions that hold for arguments like these."""
    tensors = [i for i, a in enumerate(args) if type(a) is Tensor]
    yield f"grad_mode.enabled is {grad_mode.enabled}"
    for i, arg in enumerate(args):
        names[f"known{i}"] = arg.tensor_type if i in tensors else arg
        yield from _like(f"a{i}", f"known{i}", grad_state(arg)) if i in tensors else [f"a{i} is known{i}"]
    if len(tensors) > 1:
        yield f"len({{{', '.join(f'a{i}._storage' for i in tensors)}}}) == {len(tensors)}"


def _is_involved(arg: Any) -> bool:
    """Whether the same object may have another key the next time."""
    if type(arg) is Tensor:
        return False
    return isinstance(arg, Tensor | tuple | list | dict) or dataclasses.is_dataclass(arg)


def _like(name: str, kind: str, gradient: bool | str) -> Iterator[str]:
    """Tests whether a tensor has its memory for itself, this type, and such gradients."""
    yield f"type({name}) is Tensor and {name}._base is None and ({name}._type or {name}.tensor_type) is {kind}"
    yield f"{name}._requires" if gradient else f"not {name}._requires"
    if gradient:
        yield f"{name}._node is {'not ' if gradient == COMPUTED else ''}None"
    yield f"{name}._storage.trace is None"
