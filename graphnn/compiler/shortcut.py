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
from graphnn.compiler.signature import COMPUTED, grad_state
from graphnn.ir import epoch
from graphnn.ops.op import builders
from graphnn.tensor.storage import Storage, changes
from graphnn.tensor.tensor import Tensor

Run = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]
"""Given what is compiled and the arguments of a call, its result; calls that do not fit it hands on to `call`."""


class Shortcut(NamedTuple):
    """`fits(args)` says whether `run` would take a call with these arguments."""

    run: Run
    fits: Callable[[tuple[Any, ...]], bool]


def may_be_short(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether none of the arguments needs a closer look."""
    return not kwargs and not any(map(_is_involved, args))


def shortcut(entry: Entry, args: tuple[Any, ...]) -> Shortcut:
    """The shortcut for calls like this one, which `entry` has run. Tensors with memory of their own go by type and gradients,
    everything else by identity. It may not fit this very call, such as one with the same tensor twice."""
    names = {"Tensor": Tensor, "grad_mode": grad_mode, "epoch": epoch, "entry": entry, "builders": builders}
    tests = " and ".join(_tests(args, names))
    unpack = [f"    {''.join(f'a{i}, ' for i in range(len(args)))}= args"] if args else []
    checks = "" if entry.grads_seen or entry.volatile else "entry.epoch == epoch.value or "
    arrays = ", ".join(f"a{i}._array" for i in entry.tensor_leaves)
    lines = [
        "def fits(args):",
        *unpack,
        f"    return {tests}",
        "def run(compiled, args, kwargs):",
        f"    if kwargs or builders.stack or len(args) != {len(args)}: return compiled.call(args, kwargs)",
        *unpack,
        f"    if not ({tests}) or not ({checks}entry.fresh()): return compiled.call(args, kwargs)",
        *(_one_result(entry, arrays, names) or [f"    return entry.call(args, [{arrays}])"]),
    ]
    exec("\n".join(lines), names)
    return Shortcut(names["run"], names["fits"])  # type: ignore[arg-type]


def _one_result(entry: Entry, arrays: str, names: dict[str, Any]) -> list[str] | None:
    """The lines of a run that only makes one new tensor, by a single call of C: those of `Entry.call` and of what it calls.
    None for other runs."""
    program = entry.program
    if entry.single is None or entry.readers or entry.written or entry.grads or program.written or program.strided:
        return None
    workspace = program.executable.lease(program.state())
    program.executable.release(workspace)
    single = getattr(workspace, "single", None)
    if single is None:
        return None
    names |= {"program": program, "executable": program.executable, "free": program.executable.free, "changes": changes}
    names |= {"new": object.__new__, "Storage": Storage, "kind": entry.single, "empty": np.empty}
    names |= {"shape": single.shape, "dtype": single.dtype}
    return [
        "    _, state, at = program.bound",
        "    if at != changes.count: state = program.state()",
        "    try: workspace = free.pop()",
        "    except IndexError: workspace = executable.lease(state)",
        "    if workspace.state is not state: workspace = executable.rebound(workspace, state)",
        "    made = empty(shape, dtype)",
        f"    refused = workspace.single.function({arrays}{', ' if arrays else ''}made)",
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
