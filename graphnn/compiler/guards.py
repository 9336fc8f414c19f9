"""Guards: the Python values that a trace has baked in, and the check that they are still the same.

Found in the bytecode of the functions that the trace can reach by name: closure cells, globals, defaults, and attributes
and constant-key items of them. Modules and optimizers announce their writes through one epoch, so what belongs to them
is compared only when that has moved; everything else is compared at every call.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from graphnn.compiler.chains import Chain, chains_of
from graphnn.ir import dtypes
from graphnn.tensor.tensor import Tensor
from graphnn.tracing.where import is_ours

_PLAIN = (bool, int, float, str, bytes, type(None), dtypes.DType)
_CONTAINERS = (list, tuple, dict)
_MISSING = object()


class Guard(NamedTuple):
    """`read()` gives the value now, `expected` is its snapshot. `watched`: writes to it raise the epoch. `seen` is the
    value itself, where the same object cannot have changed."""

    what: str
    read: Callable[[], Any]
    expected: Any
    watched: bool
    seen: Any

    @property
    def quick_read(self) -> Callable[[], Any]:
        """`read`, without a Python function where that can be; ValueError for a cell that has been emptied."""
        if isinstance(self.read, functools.partial) and self.read.func is _contents:
            return functools.partial(getattr, self.read.args[0], "cell_contents")
        return self.read

    def holds(self) -> bool:
        now = self.read()
        return now is self.seen or bool(snapshot(now) == self.expected)

    def failure(self) -> str:
        """`closure scale: 2.0 -> 3.0 (train.py:12)`."""
        what, _, place = self.what.partition(" @")
        inside, before, now = changed_part(self.expected, snapshot(self.read()))
        return f"{what}{inside}: {show(before)} -> {show(now)}" + (f" ({place})" if place else "")

    def __str__(self) -> str:
        what, _, place = self.what.partition(" @")
        return f"{what} = {show(self.expected)}" + (f" ({place})" if place else "")


class Same:
    """A snapshot of something told apart by identity; holds it, so that no other object takes its place."""

    __slots__ = ("thing",)

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def snapshot(value: Any) -> Any:
    """Something to compare a value with later: plain values with their type, containers item by item, others by
    identity."""
    if isinstance(value, Same):
        return value
    if isinstance(value, _PLAIN):
        return type(value), repr(value) if isinstance(value, float) else value
    if isinstance(value, list | tuple):
        return type(value), tuple(map(snapshot, value))
    if isinstance(value, dict):
        return type(value), tuple((k, snapshot(v)) for k, v in value.items())
    return Same(value)


def show(expected: Any) -> str:
    """A snapshot in a few words."""
    if isinstance(expected, Same):
        thing = expected.thing
        return "nothing" if thing is _MISSING else f"this {type(thing).__name__}"
    kind, value = expected
    if kind is dict:
        plain = [f"{k}={show(v)}" for k, v in value if _is_plain(k, v)]
        return ", ".join(plain) or f"dict of {len(value)}"
    if kind in _CONTAINERS:
        return f"{kind.__name__} of {len(value)}"
    return value if kind is float else repr(value)


def _is_plain(key: Any, expected: Any) -> bool:
    return not isinstance(expected, Same) and expected[0] in _PLAIN and not str(key).startswith("_")


def changed_part(before: Any, now: Any) -> tuple[str, Any, Any]:
    """The innermost part in which two snapshots differ first: how to reach it (`.training`, `[0].momentum`), and both."""
    if isinstance(before, Same) or isinstance(now, Same) or before[0] is not now[0] or before[0] not in _CONTAINERS:
        return "", before, now
    old, new = before[1], now[1]
    if before[0] is dict:
        if [k for k, _ in old] != [k for k, _ in new]:
            return "", before, now
        pairs = [(f".{k}", a, b) for (k, a), (_, b) in zip(old, new, strict=True)]
    else:
        if len(old) != len(new):
            return "", before, now
        pairs = [(f"[{i}]", a, b) for i, (a, b) in enumerate(zip(old, new, strict=True))]
    for name, a, b in pairs:
        if a != b:
            inside, a, b = changed_part(a, b)
            return name + inside, a, b
    return "", before, now


def collect(function: Any, arguments: Mapping[str, Any]) -> list[Guard]:
    """The guards of everything that `function` (a module, a function, a method) can reach by name, or through those of
    its arguments that are objects."""
    return _Collector().run(function, {n: a for n, a in arguments.items() if not isinstance(a, (*_PLAIN, Tensor))})


class _Collector:
    def __init__(self) -> None:
        self.guards: dict[str, Guard] = {}
        self.functions: set[int] = set()
        self.things: dict[int, Any] = {}
        self.work: list[tuple[Any, Mapping[str, Any]]] = []

    def run(self, function: Any, arguments: Mapping[str, Any]) -> list[Guard]:
        for argument in arguments.values():
            self.reach(argument)
        if isinstance(function, FunctionType):
            self.function(function, arguments)
        self.reach(function)
        while self.work:
            self.scan(*self.work.pop())
        return list(self.guards.values())

    def reach(self, thing: Any) -> None:
        """Follows what code may come to: functions to scan, modules and optimizers to watch."""
        if isinstance(thing, functools.partial):
            self.reach(thing.func)
            for item in (*thing.args, *thing.keywords.values()):
                self.reach(item)
        elif isinstance(thing, MethodType):
            self.reach(thing.__self__)
            if isinstance(thing.__func__, FunctionType):
                self.function(thing.__func__, _first_argument(thing.__func__, thing.__self__))
        elif isinstance(thing, FunctionType):
            self.function(thing, {})
        elif id(thing) not in self.things and _is_module(thing):
            self.module(thing)
        elif id(thing) not in self.things and hasattr(thing, "param_groups"):
            self.things[id(thing)] = thing
            thing.prepare_all()  # its state exists before the first trace, so a step has one plan
            self.add("optimizer", lambda: optimizer_structure(thing), watched=True)
        elif isinstance(thing, list | tuple) and id(thing) not in self.things:
            self.things[id(thing)] = thing
            for item in thing:
                self.reach(item)
        elif hasattr(type(thing), "__wrapped_function__"):
            self.reach(thing.__wrapped_function__)

    def function(self, function: FunctionType, locals: Mapping[str, Any]) -> None:
        inner = getattr(function, "__wrapped__", None)
        if isinstance(inner, FunctionType):
            self.function(inner, locals)
        if is_ours(function.__code__) or id(function) in self.functions:
            return
        self.functions.add(id(function))
        self.things[id(function)] = function
        self.work.append((function, locals))
        if function.__defaults__ or function.__kwdefaults__:
            self.add(
                f"defaults of {function.__name__} @{_place(function.__code__, function.__code__.co_firstlineno)}",
                lambda: [function.__defaults__, function.__kwdefaults__],
            )

    def module(self, module: Any) -> None:
        for name, part in module.named_modules():
            if id(part) in self.things:
                continue
            self.things[id(part)] = part
            where = f"module {name or type(part).__name__}"
            self.add(where, functools.partial(module_structure, part), watched=True)
            forward = type(part).forward
            if isinstance(forward, FunctionType):
                self.function(forward, _first_argument(forward, part))

    def scan(self, function: FunctionType, locals: Mapping[str, Any]) -> None:
        for chain in chains_of(function.__code__):
            root = _root(function, locals, chain)
            if root is not None:
                self.chain(function, chain, root)

    def chain(self, function: FunctionType, chain: Chain, root: Callable[[], Any]) -> None:
        base = root()
        if base is _MISSING or isinstance(base, BuiltinFunctionType | type) or _is_our_package(base):
            return
        steps = chain.steps if not isinstance(base, Tensor) else ()
        values = list(_walk(base, steps))
        kept = len(values) - 1
        while kept and callable(values[kept]) and not _is_module(values[kept]):
            self.reach(values[kept])
            kept -= 1
        watched = chain.root == "local" and all(_is_module(v) for v in values[:kept])
        self.reach(values[kept])
        path = chain.steps[:kept]
        if chain.root == "local" and not path:
            return
        label = f"{chain.root} {chain.name}{''.join(_spell(s) for s in path)} @{_place(function.__code__, chain.line)}"
        self.add(label, (lambda: _follow(root(), path)) if path else root, watched)

    def add(self, what: str, read: Callable[[], Any], watched: bool = False) -> None:
        key = what.partition(" @")[0] if " @" in what else f"{what}#{len(self.guards)}"
        now = read()
        expected = snapshot(now)
        immutable = isinstance(expected, Same) or isinstance(now, _PLAIN)
        self.guards.setdefault(key, Guard(what, read, expected, watched, now if immutable else Same(now)))


def module_structure(module: Any) -> Any:
    """What a trace may have read of a module: plain attributes, and which tensors, modules and hooks it holds."""
    return {k: _held(v) for k, v in module.__dict__.items() if not k.startswith("__")}


def _held(value: Any) -> Any:
    if isinstance(value, (*_PLAIN, list, tuple)):
        return value
    if isinstance(value, dict):
        return {k: _held(v) for k, v in value.items()}
    parts = getattr(value, "__dict__", None) if type(value).__name__ == "Hooks" else None
    return (
        Same(value)
        if parts is None
        else {k: tuple(map(Same, v.values())) for k, v in parts.items() if isinstance(v, dict)}
    )


def optimizer_structure(self: Any) -> Any:
    """What a trace may have read of an optimizer: its groups' tensors, their state, flags, and which numbers are 0."""
    return {
        "param_groups": [_settings(g) for g in self.param_groups],
        "state": [(Same(p), tuple(s)) for p, s in self.state.items()],
    }


def _setting(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_setting(v) for v in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "0" if value == 0 else "a number"
    return value


def _settings(group: Mapping[str, Any]) -> dict[str, Any]:
    """A group's settings; of the learning rate no step asks whether it is 0."""
    return {k: _setting(v) for k, v in group.items() if k not in ("lr", "initial_lr")}


def _first_argument(function: FunctionType, owner: Any) -> dict[str, Any]:
    return dict.fromkeys(function.__code__.co_varnames[: min(1, function.__code__.co_argcount)], owner)


def _root(function: FunctionType, locals: Mapping[str, Any], chain: Chain) -> Callable[[], Any] | None:
    if chain.root == "global":
        names = function.__globals__
        return functools.partial(names.get, chain.name, _MISSING)
    if chain.root == "closure":
        free = function.__code__.co_freevars
        if chain.name not in free or not function.__closure__:
            return None
        cell = function.__closure__[free.index(chain.name)]
        return functools.partial(_contents, cell)
    return (lambda: locals[chain.name]) if chain.name in locals else None


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return _MISSING


def _walk(base: Any, steps: Iterable[tuple[str, object]]) -> Iterator[Any]:
    value = base
    yield value
    for step in steps:
        value = _follow(value, (step,))
        if value is _MISSING:
            return
        yield value
        if isinstance(value, Tensor):
            return


def _follow(value: Any, steps: Iterable[tuple[str, object]]) -> Any:
    for kind, name in steps:
        try:
            value = getattr(value, str(name)) if kind == "attr" else value[name]
        except (AttributeError, KeyError, IndexError, TypeError):
            return _MISSING
    return value


def _spell(step: tuple[str, object]) -> str:
    return f".{step[1]}" if step[0] == "attr" else f"[{step[1]!r}]"


def _place(code: CodeType, line: int) -> str:
    return f"{os.path.basename(code.co_filename)}:{line}"


def _is_module(thing: Any) -> bool:
    return hasattr(type(thing), "named_parameters")


def _is_our_package(thing: Any) -> bool:
    return isinstance(thing, ModuleType) and (thing.__name__.split(".")[0] in ("graphnn", "numpy", "math"))
